"""Grounded image captioning scored as detection: the protocol ``captioning/1`` (§5.2, Tables 2 and A.3, Figure A.7).

caption --extraction--> (phrase, boxes) --mapping--> (class, boxes) --average_precision--> AP, AP50, ...
            rules or a         list of names, then         |-- tie_orders          how much of it is chance
            language model     similarity to labels        |-- precision_recall    P, R, F1 without scores
                                                           |-- hallucination       things that are not there
                                                           |-- losses              why the rest was lost
"""

from __future__ import annotations

from twist_scout.data.names import NameMap
from twist_scout.evaluation.captioning.arrays import Detections, Objects
from twist_scout.evaluation.captioning.average_precision import AveragePrecision, PrecisionEvaluator
from twist_scout.evaluation.captioning.cases import captioning_cases
from twist_scout.evaluation.captioning.collecting import ScorePolicy
from twist_scout.evaluation.captioning.embedding import SentenceEncoder
from twist_scout.evaluation.captioning.extraction import Mention, extract_mentions
from twist_scout.evaluation.captioning.instances import Annotations, captioning_records, read_annotations
from twist_scout.evaluation.captioning.llm_extraction import LlmExtraction
from twist_scout.evaluation.captioning.mapping import Mapped, PhraseMapper
from twist_scout.evaluation.captioning.name_list import NameList, coco_names, read_overrides
from twist_scout.evaluation.captioning.precision_recall import PrecisionRecall, precision_recall
from twist_scout.evaluation.captioning.protocol import evaluate_captioning
from twist_scout.evaluation.captioning.records import CaptioningRecord, TrueObject
from twist_scout.evaluation.captioning.result import PROTOCOL, CaptioningResult
from twist_scout.evaluation.captioning.tie_orders import TieOrders, tie_orders

__all__ = [
    "PROTOCOL",
    "Annotations",
    "AveragePrecision",
    "CaptioningRecord",
    "CaptioningResult",
    "Detections",
    "LlmExtraction",
    "Mapped",
    "Mention",
    "NameList",
    "NameMap",
    "Objects",
    "PhraseMapper",
    "PrecisionEvaluator",
    "PrecisionRecall",
    "ScorePolicy",
    "SentenceEncoder",
    "TieOrders",
    "TrueObject",
    "captioning_cases",
    "captioning_records",
    "coco_names",
    "evaluate_captioning",
    "extract_mentions",
    "precision_recall",
    "read_annotations",
    "read_overrides",
    "tie_orders",
]
