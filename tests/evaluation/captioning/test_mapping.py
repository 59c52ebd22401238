from __future__ import annotations

import pytest

from twist_scout.data.names import NameMap
from twist_scout.evaluation.captioning import PhraseMapper, SentenceEncoder, coco_names
from twist_scout.evaluation.captioning.mapping import FunctionMapper

from .test_name_list import COCO

PHRASES = ["a man", "two giraffees", "the zebra's head", "hot dogs", "the sky", "", "a brocolli", "his sofa"]


def test_each_step_decides_what_the_one_before_left_open(encoder: SentenceEncoder) -> None:
    mapper = PhraseMapper(COCO, encoder, names=coco_names(COCO), overrides={"The  Sky": "kite", "sofa": None})
    found = mapper.map(PHRASES)
    assert {phrase: (one.label, one.how) for phrase, one in found.items()} == {
        "a man": ("person", "listed"),
        "two giraffees": ("giraffe", "similar"),
        "the zebra's head": (None, "listed"),
        "hot dogs": ("hot dog", "listed"),
        "the sky": ("kite", "override"),
        "": (None, "unnamed"),
        "a brocolli": ("broccoli", "similar"),
        "his sofa": (None, "override"),  # by its name
    }
    assert found["two giraffees"].similarity is not None
    assert found["two giraffees"].similarity > 0.9
    assert "names/1, all-MiniLM-L6-v2 >= 0.7" in mapper.description


def test_the_threshold_decides(encoder: SentenceEncoder) -> None:
    similarity = PhraseMapper(COCO, encoder).map(["brocolli"])["brocolli"].similarity
    assert similarity is not None
    at, above = (
        PhraseMapper(COCO, encoder, threshold=t).map(["brocolli"])["brocolli"] for t in (similarity, similarity + 1e-4)
    )
    assert (at.label, at.how) == ("broccoli", "similar")
    assert (above.label, above.how, above.nearest) == (None, "unlike", "broccoli")


def test_similarity_alone_is_the_papers_word(encoder: SentenceEncoder) -> None:
    found = PhraseMapper(COCO, encoder).map(["a man", "a surfer"])
    assert found["a man"].label is None  # why there is a list of names
    assert found["a surfer"].label == "surfboard"


def test_what_is_mapped_does_not_depend_on_its_company(encoder: SentenceEncoder) -> None:
    mapper = PhraseMapper(COCO, encoder, names=coco_names(COCO))
    together = mapper.map(PHRASES)
    assert {phrase: mapper.map([phrase])[phrase] for phrase in PHRASES} == together
    assert mapper.map(reversed(PHRASES)) == together


def test_without_a_model_the_list_alone_maps() -> None:
    found = PhraseMapper(COCO, names=coco_names(COCO)).map(["a man", "two giraffees"])
    assert [found["a man"].label, found["two giraffees"].label] == ["person", None]
    assert PhraseMapper(COCO).map(["dog"])["dog"].label is None


def test_a_function_is_a_mapper() -> None:
    mapper = FunctionMapper(NameMap(["car", "dog"]))
    assert mapper.description == "NameMap"
    assert {p: m.label for p, m in mapper.map(["red cars", "the sky", "red cars"]).items()} == {
        "red cars": "car",
        "the sky": None,
    }


@pytest.mark.parametrize("classes", [(), ("dog",)])
def test_few_classes(classes: tuple[str, ...], encoder: SentenceEncoder) -> None:
    found = PhraseMapper(classes, encoder).map(["puppies"])["puppies"]
    assert found.label == ("dog" if classes else None)
