"""Score a file of answers to referring expressions: Acc@0.5 under two conventions, and the answers that could not be read.

python examples/score_a_file.py PREDICTIONS.jsonl TRUTH [DIALECT]
"""

from __future__ import annotations

import sys

from twist_scout.evaluation import referring
from twist_scout.evaluation.predictions import read_predictions


def main(predictions: str, truth: str, dialect: str = "scout") -> None:
    samples = referring.from_predictions(referring.read_truth(truth), read_predictions(predictions))
    scorer = referring.Scorer(samples, dialect)
    for convention in ("scout", "shikra"):
        result = referring.evaluate(scorer, referring.get_convention(convention))
        print(result)
    print(f"answers: {result.reading}")
    for reason, count in result.reading.reasons():
        print(f"  {count} x {reason}")
    low, high = result.interval
    print(f"as JSON: accuracy {result.to_dict()['accuracy']}, 95 % interval {low:.4f} to {high:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
