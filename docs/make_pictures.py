"""Draw the README's picture with the shipped model: ``python docs/make_pictures.py``.

Four unseen scenes. Above each the prompt, on it the boxes of the answer, below it the answer itself.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from twist_scout import Grounder
from twist_scout.picture import draw_grounded
from twist_scout.toyworld import render, sample_scene

OUT = Path(__file__).parent / "pictures" / "pointing.png"
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


def main() -> None:
    """Write the picture."""
    grounder = Grounder.from_pretrained()
    panels = [panel(grounder, seed, prompt) for seed, prompt in PANELS]
    width = len(panels) * SIDE + (len(panels) + 1) * GAP
    sheet = Image.new("RGB", (width, panels[0].height + 2 * GAP), PAPER)
    for n, one in enumerate(panels):
        sheet.paste(one, (GAP + n * (SIDE + GAP), GAP))
    OUT.parent.mkdir(exist_ok=True)
    sheet.save(OUT, optimize=True)
    print(OUT)


if __name__ == "__main__":
    main()
