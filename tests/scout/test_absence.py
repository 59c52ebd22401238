"""A negative record is believed only if the model that sees the picture says that the thing is not there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.cli import main
from twist_scout.data.records import Example, Message, read_examples
from twist_scout.errors import BadConfig
from twist_scout.scout.absence import AbsenceQuestions, yes_or_no
from twist_scout.scout.backends.base import Reply
from twist_scout.scout.image_references import ImageReferences
from twist_scout.scout.item_work import ItemWork
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.record import Verdict, provenance_of
from twist_scout.scout.rejects import Reject
from twist_scout.scout.roles import make_roles
from twist_scout.scout.stages import Stages
from twist_scout.toyworld.scene import render, sample_scene

from .serving import Answer, said, serve


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yes", True),
        ("No.", False),
        ("**No**, there is none.", False),
        ("Yes, there is no doubt.", True),
        ("No, but yes, a toy one.", False),
        ("I would say no", False),
        ("Step 1: Find the dog. Step 2: So the answer is no.", False),
        ("There is a dog in the picture.", True),
        ("There are two dogs.", True),
        ("There's one on the left", True),
        ("There is no dog in the picture.", False),
        ("The dog is not in the image.", False),
        ("Is it yes or no?", None),
        ("I cannot see any picture.", None),
        ("Nobody knows.", None),
        ("The dog [[1,2,3,4]].", None),
        ("", None),
    ],
)
def test_replies_are_read(text: str, said: bool | None) -> None:
    assert yes_or_no(text) is said


@given(st.text() | st.lists(st.sampled_from("yes no Yes NO there is are * # \n . not answer".split(" "))).map(" ".join))
def test_reading_never_raises(text: str) -> None:
    assert yes_or_no(text) in (True, False, None)


def negative(**meta: Any) -> Example:
    return Example(
        id="flickr30k:7:0",
        image="7.jpg",
        width=500,
        height=400,
        task="negative",
        messages=[Message(role="user", content="Where?"), Message(role="assistant", content="A man <box:0>.")],
        boxes=[(20, 40, 200, 390)],
        negative=True,
        meta={"missing": "umbrella", "question": "Where is the umbrella?", **meta},
    )


def judged(item: Any, backend: Any) -> Verdict | Reject:
    return asyncio.run(AbsenceQuestions(backend, Prompts()).verdict(item, negative(), seed=5))


@pytest.mark.parametrize(
    ("reply", "outcome", "reason"),
    [
        ("No.", "passed", ""),
        ("Yes.", "failed", "asked whether there is an umbrella, the model says yes"),
        ("Perhaps\nthere", "failed", "asked whether there is an umbrella, the model says neither yes nor no: 'Perhaps there'"),
    ],
)  # fmt: skip
def test_only_a_no_is_believed(captioned, scripted, reply: str, outcome: str, reason: str) -> None:
    backend = scripted(lambda request: reply)
    said = judged(captioned, backend)
    assert said == Verdict(check="asked_absence", outcome=outcome, reason=reason)
    (request,) = backend.asked
    assert "Is there an umbrella anywhere" in request.messages[-1].text
    assert request.image == Path("7.jpg")
    assert not request.grounding


def test_no_reply_is_a_reject_that_may_succeed_another_time(captioned, scripted) -> None:
    said = judged(captioned, scripted(lambda request: Reply(problem="time-out")))
    assert isinstance(said, Reject)
    assert said.may_succeed
    assert (said.stage, said.reason, said.question) == ("checks", "time-out", "Where is the umbrella?")


class Judge:
    """Remembers what it was asked about, and fails over one of them."""

    name = "judge"

    def __init__(self) -> None:
        self.prompts = {"absence": "7"}
        self.asked: list[str] = []

    async def verdict(self, item: Any, example: Example, *, seed: int) -> Verdict | Reject:
        self.asked.append(example.id)
        missing = example.meta["missing"]
        if missing == "cat":
            raise ZeroDivisionError("a fault")
        there = missing == "person"
        return Verdict(check="asked_absence", outcome="failed" if there else "passed", reason="seen" if there else "")


def outcome_of(item: Any, tmp_path: Path, judge: Judge | None, fails: str = "") -> Any:
    """All that the rules ask about an item, where a check turns down one question."""
    roles = make_roles(None, None, positives=2, negatives=9)

    def check(example: Example, item: Any) -> list[Verdict]:
        bad = fails != "" and example.meta.get("missing") == fails
        return [Verdict(check="grammar", outcome="failed" if bad else "passed", reason="bad" if bad else "")]

    stages = Stages(roles.writer, roles.answerer, check, ImageReferences(tmp_path), absence=judge)
    return asyncio.run(ItemWork(stages, 0, item, 3).run())


def test_negatives_that_passed_all_else_are_asked_about_and_nothing_else(annotated, tmp_path: Path) -> None:
    item = annotated.model_copy(update={"complete": ("dog", "cat", "person", "bird", "horse")})
    judge = Judge()
    made = outcome_of(item, tmp_path, judge, fails="horse")
    kept = {record.meta.get("missing"): record for record in made.records}
    assert set(kept) == {None, "bird"}
    assert len(judge.asked) == 3  # bird, cat, person: the horse had failed already, the others are no negatives
    assert {(r.stage, r.check) for r in made.rejects} == {("checks", c) for c in ("grammar", "asked_absence", "engine")}
    assert kept["bird"].meta["verdicts"] == {"grammar": "passed", "asked_absence": "passed"}
    assert kept[None].meta["verdicts"] == {"grammar": "passed", "asked_absence": "skipped"}
    # Who was asked stands in the provenance of those that were, and nowhere else.
    assert provenance_of(kept["bird"]).absence_by == "judge"
    assert provenance_of(kept["bird"]).prompts == {"absence": "7"}
    assert provenance_of(kept[None]).absence_by is None
    turned_down = {reject.check: reject for reject in made.rejects}
    assert turned_down["asked_absence"].reason == "asked_absence: seen"
    assert turned_down["asked_absence"].example.meta["verdicts"]["asked_absence"] == "failed"
    assert provenance_of(turned_down["grammar"].example).absence_by is None
    assert made.again  # the fault


def test_without_a_judge_nothing_changes(annotated, tmp_path: Path) -> None:
    asked, left = outcome_of(annotated, tmp_path, Judge()), outcome_of(annotated, tmp_path, None)
    assert "absence" in asked.seconds
    assert "absence" not in left.seconds
    assert all("asked_absence" not in record.meta["verdicts"] for record in left.records)


@pytest.mark.parametrize(("options", "words"), [({}, "nobody to look"), ({"negatives": 0}, "nothing to ask")])
def test_what_makes_no_sense_is_refused(scripted, options: dict[str, int], words: str) -> None:
    mllm = scripted(lambda request: "no") if options else None
    with pytest.raises(BadConfig, match=words):
        make_roles(None, mllm, ask_absence=True, **options)


def test_the_pocket_model_finds_what_a_caption_leaves_out(tmp_path: Path) -> None:
    """A caption mentions one of the things in a picture, and a model of words alone takes another for missing."""
    things: dict[Path, tuple[str, str]] = {}
    lines = []
    for seed in range(12):
        scene = sample_scene(seed, split="test", objects=2)
        one, other = (thing.kind for thing in scene.objects)
        if one == other:
            continue
        rendered = render(scene, 240)
        image = tmp_path / f"{seed}.png"
        rendered.image.save(image)
        row = {"image": image.name, "width": 240, "height": 240, "boxes": [list(rendered.boxes[0])]}
        lines.append(json.dumps({**row, "caption": f"A {one} <box:0>."}))
        things[image] = (other, next(name for name in ("umbrella", "bus", "cat") if name not in (one, other)))
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    turns = iter(things.values())

    def writes(number: int, body: dict[str, Any]) -> Answer:
        return said("\n".join(f"Q: Where is the {name}?\nMISSING: {name}" for name in next(turns)))

    with serve(writes) as server:
        command = ["--llm", f"openai:m@{server.url}", "--mllm", "pocket", "--positives", "0", "--negatives", "2"]
        build = ["scout", "build", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out"), "--concurrency", "1"]
        assert main([*build, *command, "--ask-absence"]) == 0
    kept = {(record.image, record.meta["missing"]) for record in read_examples(tmp_path / "out" / "train.jsonl")}
    lines_down = (tmp_path / "out" / "rejects.jsonl").read_bytes().splitlines()
    examples = [Reject.model_validate_json(line).example for line in lines_down]
    seen = {(example.image, example.meta["missing"]) for example in examples if example is not None}
    assert len(things) > 5
    assert len(kept) + len(seen) == 2 * len(things)
    there = {(str(image), name) for image, (name, _) in things.items()}
    absent = {(str(image), name) for image, (_, name) in things.items()}
    assert len(seen & there) + len(kept & absent) >= 2 * len(things) - 1  # the model is small
