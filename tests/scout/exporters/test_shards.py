"""Shards: other programs read them, the same data give the same bytes, and those of strangers lead nowhere."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from twist_scout.data.images import load_image
from twist_scout.data.records import Example, read_examples, write_examples
from twist_scout.errors import BadInput, BadRecord
from twist_scout.scout.exporters import FORMATS, export, read
from twist_scout.scout.exporters.shards import safe_name

from ..data_set import formats, record, write_data_set


def png(color: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), color).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("name", formats("parquet", "webdataset"))
def test_many_records_make_several_shards_and_nothing_is_lost(name: str, tmp_path: Path) -> None:
    made = write_data_set(tmp_path)
    many = [one.model_copy(update={"id": f"{one.id}-{n}"}) for n in range(60) for one in made]
    write_examples(tmp_path / "train.jsonl", many)
    out = tmp_path / name
    done = export(tmp_path, name, out, shard_bytes=1_000_000)
    assert done.records == done.rows == len(many)
    files = sorted(path.name for path in out.iterdir())
    assert len(files) > 1
    named = "train-{:06d}.tar" if name == "webdataset" else f"train-{{:05d}}-of-{len(files):05d}.parquet"
    assert files == [named.format(number) for number in range(len(files))]
    assert list(read(out)) == many


@pytest.mark.parametrize("name", formats("parquet", "webdataset"))
def test_a_picture_with_many_questions_is_stored_about_once(name: str, tmp_path: Path) -> None:
    (made, *_) = write_data_set(tmp_path)
    write_examples(tmp_path / "train.jsonl", [made.model_copy(update={"id": str(n)}) for n in range(200)])
    picture = (tmp_path / made.image).stat().st_size
    export(tmp_path, name, tmp_path / "out")
    assert sum(file.stat().st_size for file in (tmp_path / "out").iterdir()) < 200 * picture / 4


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    for name in ("one", "two"):
        export(tmp_path, "webdataset", tmp_path / name)
    one, two = ((tmp_path / name / "train-000000.tar").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("name", formats("parquet", "webdataset"))
def test_pictures_come_out_as_they_went_in(name: str, tmp_path: Path) -> None:
    made = write_data_set(tmp_path / "data")
    export(tmp_path / "data", name, tmp_path / "shards")
    for before, after in zip(made, read(tmp_path / "shards", images=tmp_path / "out"), strict=True):
        assert Path(after.image).parent == tmp_path / "out"
        assert Path(after.image).read_bytes() == (tmp_path / "data" / before.image).read_bytes()
    assert len(list((tmp_path / "out").iterdir())) == 3


@pytest.mark.parametrize("name", formats("parquet", "webdataset"))
def test_whole_paths_do_not_leave_the_machine(name: str, tmp_path: Path) -> None:
    (made, *_) = write_data_set(tmp_path)
    named = made.model_copy(update={"image": str(tmp_path / made.image)})
    write_examples(tmp_path / "train.jsonl", [named])
    export(tmp_path, name, tmp_path / "out")
    assert [one.image for one in read(tmp_path / "out")] == ["wide.png"]
    assert not any(str(tmp_path).encode() in file.read_bytes() for file in (tmp_path / "out").iterdir())


@pytest.mark.parametrize("name", formats("parquet", "webdataset"))
def test_no_records_make_an_empty_shard(name: str, tmp_path: Path) -> None:
    write_examples(tmp_path / "train.jsonl", [])
    assert export(tmp_path, name, tmp_path / "out").rows == 0
    assert list(read(tmp_path / "out")) == []


@pytest.mark.parametrize(
    "evil", ["../../evil.png", "/tmp/evil.png", "a/../../evil.png", "..", "C:\\evil.png", "evil\0.png", "x" * 300]
)
def test_names_in_a_shard_are_never_paths(evil: str, tmp_path: Path) -> None:
    row = record("1", "x.png", (8, 6), ["Who?", "A dog <box:0>."], [(0, 0, 4, 4)]).model_dump(mode="json")
    sample = json.dumps({"name": evil, "records": [row]}).encode()
    shards = tmp_path / "shards"
    shards.mkdir()
    with tarfile.open(shards / "x.tar", "w") as tar:
        for name, content in (("../../1.png", png()), ("../../1.json", sample)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("../../1.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    (example,) = read(shards, images=tmp_path / "out")
    assert Path(example.image).parent == tmp_path / "out"
    assert load_image(example.image).size == (8, 6)
    everything = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert everything == [str(Path(example.image).relative_to(tmp_path)), "shards/x.tar"]


def test_what_is_no_picture_is_not_written(tmp_path: Path) -> None:
    row = record("1", "x.png", (8, 6), ["Who?", "A dog <box:0>."], [(0, 0, 4, 4)]).model_dump(mode="json")
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for name, content in (
            ("1.png", b"#!/bin/sh"),
            ("1.json", json.dumps({"name": "x", "records": [row]}).encode()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    with pytest.raises(BadRecord, match="not a picture"):
        list(read(tmp_path / "x.tar", images=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", formats("webdataset", "parquet"))
def test_a_damaged_shard_is_one_sentence(name: str, tmp_path: Path) -> None:
    ending = FORMATS[name].ending
    (tmp_path / f"x{ending}").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(BadInput, match="export it again"):
        list(read(tmp_path / f"x{ending}"))


@given(st.text(max_size=120), st.text(max_size=120))
def test_safe_names_are_harmless_and_differ(one: str, other: str) -> None:
    name = safe_name(one)
    assert name.isascii()
    assert not set(name) & set("/\\.:\0 ")
    assert len(name) <= 90
    assert (name == safe_name(other)) == (one == other)


def test_the_datasets_library_reads_records_and_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(variable, "1")
    datasets = pytest.importorskip("datasets", minversion="4.7")
    pytest.importorskip("pyarrow")
    made = write_data_set(tmp_path)
    lines = datasets.load_dataset("json", data_files=str(tmp_path / "train.jsonl"), cache_dir=str(tmp_path / "cache"))
    rows = list(lines["train"])
    assert [row["id"] for row in rows] == [one.id for one in made]
    assert [Example.model_validate({**row, "meta": {}}).boxes for row in rows] == [one.boxes for one in made]
    export(tmp_path, "parquet", tmp_path / "shards")
    shards = datasets.load_dataset(str(tmp_path / "shards"), cache_dir=str(tmp_path / "cache"))["train"]
    assert shards.features["image"] == datasets.Image()
    for row, one in zip(shards, made, strict=True):
        assert row["image"].size == (one.width, one.height)
        assert row["messages"] == [message.model_dump() for message in one.messages]
        assert json.loads(row["meta"]) == one.meta


def test_the_webdataset_library_reads_shards(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    made = write_data_set(tmp_path)
    export(tmp_path, "webdataset", tmp_path / "shards")
    samples = list(
        webdataset.WebDataset(str(tmp_path / "shards" / "train-000000.tar"), shardshuffle=False).decode("pil")
    )
    assert [record["id"] for sample in samples for record in sample["json"]["records"]] == [one.id for one in made]
    assert samples[0]["png"].size == (320, 120)
    assert "jpg" in samples[1]


def test_records_keep_their_own_format(tmp_path: Path) -> None:
    made = write_data_set(tmp_path)
    export(tmp_path, "records", tmp_path / "copy.jsonl")
    assert list(read_examples(tmp_path / "copy.jsonl")) == made
