"""A record as a page shows it: its picture, its boxes in colours, its words with the phrases that the boxes belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twist_scout.boxes.noun_phrase import noun_phrase_before
from twist_scout.boxes.steps import find_steps
from twist_scout.data.records import Example, reference_spans
from twist_scout.pages.drawing import Drawn, large_first
from twist_scout.pages.words import Line, Piece
from twist_scout.scout.rejects import Reject


@dataclass(frozen=True, slots=True)
class Turn:
    """One message.

    Attributes:
        role: who says it.
        lines: what.
    """

    role: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Sample:
    """A record, or something that did not become one.

    Attributes:
        id: of the record, or of its item.
        task: of the record; empty where there is none.
        kind: of the question; empty where it is not known.
        negative: whether the thing asked for is absent.
        turns: the conversation.
        width: of the original picture in pixels, and ``height``.
        boxes: large ones first, so that small ones lie on top.
        picture: a URL; None where it cannot be shown, and ``problem`` says why.
        verdicts: names of checks and what they said.
        facts: names and values: where the record comes from.
        stage: where it was turned down, by which ``check``, and the ``reason``; empty for records.
        text: what a model wrote, where it could not be made a record.
    """

    id: str
    task: str = ""
    kind: str = ""
    negative: bool = False
    turns: tuple[Turn, ...] = ()
    width: int = 4
    height: int = 3
    boxes: tuple[Drawn, ...] = ()
    picture: str | None = None
    problem: str = ""
    verdicts: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    stage: str = ""
    check: str = ""
    reason: str = ""
    text: str = ""

    @property
    def rejected(self) -> bool:
        """Whether it did not become a record."""
        return bool(self.stage)

    @property
    def passed(self) -> int:
        """How many checks it passed."""
        return sum(said == "passed" for _, said in self.verdicts)

    @property
    def words(self) -> str:
        """All its words in lower case, for searching."""
        said = (piece.text for turn in self.turns for line in turn.lines for piece in line.pieces)
        return " ".join((self.id, self.kind, self.check, self.reason, self.text, *said)).lower()


def sample_of(example: Example, picture: str | None = None, problem: str = "") -> Sample:
    """A record as a page shows it.

    Args:
        example: the record.
        picture: a URL of its picture.
        problem: why there is none.
    """
    drawn = [Drawn(i, x1, y1, x2 - x1, y2 - y1) for i, (x1, y1, x2, y2) in enumerate(example.boxes)]
    kind = example.meta.get("kind")
    return Sample(
        id=example.id,
        task=example.task,
        kind=kind if isinstance(kind, str) else "",
        negative=example.negative,
        turns=tuple(Turn(message.role, tuple(_lines(message.content))) for message in example.messages),
        width=example.width,
        height=example.height,
        boxes=large_first(drawn),
        picture=picture,
        problem=problem,
        verdicts=_pairs(example.meta.get("verdicts")),
        facts=tuple(_facts(example)),
    )


def sample_of_reject(reject: Reject, picture: str | None = None, problem: str = "") -> Sample:
    """Something that was turned down as a page shows it."""
    if reject.example is not None:
        shown = sample_of(reject.example, picture, problem)
    else:
        asked = (Turn("user", (Line(None, (Piece(reject.question),)),)),) if reject.question else ()
        shown = Sample(id=reject.item, turns=asked, text=reject.text, problem=problem or "no picture")
    return replace(shown, stage=reject.stage, check=reject.check, reason=reject.reason)


def _lines(content: str) -> list[Line]:
    """A message step by step; what stands before the first step is a line of its own."""
    steps = find_steps(content)
    start = steps[0].start if steps else len(content)
    lines = [Line(None, _pieces(content, 0, start))] if content[:start].strip() else []
    return lines + [Line(step.number, _pieces(content, step.body_start, step.end)) for step in steps]


def _pieces(content: str, start: int, end: int) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    done = start
    for begin, after, boxes in reference_spans(content):
        if begin < start or after > end:
            continue
        first, _ = noun_phrase_before(content, done, begin)
        pieces += [Piece(content[done:first]), Piece(content[first:begin].rstrip(), boxes)]
        done = after
    pieces.append(Piece(content[done:end].rstrip()))
    return tuple(piece for piece in pieces if piece.text or piece.boxes)


def _pairs(found: object) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in found.items()) if isinstance(found, dict) else ()


def _facts(example: Example) -> list[tuple[str, str]]:
    facts = [("picture", example.image), ("size", f"{example.width} × {example.height}")]
    provenance = example.meta.get("provenance")
    for name, value in _pairs(provenance):
        if isinstance(provenance, dict) and provenance[name] not in (None, {}, ""):
            facts.append((name.replace("_", " "), value))
    return facts + [(name, str(example.meta[name])) for name in ("expected", "missing") if example.meta.get(name)]


def chips(samples: Sequence[Sample]) -> list[tuple[str, str, int]]:
    """What a page can be filtered by: (what, value, how many), most first in each group."""
    groups: list[tuple[str, list[str]]] = [
        ("outcome", ["rejected" if sample.rejected else "kept" for sample in samples]),
        ("task", [sample.task for sample in samples]),
        ("kind", [sample.kind for sample in samples]),
        ("check", [sample.check for sample in samples]),
    ]
    found: list[tuple[str, str, int]] = []
    for name, values in groups:
        counts = {value: values.count(value) for value in dict.fromkeys(values) if value}
        if len(counts) > 1 or (name == "check" and counts):
            found += [(name, value, n) for value, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    return found
