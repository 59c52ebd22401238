from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twist_scout.data.steps import step_spans


def pieces(text: str) -> list[tuple[str, int]]:
    return [(text[a:b], j) for a, b, j in step_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("A dog.", [("A dog.", 1)]),
        ("Step 1: Find it.", [("Step 1: Find it.", 1)]),
        ("Step 1: A. Step 2: B.", [("Step 1: A.", 1), (" Step 2: B.", 2)]),
        ("Step 1; A.\nStep 2: B.", [("Step 1; A.", 1), ("\nStep 2: B.", 2)]),
        ("Sure. Step 1: A. Step 2: B.", [("Sure. Step 1: A.", 1), (" Step 2: B.", 2)]),
        # a mention of an earlier step begins nothing
        ("Step 1: A. Step 2: see step 1: B.", [("Step 1: A.", 1), (" Step 2: see step 1: B.", 2)]),
        # numbered by order, so that 1..J has no gap
        ("Step 2: A. Step 5: B.", [("Step 2: A.", 1), (" Step 5: B.", 2)]),
        ("Footstep 1: no mark.", [("Footstep 1: no mark.", 1)]),
    ],
)
def test_examples(text, expected):
    assert pieces(text) == expected


@given(st.lists(st.sampled_from(["Step 1:", "Step 2: ", " Step 3;", "step 7.", "x", " ", "\n", "Step"])))
def test_spans_are_disjoint_cover_the_text_and_count_up(parts):
    text = "".join(parts)
    spans = step_spans(text)
    assert "".join(text[a:b] for a, b, _ in spans) == text
    assert [j for _, _, j in spans] == list(range(1, len(spans) + 1))
    assert all(a < b for a, b, _ in spans)
