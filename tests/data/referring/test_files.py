"""Referring expressions from each published form: the same words, the same box in pixels, nothing left out in silence."""

from __future__ import annotations

import base64
import io
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.data.records import write_examples
from twist_scout.data.referring import READERS, ReferringExpression, open_referring
from twist_scout.data.tasks.referring import rec_example
from twist_scout.errors import BadInput, BadRecord

IMAGE = "COCO_train2014_000000581857.jpg"
BOX = (10.0, 20.0, 110.0, 220.0)


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def shikra(path: Path) -> Path:
    row = {"img_path": IMAGE, "expression": "the lady", "bbox": BOX, "width": 640, "height": 427, "sent_id": 7}
    return lines(path / "REC_refcoco_unc_val.jsonl", {**row, "dataset_name": "jxu124/refcoco", "split": "validation"})


def qwen(path: Path) -> Path:
    row = {"image": f"data/coco/train2014/{IMAGE}", "sent": "the lady", "bbox": BOX, "width": 640, "height": 427}
    return lines(path / "refcoco_val.jsonl", row)


def lmms(path: Path) -> Path:
    row = {"question_id": "7", "question": "?", "answer": ["the lady"], "bbox": [10, 20, 100, 200]}
    Image.new("RGB", (640, 427)).save(path / IMAGE)
    return lines(path / "refcoco_val.jsonl", {**row, "file_name": IMAGE.replace(".jpg", "_0.jpg")})


def mdetr(path: Path) -> Path:
    image = {"id": 7, "original_id": 581857, "file_name": IMAGE, "width": 640, "height": 427, "caption": "the lady"}
    annotation = {"id": 1, "image_id": 7, "bbox": [10, 20, 100, 200], "category_id": 1, "tokens_positive": [[0, 8]]}
    content = {"images": [{**image, "dataset_name": "refcoco"}], "annotations": [annotation], "categories": []}
    file = path / "finetune_refcoco_val.json"
    file.write_text(json.dumps(content))
    return file


def ofa(path: Path) -> Path:
    picture = io.BytesIO()
    Image.new("RGB", (640, 427)).save(picture, "JPEG")
    data = base64.urlsafe_b64encode(picture.getvalue()).decode()
    file = path / "refcoco_val.tsv"
    file.write_text("\t".join(["7", "581857", "the lady", "10.0,20.0,110.0,220.0", data]) + "\n")
    return file


def table(path: Path) -> Path:
    norm = [10 / 640, 20 / 427, 110 / 640, 220 / 427]
    row = {"image": IMAGE, "expression": "the lady", "bbox_norm": norm, "width": 640, "height": 427, "id": 7}
    return lines(path / "refcoco_val.jsonl", row)


def phrases(path: Path) -> Path:
    row = {"image": IMAGE, "phrase": "the lady", "bbox_px": BOX, "size": [640, 427], "id": 7}
    return lines(path / "refcoco_val.jsonl", row)


def records(path: Path) -> Path:
    found = ReferringExpression("7", IMAGE, 640, 427, "the lady", BOX, "val", {"dataset": "refcoco"})
    write_examples(path / "rec.jsonl", [rec_example(found, id="7")])
    return path / "rec.jsonl"


FORMS = {maker.__name__: maker for maker in (shikra, qwen, lmms, mdetr, ofa, table, phrases, records)}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_expression(form: str, tmp_path: Path) -> None:
    reader = open_referring(FORMS[form](tmp_path))
    assert reader.form == form
    (found,) = reader
    assert found.expression == "the lady"
    assert (found.width, found.height) == (640, 427)
    assert found.box == pytest.approx(BOX)
    assert found.split == "val"
    assert "581857" in found.image
    assert found.meta["dataset" if form != "records" else "source"] == "refcoco"
    assert list(reader) == [found]  # it can be read again
    assert reader.tally == {"expressions": 1, "split val": 1}


def test_all_forms_are_tried() -> None:
    assert set(FORMS) | {"refer", "flickr", "scenes"} == set(READERS)  # the last two have test files of their own


def test_the_original_files(refer: Path) -> None:
    for path in (refer, refer / "refs(unc).p"):
        first, second, third = open_referring(path)
        assert (first.id, first.expression, first.split) == ("10", "the lady with the blue shirt", "train")
        assert first.box == BOX
        assert first.image == IMAGE  # not that of the reference, which ends in its number
        assert first.meta["raw"] == "THE LADY WITH THE BLUE SHIRT"
        assert (first.meta["dataset"], first.meta["split_by"], first.meta["category"]) == ("refcoco", "unc", "person")
        assert second.box == first.box
        assert second.meta["ann_id"] == 70
        assert (third.id, third.split) == ("20", "testA")
        assert third.box == (600, 400, 640, 427)  # a fraction of a pixel outside is cut off


def test_the_original_files_as_bytes_and_as_json(refer: Path) -> None:
    """Files that were loaded with ``encoding="bytes"`` and saved again, and lists of references in JSON."""
    expected = list(open_referring(refer))
    refs = pickle.loads((refer / "refs(unc).p").read_bytes())

    def in_bytes(value: Any) -> Any:
        if isinstance(value, dict):
            return {in_bytes(k): in_bytes(v) for k, v in value.items()}
        if isinstance(value, list):
            return [in_bytes(v) for v in value]
        return value.encode() if isinstance(value, str) else value

    (refer / "refs(unc).p").write_bytes(pickle.dumps(in_bytes(refs), 4))
    assert list(open_referring(refer)) == expected
    (refer / "refs(unc).json").write_text(json.dumps(refs))
    assert list(open_referring(refer / "refs(unc).json")) == expected


def test_a_folder_with_several_lists_or_none_asks_for_one(refer: Path, tmp_path: Path) -> None:
    (refer / "refs(google).p").write_bytes((refer / "refs(unc).p").read_bytes())
    with pytest.raises(BadInput, match=r"refs\(google\)\.p, refs\(unc\)\.p"):
        open_referring(refer)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"no refs"):
        open_referring(tmp_path / "empty")


def test_boxes_without_instances_are_asked_for(refer: Path) -> None:
    (refer / "instances.json").unlink()
    with pytest.raises(BadInput, match=r"instances\.json does not exist"):
        list(open_referring(refer))


def test_a_record_that_is_none_says_why(tmp_path: Path) -> None:
    path = records(tmp_path)
    path.write_text(path.read_text().replace("<box:0>", "<box:5>"))
    with pytest.raises(BadRecord, match=r"line 1: message 1 refers to <box:5>"):
        list(open_referring(path))


def test_one_thing_with_several_expressions_gives_several(tmp_path: Path) -> None:
    row = {"question_id": "7", "answer": ["a", "b"], "bbox": [0, 0, 5, 5], "file_name": IMAGE}
    found = list(open_referring(lines(tmp_path / "x.jsonl", {**row, "image_width": 10, "image_height": 10})))
    assert [(each.id, each.expression) for each in found] == [("7-0", "a"), ("7-1", "b")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bbox": [10, 20, 5, 30]}, "inverted"),
        ({"bbox": [500, 20, 700, 30]}, "outside"),
        ({"bbox": [1, 2, 3]}, "four numbers"),
        ({"bbox": [1, 2, 3, "x"]}, "four numbers"),
        ({"bbox": [1, 2, 3, True]}, "four numbers"),
        ({"bbox": [1, 2, float("nan"), 4]}, "four numbers"),
        ({"bbox": None}, "no list"),
        ({"expression": " "}, "expression"),
        ({"width": 0}, "0 x 427"),
        ({"img_path": ""}, "img_path"),
        ({"width": None}, "neither width and height nor the picture"),
    ],
)
def test_a_row_that_cannot_be_used_stops_the_reading_or_is_counted(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    good = {"img_path": IMAGE, "expression": "x", "bbox": BOX, "width": 640, "height": 427}
    path = lines(tmp_path / "a.jsonl", good, {**good, **change}, good)
    with pytest.raises(BadRecord, match=rf"a\.jsonl, line 2: .*{words}"):
        list(open_referring(path))
    lenient = open_referring(path, skip_bad=True)
    assert len(list(lenient)) == 2
    assert lenient.tally["rows left out"] == 1
    assert "line 2" in (lenient.first_problem or "")


def test_a_width_taken_for_a_corner_is_found_out(tmp_path: Path) -> None:
    """x, y, width, height read as corners is inverted or, read the other way round, outside."""
    row = {"image": IMAGE, "sent": "x", "bbox": [300, 200, 100, 150], "width": 640, "height": 427}
    with pytest.raises(BadRecord, match="inverted"):
        list(open_referring(lines(tmp_path / "a.jsonl", row)))
    row = {"file_name": IMAGE, "answer": ["x"], "bbox": [300, 200, 400, 350], "width": 640, "height": 427}
    with pytest.raises(BadRecord, match="outside"):
        list(open_referring(lines(tmp_path / "b.jsonl", row)))


def test_pictures_in_the_file_are_written_out_once(tmp_path: Path) -> None:
    path = ofa(tmp_path)
    (found,) = open_referring(path, extract=tmp_path / "out")
    assert found.image == "000000581857.jpg"
    with Image.open(tmp_path / "out" / found.image) as picture:
        assert picture.size == (640, 427)
    assert [file.name for file in (tmp_path / "out").iterdir()] == [found.image]


def test_a_picture_id_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    path = ofa(tmp_path)
    path.write_text(path.read_text().replace("581857", "../../evil"))
    (found,) = open_referring(path, extract=tmp_path / "out" / "pictures")
    assert found.image == "_.._evil.jpg"
    assert (tmp_path / "out" / "pictures" / found.image).is_file()


def test_an_expression_with_what_looks_like_a_reference(tmp_path: Path) -> None:
    row = {"image": IMAGE, "sent": "see <box:3>\n here", "bbox": BOX, "width": 640, "height": 427}
    (found,) = open_referring(lines(tmp_path / "a.jsonl", row))
    assert found.expression == "see < box:3> here"
    assert rec_example(found, id="1").boxes == [BOX]


@pytest.mark.parametrize("content", ['{"a": 1}\n', "[1]", '{"images": []}', "", "no json"])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_what_is_no_such_file_is_said_in_one_sentence(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=name.replace(".", r"\.")):
        list(open_referring(tmp_path / name))


def test_unknown_forms_and_files(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        open_referring(tmp_path / "no.jsonl")
    with pytest.raises(BadInput, match="no form 'yolo'"):
        open_referring(shikra(tmp_path), form="yolo")


@pytest.mark.parametrize(
    ("name", "dataset", "count"),
    [
        ("REC_refcoco_unc_val.jsonl", "refcoco", 10_834),
        ("REC_refcoco+_unc_val.jsonl", "refcoco+", 10_758),
        ("REC_refcocog_umd_val.jsonl", "refcocog", 4_896),
    ],
)
def test_the_validation_splits_have_their_official_size(shared: Path, name: str, dataset: str, count: int) -> None:
    reader = open_referring(shared / "refcoco" / name)
    ids = set()
    for found in reader:
        ids.add(found.id)
        assert (found.split, found.meta["dataset"]) == ("val", dataset)
    assert len(ids) == reader.tally["expressions"] == count


def test_photos_are_found_by_the_names_of_the_expressions(shared: Path) -> None:
    from twist_scout.data.referring.pictures import find_picture

    reader = open_referring(shared / "refcoco_photos" / "expressions.jsonl")
    found = list(reader)
    assert len(found) == 1_388
    assert all(find_picture(each.image, reader.images) for each in found)
    assert len({each.image for each in found}) == 159
