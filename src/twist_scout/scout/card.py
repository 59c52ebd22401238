"""The data set's card, ``DIR/README.md``, as the hub shows it: what is in it, how it was made, what became of the rest.

The part between two marks is written anew each time; what a person writes around it stays, and so do the fields of the front
matter that people fill in, such as the licence.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from twist_scout import __version__
from twist_scout.boxes.grounded import GroundedText, Phrase
from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.boxes.steps import find_steps
from twist_scout.data.images import load_image
from twist_scout.data.records import Example, read_examples, reference_spans
from twist_scout.errors import BadImage, BadInput
from twist_scout.marked_page import is_marked, persons_part, write_page
from twist_scout.picture import draw_grounded
from twist_scout.scout.build_report import BuildReport, load_report
from twist_scout.scout.files import sample_examples
from twist_scout.scout.references import without_references
from twist_scout.scout.statistics import TABLE_A1, Statistics, gather

CARD = "README.md"
ASSETS = "assets"
PICTURES = 4
_SIDE = 512
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_SPECIAL = re.compile(r"[\\`*_{}\[\]|~!$]")
_START_OF_BLOCK = re.compile(r"^(\d*)(?=[-+=#.)])")


def write_card(folder: str | Path, command: str | None = None) -> Path | None:
    """Write ``README.md`` and the pictures in ``assets/`` that it shows.

    Args:
        folder: a data set with ``train.jsonl`` and, if the engine made it, ``report.json``.
        command: what made it, for others to repeat.

    Returns:
        The card, or None where a ``README.md`` stands that this program did not write: it is left alone.

    Raises:
        BadInput: there are no records.
        BadRecord: a line is no record.
    """
    folder = Path(folder)
    records = folder / "train.jsonl"
    if not records.is_file():
        raise BadInput(f"{folder} holds no train.jsonl: a card is about one.")
    path = folder / CARD
    old = path.read_text(encoding="utf-8") if path.exists() else None
    if old is not None and not is_marked(old):
        return None
    statistics = gather(read_examples(records))
    report = load_report(folder / "report.json")
    shown = _draw_samples(records, folder / ASSETS)
    body = "\n\n".join(_sections(statistics, report, shown, command))
    front, before, after = persons_part(old)
    write_page(path, {**_front_matter(folder, statistics), **front, **_fixed(statistics)}, before, body, after)
    return path


def _front_matter(folder: Path, statistics: Statistics) -> dict[str, Any]:
    """What people may change; what they have changed is kept."""
    return {
        "pretty_name": folder.resolve().name,
        "license": "unknown",
        "license_details": "FILL IN: the licences of the pictures, of their captions and boxes, and of the models' outputs",
        "language": ["en"],
        "task_categories": ["image-text-to-text", "visual-question-answering", "object-detection"],
        "tags": ["visual-grounding", "chain-of-thought", "referring-expressions", "twist-scout"],
    }


def _fixed(statistics: Statistics) -> dict[str, Any]:
    """What the data decide. With the columns written down, loaders need not guess them from the first rows."""

    def column(name: str, **kind: Any) -> dict[str, Any]:
        return {"name": name, **kind}

    size = next((name for limit, name in _SIZES if statistics.records < limit), "n>1M")
    columns = [
        column("version", dtype="int32"),
        column("id", dtype="string"),
        column("image", dtype="string"),
        column("width", dtype="int32"),
        column("height", dtype="int32"),
        column("task", dtype="string"),
        column("messages", list=[column("role", dtype="string"), column("content", dtype="string")]),
        column("boxes", list={"list": "float64"}),
        column("negative", dtype="bool"),
        column("meta", dtype="json"),
    ]
    return {
        "size_categories": [size],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "train.jsonl"}]}],
        "dataset_info": {"features": columns},
    }


def _sections(
    statistics: Statistics, report: BuildReport | None, shown: Sequence[tuple[str, Example]], command: str | None
) -> list[str]:
    negatives = f", {statistics.negatives:,} of them about things that are not there" if statistics.negatives else ""
    sections = [
        "## What it is",
        f"{statistics.records:,} conversations about {statistics.images.count():,} pictures{negatives}. Answers go step by step, "
        "and name the boxes of what they speak about.",
        *(_picture(*sample) for sample in shown),
        "## Numbers",
        _table(("", ""), statistics.table()),
        f"The first {len(TABLE_A1)} rows are those of Table A.1 of *TWIST & SCOUT*: words are different words, objects "
        "different boxes.",
    ]
    if report is not None:
        sections += _made(report)
    if command:
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", command)), default=0))
        sections += ["## How to make it again", f"{fence}bash\n{' '.join(command.splitlines())}\n{fence}"]
    return [
        *sections,
        "## How to read it",
        "Boxes are (x1, y1, x2, y2) in pixels of the picture; `<box:0,2>` in a message stands for boxes 0 and 2 of its record. "
        "Pictures are named from this folder.",
        "```python\nfrom twist_scout.data.records import read_examples, render_messages\n\n"
        'for example in read_examples("train.jsonl"):\n'
        '    print(render_messages(example, dialect="qwen2-vl"))\n```\n\n'
        '```python\nfrom datasets import load_dataset  # 4.7 or newer\n\nrecords = load_dataset(".", split="train")\n```',
        "## Licence",
        "See `license` and `license_details` at the head of this file. Who publishes the data fills them in: the licences of "
        "the pictures, of their captions and boxes, and of what the models wrote.",
        f"Made with Twist & Scout {__version__}.",
    ]


def _made(report: BuildReport) -> list[str]:
    total = max(1, report.records + report.rejected)
    rows = [("kept", "", f"{report.records:,}", f"{report.records / total:.1%}", "")]
    rows += [
        (row.stage, row.check, f"{row.count:,}", f"{row.count / total:.1%}", row.example[:160])
        for row in report.rejected_by
    ]
    facts = [
        ("source", str(report.settings.get("source", report.source.get("name", "")))),
        *((name, _by(report.settings.get(name))) for name in ("questions", "answers", "captions", "absence")),
        *(
            (name, str(report.settings[name]))
            for name in ("seed", "positives", "negatives", "samples", "dialect", "frame")
            if report.settings.get(name) not in (None, "")
        ),
        ("pictures read", f"{report.items:,}"),
        *((f"version of {name}", version) for name, version in report.versions.items()),
    ]
    unfinished = [] if report.complete else ["**Not complete**: " + _plain(str(report.stopped or "it was stopped"))]
    return [
        "## What became of everything",
        *unfinished,
        _table(("stage", "reason", "number", "share", "the first of them"), rows),
        "What was turned down is in `rejects.jsonl`, each line with its reason.",
        "## How it was made",
        _table(("", ""), [fact for fact in facts if fact[1]]),
    ]


def _by(role: object) -> str:
    """Who did something, and by which version of its prompts."""
    if not isinstance(role, dict):
        return ""
    prompts = role.get("prompts") or {}
    versions = ", ".join(f"{name} {version}" for name, version in prompts.items()) if isinstance(prompts, dict) else ""
    return f"{role.get('by', '')}{f' (prompts: {versions})' if versions else ''}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _plain(text: str) -> str:
    """Text as text: captions come from strangers, and are neither Markdown nor HTML."""
    one_line = " ".join(text.split())
    return _SPECIAL.sub(r"\\\g<0>", html.escape(one_line, quote=False))


def _plain_line(text: str) -> str:
    """The same at the start of a line, where a dash or a number would begin a list."""
    return _START_OF_BLOCK.sub(r"\1\\", _plain(text))


def _picture(name: str, example: Example) -> str:
    asked = next((message.content for message in example.messages if message.role == "user"), "")
    said = without_references(example.messages[-1].content)
    steps = find_steps(said)
    lines = [said[step.start : step.end] for step in steps] or [said]
    quoted = "\n".join(f"> {_plain_line(line)}  " for line in (lines if len(lines) < 9 else [*lines[:8], "…"]))
    return f"![boxes]({ASSETS}/{name})\n\n**{_plain(without_references(asked))}**\n\n{quoted}"


def _draw_samples(records: Path, assets: Path) -> list[tuple[str, Example]]:
    """Draw a few records, at best with a negative among them; those without a readable picture are passed over."""
    drawn: list[tuple[Image.Image, Example]] = []
    negatives = 0
    for example in sample_examples(records, 12 * PICTURES, seed=0):
        if len(drawn) == PICTURES:
            break
        if not example.boxes or (example.negative and negatives) or any(e.image == example.image for _, e in drawn):
            continue
        try:
            picture = load_image(records.parent / example.image)
        except BadImage:
            continue
        picture = picture.resize((example.width, example.height)) if picture.size != _size(example) else picture
        picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        drawn.append((draw_grounded(picture, grounded(example)), example))
        negatives += example.negative
    if assets.is_dir() and all(re.fullmatch(r"sample-\d+\.jpg", file.name) for file in assets.iterdir()):
        shutil.rmtree(assets)
    shown = []
    for number, (picture, example) in enumerate(drawn, start=1):
        assets.mkdir(exist_ok=True)
        name = f"sample-{number}.jpg"
        picture.save(assets / name, quality=88, optimize=True)
        shown.append((name, example))
    return shown


def grounded(example: Example) -> GroundedText:
    """The last message of a record with its boxes, for drawing."""
    text = example.messages[-1].content
    headers = [step.body_start for step in find_steps(text)]
    phrases, done = [], 0
    for start, end, indexes in reference_spans(text):
        earliest = max([done, *(header for header in headers if header <= start)])
        first, last = noun_phrase_before(text, earliest, start)
        phrases.append(Phrase(text[first:last], [example.box(index) for index in indexes], first, last, start, end))
        done = end
    return GroundedText(text, phrases, [])


def _size(example: Example) -> tuple[int, int]:
    return example.width, example.height
