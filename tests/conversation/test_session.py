from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from twist_scout.conversation.history import ChatGrounder
from twist_scout.conversation.session import Note, Reply, Session
from twist_scout.errors import BadInput


@pytest.fixture(scope="module")
def grounder(tiny_base: Path, tiny_adapter: Path) -> ChatGrounder:
    return ChatGrounder.from_pretrained(tiny_base, tiny_adapter, "cpu")  # type: ignore[return-value]


@pytest.fixture
def session(grounder: ChatGrounder) -> Session:
    return Session(grounder, lambda path: path, Image.new("RGB", (40, 20), (9, 9, 9)), max_new_tokens=48)


def test_questions_are_answered_and_remembered(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    reply = session.grounder.reply
    monkeypatch.setattr(
        session.grounder,
        "reply",
        lambda picture, turns, *a, **o: (seen.append(len(turns)), reply(picture, [], *a, **o))[1],
    )
    for remembered in (0, 2):
        session.remembered = remembered
        for question in ("What is it?", "And this?", "And that?"):
            found = session.take(f"  {question}\n")
            assert isinstance(found, Reply)
            assert (found.prompt, found.size) == (question, (40, 20))
    assert seen == [0, 0, 0, 2, 2, 2]
    assert len(session.turns) == 6
    assert isinstance(session.take("/new"), Note)
    assert session.turns == []


def test_boxes_of_the_last_answer_are_drawn(session: Session, tmp_path: Path) -> None:
    assert session.take("/mode grounding") == Note("mode: grounding")
    session.take("Where is the car?")
    assert session.take(f"/save {tmp_path / 'a.png'}") == Note(f"1 boxes drawn to {tmp_path / 'a.png'}")
    with Image.open(tmp_path / "a.png") as drawn:
        assert drawn.size == (40, 20)
        assert len(drawn.getcolors() or []) > 1


def test_another_picture_is_another_conversation(session: Session, tmp_path: Path) -> None:
    session.take("What is it?")
    Image.new("RGB", (7, 5)).save(tmp_path / "b c.png")
    assert session.take(f"/image {tmp_path / 'b c.png'}") == Note(f"{tmp_path / 'b c.png'}, 7 x 5 pixels")
    assert session.turns == []
    with pytest.raises(BadInput, match="does not exist"):
        session.take("/image nothing.png")
    assert session.picture is not None
    assert session.picture.size == (7, 5)  # the old one stays


def test_lines_that_ask_nothing(session: Session) -> None:
    assert session.take(" \n") is None
    assert session.take("/quit") == "end"
    help = session.take("/help")
    assert isinstance(help, Note)
    for command in ("/image", "/mode", "/save", "/new", "/quit"):
        assert command in help.text
    for line, message in (
        ("/bogus", "no command /bogus"),
        ("/mode loud", "no mode 'loud'"),
        ("/image", "Which picture"),
        ("/save", "Where to"),
        ("/save a.png", "nothing to draw yet"),
    ):
        with pytest.raises(BadInput, match=message):
            session.take(line)
    session.take("/mode understanding")
    session.take("What is it?")
    with pytest.raises(BadInput, match="holds no boxes"):
        session.take("/save a.png")
