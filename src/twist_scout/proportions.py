"""Shares of a whole, with the interval that their sample leaves them.

A module of its own, since the data engine's audit and the evaluation both report shares.
"""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson(hits: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share.

    Args:
        hits: how many of the sample.
        total: size of the sample.
        level: confidence, in (0, 1).

    Returns:
        The bounds, in [0, 1]; (0, 1) where the sample is empty.

    Raises:
        ValueError: more hits than there are samples, a negative number, or a level outside (0, 1).
    """
    if not 0 <= hits <= total:
        raise ValueError(f"{hits} of {total} is no share")
    if total == 0:
        return 0.0, 1.0
    z = normal_quantile(level)
    share = hits / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # At the ends rounding must not push a bound past the share itself.
    return min(share, max(0.0, (middle - half) / scale)), max(share, min(1.0, (middle + half) / scale))


def normal_quantile(level: float) -> float:
    """How many standard errors a two-sided interval of this confidence reaches to either side.

    Raises:
        ValueError: the level is not in (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not at {level}")
    return NormalDist().inv_cdf(0.5 + level / 2)
