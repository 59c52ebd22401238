"""Truth as arrays: every published form, splits chosen by name, phrases with several boxes both ways."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from twist_scout.data.referring import ReferringExpression
from twist_scout.errors import BadInput, BadRecord
from twist_scout.evaluation.predictions import Prediction, Predictions
from twist_scout.evaluation.referring import ReferringRecord, Scorer, from_records, gather, get_convention, read_truth
from twist_scout.evaluation.referring.samples import Samples, from_predictions

from .conftest import SPLITS, expression


def rows(path: Path, *found: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in found))
    return path


def row(id: int, split: str | None = None, **more: Any) -> dict[str, Any]:
    return {"img_path": "a.jpg", "expression": "it", "bbox": [0, 0, 50, 50], "width": 200, "height": 100, "sent_id": id,
            **({"split": split} if split else {}), **more}  # fmt: skip


def test_ids_are_the_sentences(tmp_path: Path) -> None:
    truth = read_truth(rows(tmp_path / "t.jsonl", row(7), row(3, bbox=[10, 0, 200, 99.5])))
    assert list(truth.ids) == ["7", "3"]
    assert truth.boxes.tolist() == [[0, 0, 50, 50], [10, 0, 200, 99.5]]
    assert truth.sizes.tolist() == [[200, 100]] * 2
    assert truth.distractors.tolist() == [-1, -1]


def test_of_several_splits_one_must_be_chosen(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.jsonl", row(1, "train"), row(2, "val"), row(3, "val"))
    with pytest.raises(BadInput, match=r"several splits \(train 1, val 2\): choose one with --split"):
        read_truth(path)
    assert list(read_truth(path, split="val").ids) == ["2", "3"]
    assert list(read_truth(path, split="validation").ids) == ["2", "3"]
    assert len(read_truth(path, split="all")) == 3
    with pytest.raises(BadInput, match=r"no expressions of split 'testA': it has train 1, val 2"):
        read_truth(path, split="testA")


def test_two_expressions_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="two expressions with the id '7'"):
        read_truth(rows(tmp_path / "t.jsonl", row(7), row(7)))


def test_ids_of_several_data_sets_in_one_file(tmp_path: Path) -> None:
    sets = [row(7, dataset_name="refcoco"), row(7, dataset_name="refcocoplus"), row(8, dataset_name="refcocoplus")]
    path = rows(tmp_path / "t.jsonl", *sets)
    with pytest.raises(BadInput, match=r"the id '7' in refcoco and in refcoco\+: choose one of them with --dataset"):
        read_truth(path)
    assert list(read_truth(path, dataset="refcoco+").ids) == ["7", "8"]
    with pytest.raises(BadInput, match=r"nothing of the data set 'refcocog': it has refcoco 1, refcoco\+ 2"):
        read_truth(path, dataset="refcocog")


def test_rows_that_cannot_be_used(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.jsonl", row(1), row(2, bbox=[9, 9, 1, 1]))
    with pytest.raises(BadRecord, match="line 2"):
        read_truth(path)
    lenient = read_truth(path, skip_bad=True)
    assert (len(lenient), lenient.left_out) == (1, 1)
    assert "line 2" in (lenient.first_problem or "")
    with pytest.raises(BadInput, match="no referring expressions"):
        read_truth(rows(tmp_path / "u.jsonl", row(2, bbox=[9, 9, 1, 1])), skip_bad=True)


def test_the_original_files_bring_their_distractors(tmp_path: Path) -> None:
    refs = [
        {"ref_id": n, "ann_id": n, "category_id": 1, "image_id": 5, "split": "val",
         "sentences": [{"sent": f"man {n}", "sent_id": n}]}
        for n in (1, 2)
    ]  # fmt: skip
    instances = {
        "images": [{"id": 5, "file_name": "a.jpg", "width": 100, "height": 100}],
        "annotations": [
            {"id": n, "image_id": 5, "bbox": [10 * n, 0, 10, 10], "category_id": 1, "iscrowd": n == 3}
            for n in (1, 2, 3)
        ],
    }
    (tmp_path / "refs(unc).p").write_bytes(pickle.dumps(refs))
    (tmp_path / "instances.json").write_text(json.dumps(instances))
    assert read_truth(tmp_path).distractors.tolist() == [1, 1]
    rest = rows(tmp_path / "t.jsonl", row(1, image_id=5, bbox=[10, 0, 20, 10]), row(2, image_id=6))
    assert read_truth(rest, annotations=tmp_path / "instances.json").distractors.tolist() == [1, -1]


def phrase() -> ReferringExpression:
    boxes = ((0.0, 0.0, 50.0, 50.0), (150.0, 50.0, 200.0, 100.0))
    return ReferringExpression("a", "a.jpg", 200, 100, "two men", (0, 0, 200, 100), boxes=boxes)


def test_phrases_with_several_boxes_count_merged_or_any() -> None:
    """A phrase between two with one box each, so that boxes and expressions do not simply correspond."""
    around = [expression("x", (0, 0, 20, 20)), phrase(), expression("y", (20, 20, 40, 40))]
    merged, any_box = gather(around), gather(around, boxes="any")
    assert (merged.rows.tolist(), any_box.rows.tolist()) == ([0, 1, 2], [0, 1, 1, 2])
    texts = ["[[0,0,10,20]]", "[[0,0,25,50]]; [[75,50,100,100]]", "[[10,20,20,40]]"]
    for truth, expected in ((merged, [1, 0.125, 1]), (any_box, [1, 1, 1])):
        for convention in ("scout", "oracle"):
            found = Scorer(Samples(truth, texts)).score(get_convention(convention))
            assert found.ious.tolist() == pytest.approx(expected)
    second = Scorer(Samples(any_box, ["", "[[75,50,100,100]]", ""])).score(get_convention("scout"))
    assert second.ious.tolist() == [0, 1, 0]


def test_answers_are_joined_by_id() -> None:
    predictions = Predictions("p.jsonl")
    predictions.update({id: Prediction(id, id * 2) for id in ("y", "z", "x")})
    samples = from_predictions(gather([expression(id, (0, 0, 5, 5)) for id in "xvy"]), predictions)
    assert samples.answers == ["xx", None, "yy"]
    assert samples.unknown == ("z",)
    assert samples.missing.tolist() == [False, True, False]


def test_records_must_agree() -> None:
    from twist_scout.boxes.box import Box

    box = Box(0, 0, 1, 1)
    with pytest.raises(BadInput, match="Some records give the size"):
        from_records([ReferringRecord("", box, size=(5, 5)), ReferringRecord("", box)])
    with pytest.raises(BadInput, match="Two records have one id"):
        from_records([ReferringRecord("", box, id="1"), ReferringRecord("", box, id="1")])


@pytest.mark.parametrize(("name", "count"), list(zip(SPLITS, (10_834, 10_758, 4_896), strict=True)))
def test_the_validation_splits_have_their_official_size(shared: Path, name: str, count: int) -> None:
    assert len(read_truth(shared / "refcoco" / f"{name}.jsonl")) == count
