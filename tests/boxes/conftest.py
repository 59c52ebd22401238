"""What "any box" and "any frame" mean to the property tests of this folder: `st.from_type(Box)`."""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis import strategies as st

from twist_scout.boxes import Box, Frame, PaddedSquare, SmartResized, Stretched

# A loaded machine is not a failure; limits on time are stated where they are the point of a test.
settings.register_profile("boxes", deadline=None, max_examples=100)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "boxes"))

_fractions = st.floats(0, 1, allow_nan=False)
_sizes = st.integers(20, 4000)


@st.composite
def _boxes(draw: st.DrawFn) -> Box:
    x1, x2 = sorted((draw(_fractions), draw(_fractions)))
    y1, y2 = sorted((draw(_fractions), draw(_fractions)))
    return Box(x1, y1, x2, y2)


st.register_type_strategy(Box, _boxes())
st.register_type_strategy(
    Frame,
    st.one_of(
        st.just(Stretched()),
        st.builds(PaddedSquare, _sizes, _sizes),
        st.builds(SmartResized, _sizes, _sizes),
    ),
)
