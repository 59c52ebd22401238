"""The doctor for boxes: what is wrong between a model's boxes and the truth, in words.

The most common bug of grounding work is silent: numbers that are 0-1000 in a padded square are read
as pixels, and the score is merely low. The doctor tries every reading (`readings`) against true
boxes, then scale and offset (`fitting`), and says which one fits, or that none does.
"""

from __future__ import annotations

from twist_scout.boxes.doctor.declared import Remedy
from twist_scout.boxes.doctor.diagnosis import Diagnosis, Verdict, diagnose
from twist_scout.boxes.doctor.fitting import Fit
from twist_scout.boxes.doctor.readings import Reading
from twist_scout.boxes.doctor.samples import Joined, Row, join
from twist_scout.boxes.doctor.scoring import Score
from twist_scout.boxes.doctor.search import Candidate

__all__ = [
    "Candidate",
    "Diagnosis",
    "Fit",
    "Joined",
    "Reading",
    "Remedy",
    "Row",
    "Score",
    "Verdict",
    "diagnose",
    "join",
]
