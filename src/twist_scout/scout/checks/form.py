"""Checks of the form: they need nothing but the record."""

from __future__ import annotations

import re

from twist_scout.boxes.box import corner_iou
from twist_scout.boxes.words import NUMBERS
from twist_scout.data.kinds import may_be
from twist_scout.data.records import Example
from twist_scout.scout.checks.reading import EMPTY, Mention, Reading, content_words, describe
from twist_scout.scout.checks.settings import CheckSettings

#: What a check returns: a sentence where it fails, None where it passes, SKIPPED where it has nothing to say.
SKIPPED = ""
_LEFTOVER = re.compile(r"\[\s*\[|\]\s*\]|\[\s*-?\d|<(?:box|loc|ref|\|)|\bbbox", re.IGNORECASE)
_YES_NO = frozenset(("yes", "no"))


def grammar(example: Example, reading: Reading, settings: CheckSettings) -> str | None:
    """Steps are numbered 1, 2, 3, ..., none is empty or said twice, and the last one concludes."""
    if example.task not in ("scout", "negative"):
        return SKIPPED
    if leftover := _LEFTOVER.search(reading.plain):
        return f"it holds {leftover[0]!r}, a piece of a box that was not read"
    numbers = [step.number for step in reading.steps]
    if not numbers:
        return "it has no steps"
    if numbers != list(range(1, len(numbers) + 1)):
        return f"its steps are numbered {', '.join(map(str, numbers))}"
    if reading.text[: reading.steps[0].start].strip():
        return "words stand before step 1"
    if len(numbers) > settings.most_steps:
        return f"it has {len(numbers)} steps, more than {settings.most_steps}"
    if not all(content_words(body) or "answer" in body for body in reading.bodies):
        return "a step is empty"
    said = [" ".join(body.lower().split()) for body in reading.bodies]
    if len(set(said)) < len(said):
        return f"a step is repeated: {max(said, key=said.count)[:60]!r}"
    if len(reading.plain.split()) > settings.longest:
        return f"it has more than {settings.longest} words"
    if example.negative:
        return None if reading.refuses else "it does not say that the question is invalid"
    if reading.refuses:
        return "it says that the question is invalid, and the question is not a negative one"
    return None if reading.final else "it does not end in an answer"


def boxes(example: Example, reading: Reading, settings: CheckSettings) -> str | None:
    """There is a box, each one belongs to a phrase, and none is too small to be a thing."""
    if not reading.mentions:
        return "nothing in it has a box"
    if bare := next((mention for mention in reading.mentions if not mention.head), None):
        return f"a box of step {bare.step} belongs to no thing"
    smallest = 1e-4 * example.width * example.height
    for index in {index for mention in reading.mentions for index in mention.boxes}:
        x1, y1, x2, y2 = example.boxes[index]
        if (x2 - x1) * (y2 - y1) < smallest:
            return f"box {index} covers less than a ten-thousandth of the picture"
    return None


def same_thing(example: Example, reading: Reading, settings: CheckSettings) -> str | None:
    """A thing has the same boxes in all steps.

    ``the man`` after ``a man in a red hat`` is that man, if there was only one.
    """
    known: dict[str, list[Mention]] = {}
    for mention in reading.mentions:
        for earlier in known.get(mention.head, ()):
            if _one_thing(earlier, mention, known[mention.head]) and not _same_boxes(
                example, earlier, mention, settings
            ):
                return f"{mention.phrase!r} of step {mention.step} has another box than in step {earlier.step}"
        known.setdefault(mention.head, []).append(mention)
    return None


def final_answer(example: Example, reading: Reading, settings: CheckSettings) -> str | None:
    """The final answer follows from the steps: its words occur in them, or it counts or affirms what they found."""
    if example.negative or not reading.final:
        return SKIPPED
    words = content_words(reading.final)
    if not words or words <= _YES_NO | NUMBERS or reading.final.isdigit():
        return None
    before = reading.plain.rpartition(reading.final)[0]
    new = words - content_words(before) - content_words(reading.question)
    return f"its answer says {', '.join(sorted(new))}, which no step found" if new else None


def expected_answer(example: Example, reading: Reading, settings: CheckSettings) -> str | None:
    """The final answer agrees with the short answer that came with the question."""
    expected = example.meta.get("expected")
    if not expected or example.negative or not reading.final:
        return SKIPPED
    one, other = content_words(str(expected)), content_words(reading.final)
    if one <= other or other <= one or _heads_agree(str(expected), reading.final):
        return None
    return f"it answers {reading.final!r}, and {expected!r} was expected"


def asked_thing(example: Example, reading: Reading, settings: CheckSettings) -> str | None:
    """Step 1 names what is asked about; of a negative question, what is missing."""
    if not reading.steps:
        return SKIPPED
    first = content_words(reading.bodies[0])
    missing = example.meta.get("missing")
    if example.negative and missing:
        head = describe(str(missing).lower())[0]
        return None if head in first else f"step 1 does not look for the {missing}"
    asked = content_words(reading.question) - EMPTY
    if asked & first or any(may_be(one, other) or may_be(other, one) for one in asked for other in first):
        return None
    return "step 1 names nothing that the question asks about"


def _one_thing(earlier: Mention, later: Mention, of_that_head: list[Mention]) -> bool:
    """Whether two mentions with one head noun are of one thing. ``A dog, a dog`` in one step are two."""
    if later.step == earlier.step and later.phrase.startswith(("a ", "an ")):
        return False
    if earlier.phrase.split()[1:] == later.phrase.split()[1:] and earlier.phrase and later.phrase:
        return not later.phrase.startswith(("another ", "a second ", "other "))
    bare = (
        not later.adjectives and later.phrase.startswith(("the ", "this ", "that ")) and len(later.phrase.split()) == 2
    )
    return bare and len({mention.boxes for mention in of_that_head}) == 1


def _same_boxes(example: Example, one: Mention, other: Mention, settings: CheckSettings) -> bool:
    if set(one.boxes) & set(other.boxes):
        return True  # "the two men" and one of them
    return any(
        corner_iou(example.boxes[a], example.boxes[b]) >= settings.same_box for a in one.boxes for b in other.boxes
    )


def _heads_agree(one: str, other: str) -> bool:
    """``a sled`` and ``wooden sled``, but not ``a red sled`` and ``a blue sled``."""
    (first, own), (second, others) = describe(one.lower()), describe(other.lower())
    contrary = own and others and not set(own) & set(others)
    return bool(first and second and not contrary) and (may_be(first, second) or may_be(second, first))
