"""The card says what is there, keeps what people wrote, and lets the loaders of others read the data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from twist_scout.data.images import load_image
from twist_scout.data.records import write_examples
from twist_scout.errors import BadInput, BadRecord
from twist_scout.scout.build_report import BuildReport, ReasonCount
from twist_scout.scout.card import grounded, write_card

from .data_set import examples, record, write_data_set

REPORT = BuildReport(
    items=3, records=4, rejected=4, complete=False, stopped="the budget is spent",
    rejected_by=[ReasonCount(stage="checks", check="same_thing", count=3, example="'the | man' has <b>another</b> box"),
                 ReasonCount(stage="answers", check="unreadable", count=1, example="No steps.")],
    settings={"source": "flickr30k", "questions": {"by": "openai:mixtral", "prompts": {"positive": "3", "negative": "2"}},
              "answers": {"by": "hf:cog", "prompts": {}}, "seed": 17},
    versions={"twist-scout": "0.1.0"},
)  # fmt: skip


def front(path: Path) -> dict:
    return yaml.safe_load(path.read_text("utf-8").split("---\n")[1])


def test_the_card_says_what_is_there_and_how_it_was_made(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    (tmp_path / "report.json").write_text(REPORT.model_dump_json())
    path = write_card(tmp_path, "twist-scout scout build x --out y")
    assert path == tmp_path / "README.md"
    text = path.read_text("utf-8")
    for row in ("| images | 3 |", "| objects | 7 |", "| Q/A pairs | 5 |", "| of them negative | 1 |",
                "| kept |  | 4 | 50.0% |", "| checks | same\\_thing | 3 | 37.5% |", "| source | flickr30k |",
                "| questions | openai:mixtral (prompts: positive 3, negative 2) |", "| answers | hf:cog |", "| seed | 17 |",
                "twist-scout scout build x --out y", "**Not complete**: the budget is spent"):  # fmt: skip
        assert row in text
    assert "<b>" not in text
    assert "'the \\| man' has &lt;b&gt;another" in text


def test_pictures_are_drawn_and_linked(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    text = write_card(tmp_path).read_text("utf-8")
    drawn = sorted(path.name for path in (tmp_path / "assets").iterdir())
    assert drawn == ["sample-1.jpg", "sample-2.jpg", "sample-3.jpg"]  # no picture twice
    for name in drawn:
        assert f"(assets/{name})" in text
        load_image(tmp_path / "assets" / name)
    assert "**What color is the hat of the man?**" in text


def test_the_front_matter_asks_for_the_licence_and_names_the_file(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    matter = front(write_card(tmp_path))
    assert matter["license"] == "unknown"
    assert "FILL IN" in matter["license_details"]
    assert matter["size_categories"] == ["n<1K"]
    assert matter["configs"][0]["data_files"] == [{"split": "train", "path": "train.jsonl"}]


def test_what_people_wrote_stays(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    path = write_card(tmp_path)
    text = path.read_text("utf-8").replace("license: unknown", "license: cc-by-4.0\nmine: [1, 2]")
    begin, end = text.index("<!-- twist-scout: begin"), text.index("<!-- twist-scout: end -->")
    path.write_text(
        text[:begin] + "# My words\n\n" + text[begin:end] + "<!-- twist-scout: end -->\n\nMy end — 猫.\n", "utf-8"
    )
    write_examples(tmp_path / "train.jsonl", examples()[:2])
    assert write_card(tmp_path) == path
    again = path.read_text("utf-8")
    assert again.count("# My words\n") == again.count("My end — 猫.\n") == 1
    assert "| images | 1 |" in again
    assert "| images | 3 |" not in again
    assert front(path)["license"] == "cc-by-4.0"
    assert front(path)["mine"] == [1, 2]
    write_card(tmp_path)
    assert path.read_text("utf-8") == again


def test_a_readme_of_someone_else_is_left_alone(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    (tmp_path / "README.md").write_text("# Mine\n")
    assert write_card(tmp_path) is None
    assert (tmp_path / "README.md").read_text() == "# Mine\n"
    assert not (tmp_path / "assets").exists()


def test_texts_from_strangers_stay_text(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    wild = "<script>x</script> [link](//evil) ![p](x) **b** | `c` <!-- twist-scout: end -->\n# head"
    one = record("1", "images/wide.png", (320, 120), [wild + "?", f"{wild} <box:0>. Step 1: {wild} <box:0>"], [(1, 1, 99, 99)],
                 meta={"kind": wild})  # fmt: skip
    write_examples(tmp_path / "train.jsonl", [one])
    text = write_card(tmp_path).read_text("utf-8")
    assert "<script>" not in text
    assert text.count("<!-- twist-scout: end -->") == 1
    assert "[link]" not in text.replace("\\[link\\]", "")
    assert "\n# head" not in text
    assert text.count("\n| kind ") == 1
    assert write_card(tmp_path) is not None


def test_the_datasets_library_reads_the_folder(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", minversion="4.7")
    made = write_data_set(tmp_path)
    write_card(tmp_path)
    read = datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert set(read) == {"train"}
    assert [json.loads(json.dumps(row["meta"])) for row in read["train"]] == [one.meta for one in made]
    assert read["train"].features["boxes"] == datasets.List(datasets.List(datasets.Value("float64")))


def test_rows_with_facts_of_their_own_can_be_read_in_any_order(tmp_path: Path) -> None:
    """Loaders that guess columns from the first rows fail where later rows have other facts; the card tells them."""
    datasets = pytest.importorskip("datasets", minversion="4.7")
    one = examples()[0]
    plain = [
        one.model_copy(update={"id": str(n), "boxes": [], "meta": {}, "messages": [one.messages[0]]})
        for n in range(4000)
    ]
    rich = [
        one.model_copy(update={"id": f"r{n}", "meta": {f"fact {n % 7}": {"deep": [n, None]}}}) for n in range(20_000)
    ]
    write_examples(tmp_path / "train.jsonl", plain + rich)
    write_card(tmp_path)
    read = datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))["train"]
    assert len(read) == 24_000
    assert read[23_999]["meta"] == rich[-1].meta


def test_a_drawing_has_every_mention() -> None:
    shown = grounded(examples()[0])
    assert [phrase.text for phrase in shown.phrases] == ["the man", "the hat", "the man", "The hat"]
    assert shown.phrases[0].boxes[0].to_pixels(320, 120) == pytest.approx((10, 5, 110, 118.5))


def test_without_pictures_or_report_there_is_a_card_too(tmp_path: Path) -> None:
    write_examples(tmp_path / "train.jsonl", examples())
    (tmp_path / "report.json").write_text("{")
    text = write_card(tmp_path).read_text("utf-8")
    assert "![" not in text
    assert "became of everything" not in text


def test_no_records_no_card(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no train\.jsonl"):
        write_card(tmp_path)
    (tmp_path / "train.jsonl").write_text("{}\n")
    with pytest.raises(BadRecord):
        write_card(tmp_path)
