"""What makes it data and not text: every record is checked, and says what its checks said.

=================  ===============================================================================
``grammar``        steps numbered from 1, none empty or repeated, the last one concludes
``boxes``          there are boxes, each belongs to a phrase, none is tiny
``same_thing``     a thing has the same box in every step
``final_answer``   the final answer follows from the steps
``expected``       it agrees with the short answer that came with the question
``asked_thing``    step 1 names what is asked about
``absence``        what a negative question asks for really is not there
``annotation``     boxes overlap the annotations of their phrases; nothing is invented
``attributes``     colours and sizes are those that the source knows
=================  ===============================================================================

The last three need the source's item; without one they are skipped. Near-duplicates are a matter of several records:
:class:`~twist_scout.scout.checks.duplicates.DuplicateGuard`. Whether a model sees what a negative record calls missing is
asked where requests are made: :mod:`twist_scout.scout.absence`.
"""

from __future__ import annotations

from twist_scout.scout.checks.checking import CHECKS, check, failures
from twist_scout.scout.checks.duplicates import DuplicateGuard
from twist_scout.scout.checks.settings import CheckSettings

__all__ = ["CHECKS", "CheckSettings", "DuplicateGuard", "check", "failures"]
