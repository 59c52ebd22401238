r"""A small grammar from which prompts are written.

A grammar file (YAML) holds rules of three sorts. *Templates* make the structure of a prompt, *phrases* and *words* fill its
slots:

    templates:
      find: ["{please}{search} {ref}(| {inpic})"]     # {x} is a rule, (a|b) a choice, (|x) an option
      about: ["{find~ref>box}"]                       # {x~y>z} is x with one of its slots {y} given to z
    phrases:
      ref: ["the {animal}", "every {animal}"]         # {x:s} is a plural
    words:
      animal: dog, cat, horse
      number: {numbers: [1, 10]}
      borrowed: {literals: [search]}                  # the words that templates spell out

Expanding the templates of a prompt and leaving phrases and words as slots gives its *template*: "find {ref} {inpic}". Whole
templates are held out for testing, so a test prompt has a structure that no training prompt had. ``\(`` stands for ``(``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Literal

from twist_scout.errors import BadConfig
from twist_scout.routing.alternatives import Choice, Sequenced, Slot, parse, slots_of, texts_of
from twist_scout.routing.made_up import letter_model, made_up

Split = Literal["train", "validation", "test"]

#: Hundredths of all templates that are held out for validation and for test.
HELD_OUT: dict[Split, range] = {"validation": range(84, 90), "test": range(90, 100)}
#: How often a noun gives way to a made-up word: the router must not need to know what is asked for.
_MADE_UP = 0.04


Template = tuple[str | Slot, ...]


def text_of(template: Template) -> str:
    """A template as text, with its slots in braces: what it is told apart by."""
    return re.sub(r"\s+", " ", "".join(str(part) for part in template)).strip()


def split_of(template: Template) -> Split:
    """Which split a template belongs to, by its text alone; the same on every machine."""
    number = int.from_bytes(hashlib.blake2b(text_of(template).encode(), digest_size=4).digest(), "big") % 100
    return next((split for split, part in HELD_OUT.items() if number in part), "train")


class Grammar:
    """Rules, and prompts made by them.

    Args:
        files: the parsed contents of grammar files.

    Raises:
        BadConfig: a rule cannot be read, is given twice, or uses a rule that does not exist.
    """

    def __init__(self, files: Sequence[Mapping[str, Any]]) -> None:
        self.templates: dict[str, tuple[Sequenced, ...]] = {}
        self.phrases: dict[str, tuple[Sequenced, ...]] = {}
        given_words: dict[str, Any] = {}
        for content in files:
            for name, options in content.get("templates", {}).items():
                self._add(self.templates, name, tuple(parse(option) for option in options))
            for name, options in content.get("phrases", {}).items():
                self._add(self.phrases, name, tuple(parse(option) for option in options))
            for name, given in content.get("words", {}).items():
                self._add(given_words, name, given)
        self.words = {name: self._words(given) for name, given in given_words.items()}
        self.vocabulary = sorted({word for words in self.words.values() for text in words for word in text.split()})
        self._letters = letter_model(self.vocabulary)
        self._check()

    def derive(self, root: str, rng: Random) -> Template:
        """A random template of a rule."""
        parts: list[str | Slot] = []
        self._derive((Slot(root),), rng, parts)
        return tuple(parts)

    def expand(self, root: str) -> Iterator[Template]:
        """All templates of a rule, which must not swap slots: for rules that have thousands, not millions."""
        yield from self._expanded((Slot(root),))

    def fill(self, template: Template, rng: Random) -> str:
        """A prompt of a template: lower case, spaces and articles in order."""
        text = "".join(part if isinstance(part, str) else self._fill(part, rng) for part in template)
        text = re.sub(r"[ \t]+", " ", text)
        text = re.sub(r" ([?.,!:;])(?=\s|$)", r"\1", text)
        text = re.sub(r"\b(?:an?|the) (?=(?:an?|the) )", "", text)  # a phrase may bring its own
        text = re.sub(r"\b(a|an) (?=([a-z]))", lambda m: "an " if m[2] in "aeiou" else "a ", text)
        return re.sub(r"([?.!,:;])[.,;:?]+(?=\s|$)", r"\1", text).strip()

    def count(self, root: str) -> int:
        """How many derivations of templates a rule has."""

        @cache
        def rule(name: str) -> int:
            return sum(sequence(option) for option in self.templates[name]) if name in self.templates else 1

        def sequence(nodes: Sequenced) -> int:
            product = 1
            for node in nodes:
                if isinstance(node, Slot):
                    product *= rule(node.name)
                elif isinstance(node, Choice):
                    product *= sum(sequence(option) for option in node.options)
            return product

        return rule(root)

    def _expanded(self, nodes: Sequenced) -> Iterator[Template]:
        if not nodes:
            yield ()
            return
        node, rest = nodes[0], list(self._expanded(nodes[1:]))
        if isinstance(node, Choice):
            heads = [head for option in node.options for head in self._expanded(option)]
        elif isinstance(node, Slot) and node.name in self.templates:
            heads = [head for option in self.templates[node.name] for head in self._expanded(option)]
        else:
            heads = [(node,)]
        for head in heads:
            yield from ((*head, *tail) for tail in rest)

    def _derive(self, nodes: Sequenced, rng: Random, parts: list[str | Slot]) -> None:
        for node in nodes:
            if isinstance(node, Choice):
                self._derive(rng.choice(node.options), rng, parts)
            elif isinstance(node, Slot) and node.swap:
                self._swapped(node, node.swap, rng, parts)
            elif isinstance(node, Slot) and node.name in self.templates:
                self._derive(rng.choice(self.templates[node.name]), rng, parts)
            else:
                parts.append(node)

    def _swapped(self, slot: Slot, swap: tuple[str, str], rng: Random, parts: list[str | Slot]) -> None:
        """A rule's template with one of its slots of one name given to another rule."""
        found: list[str | Slot] = []
        places: list[int] = []
        while not places:
            found = list(self.derive(slot.name, rng))
            places = [at for at, part in enumerate(found) if isinstance(part, Slot) and part.name == swap[0]]
        at = rng.choice(places)
        parts += [*found[:at], *self.derive(swap[1], rng), *found[at + 1 :]]

    def _fill(self, slot: Slot, rng: Random) -> str:
        if slot.name in self.phrases:
            parts: list[str] = []
            self._say(rng.choice(self.phrases[slot.name]), rng, parts)
            return "".join(parts)
        if slot.name in _MADE:
            word = made_up(self._letters, rng) if slot.name != "saladword" else rng.choice(self.vocabulary)
        elif slot.name in _OBJECTS and rng.random() < _MADE_UP:
            word = made_up(self._letters, rng)
        else:
            word = rng.choice(self.words[slot.name])
        return _plural(word) if slot.plural else word

    def _say(self, nodes: Sequenced, rng: Random, parts: list[str]) -> None:
        for node in nodes:
            if isinstance(node, str):
                parts.append(node)
            elif isinstance(node, Slot):
                parts.append(self._fill(node, rng))
            else:
                self._say(rng.choice(node.options), rng, parts)

    def _words(self, given: Any) -> tuple[str, ...]:
        if isinstance(given, str):
            return tuple(word for part in given.split(",") if (word := " ".join(part.split())))
        if "numbers" in given:
            return tuple(str(number) for number in range(*given["numbers"]))
        return tuple(sorted(set(self._literals(given["literals"]))))

    def _literals(self, rules: Sequence[str]) -> Iterator[str]:
        """The words that some templates spell out."""
        for rule in rules:
            for option in self.templates[rule]:
                for text in texts_of(option):
                    yield from (word for word in re.findall("[a-z]+", text) if len(word) > 2)

    @staticmethod
    def _add(rules: dict[str, Any], name: str, value: Any) -> None:
        if name in rules:
            raise BadConfig(f"The grammar has two rules named {name!r}: rename one.")
        rules[name] = value

    def _check(self) -> None:
        known = {*self.templates, *self.phrases, *self.words, *_MADE}
        for rules in (self.templates, self.phrases):
            for name, options in rules.items():
                for slot in (slot for option in options for slot in slots_of(option)):
                    for used in (slot.name, *(slot.swap or ())):
                        if used not in known:
                            raise BadConfig(f"The grammar's rule {name!r} uses {used!r}, which is no rule: add it.")
                    if rules is self.phrases and slot.name in self.templates:
                        raise BadConfig(f"The phrase {name!r} uses the template {slot.name!r}: make it a phrase.")


#: Made when they are asked for: words that no list holds, and any word of any list.
_MADE = frozenset({"rareword", "rareverb", "saladword"})
_OBJECTS = frozenset(
    "person animal vehicle furniture food kitchen clothing device tool sport outdoors special topicname".split()
)


@cache
def _plural(word: str) -> str:
    import inflect

    return str(inflect.engine().plural_noun(word) or word)


@cache
def built_in() -> tuple[Grammar, dict[str, dict[str, int]]]:
    """The grammar that ships with the package, and how often each of its roots is drawn.

    Returns:
        The grammar, and mode -> root -> weight.
    """
    import yaml

    folder = files("twist_scout.routing") / "prompt_grammar"
    contents = {
        path.name: yaml.safe_load(path.read_text("utf-8"))
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".yaml")
    }
    roots: dict[str, dict[str, int]] = {"grounding": {}, "understanding": {}}
    for name, content in contents.items():
        roots["grounding" if name == "grounding.yaml" else "understanding"].update(content.get("roots", {}))
    return Grammar(list(contents.values())), roots
