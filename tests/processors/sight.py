"""What a model of each family is shown of a picture, put together again from its processor's output.

``overview`` is the whole picture as the model sees it at once; ``canvas`` what its tiles show together, where there are any.
Both are arrays of brightness, (height, width).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from transformers.image_processing_utils import get_patch_output_size, select_best_resolution

from .family import SIDE

Sight = npt.NDArray[np.float32]


def shown(processor: Any, picture: Image.Image) -> dict[str, Any]:
    """The image inputs for one picture, by way of the whole processor."""
    text = getattr(processor, "image_token", None) or processor.tokenizer.image_token
    return dict(processor(text=[text], images=[[picture]], return_tensors="np"))


def overview(name: str, processor: Any, picture: Image.Image) -> Sight:
    """The whole picture as the model sees it at once."""
    batch = shown(processor, picture)
    pixels = np.asarray(batch["pixel_values"])
    if name.startswith("qwen"):
        return _unpatched(processor.image_processor, pixels, batch["image_grid_thw"][0])
    if name in ("llava_next", "llava_onevision"):
        return pixels[0, 0, 0]  # (pictures, tiles, channels, height, width), the overview first
    if name in ("smolvlm", "idefics3"):
        return pixels[0, -1, 0]  # the overview last
    if name == "internvl":
        return pixels[-1, 0]
    if name == "mistral3":
        height, width = batch["image_sizes"][0]
        return pixels[0, 0, :height, :width]
    return pixels[0, 0]


def canvas(name: str, processor: Any, picture: Image.Image) -> Sight:
    """What the tiles show, side by side, without the padding that the model cuts off."""
    batch = shown(processor, picture)
    pixels = np.asarray(batch["pixel_values"])
    if name in ("llava_next", "llava_onevision"):
        size = picture.size[::-1]
        height, width = select_best_resolution(size, processor.image_processor.image_grid_pinpoints)
        whole = _grid(pixels[0, 1:, 0], width // SIDE)
        inner = get_patch_output_size(np.zeros((3, *size)), (height, width), input_data_format="channels_first")
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        return whole[top : top + inner[0], left : left + inner[1]]
    tiles = pixels[0, :-1, 0] if name in ("smolvlm", "idefics3") else pixels[:-1, 0]
    return _grid(tiles, CANVAS_COLUMNS[name](picture, len(tiles)))


def _wide_first(picture: Image.Image, tiles: int) -> int:
    """Columns of Idefics 3's grid: four along the longer edge."""
    return 4 if picture.width >= picture.height else tiles // 4


def _likest(picture: Image.Image, tiles: int) -> int:
    """Columns of InternVL's grid: those of the tilings of that many tiles that are shaped most like the picture."""
    grids = [columns for columns in range(1, tiles + 1) if tiles % columns == 0]
    return min(grids, key=lambda columns: abs(picture.width / picture.height - columns * columns / tiles))


#: How many columns a family's tiles make, by picture and number of tiles.
CANVAS_COLUMNS: dict[str, Callable[[Image.Image, int], int]] = {
    "smolvlm": _wide_first,
    "idefics3": _wide_first,
    "internvl": _likest,
}


def _grid(tiles: Sight, columns: int) -> Sight:
    """Tiles (n, side, side) row by row to one picture."""
    rows = [np.concatenate(list(tiles[start : start + columns]), axis=1) for start in range(0, len(tiles), columns)]
    return np.concatenate(rows, axis=0)


def _unpatched(images: Any, patches: Sight, grid: Any) -> Sight:
    """Qwen's list of patches, in the order of its merging, to the picture they were cut from."""
    _, high, wide = (int(n) for n in grid)
    merge, side = images.merge_size, images.patch_size
    blocks = patches.reshape(high // merge, wide // merge, merge, merge, -1, images.temporal_patch_size, side, side)
    first = blocks[:, :, :, :, 0, 0]  # one channel, one moment: (rows, columns, merge, merge, side, side)
    return first.transpose(0, 2, 4, 1, 3, 5).reshape(high * side, wide * side)


def bright_box(sight: Sight) -> tuple[float, float, float, float]:
    """Corners of the bright rectangle, as fractions, its edges found to a part of a pixel.

    An edge lies where the brightness summed along the other axis says: a row that is half as bright as the rectangle's
    inside is covered by half.
    """
    light = (sight - sight.min()) / (sight.max() - sight.min())
    height, width = light.shape
    x1, x2 = _extent(light.max(axis=0))
    y1, y2 = _extent(light.max(axis=1))
    return x1 / width, y1 / height, x2 / width, y2 / height


def _extent(profile: Sight) -> tuple[float, float]:
    """Where a profile rises above one half and falls below it again, between pixel centres, in pixels from the left."""
    above = np.flatnonzero(profile > 0.5)
    first, last = int(above[0]), int(above[-1])
    before = profile[first - 1] if first else 0.0
    after = profile[last + 1] if last + 1 < len(profile) else 0.0
    start = first + 0.5 - (profile[first] - 0.5) / (profile[first] - before) if first else 0.0
    end = (
        last + 0.5 + (profile[last] - 0.5) / (profile[last] - after) if last + 1 < len(profile) else float(len(profile))
    )
    return (start, end) if math.isfinite(start + end) else (float(first), last + 1.0)
