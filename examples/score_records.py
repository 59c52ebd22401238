"""Every evaluator takes records and returns a result that prints itself.

python examples/score_records.py
"""

from __future__ import annotations

from twist_scout import evaluation as ev
from twist_scout.boxes import Box

CAT, DOG = Box(0.1, 0.2, 0.5, 0.9), Box(0.6, 0.5, 0.95, 0.95)
CAPTION = "A cat [[10,20,50,90]] beside a dog [[60,50,95,94]]."
REFUSAL = "There is a cat [[10,20,50,90]] in the image, not a bird. This question is invalid."


def main() -> None:
    answers = ["The cat is at [[12,20,50,88]].", "It is here: [[0,0,99,99]].", "I cannot see it."]
    print(ev.evaluate_referring([ev.ReferringRecord(answer, CAT) for answer in answers]))
    print(ev.evaluate_localization([ev.LocalizationRecord(answer, CAT) for answer in answers]))

    captions = [ev.CaptioningRecord(CAPTION, 640, 480, [("cat", CAT), ("dog", DOG)])]
    print(ev.evaluate_captioning(captions, ev.NameMap(["cat", "dog"])))

    asked = [ev.RejectionRecord(REFUSAL, present=False), ev.RejectionRecord(answers[0], present=True)]
    print(ev.evaluate_rejection(asked))

    questions = [ev.UnderstandingRecord("Two.", "2", "count"), ev.UnderstandingRecord("red", "blue", "color")]
    print(ev.evaluate_understanding(questions))


if __name__ == "__main__":
    main()
