"""Object localisation: given a name, how well does the box cover the object? §5.1 and Table 1 of the paper.

======================  =======================================================================
``queries``             one query for each annotation; the pictures with 1 to 3 of them
``coco_files``          COCO val2017 and LVIS v1 val
``voc_files``           Pascal VOC 2007 test
``reading``             from a path to a subset
``frames``              PIN's 224 pixels and COCO's, and their size classes
``scoring``             the mean IoUs
``result``              what they are, in words, tables and JSON
``paper``               whether the subset is the paper's
``cases``               the pictures behind a score
======================  =======================================================================
"""

from __future__ import annotations

from twist_scout.evaluation.localization.cases import localization_cases
from twist_scout.evaluation.localization.frames import SIDE, resized_coco, resized_voc, size_classes
from twist_scout.evaluation.localization.paper import PAPER_IMAGES, remark_on_size
from twist_scout.evaluation.localization.queries import MAX_OBJECTS, LocalizationQuery, LocalizationSubset
from twist_scout.evaluation.localization.reading import read_subset
from twist_scout.evaluation.localization.result import FrameScores, LocalizationResult
from twist_scout.evaluation.localization.scoring import LocalizationRecord, evaluate_localization, score_subset

__all__ = [
    "MAX_OBJECTS",
    "PAPER_IMAGES",
    "SIDE",
    "FrameScores",
    "LocalizationQuery",
    "LocalizationRecord",
    "LocalizationResult",
    "LocalizationSubset",
    "evaluate_localization",
    "localization_cases",
    "read_subset",
    "remark_on_size",
    "resized_coco",
    "resized_voc",
    "score_subset",
    "size_classes",
]
