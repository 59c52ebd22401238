from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.errors import BadInput, BadRecord
from twist_scout.routing.examples import read_prompts

GOOD = {"prompt": "Find the dog.", "mode": "grounding", "kind": "find", "other": 1}


def test_prompts_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n\n{json.dumps({'prompt': 'Hé', 'mode': 'my-skill_2'})}\n", "utf-8")
    first, second = read_prompts(path)
    assert (first.text, first.mode, first.kind) == ("Find the dog.", "grounding", "find")
    assert (second.text, second.mode) == ("Hé", "my-skill_2")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", "not an object"),
        (b'{"prompt": " ", "mode": "grounding"}', '"prompt"'),
        (b'{"prompt": 3, "mode": "grounding"}', '"prompt"'),
        (b'{"prompt": "x"}', '"mode"'),
        (b'{"prompt": "x", "mode": "../up"}', '"mode"'),
        (b'{"prompt": "x", "mode": "medical"}', "'medical' is not one of"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n" + line + b"\n")
    with pytest.raises(BadRecord, match=r"prompts\.jsonl, line 2: .*") as caught:
        list(read_prompts(path, ("understanding", "grounding")))
    assert words in str(caught.value)


def test_a_file_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        list(read_prompts(tmp_path / "nothing.jsonl"))
    (tmp_path / "empty.jsonl").write_text("\n \n")
    with pytest.raises(BadInput, match="holds no prompt"):
        list(read_prompts(tmp_path / "empty.jsonl"))
