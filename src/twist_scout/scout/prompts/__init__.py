"""What the models are told: YAML files with a version, all in this folder, each replaceable by one of your own.

A prompt is a conversation: a system turn, worked examples, and the turn that asks::

    version: "1"
    system: ...
    examples: [{user: ..., assistant: ...}]
    user: "Description: {{ description }}"

``{{ name }}`` is filled in when the prompt is used; what is filled in is never read as a template itself, so a caption
may hold any characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twist_scout.errors import BadConfig, first_line
from twist_scout.scout.backends.base import ChatMessage

#: The prompts that there are, and what each is given.
FIELDS: dict[str, tuple[str, ...]] = {
    "questions": ("description", "count"),
    "negatives": ("description", "count"),
    "answers": ("question", "box"),
    "captions": ("box",),
    "absence": ("thing",),
}
_HERE = Path(__file__).parent
_JINJA = SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)


class WorkedExample(BaseModel):
    """A turn and the reply that is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str
    assistant: str


class Prompt(BaseModel):
    """One prompt.

    Attributes:
        version: is stored with every record that was made with it; change it when you change the words.
        system: the system turn; empty for none.
        examples: worked examples, in order.
        user: the turn that asks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(min_length=1)
    system: str = ""
    examples: tuple[WorkedExample, ...] = ()
    user: str

    def messages(self, **fields: Any) -> tuple[ChatMessage, ...]:
        """The conversation with its fields filled in.

        Raises:
            BadConfig: the prompt uses a field that it is not given, or is no template.
        """

        def fill(text: str) -> str:
            try:
                return _JINJA.from_string(text).render(fields).strip()
            except jinja2.TemplateError as error:
                raise BadConfig(f"A prompt cannot be filled in ({first_line(error)}): correct its template.") from error

        turns = [ChatMessage("system", fill(self.system))] if self.system.strip() else []
        for example in self.examples:
            turns += [ChatMessage("user", fill(example.user)), ChatMessage("assistant", fill(example.assistant))]
        return (*turns, ChatMessage("user", fill(self.user)))


class Prompts:
    """The prompts of a run.

    Args:
        kind: ``default`` for models that need to be told the form, ``trained`` for models that were trained on it.
        folder: YAML files that take the place of shipped ones, by name (``questions.yaml``, ...); the others stay.

    Raises:
        BadConfig: a file is not a prompt, or the folder holds none.
    """

    def __init__(self, kind: str = "default", folder: str | Path | None = None) -> None:
        own = {} if folder is None else _own_files(Path(folder))
        self._files = {name: own.get(name, _shipped(kind, name)) for name in FIELDS}
        for name in own:
            self[name].messages(**dict.fromkeys(FIELDS[name], "1"))  # a wrong field shows now, not after an hour

    def __getitem__(self, name: str) -> Prompt:
        """A prompt by name, one of :data:`FIELDS`."""
        return self._read[name]

    def versions(self, *names: str) -> dict[str, str]:
        """Versions of prompts, for provenance."""
        return {name: self[name].version for name in names}

    @cached_property
    def _read(self) -> Mapping[str, Prompt]:
        return {name: _read(path) for name, path in self._files.items()}


def _shipped(kind: str, name: str) -> Path:
    path = _HERE / kind / f"{name}.yaml"
    return path if path.is_file() else _HERE / "default" / path.name


def _own_files(folder: Path) -> dict[str, Path]:
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not files:
        raise BadConfig(f"{folder} holds no prompts: name your files {', '.join(f'{name}.yaml' for name in FIELDS)}.")
    unknown = sorted(set(files) - set(FIELDS))
    if unknown:
        raise BadConfig(f"{files[unknown[0]]} is no prompt of the engine: the names are {', '.join(FIELDS)}.")
    return files


def _read(path: Path) -> Prompt:
    try:
        return Prompt.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadConfig(f"{path} cannot be read ({first_line(error)}): it should be YAML in UTF-8.") from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise BadConfig(
            f"{path} is no prompt ({where}: {problem['msg']}): it has version, system, examples, user."
        ) from error
