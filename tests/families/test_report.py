"""Laws of the report: every trial is in exactly one place, and the page says what the trials say."""

from __future__ import annotations

import json
import re

import pytest

from twist_scout.families.laws import LAWS
from twist_scout.families.matrix import Trial
from twist_scout.families.report import Report, describe_laws, library_versions, result_of

KEPT = Trial("kept", "KeptModel", laws=("wraps", "trains"), twins="dense", note="Its own | note.")
BROKEN = Trial("broken", "BrokenModel", laws=("wraps", "trains"), broken={"trains": "the loss\nrose"}, twins="dense")
REFUSED = Trial("refused", "RefusedModel", refused="no words come out of it")
ABSENT = Trial("absent", built=False, refused="needs timm, which is not installed")
VERSIONS = {"transformers": "5.0", "torch": "2.0", "peft": "0.1"}


def section(page: str, title: str) -> list[str]:
    """Names of the families in one section's table."""
    part = page.split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)`", part, flags=re.MULTILINE)


def test_the_ratio_counts_what_can_be_built() -> None:
    report = Report([KEPT, BROKEN, REFUSED, ABSENT], VERSIONS)
    assert report.summary == "1 of 3 families that transformers 5.0 can build here keep every law"
    record = json.loads(json.dumps(report.to_dict()))
    assert (record["passed"], record["built"], record["summary"]) == (1, 3, report.summary)
    assert [family["passed"] for family in record["families"]] == [True, False, False, False]
    assert record["laws"] == describe_laws()


def test_a_family_stands_in_one_section() -> None:
    page = Report([KEPT, BROKEN, REFUSED, ABSENT], VERSIONS).to_markdown(["twist-scout", "models"])
    assert section(page, "Families that keep every law") == ["kept"]
    assert section(page, "Families that break a law") == ["broken"]
    assert section(page, "Families that TWIST does not wrap") == ["refused"]
    assert section(page, "Families that were not built") == ["absent"]


def test_the_page_can_be_read_as_markdown() -> None:
    page = Report([KEPT, BROKEN, REFUSED, ABSENT], VERSIONS).to_markdown(["twist-scout", "models", "my family"])
    for table in re.findall(r"(?:^\|.*\n)+", page, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table
    assert r"Its own \| note." in page
    assert "the loss rose" in page
    assert "twist-scout models 'my family'" in page
    assert "transformers 5.0, torch 2.0, peft 0.1" in page
    assert page.endswith("\n")
    assert "``" not in page.replace("```", "")


def test_what_is_not_there_has_no_section() -> None:
    page = Report([KEPT], VERSIONS).to_markdown(["twist-scout", "models"])
    assert re.findall(r"^## (.*)$", page, flags=re.MULTILINE) == ["Families that keep every law", "Made with"]


def test_every_law_is_described_by_its_docstring() -> None:
    laws = describe_laws()
    assert list(laws) == list(LAWS)
    for name, promise in laws.items():
        assert promise.endswith("."), name
        assert "\n" not in promise
    page = Report([KEPT], VERSIONS).to_markdown(["twist-scout", "models"])
    assert all(f"- **{name}**: " in page for name in LAWS)


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (KEPT, "all 2"),
        (BROKEN, "trains: the loss\nrose"),
        (REFUSED, "no words come out of it"),
        (ABSENT, "needs timm, which is not installed"),
    ],
)
def test_a_result_in_words(trial: Trial, words: str) -> None:
    assert result_of(trial) == words


def test_versions_are_those_that_run() -> None:
    import peft
    import torch
    import transformers

    assert library_versions() == {
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "peft": peft.__version__,
    }
