from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from twist_scout.evaluation.captioning.disk_cache import DiskCache, cache_folder


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "deep" / "c.sqlite")
    assert cache.get("t", ["a"]) == {}
    assert not (tmp_path / "deep").exists()
    many = {f"key {n} é": bytes([n % 256]) * n for n in range(1200)}
    cache.put("t", many)
    cache.put("t", {"key 1 é": b"new"})
    cache.put("other", {"key 1 é": b"apart"})
    again = DiskCache(tmp_path / "deep" / "c.sqlite")
    assert again.get("t", [*many, "more"]) == {**many, "key 1 é": b"new"}
    assert again.get("other", ["key 1 é"]) == {"key 1 é": b"apart"}
    assert again.problem is None


def test_several_may_write_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: DiskCache(tmp_path / "c").put("t", {str(n): b"x"}), range(40)))
    assert len(DiskCache(tmp_path / "c").get("t", [str(n) for n in range(40)])) == 40


def test_a_cache_that_cannot_be_used_is_no_error(tmp_path: Path) -> None:
    broken = tmp_path / "c"
    broken.write_bytes(b"no database" * 100)
    cache = DiskCache(broken)
    assert cache.get("t", ["a"]) == {}
    cache.put("t", {"a": b"x"})
    assert cache.problem is not None
    assert "cannot be used" in cache.problem
    assert broken.read_bytes() == b"no database" * 100
    beside = DiskCache(broken / "below")  # its folder is a file
    beside.put("t", {"a": b"x"})
    assert beside.problem is not None


def test_where_the_users_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWIST_SCOUT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/twist-scout")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "twist-scout"
    monkeypatch.setenv("TWIST_SCOUT_CACHE", "/own")
    assert cache_folder() == Path("/own")
