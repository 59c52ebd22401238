"""The prompts that the router is trained and tested on: the grammar's own, dressed as people send them.

Two modes: *grounding*, whose answer should hold boxes (§3.2, Eq. 9: alpha unchanged), and *understanding*, everything else
(alpha = 1). The dressing says nothing about the mode: greetings, an earlier turn or a paragraph may come before either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from twist_scout.routing.grammar import Split, built_in, split_of, text_of
from twist_scout.routing.noise import cased, typed

GROUNDING, UNDERSTANDING = "grounding", "understanding"
#: The share of prompts that ask for boxes: fewer, because there are fewer ways to.
_SHARE = 0.42

#: Kinds whose templates are never held out: what everybody says, and a router has to have seen.
EVERYDAY = ("everyday_boxes", "everyday_words")

#: "Where is the dog sleeping?" is answered in words, whatever wrote it: not "the dog that is sleeping", to be found. Without an
#: article, "where is dog sleeping", it is one who is in a hurry to point.
_TOLD = re.compile(
    r"^where(?:'s| is| are) (?:the|my|this|these|an?|it|he|she|they)\b(?!.*\b(?:that|who|which) (?:is|are)\b).* "
    r"(?:going|running|walking|flying|pointing|sitting|standing|sleeping|eating|playing|swimming|reading|"
    r"working|waiting|fishing|climbing|lying down)(?: (?:in|on|at|within) [^?]*|,? here)?[?.]?$"
)

#: The share of understanding prompts that words of grounding prompts are dropped into.
_DISTRACTED = 0.06

_GREETINGS = (
    "hi. ", "hello! ", "hey, ", "good morning. ", "ok. ", "thanks. ", "great! ", "hm. ", "sorry, one more thing: ", "next: ",
    "you are a helpful assistant. ", "i have a question. ", "please help. ", "it is urgent. ", "dear assistant, ", "hi there, ",
    "this is for work. ", "my kid wants to know: ", "quick one: ", "<image>\n", "<image> ", "question: ", "1. ", "- ", "> ",
    "here is a picture from our holidays. ", "i attached a photo. ", "look at this. ", "i took this yesterday. ",
    "i have been looking at this for an hour. ", "we are checking pictures for a shop. ", "as you can see, it is a mess. ",
    "my sister sent me this. ", "hope you are well. ", "the picture was taken last summer. ", "bear with me. ",
)  # fmt: skip
_CLOSINGS = (
    " thanks", " thank you!", " please", " pls", " thx", " cheers", " :)", " asap", " thanks in advance.", "\nthanks!", "\n",
    " <image>", "\n<image>", " i am curious.", " it is for my homework.", " be quick.", " take your time.", " and be careful.",
)  # fmt: skip
_SPEAKERS = (
    ("User: ", "Assistant: "),
    ("USER: ", "ASSISTANT: "),
    ("Q: ", "A: "),
    ("Human: ", "AI: "),
    ("user\n", "assistant\n"),
    ("### Instruction: ", "### Response: "),
    ("- ", "- "),
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, the mode that should answer it, and what it was made from.

    Attributes:
        text: what a user types.
        mode: ``grounding``, ``understanding`` or the name of another skill.
        kind: the grammar's root.
        template: its template, see :mod:`twist_scout.routing.grammar`.
    """

    text: str
    mode: str
    kind: str = ""
    template: str = ""


def prompts(split: Split, *, seed: int = 0, dressed: bool = True) -> Iterator[Prompt]:
    """Prompts without end; those of one split are made of templates that no other split has.

    Args:
        split: ``train``, ``validation`` or ``test``.
        seed: the same seed gives the same prompts.
        dressed: with slips of the finger, greetings, stray words and earlier turns; else clean sentences.
    """
    rng = Random(f"{split} {seed}")
    while True:
        prompt = _plain(split, rng)
        yield _dressed(prompt, split, rng) if dressed else replace(prompt, text=cased(prompt.text, rng))


def _plain(split: Split, rng: Random) -> Prompt:
    grammar, roots = built_in()
    mode = GROUNDING if rng.random() < _SHARE else UNDERSTANDING
    kinds = roots[mode]
    while True:
        kind = rng.choices(list(kinds), list(kinds.values()))[0]
        template = grammar.derive(kind, rng)
        named = text_of(template)
        own = "train" if named in _everyday() else split_of(template)
        if own == split and (text := grammar.fill(template, rng)) and not (mode == GROUNDING and _TOLD.search(text)):
            return Prompt(text, mode, kind, named)


@cache
def _everyday() -> frozenset[str]:
    grammar, _ = built_in()
    return frozenset(text_of(template) for kind in EVERYDAY for template in grammar.expand(kind))


def _dressed(prompt: Prompt, split: Split, rng: Random) -> Prompt:
    text = prompt.text
    if prompt.mode == UNDERSTANDING and rng.random() < _DISTRACTED:
        text = _distracted(text, rng)
    if rng.random() < 0.07:
        text = rng.choice(_GREETINGS) + text
    elif rng.random() < 0.025:
        grammar, _ = built_in()
        text = grammar.fill(grammar.derive("story", rng), rng) + rng.choice((" ", "\n", "\n\n")) + text
    if rng.random() < 0.05:
        text += rng.choice(_CLOSINGS)
    text = typed(text, rng)
    if rng.random() < 0.05:
        text = _with_history(text, split, rng)
    return Prompt(text, prompt.mode, prompt.kind, prompt.template)


def _distracted(text: str, rng: Random) -> str:
    """Words of grounding prompts dropped in anywhere: no such word alone makes a prompt one of them."""
    words = text.split(" ")
    for _ in range(rng.choice((1, 1, 2, 3))):
        words.insert(rng.randint(0, len(words)), rng.choice(built_in()[0].words["borrowed"]))
    return " ".join(words)


def _with_history(text: str, split: Split, rng: Random) -> str:
    """The prompt as the last turn of a conversation; earlier turns may have been of either mode."""
    grammar, _ = built_in()
    user, assistant = rng.choice(_SPEAKERS)
    turns = []
    for _ in range(rng.choice((1, 1, 2))):
        before = _plain(split, rng)
        reply = grammar.fill(grammar.derive("boxed_reply" if before.mode == GROUNDING else "plain_reply", rng), rng)
        turns.append(f"{user}{typed(before.text, rng)}\n{assistant}{typed(reply, rng)}\n")
    history = "".join(turns)
    return (history if rng.random() < 0.6 else history.replace("\n", " ")) + user + text
