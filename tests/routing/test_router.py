from __future__ import annotations

import json
import shutil
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from twist_scout.errors import BadConfig, BadModel
from twist_scout.routing import decide
from twist_scout.routing.arrays import parameters
from twist_scout.routing.evaluation import evaluate
from twist_scout.routing.examples import read_prompts
from twist_scout.routing.onnx_file import read_weights
from twist_scout.routing.prompts import GROUNDING, UNDERSTANDING, prompts
from twist_scout.routing.router import Router, default_router, shipped

HARD = Path(__file__).parent / "hard_prompts.jsonl"


@pytest.fixture(scope="module")
def router() -> Router:
    return Router()


def test_what_ships_is_small() -> None:
    assert sum(path.stat().st_size for path in shipped().iterdir()) <= 1_500_000
    count = parameters(read_weights(shipped() / "router.onnx")) + default_router().shortcut.size
    assert 900_000 <= count <= 1_100_000


def test_prompts_of_held_out_templates_are_routed(router: Router) -> None:
    report = evaluate(router, islice(prompts("test", seed=11, dressed=False), 3_000))
    assert report.accuracy >= 0.985
    assert report.leaked_to_skill <= 0.008


def test_hard_prompts_are_routed(router: Router) -> None:
    """Written by hand and never trained on; docs/router.md says how far they are met."""
    report = evaluate(router, read_prompts(HARD, router.modes))
    assert report.accuracy >= 0.93
    assert report.leaked_to_skill <= 0.03


def test_one_word_makes_the_difference(router: Router) -> None:
    pairs = [
        ("Where is the dog? Give its box.", "What is left of the dog?"),
        ("Find the dog.", "What did the dog find?"),
        ("Point to the dog.", "What is the dog pointing at?"),
        ("What is in [12, 30, 45, 88]?", "What is in the box?"),
        ("Describe the picture with boxes.", "Describe the picture without boxes."),
        ("Locate the cat.", "Locate Norway on the map."),
        ("What color is the car? Answer step by step.", "What color is the car?"),
    ]
    for grounding, understanding in pairs:
        found = [decision.mode for decision in router.decide([grounding, understanding])]
        assert found == [GROUNDING, UNDERSTANDING], (grounding, understanding)


def test_both_engines_decide_alike(router: Router) -> None:
    texts = [prompt.text for prompt in read_prompts(HARD)]
    int8, float32 = Router(engine="onnxruntime"), Router(engine="torch")
    assert (int8.engine.name, float32.engine.name) == ("onnxruntime", "torch")
    apart = np.abs(int8.probabilities(texts) - float32.probabilities(texts)).max(axis=1)
    assert np.quantile(apart, 0.9) < 0.02
    modes = [[one.mode for one in each.decide(texts)] for each in (int8, float32)]
    assert np.mean([a == b for a, b in zip(*modes, strict=True)]) >= 0.98


def test_a_prompt_is_decided_as_it_is_alone(router: Router) -> None:
    texts = [prompt.text for prompt in islice(prompts("test"), 200)]
    together = router.probabilities(texts)
    np.testing.assert_allclose(together.sum(axis=1), 1)
    alone = np.concatenate([router.probabilities([text]) for text in texts])
    assert np.quantile(np.abs(together - alone), 0.95) < 0.02  # int8 scales are those of the batch
    backwards = router.probabilities(texts[::-1])[::-1]
    assert np.abs(together - backwards).max() < 0.1
    assert router.decide([]) == []


def test_the_caller_always_wins_and_nothing_is_run(tmp_path: Path) -> None:
    for path in shipped().iterdir():
        if path.suffix == ".json":
            shutil.copy(path, tmp_path)
    broken = Router(tmp_path)  # no graph in it
    decision = broken.decide(["What is this?"], GROUNDING)[0]
    assert (decision.mode, decision.probability, decision.abstained) == (GROUNDING, None, False)
    assert decide("Where is it?", UNDERSTANDING).mode == UNDERSTANDING
    with pytest.raises(BadModel, match=r"router\.onnx does not exist"):
        broken.decide(["What is this?"])


def test_a_skill_that_is_not_likely_enough_gives_way_to_understanding(router: Router) -> None:
    at = {mode: number for number, mode in enumerate(router.modes)}
    for likely in (0.05, 0.49, 0.51, router.confidence - 1e-6, router.confidence, 0.999):
        row = np.zeros(2)
        row[at[GROUNDING]], row[at[UNDERSTANDING]] = likely, 1 - likely
        decision = router.decision(row)
        assert decision.mode == (GROUNDING if likely >= router.confidence else UNDERSTANDING)
        assert decision.abstained == (0.5 < likely < router.confidence)
        assert decision.probability == pytest.approx(likely if decision.mode == GROUNDING else 1 - likely)


def test_confidence_trades_one_leak_for_the_other() -> None:
    given = list(islice(prompts("test", seed=5), 2_000))
    reports = [evaluate(Router(confidence=c), given) for c in (0.0, 0.5, 0.9, 0.999, 1.0)]
    leaks = [(r.leaked_to_skill, r.leaked_to_understanding) for r in reports]
    assert [a for a, _ in leaks] == sorted((a for a, _ in leaks), reverse=True)
    assert [b for _, b in leaks] == sorted(b for _, b in leaks)
    assert reports[-1].leaked_to_skill == 0


@pytest.mark.parametrize(
    "text", ["", " ", "\x00\x01", "日本語で", "🙂", "a" * 200_000, "where " * 50_000, "[" * 5_000, "?!"]
)
def test_any_text_is_decided(router: Router, text: str) -> None:
    assert router.decide([text])[0].mode in router.modes


def test_a_request_at_either_end_of_a_long_text_is_heard(router: Router) -> None:
    story = "The village lies by a river and nobody there had ever seen the sea. " * 60
    grounding = router.modes.index(GROUNDING)
    request = "Find the dog in the picture and give its bounding box."
    without, before, after = router.probabilities([story, f"{request} {story}", f"{story} {request}"])[:, grounding]
    assert without < 0.2  # a text that asks for nothing is rare in training: less sure than a question
    assert before > 3 * without
    assert after > 0.8
    assert router.decide([f"{story} What is the story about?"])[0].mode == UNDERSTANDING


def test_a_folder_that_holds_no_router_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="holds no router"):
        Router(tmp_path)
    (tmp_path / "router.json").write_text(json.dumps({"modes": ["understanding"], "temperature": -1}))
    with pytest.raises(BadModel, match="cannot be read"):
        Router(tmp_path)
    with pytest.raises(BadConfig, match="no probability"):
        Router(confidence=1.5)


def test_the_shipped_router_is_opened_once() -> None:
    assert default_router() is default_router()


def test_the_reason_quotes_the_words_that_decided() -> None:
    assert "Where" in decide("Where is the dog?").reason
    assert decide("What is this?").mode == UNDERSTANDING
