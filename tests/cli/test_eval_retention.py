"""``twist-scout eval retention``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    rows = {
        "base.jsonl": [{"id": n, "text": "yes"} for n in range(30)],
        "same.jsonl": [{"id": str(n), "text": "yes"} for n in reversed(range(30))],
        "other.jsonl": [{"question_id": n, "answer": "Yes." if n < 3 else "yes"} for n in range(30)],
        "worse.jsonl": [{"id": n, "text": "no" if n < 12 else "yes"} for n in range(30)],
        "pope.json": [
            {"question_id": n, "image": "a.jpg", "text": "Is there a car?", "label": "yes"} for n in range(30)
        ],
    }
    for name, lines in rows.items():
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return [str(tmp_path / name) for name in rows]


def test_the_three_verdicts(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    base, same, other, worse, truth = files
    for adapted, verdict in ((same, "Bit-identical"), (other, "Statistically indistinguishable"), (worse, "Different")):
        assert main(["eval", "retention", base, adapted, "--truth", truth, "--benchmark", "pope"]) == 0
        assert capfd.readouterr().out.startswith(verdict)
    assert main(["eval", "retention", base, other]) == 0
    assert capfd.readouterr().out.startswith("Different")


def test_json_and_page(files: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    base, _, _, worse, truth = files
    page = tmp_path / "page.html"
    arguments = ["eval", "retention", base, worse, "-t", truth, "-b", "pope", "--json", "--html", str(page)]
    assert main(arguments) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["protocol"], found["verdict"]) == ("retention/1 of pope/1", "different")
    assert (found["identical"], found["total"]) == (18, 30)
    assert found["mcnemar"]["only_base_right"] == 12
    assert "Is there a car?" in page.read_text()


def test_a_truth_needs_its_benchmark(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "retention", *files[:2], "--truth", files[4]]) == 2
    assert "give --truth and --benchmark, or neither" in capfd.readouterr().err
