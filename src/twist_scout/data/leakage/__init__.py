"""The leakage guard: no picture of an evaluation set enters training (§5).

======================  =======================================================================
``identity``            which photo a file is, by its name
``perceptual``          which photo it is, by its look
``reading``             the pictures that a data set lists
``guard``               training pictures that are evaluation pictures
``report``              all of them in a data set
======================  =======================================================================
"""

from __future__ import annotations

from twist_scout.data.leakage.guard import LeakageGuard, Match
from twist_scout.data.leakage.report import Leak, LeakageReport, find_leaks

__all__ = ["Leak", "LeakageGuard", "LeakageReport", "Match", "find_leaks"]
