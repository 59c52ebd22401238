"""There and back: what each format says it loses, and nothing else, is lost."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twist_scout.data.records import Example, Message, PixelBox, box_references, write_examples
from twist_scout.errors import BadConfig, BadImage, BadInput, BadRecord
from twist_scout.scout.exporters import FORMATS, export, read, recognise
from twist_scout.scout.exporters.marked_text import neutral

from ..data_set import formats, write_data_set
from .strategies import records

SHIKRA = ["<ph_st>", "<ph_ed>", "<boxes>", "<image>", "<question>"]
COUNTER = itertools.count()
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data")
    write_data_set(made)
    return made


def there_and_back(folder: Path, made: list[Example], name: str, **options) -> list[Example]:
    write_examples(folder / "train.jsonl", made)
    out = folder / f"out{next(COUNTER)}{'' if FORMATS[name].folder else FORMATS[name].ending}"
    done = export(folder, name, out, **options)
    assert done.records == len(made)
    assert recognise(out) == name
    back = list(read(out, dialect=options.get("dialect")))
    shutil.rmtree(out) if out.is_dir() else out.unlink()
    return back


def spaced(example: Example, marks: list[str]) -> Example:
    """With a space in what looks like a mark of the format."""
    messages = [Message(role=m.role, content=neutral(m.content, marks)) for m in example.messages]
    return example.model_copy(update={"messages": messages})


@pytest.mark.parametrize("name", formats("records", "parquet", "webdataset"))
@QUICK
@given(made=st.lists(records(), min_size=1, max_size=4))
def test_nothing_is_lost(folder: Path, name: str, made: list[Example]) -> None:
    assert there_and_back(folder, made, name) == made


@QUICK
@given(made=records())
def test_swift_loses_nothing_but_marks_in_texts(folder: Path, made: Example) -> None:
    (back,) = there_and_back(folder, [made], "swift")
    assert back == spaced(made, ["<image>", "<bbox>", "<ref-object>"])


@QUICK
@given(made=records(turns=1, system=False))
def test_shikra_keeps_a_question_and_its_answer(folder: Path, made: Example) -> None:
    (back,) = there_and_back(folder, [made], "shikra")
    assert back == spaced(made, SHIKRA)


@QUICK
@given(made=records(turns=3))
def test_shikra_makes_a_record_of_each_question(folder: Path, made: Example) -> None:
    back = there_and_back(folder, [made], "shikra")
    turns = [message for message in made.messages if message.role != "system"]
    assert len(back) == len(turns) / 2
    assert len({one.id for one in back}) == len(back)
    assert [m for one in back for m in one.messages] == spaced(made, SHIKRA).messages[-len(turns) :]
    assert all(one.boxes == made.boxes for one in back)


@pytest.mark.parametrize("dialect", ["llava", "scout", "cogvlm", "shikra"])
@QUICK
@given(made=records(system=False, marks=False))
def test_llava_keeps_words_and_boxes_within_the_dialects_resolution(folder: Path, dialect: str, made: Example) -> None:
    (back,) = there_and_back(folder, [made], "llava", dialect=dialect)
    assert (back.id, back.width, back.height, back.task) == (made.id, made.width, made.height, made.task)
    assert (back.negative, back.meta) == (made.negative, made.meta)
    assert [m.role for m in back.messages] == [m.role for m in made.messages]
    step = {"llava": 0.01, "scout": 0.01}.get(dialect, 0.001) * max(made.width, made.height)
    for before, after in zip(made.messages, back.messages, strict=True):
        assert bare(after.content) == bare(before.content)
        was, now = ({box for group in box_references(m.content) for box in group} for m in (before, after))
        for one in was:
            assert any(near(made.boxes[one], back.boxes[other], step) for other in now)
        for other in now:
            assert any(near(made.boxes[one], back.boxes[other], step) for one in was)


def bare(text: str) -> str:
    """The words, less what may join two groups of boxes into one."""
    return re.sub(r"<box:[0-9,]+>|and|[\s,]", "", text)


def near(one: PixelBox, other: PixelBox, step: float) -> bool:
    return all(abs(a - b) <= step + 1e-6 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", ["llava", "swift", "shikra", "coco"])
def test_rows_of_others_need_no_hints(name: str, tmp_path: Path) -> None:
    """Without ids, sizes and what this project puts aside: sizes come from the pictures."""
    made = write_data_set(tmp_path)
    out = tmp_path / f"x{FORMATS[name].ending}"
    export(tmp_path, name, out)
    text = re.sub(r'"(id|width|height|scout)": ?("(?:[^"\\]|\\.)*"|[0-9]+),?', "", out.read_text("utf-8"))
    if name != "coco":
        out.write_text(re.sub(r",\s*}", "}", text), "utf-8")
    back = list(read(out))
    assert len({one.id for one in back}) == len(back)
    assert {(one.image, one.width, one.height) for one in back} == {(m.image, m.width, m.height) for m in made}


def test_coco_keeps_pictures_boxes_and_names(tmp_path: Path) -> None:
    made = write_data_set(tmp_path)
    done = export(tmp_path, "coco", tmp_path / "x.json")
    assert (done.records, done.rows) == (4, 3)
    back = list(read(tmp_path / "x.json"))
    found = {(one.image, one.meta["name"], box) for one in back for box in one.boxes}
    wide, tall, square = (made[n] for n in (0, 2, 3))
    assert found == {
        (wide.image, "man", wide.boxes[0]), (wide.image, "hat", wide.boxes[1]),
        (wide.image, "bike", made[1].boxes[0]), (wide.image, "bike", made[1].boxes[1]),
        (tall.image, "woman", tall.boxes[0]),
        (square.image, "ball", square.boxes[0]), (square.image, "girl", square.boxes[1]),
    }  # fmt: skip
    assert next(one for one in back if one.meta["name"] == "bike").messages[0].content == "Where are the bikes?"
    again = there_and_back(tmp_path, back, "coco")
    assert {(one.image, one.meta["name"], box) for one in again for box in one.boxes} == found


@pytest.mark.parametrize("name", formats())
@pytest.mark.parametrize("other", formats())
def test_every_format_leads_to_every_other(name: str, other: str, tmp_path: Path) -> None:
    made = write_data_set(tmp_path)
    source, out = (
        tmp_path / place / f"data{'' if FORMATS[kind].folder else FORMATS[kind].ending}"
        for place, kind in (("first", name), ("second", other))
    )
    export(tmp_path, name, source)
    taken_out = tmp_path / "taken-out" if FORMATS[name].folder else None
    assert export(source, other, out, images=taken_out).records >= len(made)
    assert {one.width for one in read(out)} == {320, 90, 64}


def test_pictures_are_named_so_that_they_are_found(tmp_path: Path) -> None:
    made = write_data_set(tmp_path / "data")
    for out in ("data/x.jsonl", "elsewhere/x.jsonl"):
        export(tmp_path / "data", "swift", tmp_path / out)
        for before, after in zip(made, read(tmp_path / out), strict=True):
            path = (tmp_path / out).parent / after.image
            assert path.samefile(tmp_path / "data" / before.image)
            assert Path(after.image).is_absolute() is out.startswith("elsewhere")
    export(tmp_path / "data", "swift", tmp_path / "copied" / "x.jsonl", copy_images=True)
    shutil.rmtree(tmp_path / "data")
    for after in read(tmp_path / "copied" / "x.jsonl"):
        assert (tmp_path / "copied" / after.image).is_file()


@pytest.mark.parametrize("name", formats("parquet", "webdataset", "swift"))
def test_what_is_no_picture_does_not_leave_the_machine(name: str, tmp_path: Path) -> None:
    (made, *_) = write_data_set(tmp_path)
    (tmp_path / "secret.txt").write_text("key")
    write_examples(tmp_path / "train.jsonl", [made.model_copy(update={"image": "secret.txt"})])
    with pytest.raises(BadImage, match="secret"):
        export(tmp_path, name, tmp_path / "out", copy_images=True)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("name", formats(*(name for name in FORMATS if name != "records")))
def test_a_bad_row_leaves_no_half_file(name: str, tmp_path: Path) -> None:
    write_data_set(tmp_path)
    with (tmp_path / "train.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(BadRecord, match="line 5"):
        export(tmp_path, name, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "rejects.jsonl", "train.jsonl"]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("llava", '[{"conversations": 3, "image": "images/wide.png"}]'),
        ("llava", '[{"conversations": [{"from": "cat", "value": ""}], "image": "images/wide.png"}]'),
        ("swift", '{"messages": [{"role": "user", "content": "<bbox>"}], "images": ["images/wide.png"]}'),
        ("swift", '{"messages": [], "images": []}'),
        (
            "swift",
            '{"messages": [{"role": "user", "content": "<bbox>"}], "images": ["images/wide.png"], "objects": {"bbox": [[1]]}}',
        ),
        ("shikra", '{"img_path": "images/wide.png", "question": "Who?"}'),
        ("shikra", '{"img_path": "nowhere.png", "question": "Who?", "answer": "I"}'),
        ("shikra", '{"img_path": "images/wide.png", "question": "Who?", "answer": "I", "boxes": [[9, 9, 1, 1]]}'),
        ("coco", '{"images": [{}], "annotations": []}'),
        ("coco", '{"images": [], "annotations": [], "categories": 3}'),
    ],
)
def test_a_row_of_no_such_format_is_one_sentence(name: str, row: str, tmp_path: Path) -> None:
    write_data_set(tmp_path)
    (tmp_path / "x.json").write_text(row)
    with pytest.raises(BadRecord, match="line 1") as caught:
        list(read(tmp_path / "x.json", name))
    assert "\n" not in str(caught.value)


def test_names_and_places_that_do_not_fit(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    with pytest.raises(BadConfig, match="no format 'xml'"):
        export(tmp_path, "xml", tmp_path / "x")
    with pytest.raises(BadInput, match="is a folder"):
        export(tmp_path, "swift", tmp_path)
    with pytest.raises(BadInput, match="exists already"):
        export(tmp_path, "webdataset", tmp_path)
    with pytest.raises(BadInput, match="the source itself"):
        export(tmp_path, "swift", tmp_path / "train.jsonl")
    for text in ("", "hello", '{"a": 1}', "[]"):
        (tmp_path / "odd").write_text(text)
        with pytest.raises(BadInput, match="no format that is known"):
            recognise(tmp_path / "odd")
    with pytest.raises(BadInput, match="does not exist"):
        read(tmp_path / "nowhere")
