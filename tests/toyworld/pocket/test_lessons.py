"""A packed lesson computes what its questions compute alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from twist_scout.toyworld.pocket.lessons import PREFIX, Teacher, pack, patch_coverage
from twist_scout.toyworld.pocket.model import GRID, IMAGE_SIZE, build_model, build_processor
from twist_scout.toyworld.pocket.objectives import Answers, Eyes
from twist_scout.toyworld.pocket.recipe import KINDS, STAGES, Stage, train_base, upcycle
from twist_scout.toyworld.pocket.words_of_patches import GROUPS, PatchWords, place_codes
from twist_scout.toyworld.questions import WORDINGS

TOKENIZER = build_processor().tokenizer


def test_coverage_shares_add_up_to_one() -> None:
    ids = np.random.default_rng(0).integers(0, 4, (IMAGE_SIZE, IMAGE_SIZE))
    shares = patch_coverage(ids, 3)
    assert shares.shape == (GRID * GRID, 4)
    assert np.allclose(shares.sum(1), 1)
    assert np.allclose(shares.mean(0), [(ids == k).mean() for k in range(4)])


def test_lessons_are_deterministic_and_hold_no_box() -> None:
    teacher = Teacher(TOKENIZER, KINDS)
    for seed in range(20):
        one, two = teacher.lesson(seed), teacher.lesson(seed)
        assert one.segments == two.segments
        text = " ".join(TOKENIZER.decode(s.question + s.answer) for s in one.segments)
        assert "[" not in text


def test_packing_changes_nothing() -> None:
    torch.manual_seed(0)
    model = build_model(experts=False).eval()
    eyes = Eyes(model, TOKENIZER)
    answers = Answers(model, eyes, TOKENIZER, real=0.0)
    lesson = Teacher(TOKENIZER, KINDS, 4).lesson(5)
    with torch.no_grad():
        together, _ = answers.predict([lesson])
        alone = [answers.predict([replace(lesson, segments=[s])])[0] for s in lesson.segments]
    assert torch.allclose(together, torch.cat(alone), atol=0.06)  # bfloat16 attention


def test_labels_are_the_answers() -> None:
    lesson = Teacher(TOKENIZER, KINDS, 4).lesson(1)
    packed = pack([lesson], TOKENIZER)
    assert packed.labels[packed.labels >= 0].tolist() == [t for s in lesson.segments for t in s.answer]
    assert packed.mask.shape[-1] == PREFIX + packed.input_ids.shape[1]
    assert not packed.mask[0, 0].triu(1).any()


def test_upcycling_computes_the_same_function() -> None:
    torch.manual_seed(0)
    dense, sparse = build_model(experts=False).eval(), build_model().eval()
    upcycle(dense, sparse)
    ids = torch.randint(10, 900, (2, 12))
    with torch.no_grad():
        assert torch.allclose(dense(ids).logits, sparse(ids).logits, atol=2e-4)


def test_the_recipe_trains_on_every_kind_and_rates_rise_and_fall() -> None:
    assert set(KINDS) == set(WORDINGS)
    for stage in STAGES.values():
        rates = [stage.rate(s) for s in range(stage.steps)]
        assert max(rates) <= stage.learning_rate * (1 + 1e-9)
        assert rates[0] < stage.learning_rate / 10
        assert stage.level == 1 or rates[-1] < 0.1 * stage.learning_rate


def test_place_codes_are_distinct() -> None:
    codes = place_codes()
    assert torch.cdist(codes, codes).fill_diagonal_(1).min() > 0.1


def test_a_stage_stopped_and_started_again_ends_as_if_it_had_not_been(tmp_path, monkeypatch) -> None:
    """Three steps of "bind" in one go, and in two: the same weights."""
    full = Stage("bind", 3, 2, 8e-4, 1, 1.0, 0)
    half = Stage("bind", 3, 2, 8e-4, 1, 1.0, 0)
    monkeypatch.setitem(STAGES, "bind", full)
    train_base(tmp_path / "a", work=tmp_path / "one", stages=("bind",), compiled=False)
    monkeypatch.setitem(STAGES, "bind", replace(half, steps=2))
    train_base(tmp_path / "b", work=tmp_path / "two", stages=("bind",), compiled=False)
    monkeypatch.setitem(STAGES, "bind", half)
    train_base(tmp_path / "b", work=tmp_path / "two", stages=("bind",), compiled=False)
    one, two = (torch.load(tmp_path / n / "bind.pt", weights_only=True)["model"] for n in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[k], two[k]) for k in one)
    assert len((tmp_path / "two" / "curves.jsonl").read_text().splitlines()) == 2


def test_a_patch_says_the_words_of_what_it_shows() -> None:
    words = PatchWords(build_model(experts=False).get_input_embeddings().weight.data, TOKENIZER)
    names = list(words.index)
    teacher = Teacher(TOKENIZER, KINDS)
    told = set()
    for seed in range(12):
        lesson = teacher.lesson(seed)
        mixture = words.mixture(lesson)
        assert mixture.shape == (GRID * GRID, sum(map(len, GROUPS.values())) + 1)
        spoken = {names[i] for i in np.flatnonzero(mixture.max(0) > 0.3)}
        assert lesson.scene.setting in spoken
        for o in lesson.scene.objects:
            if o.visible > 0.9 and o.size == "large":
                assert o.kind in spoken
        told |= spoken
    assert {"hat", "shirt", "head"} <= told
