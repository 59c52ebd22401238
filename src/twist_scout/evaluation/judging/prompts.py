"""What judges are told: YAML files with a version, shipped beside this module, each replaceable by one of your own.

::

    version: "1"
    system: ...
    examples: [{user: ..., assistant: ...}]
    user: "Question: {{ question }}"

``{{ name }}`` is filled in when the prompt is used. What is filled in is never read as a template.
"""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twist_scout.errors import BadConfig, first_line
from twist_scout.evaluation.judging.asking import Turn

_FIELD = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class WorkedExample(BaseModel):
    """A turn and the reply that is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str
    assistant: str


class JudgePrompt(BaseModel):
    """What a judge is told.

    Attributes:
        version: printed with the score.
        system: the system turn; empty for none.
        examples: worked examples, in order.
        user: the turn that asks, with its fields.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(min_length=1)
    system: str = ""
    examples: tuple[WorkedExample, ...] = ()
    user: str

    def turns(self, **fields: str) -> tuple[Turn, ...]:
        """The conversation with its fields filled in.

        Raises:
            BadConfig: the prompt uses a field that it is not given.
        """

        def fill(match: re.Match[str]) -> str:
            try:
                return fields[match[1]]
            except KeyError:
                known = ", ".join(fields)
                raise BadConfig(f"The judge's prompt uses {{{{ {match[1]} }}}}: the fields are {known}.") from None

        before: list[Turn] = [{"role": "system", "content": self.system.strip()}] if self.system.strip() else []
        for example in self.examples:
            before.append({"role": "user", "content": example.user.strip()})
            before.append({"role": "assistant", "content": example.assistant.strip()})
        return (*before, {"role": "user", "content": _FIELD.sub(fill, self.user).strip()})

    @cached_property
    def digest(self) -> str:
        """Of the words: two prompts of one version that differ do not share judgements."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=8).hexdigest()


def read_prompt(benchmark: str, path: str | Path | None = None) -> JudgePrompt:
    """The prompt of a benchmark.

    Args:
        benchmark: ``llava-bench`` or ``mm-vet``.
        path: a file of your own; None for the shipped one.

    Raises:
        BadConfig: the file is not a prompt.
    """
    file = Path(path) if path is not None else Path(__file__).parent / "prompts" / f"{benchmark}.yaml"
    try:
        return JudgePrompt.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadConfig(f"{file} cannot be read ({first_line(error)}): it should be YAML in UTF-8.") from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise BadConfig(
            f"{file} is no prompt ({where}: {problem['msg']}): it has version, system, examples, user."
        ) from error
