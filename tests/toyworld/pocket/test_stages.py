from __future__ import annotations

from twist_scout.toyworld.pocket.stages import KINDS, STAGES
from twist_scout.toyworld.questions import WORDINGS


def test_the_recipe_trains_on_every_kind_and_rates_rise_and_fall() -> None:
    assert set(KINDS) == set(WORDINGS)
    for stage in STAGES.values():
        rates = [stage.rate(s) for s in range(stage.steps)]
        assert max(rates) <= stage.learning_rate * (1 + 1e-9)
        assert rates[0] < stage.learning_rate / 10
        assert stage.level == 1 or rates[-1] < 0.1 * stage.learning_rate
