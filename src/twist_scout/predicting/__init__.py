"""Prediction files: a model's answers to all questions of a task, one line each.

======================  =======================================================================
``questions``           an id, a picture and a prompt; batches of like length
``sources``             from a truth file to questions
``pictures``            where the pictures are, and reading them ahead
``answering``           a model that answers a batch at a time, with scores
``journal``             the file while it is written, and after a kill
``identity``            what decides about answers, so that runs are not mixed
``sidecar``             how a file was made, and so how it is to be read
``engine``              all of it together
======================  =======================================================================
"""

from __future__ import annotations

from twist_scout.predicting.questions import MODES, Question, QuestionSet, Task
from twist_scout.predicting.sidecar import Sidecar, read_sidecar, sidecar_path

__all__ = ["MODES", "Question", "QuestionSet", "Sidecar", "Task", "read_sidecar", "sidecar_path"]
