"""Whether the shipped model loads, finds a thing in a drawn scene, and is what its certificate says."""

from __future__ import annotations

import time

from twist_scout.machine.finding import Finding

_REINSTALL = "install the package again: pip install --force-reinstall --no-deps twist-scout"
#: A scene that the pocket model was not trained on, with one thing in it.
_SCENE = 46
_FOUND = 0.5


def check_pocket() -> list[Finding]:
    """Load it, ask it one question about a drawn scene, and check its certificate."""
    from twist_scout.boxes.box import Box
    from twist_scout.grounder import Grounder
    from twist_scout.toyworld import pocket_adapter, pocket_base, render, sample_scene
    from twist_scout.twist.certificate import verify_certificate

    started = time.monotonic()
    grounder = Grounder.from_pretrained(device="cpu")
    loaded = time.monotonic()
    drawn = render(sample_scene(_SCENE, split="test"))
    thing = sample_scene(_SCENE, split="test").objects[0].category
    answer = grounder.ground(drawn.image, f"Where is the {thing}?", "grounding")
    answered = time.monotonic()
    truth = Box.from_pixels(*drawn.boxes[0], width=drawn.image.width, height=drawn.image.height, clip=True)
    seconds = f"loaded in {loaded - started:.1f} s, answered in {answered - loaded:.1f} s"
    if any(box.iou(truth) >= _FOUND for box in answer.boxes):
        model = Finding("pocket model", "ok", f"found the {thing} in a drawn scene ({seconds})")
    else:
        told = f"did not find the {thing} in a drawn scene; it said {answer.text[:80]!r} ({seconds})"
        model = Finding("pocket model", "problem", told, _REINSTALL)
    checked = verify_certificate(pocket_base(), pocket_adapter())
    seconds = f"{time.monotonic() - answered:.1f} s"
    if checked.passed:
        detail = f"forgotten: nothing; {checked.checked} tensors are as certified ({seconds})"
        return [model, Finding("certificate", "ok", detail)]
    return [
        model,
        Finding("certificate", "problem", "the pocket's weights are not those that were certified", _REINSTALL),
    ]
