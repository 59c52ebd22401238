"""Processors without torchvision: pictures and text work; only videos need it.

Several families' processors (LLaVA-OneVision, SmolVLM, the Qwen-VL family, InternVL) hold a part for videos that
transformers cannot build without torchvision, and then builds no processor at all. Pixtral's, which Mistral 3 uses, takes
one function from a file that needs it. Here the same processor classes are put together with Pillow's image processors and
with the settings of the video part in place of the part itself, so that saving the processor again loses nothing.

Where transformers can build the processor by itself, that processor is returned.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

from twist_scout.errors import BadInput

#: Processor classes whose file borrows from the torchvision image processor of its folder what the Pillow one has too.
_BORROWING = {"PixtralProcessor": "pixtral"}


class VideoSettings(dict[str, Any]):
    """The settings of a processor's video part, readable as its attributes are, and saved with the processor."""

    model_input_names: tuple[str, ...] = ()
    _auto_class = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.get(name)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Refuse a video.

        Raises:
            BadInput: always.
        """
        raise BadInput("Videos cannot be processed without torchvision: install it, or give pictures.")


def load_processor(source: str | Path) -> Any:
    """Load a processor as ``AutoProcessor`` does, if need be without the part that only videos use.

    Args:
        source: folder or hub id.

    Raises:
        ImportError: a package is missing that pictures need too.
        OSError, ValueError: as ``AutoProcessor`` raises for damaged or missing files.
    """
    from transformers import AutoProcessor
    from transformers.utils import is_torchvision_available

    name = str(source)
    try:
        return AutoProcessor.from_pretrained(name)
    # Without torchvision the class of the video part cannot be imported or, in a folder without config.json, named.
    except (ImportError, ValueError) as error:
        try:
            kind = _processor_class(name)
            if _number_words(kind) and is_torchvision_available():
                return AutoProcessor.from_pretrained(name)
            if not is_torchvision_available():
                return _assemble(kind, name)
        except Exception:
            raise error from None
        raise


def _processor_class(name: str) -> Any:
    """The class of the processor that a folder asks for.

    Raises:
        LookupError: no class of transformers is meant.
    """
    from transformers import AutoConfig, ProcessorMixin
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES, processor_class_from_name

    wanted = ProcessorMixin.get_processor_dict(name)[0].get("processor_class")
    wanted = wanted or PROCESSOR_MAPPING_NAMES.get(AutoConfig.from_pretrained(name).model_type)
    if not isinstance(wanted, str):
        raise LookupError(wanted)
    if wanted not in _BORROWING:
        return processor_class_from_name(wanted)
    folder = f"transformers.models.{_BORROWING[wanted]}"
    file = folder.rpartition(".")[2]
    missing = f"{folder}.image_processing_{file}"
    lent = missing not in sys.modules
    if lent:
        sys.modules[missing] = importlib.import_module(f"{folder}.image_processing_pil_{file}")
    try:
        return getattr(importlib.import_module(f"{folder}.processing_{file}"), wanted)
    finally:
        if lent:
            del sys.modules[missing]


def _number_words(kind: Any) -> bool:
    """Give SmolVLM's processor, which writes how many frames a video has in words, a way to do so.

    Returns:
        Whether it had none.
    """
    module = sys.modules[kind.__module__]
    if getattr(module, "num2words", kind) is not None:
        return False
    import inflect

    module.num2words = inflect.engine().number_to_words  # type: ignore[attr-defined]
    return True


def _assemble(kind: Any, name: str) -> Any:
    """Build a processor of this class from a folder's files, its video part as settings."""
    if "video_processor" not in kind.get_attributes():
        return kind.from_pretrained(name)
    from transformers import AutoImageProcessor, AutoTokenizer

    parts: dict[str, Any] = {
        "image_processor": AutoImageProcessor.from_pretrained(name),
        "tokenizer": AutoTokenizer.from_pretrained(name),
        "video_processor": VideoSettings(_video_settings(name)),
    }
    taken = inspect.signature(kind.__init__).parameters
    settings = {key: value for key, value in kind.get_processor_dict(name)[0].items() if key in taken}
    processor = kind.__new__(kind)
    # Without torchvision transformers cannot even name the class that it checks a video part for.
    processor.check_argument_for_proper_class = lambda *_: None
    kind.__init__(processor, **{**settings, **parts})
    del processor.check_argument_for_proper_class
    return processor


def _video_settings(name: str) -> dict[str, Any]:
    """What the folder says of the video part, with the name of its class where that can be told."""
    import transformers
    from transformers.video_processing_utils import VideoProcessorMixin

    try:
        settings = dict(VideoProcessorMixin.get_video_processor_dict(name)[0])
    except OSError:  # no such file: the class's own defaults are meant
        settings = {}
    settings.pop("processor_class", None)
    # Older folders keep one file for pictures and videos; the two classes are namesakes.
    images = settings.pop("image_processor_type", "").removesuffix("Fast")
    kind = images.replace("ImageProcessor", "VideoProcessor")
    if images and hasattr(transformers, kind):
        settings.setdefault("video_processor_type", kind)
    return settings
