from __future__ import annotations

import pytest

from twist_scout.evaluation.localization.paper import remark_on_size
from twist_scout.evaluation.localization.queries import LocalizationSubset


@pytest.mark.parametrize(
    ("dataset", "images", "warns", "words"),
    [
        ("coco", 3582, False, "the number that the paper gives for COCO"),
        ("coco", 2062, False, "look swapped"),
        ("voc", 3582, False, "look swapped"),
        ("voc", 2062, False, "the number that the paper gives for PVOC"),
        ("lvis", 6016, False, "the number that the paper gives for LVIS"),
        ("coco", 37, True, "not the paper's subset: it gives 3,582 for COCO and 2,062 for PVOC (the two look swapped)"),
        ("voc", 1, True, "VOC2007, split test"),
        ("lvis", 3582, True, "it gives 6,016 for LVIS"),
        ("toyworld", 5, False, "none of this kind"),
    ],
)
def test_the_number_of_pictures_is_held_against_the_paper(dataset: str, images: int, warns: bool, words: str) -> None:
    remark, warned = remark_on_size(LocalizationSubset(dataset, (), images, 5000))
    assert warned is warns
    assert words in remark
    assert f"{images:,}" in remark


def test_another_rule_is_said_to_be_another() -> None:
    assert "at most 3 annotations" in remark_on_size(LocalizationSubset("coco", (), 4000, 5000, 10))[0]
