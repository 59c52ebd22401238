"""Records as hypothesis makes them: phrases and boxes of every kind, and the marks of every format in the words."""

from __future__ import annotations

from hypothesis import strategies as st

from twist_scout.data.records import Example, Message

MARKS = [
    "<image>",
    "<bbox>",
    "<ref-object>",
    "<ph_st>",
    "<ph_ed>",
    "<boxes>",
    "< box:0>",
    "<question>",
    "\n",
    "“é猫”",
    '"',
    "\\",
]
WORDS = st.sampled_from(
    ["the man", "a small red hat", "two dogs", "Find", "is left of", "got", "and", "holds", ",", ".", "Step 2:", *MARKS]
)


@st.composite
def records(draw: st.DrawFn, *, turns: int = 2, system: bool = True, marks: bool = True) -> Example:
    """A record whose boxes are all referred to, in the order of their first mention, and differ from one another."""
    width, height = draw(st.integers(4, 900)), draw(st.integers(4, 900))
    corner = st.tuples(
        st.integers(0, width - 2), st.integers(0, height - 2), st.integers(1, width), st.integers(1, height)
    )
    boxes = draw(
        st.lists(
            corner.map(lambda c: (c[0], c[1], min(width, c[0] + c[2]), min(height, c[1] + c[3]))),
            max_size=5,
            unique=True,
        )
    )
    seen = 0
    messages = []
    if system and draw(st.booleans()):
        messages.append(Message(role="system", content=draw(WORDS)))
    for turn in range(2 * draw(st.integers(1, turns))):
        pieces = []
        for _ in range(draw(st.integers(1, 5))):
            words = draw(WORDS if marks else WORDS.filter(lambda word: word not in MARKS))
            pieces.append(words)
            if seen < len(boxes) and draw(st.booleans()):
                new = draw(st.integers(1, len(boxes) - seen))
                indexes = [*range(seen, seen + new)]
                seen += new
                if seen > new and draw(st.booleans()):
                    indexes.append(draw(st.integers(0, seen - new - 1)))
                pieces.append(f"<box:{','.join(map(str, indexes))}>")
        text = " ".join(pieces)
        messages.append(Message(role=("user", "assistant")[turn % 2], content=text if text.strip() else "It."))
    return Example(
        id=draw(st.text("abc:é/~ 12", min_size=1, max_size=9)),
        image=draw(st.sampled_from(["images/wide.png", "images/tall.jpg", "images/square.png"])),
        width=width,
        height=height,
        task=draw(st.sampled_from(["scout", "negative", "rec", "gic"])),
        messages=messages,
        boxes=boxes[:seen],
        negative=draw(st.booleans()),
        meta=draw(
            st.dictionaries(st.sampled_from(["kind", "missing", "x"]), st.none() | st.integers() | st.text(max_size=5))
        ),
    )
