from __future__ import annotations

import pytest
import yaml

from twist_scout.twist.card import write_card
from twist_scout.twist.certificate import Certificate
from twist_scout.twist.training_config import TrainingConfig

HISTORY = [{"step": 1, "loss": 2.0}, {"step": 40, "loss": 0.5}, {"train_runtime": 3.0, "step": 40}]
CERTIFICATE = Certificate(
    created="2026-01-01T00:00:00Z", base="b", dtype="float32", device="cpu", tensors={"w": "0"}, fingerprint="0",
    adapter_files={}, changed_tensors=[], prompts=["0", "1"], changed_logits=[], changed_answers=[], bytes=1, libraries={},
)  # fmt: skip


@pytest.fixture
def config(tmp_path) -> TrainingConfig:
    values = {
        "base": "some/model",
        "data": [str(tmp_path / "secret" / "dogs.jsonl")],
        "output_dir": str(tmp_path / "pointer"),
    }
    return TrainingConfig.from_values(values)


def test_it_says_what_was_trained_and_kept_and_tells_no_paths(config, tmp_path) -> None:
    page = write_card(tmp_path, config, CERTIFICATE, HISTORY).read_text()
    front = yaml.safe_load(page.split("---\n")[1])
    assert (front["base_model"], front["library_name"]) == ("some/model", "peft")
    for told in (
        "# pointer",
        "`dogs.jsonl`",
        CERTIFICATE.summary,
        "2.000, 0.500",
        "| steps | 40 |",
        'from_pretrained("some/model"',
    ):
        assert told in page
    assert str(tmp_path) not in page


def test_a_base_on_disk_is_no_hub_id(config, tmp_path) -> None:
    (tmp_path / "my-base").mkdir()
    page = write_card(
        tmp_path, config.model_copy(update={"base": str(tmp_path / "my-base")}), CERTIFICATE, HISTORY
    ).read_text()
    assert "base_model" not in page
    assert "`my-base`" in page
    assert str(tmp_path) not in page


def test_what_a_person_wrote_stays(config, tmp_path) -> None:
    path = write_card(tmp_path, config, CERTIFICATE, HISTORY)
    page = path.read_text().replace("library_name: peft", "license: mit\nlibrary_name: peft") + "\nThanks to my dog.\n"
    again = write_card(tmp_path, config, CERTIFICATE, [{"step": 80, "loss": 0.25}], old=page).read_text()
    assert "license: mit" in again
    assert again.endswith("Thanks to my dog.\n")
    assert "| steps | 80 |" in again
    assert "| steps | 40 |" not in again
    path.write_text("what PEFT made of it")
    assert write_card(tmp_path, config, CERTIFICATE, HISTORY, old="# My own page\n") is None
    assert path.read_text() == "# My own page\n"


def test_an_empty_form_gives_way(config, tmp_path) -> None:
    page = write_card(
        tmp_path, config, CERTIFICATE, HISTORY, old="---\ntags: [x]\n---\n[More Information Needed]"
    ).read_text()
    assert "More Information" not in page
    assert page.count("---\n") == 2
