"""Which words of a caption name which boxes, as a language model reads it (Figure A.7 of the paper).

The model is shown the caption with its boxes as SCOUT writes them and lists (name, box) pairs. What it lists is held
against the boxes that the caption really has: each box of the caption is found again by its numbers, at the precision
of the prompt, and keeps its own. So a box that the model copies wrongly or makes up is dropped and counted, and so is
one that it leaves out.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from twist_scout.boxes.box import Box
from twist_scout.boxes.dialects import get_dialect
from twist_scout.boxes.grounded import GroundedText
from twist_scout.errors import BadConfig, first_line
from twist_scout.evaluation.captioning.disk_cache import DiskCache
from twist_scout.evaluation.captioning.extraction import Mention

SHIPPED = Path(__file__).parent / "prompts" / "extraction.yaml"

#: A turn of a conversation, in the form that chat endpoints take: ``{"role": ..., "content": ...}``.
Turn = dict[str, str]
#: Puts conversations to a model: yields the number of a conversation and its reply (None where there is none), as they
#: come.
Ask = Callable[[Sequence[Sequence[Turn]]], Iterable[tuple[int, str | None]]]

_TOKENS_AROUND, _TOKENS_PER_BOX = 64, 40
_AT_ONCE = 256  # captions under way
_NUMBER = r"\s*+[-+]?[0-9]{1,9}(?:\.[0-9]{1,9})?\s*+"
_BOX = rf"{_NUMBER}(?:,{_NUMBER}){{3}}"
#: In a reply: a quoted name; or a name in front of a bracket with a number; or runs of four numbers.
_PIECE = re.compile(
    rf"""["'“”‘’](?P<name>[^"“”\n]{{1,120}}?)["'“”‘’](?=\s*+[,:=])"""
    rf"""|(?P<bare>[^\W\d_][\w'’ -]{{0,60}})\s*+[,:=]\s*+(?=[\[(]{{1,3}}\s*+[0-9])"""
    rf"""|(?P<boxes>{_BOX}(?:[;\]\s,\[()]++{_BOX})*+)"""
)
_ONE_BOX = re.compile(_BOX)
_KEYS = frozenset(("name", "object", "label", "box", "bbox", "bbox_2d", "boxes", "coordinates"))


@dataclass(frozen=True, slots=True)
class ExtractionPrompt:
    """What the model is told.

    Attributes:
        version: printed with the score, and part of the key of kept replies.
        turns: the conversation up to the caption.
        user: the last turn, with ``{{ caption }}`` in it.
    """

    version: str
    turns: tuple[Turn, ...]
    user: str

    @property
    def key(self) -> str:
        """Its version and words: replies to other words are other replies."""
        words = repr((self.turns, self.user)).encode("utf-8", "replace")
        return f"extraction/{self.version} {hashlib.sha256(words).hexdigest()[:16]}"

    def conversation(self, caption: str) -> list[Turn]:
        """The whole conversation about a caption."""
        asked = self.user.replace("{{ caption }}", " ".join(caption.split()))
        return [*self.turns, {"role": "user", "content": asked.strip()}]


@dataclass
class LlmTally:
    """What the model's lists were like.

    Attributes:
        captions: those with boxes, which it was asked about.
        from_cache: of them, whose reply was kept from an earlier run.
        unanswered: of them, that got no reply.
        boxes: in the captions.
        left_out: of them, that no reply lists.
        invented: boxes in replies that are in no caption.
    """

    captions: int = 0
    from_cache: int = 0
    unanswered: int = 0
    boxes: int = 0
    left_out: int = 0
    invented: int = 0


@dataclass
class LlmExtraction:
    """Extracts mentions with a language model.

    Args:
        ask: puts conversations to the model.
        name: of the model, as printed with the score; part of the key of kept replies.
        prompt: what it is told; None for the prompt of this package.
        cache: where replies are kept, so that a run that was stopped goes on; None for nowhere.

    Attributes:
        tally: of all captions so far.
    """

    ask: Ask
    name: str
    prompt: ExtractionPrompt | None = None
    cache: DiskCache | None = None
    tally: LlmTally = field(default_factory=LlmTally)

    @property
    def description(self) -> str:
        """The model and the version of what it is told, as printed with the score."""
        return f"{self.name} (extraction/{(self.prompt or shipped_prompt()).version})"

    def __call__(
        self, captions: Sequence[GroundedText], progress: Callable[[int, int], None] | None = None
    ) -> list[list[Mention]]:
        """The mentions of each caption. A caption without boxes is not asked about.

        Args:
            captions: what a model wrote, read.
            progress: told how many of the captions with boxes are done.
        """
        prompt = self.prompt or shipped_prompt()
        rows = [row for row, caption in enumerate(captions) if caption.boxes]
        texts = {row: in_prompt_form(captions[row]) for row in rows}
        found: list[list[Mention]] = [[] for _ in captions]
        done = 0
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            told = None if progress is None else lambda more, done=done: progress(done + more, len(rows))
            replies = self._replies(prompt, [texts[row] for row in some], told)
            for row, reply in zip(some, replies, strict=True):
                found[row] = self._mentions(captions[row], reply)
            done += len(some)
            if progress is not None:
                progress(done, len(rows))
        return found

    def _replies(
        self, prompt: ExtractionPrompt, texts: list[str], told: Callable[[int], None] | None
    ) -> list[str | None]:
        topic = f"{self.name} {prompt.key}"
        keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in texts]
        kept = self.cache.get(topic, keys) if self.cache is not None else {}
        known: dict[str, str | None] = {key: content.decode("utf-8", "replace") for key, content in kept.items()}
        self.tally.from_cache += sum(key in known for key in keys)
        open_texts = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        order = list(open_texts)
        answers = self.ask([prompt.conversation(text) for text in open_texts.values()]) if order else ()
        for number, reply in answers:
            known[order[number]] = reply
            if self.cache is not None and reply is not None:
                self.cache.put(topic, {order[number]: reply.encode("utf-8", "replace")})  # at once: it was paid for
            if told is not None:
                told(len(known))
        return [known.get(key) for key in keys]

    def _mentions(self, caption: GroundedText, reply: str | None) -> list[Mention]:
        self.tally.captions += 1
        self.tally.boxes += len(caption.boxes)
        if reply is None:
            self.tally.unanswered += 1
            self.tally.left_out += len(caption.boxes)
            return []
        mentions, invented = match_reply(caption, parse_reply(reply))
        self.tally.invented += invented
        self.tally.left_out += len(caption.boxes) - sum(len(mention.boxes) for mention in mentions)
        return mentions


def in_prompt_form(caption: GroundedText) -> str:
    """The caption as the model is shown it: SCOUT's boxes in the original image."""
    return caption.render("scout")


def reply_tokens(conversation: Sequence[Turn]) -> int:
    """How long a reply may get: room for a pair for every box, and no room for a model that repeats itself for ever."""
    asked = conversation[-1]["content"]
    return _TOKENS_AROUND + _TOKENS_PER_BOX * (asked.count("[[") + asked.count(";"))


def parse_reply(reply: str) -> list[tuple[str, tuple[int, ...]]]:
    """The (name, box) pairs of a reply, numbers rounded; never raises, and takes time linear in the reply.

    Python's and JSON's lists are read, several boxes under one name, lists that were cut short, and lists with words
    around them.
    """
    found: list[tuple[str, tuple[int, ...]]] = []
    name = ""
    for match in _PIECE.finditer(reply):
        if match["boxes"] is None:
            said = (match["name"] or match["bare"]).strip()
            name = name if said.lower() in _KEYS else said
            continue
        for one in _ONE_BOX.findall(match["boxes"]):
            found.append((name, tuple(round(float(number)) for number in one.split(","))))
    return found


def match_reply(caption: GroundedText, pairs: Iterable[tuple[str, tuple[int, ...]]]) -> tuple[list[Mention], int]:
    """Give the caption's own boxes the names of a reply.

    Args:
        caption: what the model read.
        pairs: what it listed.

    Returns:
        One mention for each box that was found again, in the order of the caption, and how many boxes of the reply are
        not in the caption. A box listed twice is found twice only if the caption has it twice.
    """
    waiting: dict[tuple[int, ...], deque[int]] = defaultdict(deque)
    boxes: list[tuple[Box, int, int]] = []
    for phrase in caption.phrases:
        for box in phrase.boxes:
            waiting[_on_grid(box)].append(len(boxes))
            boxes.append((box, phrase.start, phrase.end))
    named: dict[int, str] = {}
    invented = 0
    for name, numbers in pairs:
        places = waiting.get(numbers)
        if places:
            named[places.popleft()] = name
        else:
            invented += 1
    mentions = [Mention(named[place], (boxes[place][0],), *boxes[place][1:]) for place in sorted(named)]
    return mentions, invented


def _on_grid(box: Box) -> tuple[int, ...]:
    """The box as the prompt writes it."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", get_dialect("scout").render([box])))


@lru_cache(maxsize=1)
def shipped_prompt() -> ExtractionPrompt:
    """The prompt of this package."""
    return read_prompt(SHIPPED)


def read_prompt(path: str | Path) -> ExtractionPrompt:
    """A prompt file: ``version``, ``system``, ``examples`` (``user``, ``assistant``) and ``user``.

    Raises:
        BadConfig: it cannot be read, or is no such prompt.
    """
    try:
        content: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        turns = [{"role": "system", "content": content["system"].strip()}] if content.get("system") else []
        for example in content.get("examples", ()):
            turns += [{"role": role, "content": example[role].strip()} for role in ("user", "assistant")]
        prompt = ExtractionPrompt(str(content["version"]), tuple(turns), str(content["user"]))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise BadConfig(
            f"{path} is no prompt ({first_line(error)}): it has version, system, examples and user."
        ) from error
    if "{{ caption }}" not in prompt.user:
        raise BadConfig(f"{path}: the last turn has no {{{{ caption }}}}: say where the caption goes.")
    return prompt
