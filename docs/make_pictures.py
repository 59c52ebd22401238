"""Draw the pictures of README and documentation: ``python docs/make_pictures.py``.

``pointing.png``: four unseen scenes and what the shipped model says. Above each the prompt, on it the boxes of the answer,
below it the answer itself. ``scenes.png`` and ``diagrams.png``: contact sheets of the toy world.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from twist_scout import Grounder
from twist_scout.picture import draw_grounded
from twist_scout.toyworld import render, sample_scene
from twist_scout.toyworld.drawing.sheet import contact_sheet

PICTURES = Path(__file__).parent / "pictures"
SIDE, TOP, BOTTOM, GAP = 420, 56, 120, 24
INK, SOFT, PAPER = "#20242c", "#5b6472", "#ffffff"

#: (test seed, prompt)
PANELS = (
    (9, "Where is the man riding the surfboard?"),
    (11, "Describe the picture and give a box for each object."),
    (6, "What is the woman holding? Answer step by step."),
    (5, "Where is the umbrella?"),
)


def panel(grounder: Grounder, seed: int, prompt: str) -> Image.Image:
    """One scene with prompt and answer."""
    scene = sample_scene(seed, split="test")
    picture = render(scene, SIDE).image
    answer = grounder.ground(picture, prompt, mode="grounding")
    sheet = Image.new("RGB", (SIDE, TOP + SIDE + BOTTOM), PAPER)
    sheet.paste(draw_grounded(picture, answer), (0, TOP))
    pen = ImageDraw.Draw(sheet)
    pen.multiline_text((2, 6), textwrap.fill(prompt, 46), INK, ImageFont.load_default(18), spacing=4)
    said = re.sub(r"\s*\[\[[^]]*\]\]", "", answer.text)
    pen.multiline_text((2, TOP + SIDE + 8), textwrap.fill(said, 58), SOFT, ImageFont.load_default(15), spacing=4)
    return sheet


def pointing() -> Image.Image:
    """The panels side by side."""
    grounder = Grounder.from_pretrained()
    panels = [panel(grounder, seed, prompt) for seed, prompt in PANELS]
    width = len(panels) * SIDE + (len(panels) + 1) * GAP
    sheet = Image.new("RGB", (width, panels[0].height + 2 * GAP), PAPER)
    for n, one in enumerate(panels):
        sheet.paste(one, (GAP + n * (SIDE + GAP), GAP))
    return sheet


def main() -> None:
    """Write the pictures."""
    scenes = [sample_scene(seed, split="test") for seed in range(15)]
    sheets = {
        "scenes": contact_sheet([render(scene, 240).image for scene in scenes], columns=5),
        "diagrams": contact_sheet([render(scene, 240, domain="diagram").image for scene in scenes[5:10]], columns=5),
        "pointing": pointing(),
    }
    for name, sheet in sheets.items():
        path = PICTURES / f"{name}.png"
        sheet.save(path, optimize=True)
        print(path)


if __name__ == "__main__":
    main()
