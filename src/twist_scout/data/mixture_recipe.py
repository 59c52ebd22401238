"""A mixture as a YAML file.

::

    seed: 0
    parts:
      rec:   {data: data/rec.jsonl}                        # 128,000 an epoch, as in the paper
      gic:   {data: data/gic.jsonl, size: 20000}
      scout: {data: [data/a.jsonl, data/b.jsonl], size: all}
      own:   {data: data/own.jsonl, weight: 2}             # each record twice
    leakage:
      against: [refcoco/finetune_refcoco_val.json, coco/annotations/instances_val2017.json]
      hashes: true
      action: refuse                                       # or drop

Paths are relative to the working directory, as in the recipes of training runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from twist_scout.data.dataset import ExampleDataset
from twist_scout.data.leakage.guard import LeakageGuard, Match
from twist_scout.data.leakage.perceptual import BITS, THRESHOLD
from twist_scout.data.mixture import Mixture, Part
from twist_scout.errors import BadConfig, BadInput, first_line

#: What a training run reads: both are map-style and have a length.
Examples = ExampleDataset | Mixture

_SHOWN = 3  # refused pictures that an error names


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, (str, Path)) else value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PartRecipe(_Section):
    """One part; see `Part`.

    Attributes:
        data: JSONL files.
        size: records an epoch takes; ``all``: each once. Parts named rec, gic and scout have the paper's size if nothing
            is said.
        weight: instead of a size.
        image_root: the folder that image paths are relative to.
    """

    data: Annotated[list[str], BeforeValidator(_listed)] = Field(min_length=1)
    size: Annotated[int, Field(ge=0)] | Literal["all"] | None = None
    weight: float | None = Field(default=None, ge=0)
    image_root: str | None = None


class LeakageRecipe(_Section):
    """The leakage guard; see `LeakageGuard`.

    Attributes:
        against: evaluation sets.
        hashes: compare the pictures too, and not only their names.
        threshold: bits of 128 that may differ.
        images: folders of the evaluation pictures.
        visual_genome: Visual Genome's ``image_data.json``.
        action: ``refuse`` the recipe where an evaluation picture is in it, or ``drop`` the picture's records.
    """

    against: Annotated[list[str], BeforeValidator(_listed)] = Field(min_length=1)
    hashes: bool = False
    threshold: int = Field(default=THRESHOLD, ge=0, lt=BITS)
    images: Annotated[list[str], BeforeValidator(_listed)] = Field(default_factory=list)
    visual_genome: str | None = None
    action: Literal["refuse", "drop"] = "refuse"


class MixtureRecipe(_Section):
    """A mixture; see `Mixture`.

    Attributes:
        parts: by name.
        seed: of order and choice.
        size: records of an epoch, for parts with a weight.
        epochs: how often the mixture is gone through.
        fresh: other records of a large part in each epoch.
        leakage: what to compare with.
    """

    parts: dict[str, PartRecipe] = Field(min_length=1)
    seed: int = Field(default=0, ge=0)
    size: int | None = Field(default=None, gt=0)
    epochs: int = Field(default=1, gt=0)
    fresh: bool = False
    leakage: LeakageRecipe | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        for name, part in self.parts.items():
            if part.size is not None and part.weight is not None:
                raise ValueError(f"part {name!r} has a size and a weight: give one of them")
        return self

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a YAML file.

        Raises:
            BadConfig: it cannot be read, or a key does not exist or does not fit.
        """
        path = Path(path)
        try:
            values = yaml.safe_load(path.read_text("utf-8"))
        except OSError as error:
            raise BadConfig(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise BadConfig(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from error
        if not isinstance(values, dict):
            raise BadConfig(f"{path} should hold 'key: value' lines: parts, and what else there is to say.")
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise BadConfig(f"{path}, {_sentence(error)}") from error

    def mixture(self, *, image_root: str | Path | None = None, confined: bool = False) -> Mixture:
        """Open the parts.

        Args:
            image_root: of parts that do not name their own.
            confined: refuse image paths that leave their folder.

        Raises:
            BadInput: a file cannot be read; or an evaluation picture is in a part, and ``action`` is ``refuse``.
        """
        found: list[tuple[str, Match]] = []
        guard = self._guard()

        def refuse(image: str) -> bool:
            match = None if guard is None else guard.find(image)
            if match is not None:
                found.append((image, match))
            return match is not None

        mixture = Mixture(
            [_part(name, part, image_root, confined) for name, part in self.parts.items()],
            seed=self.seed,
            size=self.size,
            epochs=self.epochs,
            fresh=self.fresh,
            refuse=None if guard is None else refuse,
        )
        if found and self.leakage is not None and self.leakage.action == "refuse":
            raise BadInput(_refused(found))
        return mixture

    def _guard(self) -> LeakageGuard | None:
        if self.leakage is None:
            return None
        return LeakageGuard(
            self.leakage.against,
            hashes=self.leakage.hashes,
            threshold=self.leakage.threshold,
            images=self.leakage.images,
            visual_genome=self.leakage.visual_genome,
        )


def open_examples(
    paths: str | Path | Sequence[str | Path], *, image_root: str | Path | None = None, confined: bool = False
) -> Examples:
    """Training data by their paths: JSONL files of records, or one recipe of a mixture (``.yaml``).

    Raises:
        BadConfig: a recipe stands beside other paths, or is none.
        BadInput: a file cannot be read.
    """
    listed = [paths] if isinstance(paths, (str, Path)) else list(paths)
    recipes = [path for path in listed if Path(path).suffix.lower() in (".yaml", ".yml")]
    if not recipes:
        return ExampleDataset(listed, image_root=image_root, confined=confined)
    if len(listed) > 1:
        raise BadConfig(f"{recipes[0]} is a mixture's recipe: name the other files in it, as parts of their own.")
    return MixtureRecipe.load(recipes[0]).mixture(image_root=image_root, confined=confined)


def _part(name: str, recipe: PartRecipe, image_root: str | Path | None, confined: bool) -> Part:
    every = recipe.size == "all"
    return Part(
        name,
        list(recipe.data),
        size=recipe.size if isinstance(recipe.size, int) else None,
        weight=1.0 if every else recipe.weight,
        image_root=recipe.image_root or image_root,
        confined=confined,
    )


def _refused(found: list[tuple[str, Match]]) -> str:
    some = "; ".join(f"{image} is {match}" for image, match in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return (
        f"{len(found):,} training pictures are evaluation pictures: {some}{more}. List them all with "
        "`twist-scout data leakage`, or set 'action: drop' to leave their records out."
    )


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{where}: there is no such key."
    message = first_line(ValueError(first["msg"].removeprefix("Value error, ")))
    return f"{where}: {message[0].lower()}{message[1:]}." if where else f"{message}."
