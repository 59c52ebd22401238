"""Any picture a user may hand over becomes one upright 8-bit RGB image, or one clear sentence."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

from twist_scout.errors import BadImage

#: What transparent pixels are laid on.
BACKGROUND = (255, 255, 255)

ImageSource = str | Path | bytes | Image.Image


def load_image(source: ImageSource, *, largest: int | None = None) -> Image.Image:
    """Read a picture as upright RGB.

    The EXIF rotation is applied; CMYK, palette, grey, 16- and 32-bit and float pictures become
    8-bit RGB; transparency is laid on white; of an animation the first frame is taken. Applying the
    function to its own result changes nothing.

    Args:
        source: a file, the bytes of one, or an opened picture (which is left as it was).
        largest: pixels beyond which a picture is refused before any is decoded, for pictures that strangers name;
            without it Pillow's own limit holds.

    Returns:
        An ``RGB`` image that is fully in memory.

    Raises:
        BadImage: the file is missing, empty, truncated, not a picture, or too large to be one.
    """
    name = _name(source)
    try:
        image = source if isinstance(source, Image.Image) else _open(source, name)
        if image.width == 0 or image.height == 0:
            raise BadImage(
                f"{name} is {image.width} x {image.height} pixels: a picture needs at least one pixel each way."
            )
        if largest is not None and image.width * image.height > largest:
            raise BadImage(f"{name} claims {image.width} x {image.height} pixels and was not decoded: shrink it first.")
        if not isinstance(source, Image.Image):
            image.seek(0)
        image.load()
        return _to_rgb(_upright(image))
    except BadImage:
        raise
    except Image.DecompressionBombError as error:
        raise BadImage(
            f"{name} claims more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels and was not "
            "decoded: shrink it first, or raise PIL.Image.MAX_IMAGE_PIXELS if you trust it."
        ) from error
    except MemoryError as error:
        raise BadImage(f"{name} does not fit into memory: shrink it first.") from error
    except Exception as error:  # Pillow's decoders raise almost any type on damaged data
        raise BadImage(f"{name} is damaged or cut short ({_reason(error)}): download or export it again.") from error


def _name(source: object) -> str:
    if isinstance(source, (str, Path)):
        return str(source)
    if isinstance(source, Image.Image):
        return str(getattr(source, "filename", "") or f"the given {source.mode} image")
    if isinstance(source, (bytes, bytearray)):
        return f"the given image data ({len(source):,} bytes)"
    raise BadImage(
        f"A picture is a path, bytes or a PIL image, not {type(source).__name__}: "
        "convert arrays with PIL.Image.fromarray."
    )


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__


def _open(source: str | Path | bytes, name: str) -> Image.Image:
    if isinstance(source, (bytes, bytearray)):
        data = bytes(source)
    else:
        if str(source).startswith(("http://", "https://")):
            raise BadImage(f"{name} is a web address: download the picture and give its path.")
        path = Path(source)
        if not path.exists():
            raise BadImage(f"{name} does not exist: check the path.")
        if path.is_dir():
            raise BadImage(f"{name} is a folder: give the path of one picture in it.")
        try:
            data = path.read_bytes()
        except OSError as error:
            reason = error.strerror or _reason(error)
            raise BadImage(f"{name} cannot be read ({reason}): check its permissions.") from error
    if not data:
        raise BadImage(f"{name} is empty (0 bytes): download or export it again.")
    try:
        return Image.open(io.BytesIO(data))
    except Image.UnidentifiedImageError as error:
        raise BadImage(
            f"{name} is not a picture that Pillow can read: use JPEG, PNG, WebP, GIF, TIFF or BMP."
        ) from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a broken EXIF block is no reason to lose an intact picture
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_to_uint8(image)).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        canvas = Image.new("RGBA", rgba.size, (*BACKGROUND, 255))
        return Image.alpha_composite(canvas, rgba).convert("RGB")
    if image.mode == "RGB":
        return image.copy()
    return image.convert("RGB")


def _to_uint8(image: Image.Image) -> np.ndarray:
    """Grey values of more than 8 bits, ``(height, width)``, scaled to 0..255.

    ``I;16`` has a fixed range. ``I`` and ``F`` have none, so the narrowest usual one that holds the
    values is taken (8 bits, for floats 0..1 before that, then 16 bits), and beyond those the
    picture's own range.
    """
    fixed = image.mode.startswith("I;16")
    values = np.nan_to_num(np.asarray(image).astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if fixed or (low >= 0 and 255 < high <= 65535):
        scaled = values * (255 / 65535)
    elif low >= 0 and high <= 1 and image.mode == "F":
        scaled = values * 255
    elif low >= 0 and high <= 255:
        scaled = values
    else:
        scaled = (values - low) * (255 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def image_size(path: str | Path) -> tuple[int, int]:
    """Width and height of a picture file as it is shown, that is, after its EXIF rotation; decodes no pixel.

    Raises:
        BadImage: as for :func:`load_image`, as far as the file's head tells.
    """
    name = str(path)
    if not Path(path).is_file():
        raise BadImage(f"{name} does not exist: check the path.")
    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    except Exception as error:
        raise BadImage(f"{name} is not a picture that Pillow can read ({_reason(error)}): export it again.") from error
    return (height, width) if turned else (width, height)
