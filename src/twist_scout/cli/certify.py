"""``twist-scout certify``: prove that a base is untouched by its adapter, or check such a proof
again.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from twist_scout.data.images import ImageSource


def certify(
    model: options.Model = None,
    adapter: options.Adapter = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Example records (JSONL) whose prompts are asked; without it, toy-world questions."),
    ] = None,
    prompts: Annotated[int, typer.Option(min=1, help="How many prompts.")] = 64,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing: check the certificate that lies beside the adapter."),
    ] = False,
    json: options.Json = False,
) -> None:
    """Compare the base before and after the adapter: every frozen tensor, and the answers in
    understanding mode.

    Writes certificate.json into the adapter's folder. The exit status is 1 where anything differs.
    """
    from twist_scout.errors import BadInput
    from twist_scout.loading import resolve_folders
    from twist_scout.twist import certificate

    console.quiet_libraries()
    base_folder, adapter_folder = resolve_folders(model, adapter)
    if adapter_folder is None:
        raise BadInput("There is nothing to certify without an adapter: name one with --adapter.")
    if check:
        found = certificate.verify_certificate(base_folder, adapter_folder)
        summary = f"valid: {found.checked} tensors of the base and the adapter are as certified"
        if not found.passed:
            summary = (
                f"NOT valid: {len(found.changed_tensors)} of {found.checked} tensors of the base "
                f"and {len(found.changed_files)} files of the adapter differ"
            )
            if not (found.certificate_passed and found.consistent):
                summary += "; the certificate itself is not good"
        _finish(found.passed, summary, found.model_dump(), json)
    questions, pictures = _from_records(data, prompts) if data else _from_toy_world(prompts)
    console.err().print(f"Asking {len(questions)} prompts of the base, with and without the adapter ...")
    result = certificate.certify(base_folder, adapter_folder, questions, images=pictures)
    path = result.save(adapter_folder)
    console.err().print(f"Written to {path}", markup=False)
    _finish(result.passed, result.summary, result.model_dump(), json)


def _finish(passed: bool, summary: str, record: dict[str, object], json: bool) -> None:
    if json:
        console.print_json({"passed": passed, "summary": summary, **record})
    else:
        console.out().print(summary, style="green" if passed else "red", markup=False)
    raise typer.Exit(0 if passed else 1)


def _from_toy_world(count: int) -> tuple[list[str], list[ImageSource]]:
    """Understanding questions about unseen scenes, with their pictures."""
    import numpy as np

    from twist_scout.toyworld import render, sample_scene
    from twist_scout.toyworld.lots import Lots
    from twist_scout.toyworld.questions import ask_each

    questions: list[str] = []
    pictures: list[ImageSource] = []
    seed = 0
    while len(questions) < count:
        scene = sample_scene(seed, split="test")
        asked = ask_each(scene, Lots(np.random.default_rng(seed)))
        questions += [question.prompt for question in asked]
        pictures += [render(scene).image] * len(asked)
        seed += 1
    return questions[:count], pictures[:count]


def _from_records(path: Path, count: int) -> tuple[list[str], list[ImageSource]]:
    """The first user turn of each record; box references are left out, a base knows none."""
    from twist_scout.boxes.grounded import GroundedText
    from twist_scout.data.records import read_examples, render_messages
    from twist_scout.errors import BadInput

    questions: list[str] = []
    pictures: list[ImageSource] = []
    for example in islice(read_examples(path), count):
        turns = render_messages(example)
        text = next(turn["content"] for turn in turns if turn["role"] == "user")
        questions.append(GroundedText.parse(text).plain)
        pictures.append(path.parent / example.image)
    if not questions:
        raise BadInput(f"{path} holds no records: give a file with at least one prompt.")
    return questions, pictures
