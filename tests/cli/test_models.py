"""``twist-scout models`` really tries families, and says what came out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from twist_scout.cli import main
from twist_scout.families.laws import LAWS, LawBroken, Subject


def test_a_family_that_keeps_all_laws(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "llava"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert f"all {len(LAWS)}" in output.out
    assert "dense, gated" in " ".join(output.out.split())
    last = output.out.splitlines()[-1]
    assert last.startswith("1 of 1 families that transformers ")
    assert last.endswith(" can build here keep every law")


def test_a_broken_law_is_named_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def flies(subject: Subject) -> None:
        """It flies."""
        raise LawBroken(f"{type(subject.base()).__name__} cannot fly")

    monkeypatch.setitem(LAWS, "flies", flies)
    assert main(["models", "llava", "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    (family,) = record["families"]
    assert family["broken"] == {"flies": "LlavaForConditionalGeneration cannot fly"}
    assert record["summary"].startswith("0 of 1 families")
    assert record["laws"]["flies"] == "It flies."


def test_a_listed_refusal_does_not_fail_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pi0", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    (family,) = record["families"]
    assert (record["passed"], record["built"]) == (0, 1)
    assert not family["passed"]
    assert "robot" in family["refused"]


def test_what_does_not_wrap_is_put_to_no_further_law(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from twist_scout.families import catalogue
    from twist_scout.families.tiny import Family

    monkeypatch.setitem(catalogue.FAMILIES, "pi0", Family("pi0", inputs=lambda *_: {}))  # as if no one had listed it
    assert main(["models", "pi0", "--json"]) == 1
    (family,) = json.loads(capsys.readouterr().out)["families"]
    assert list(family["broken"]) == ["looks", "wraps"]
    assert family["laws"] == ["looks", "wraps"]


def test_the_page_names_the_command_and_the_family(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "docs" / "models.md"
    assert main(["models", "llava", "llava", "--markdown", str(page)]) == 0
    assert f"Written to {page}" in "".join(capsys.readouterr().err.splitlines())
    text = page.read_text()
    assert text.count("| `llava` | `LlavaForConditionalGeneration` |") == 1
    assert f"twist-scout models llava llava --markdown {page}" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lava"], "did you mean llava"),
        (["blip2"], "did you mean blip-2"),
        (["llava", "gpt99"], "no family 'gpt99'"),
        (["llava", "--markdown", "."], "is a folder"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_is_tried(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert words in output.err


def test_help_teaches_and_does_not_import_torch() -> None:
    code = (
        "import sys; from twist_scout.cli import main; main(['models', '--help']);"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'peft', 'numpy')))"
    )
    source = Path(main.__code__.co_filename).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    for words in ("--markdown", "--json", "qwen3_vl", "[FAMILY]..."):
        assert words in result.stdout
