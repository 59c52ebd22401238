from __future__ import annotations

import numpy as np
import pytest

from twist_scout.twist.load_picture import PAPER, _color, draw_load
from twist_scout.twist.load_report import LayerLoad, LoadReport
from twist_scout.twist.token_kinds import KINDS


def report(experts=2, layers=3, tokens=(100, 40, 8)):
    rng = np.random.default_rng(0)
    loads = []
    for layer in range(layers):
        choices = [rng.multinomial(count, np.full(experts, 1 / experts)).tolist() for count in tokens]
        loads.append(LayerLoad(layer, 0.3, choices))
    return LoadReport("default", dict(zip(KINDS, tokens, strict=True)), loads)


def pixels(picture, color):
    return (np.asarray(picture) == color).all(axis=-1)


@pytest.mark.parametrize("experts", [2, 4, 12])
def test_it_holds_a_bar_for_every_layer_and_a_name_for_every_expert(experts):
    few, many = draw_load(report(experts, layers=2)), draw_load(report(experts, layers=6))
    assert few.mode == "RGB"
    assert few.width == many.width
    assert many.height - few.height == 4 * 64
    for expert in range(min(experts, 10)):
        assert pixels(many, _color(expert)).any()


def test_a_bar_is_as_long_as_its_share():
    shares = [LayerLoad(0, 0.3, [[30, 70], [50, 50], [100, 0]])]
    picture = draw_load(LoadReport("default", dict.fromkeys(KINDS, 100), shares))
    area = np.array([pixels(picture, _color(expert)).sum() for expert in range(2)])
    assert area[0] / area.sum() == pytest.approx(180 / 300, abs=0.03)


def test_the_bars_that_part_most_are_framed():
    def dark(tokens, choices):
        picture = draw_load(LoadReport("default", dict(zip(KINDS, tokens, strict=True)), [LayerLoad(0, 0.3, choices)]))
        return (np.asarray(picture).sum(axis=-1) < 200).sum()

    alone = dark((10, 0, 0), [[10, 0], [0, 0], [0, 0]])
    assert dark((10, 10, 10), [[10, 0], [5, 5], [0, 10]]) > alone + 4000


def test_a_kind_that_does_not_occur_has_no_bar():
    picture = draw_load(report(tokens=(0, 40, 8)))
    third = picture.width // 3
    left = np.asarray(picture)[:, :third]
    rows = pixels(draw_load(report()), _color(0))[:, :third].sum()
    assert (left == _color(0)).all(axis=-1).sum() < rows / 4  # the legend alone


def test_no_layer_is_no_error():
    assert draw_load(LoadReport("default", dict.fromkeys(KINDS, 0), [])).getpixel((0, 0)) == PAPER
