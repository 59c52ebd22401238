"""What works on this machine, and the remedy for what does not.

======================  =======================================================================
``finding``             one line of the result
``declared``            what this project needs, as its own packaging says
``libraries``           the core's versions, and the extras
``hardware``            GPU, threads, compiler, disk
``hub``                 whether models can be fetched
``pocket``              whether the shipped model loads, answers, and is as certified
``checks``              all of it, in order
======================  =======================================================================
"""

from __future__ import annotations

from twist_scout.machine.finding import Finding, Status

__all__ = ["Finding", "Status"]
