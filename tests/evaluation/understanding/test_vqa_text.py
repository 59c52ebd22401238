from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.evaluation.understanding.vqa_text import CONTRACTIONS, normalise_textvqa, normalise_vqa


@pytest.mark.parametrize(
    ("text", "vqa", "textvqa"),
    [
        ("Yes", "yes", "yes"),
        ("  The red\tcar\n", "red car", "red car"),  # white space and articles
        ("two dogs", "2 dogs", "2 dogs"),
        ("None", "0", "0"),  # VQA counts with it
        ("eleven", "eleven", "eleven"),  # digits end at ten
        ("an a the", "", ""),
        ("Dont know", "don't know", "don't know"),
        ("couldn'tve", "couldn't've", "couldn't've"),
        ("somebody'd", "somebodyd", "somebodyd"),  # the one that loses its apostrophe
        ("t-shirt", "t shirt", "t shirt"),  # a sign between letters leaves a space
        ("t-shirt - red", "tshirt red", "tshirt red"),  # touching a space anywhere, it leaves nothing
        ("1,000", "1000", "1000"),
        ("1,000 t-shirts", "1000 tshirts", "1000 t shirts"),  # TextVQA drops the comma before it could be seen
        ("2.5", "2.5", "2.5"),  # a full stop before a digit stays
        ("Mr. Smith.", "mr smith", "mr smith"),
        ("U.S.A.", "usa", "usa"),
        ("what?", "what", "what"),
        ("is it?no", "is it no", "is itno"),
        ("Macy's", "macy's", "macy 's"),
        ("let's go", "let's go", "let 's go"),
        ('"stop"', "stop", "stop"),
        ("." * 40, "." * 8, "." * 8),  # only 32 go
        ("it's 1:30!", "it's 1:30", "it 's 1:30"),
        ("", "", ""),
    ],
)
def test_worked_examples(text: str, vqa: str, textvqa: str) -> None:
    assert normalise_vqa(text) == vqa.strip()
    assert normalise_textvqa(text) == textvqa.strip()


def test_every_contraction_is_put_right() -> None:
    assert len(CONTRACTIONS) == 114  # of VQA's 120: three hold a capital and can never match, three change nothing
    for written, proper in CONTRACTIONS.items():
        assert normalise_vqa(written) == proper
        assert written.replace("'", "") == proper.replace("'", "")


@given(st.text(max_size=300))
def test_any_text_can_be_normalised(text: str) -> None:
    for form in (normalise_vqa(text), normalise_textvqa(text)):
        assert form == " ".join(form.split())
        assert not {"a", "an", "the"} & set(form.split())
