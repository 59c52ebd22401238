"""The file beside a router's weights: its modes, how sure it must be, and how it was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twist_scout.errors import BadModel

GRAPH, SHORTCUT, TOKENIZER, SETTINGS = "router.onnx", "shortcut.safetensors", "tokenizer.json", "router.json"


class RouterSettings(BaseModel):
    """What ``router.json`` holds.

    Attributes:
        version: of this file's form.
        modes: the classes in the order of the logits; the first is ``understanding``, each other one a skill.
        temperature: the logits are divided by it, so that probabilities mean what they say.
        confidence: a skill needs at least this probability; below it the router abstains: understanding answers.
        training: how the router was made, and what it reached then.
    """

    model_config = ConfigDict(extra="forbid")

    version: int = 1
    modes: Annotated[list[str], Field(min_length=2)]
    temperature: Annotated[float, Field(gt=0)] = 1.0
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.8
    training: dict[str, Any] = {}

    @classmethod
    def read(cls, folder: Path) -> RouterSettings:
        """Read the settings of a router's folder.

        Raises:
            BadModel: the folder holds no router, or its settings cannot be read.
        """
        path = folder / SETTINGS
        try:
            return cls.model_validate_json(path.read_text("utf-8"))
        except OSError as error:
            raise BadModel(
                f"{folder} holds no router ({SETTINGS}: {error.strerror or error}): give a folder that "
                "'twist-scout route train' wrote."
            ) from error
        except (ValidationError, UnicodeDecodeError) as error:
            raise BadModel(f"{path} cannot be read: train the router again.") from error

    def write(self, folder: Path) -> None:
        """Write the settings into a folder."""
        text = json.dumps(self.model_dump(), indent=1, ensure_ascii=False)
        (folder / SETTINGS).write_text(text + "\n", "utf-8")
