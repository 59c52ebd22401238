"""What the documents say is so: commands and options exist, links lead somewhere, shown data are what commands make."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from twist_scout.cli import main
from twist_scout.cli.app import app
from twist_scout.data.records import Example, Message, read_examples
from twist_scout.scout.absence import ASKED_ABSENCE
from twist_scout.scout.checks import CHECKS, DuplicateGuard, check
from twist_scout.scout.finalise import NEAR_DUPLICATE
from twist_scout.scout.items import Entity, SourceItem

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCOUT = ROOT / "docs" / "scout.md"
ids = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def commands(text: str) -> Iterator[list[str]]:
    """The words of every command of ours, in blocks and in lines."""
    blocks = re.findall(r"^```(?:bash|sh|console)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    spans = re.findall(r"`(twist-scout [^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    for line in (*lines, *spans):
        if line.startswith("twist-scout "):
            yield shlex.split(line, comments=True)[1:]


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_commands_and_their_options_exist(document: Path) -> None:
    for words in commands(document.read_text("utf-8")):
        found: Any = typer.main.get_command(app)
        rest = list(words)
        while rest and hasattr(found, "commands") and not rest[0].startswith("-"):
            if found.name == "route" and rest[0] not in found.commands:
                break  # a prompt
            assert rest[0] in found.commands, f"twist-scout {' '.join(words)}"
            found = found.commands[rest.pop(0)]
        known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
        said = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert said <= {*known, "--help"}, f"twist-scout {' '.join(words)}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (document.parent / target).exists(), target
    for path in re.findall(r"`((?:benchmarks|docs|examples|recipes|src|tests)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


def test_the_record_of_the_page_is_what_its_commands_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SCOUT.read_text("utf-8")
    shown = json.loads(text.partition("<!-- record:begin -->\n```json\n")[2].partition("```\n<!-- record:end -->")[0])
    monkeypatch.chdir(tmp_path)
    first_block = re.search(r"```\n(twist-scout toyworld sample.*?)```", text, re.DOTALL)
    assert first_block is not None
    for words in commands(f"```\n{first_block[1]}```"):
        assert main(words) == 0
    lines = [json.loads(line) for line in (tmp_path / "data" / "train.jsonl").open()]
    (made,) = [line for line in lines if line["id"] == shown["id"]]
    assert shown == made
    assert list(shown) == list(made) == list(Example.model_fields)
    assert next(read_examples(tmp_path / "data" / "train.jsonl")).version == shown["version"]


def test_every_field_of_the_record_is_explained() -> None:
    table = SCOUT.read_text("utf-8").partition("<!-- record:end -->")[2].partition("\n\n`meta`")[0]
    for name in Example.model_fields:
        assert f"`{name}`" in table or f"`{name}." in table, name


# --- the table of checks, with its examples ---

ITEM = SourceItem(
    id="1", source="toyworld", image="1.png", width=100, height=100,
    boxes=((10, 10, 50, 50), (60, 60, 90, 90)),
    entities=(Entity(name="dog", boxes=(0,), attributes={"color": "blue"}), Entity(name="chair", boxes=(1,))),
    complete=("dog", "chair"),
)  # fmt: skip
END = " Step 2: So the answer is a dog."


def said(answer: str, question: str = "Where is the dog?", **meta: Any) -> Example:
    messages = [Message(role="user", content=question), Message(role="assistant", content=answer)]
    given = {"task": "scout", **({"task": "negative", "negative": True} if "missing" in meta else {})}
    return Example(
        id="1", image="1.png", width=100, height=100, messages=messages, boxes=list(ITEM.boxes), meta=meta, **given
    )


REFUSED = {
    "grammar": said("Step 1: Find the dog <box:0>. Step 3: So the answer is a dog."),
    "boxes": said("Step 1: Find the dog <box:0>. Step 2: Look there <box:1>. Step 3: So the answer is a dog."),
    "same_thing": said("Step 1: Find the dog <box:0>. Step 2: The dog <box:1> sits. Step 3: So the answer is a dog."),
    "final_answer": said("Step 1: Find the dog <box:0>. Step 2: So the answer is a bicycle."),
    "expected": said(
        "Step 1: Find the dog <box:0>. Step 2: It is blue. Step 3: So the answer is blue.", expected="orange"
    ),
    "asked_thing": said("Step 1: Find the sofa <box:0>." + END, "Where is the cat?"),
    "absence": said(
        "Step 1: Find the animal. Step 2: There is a chair <box:1> in the image, not an animal. This question is invalid.",
        "Where is the animal?",
        missing="animal",
    ),
    "annotation": said("Step 1: Find the dog <box:1>." + END),
    "attributes": said("Step 1: Find the red dog <box:0>." + END),
}


@pytest.mark.parametrize("name", CHECKS)
def test_each_check_is_in_the_table_and_refuses_its_example(name: str) -> None:
    assert f"\n| `{name}` | " in SCOUT.read_text("utf-8")
    failed = [verdict.check for verdict in check(REFUSED[name], ITEM) if verdict.outcome == "failed"]
    assert name in failed


def test_the_other_reasons_are_in_the_table() -> None:
    text = SCOUT.read_text("utf-8")
    for name in (ASKED_ABSENCE, NEAR_DUPLICATE):
        assert f"\n| `{name}` | " in text
    guard = DuplicateGuard()
    assert guard.repeats(said("x", "What color is the dog?")) is None
    assert guard.repeats(said("x", "What is the color of the dog?")) is not None
