"""What each line of a chat does: a question is asked, and a line that begins with ``/`` is a command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from PIL import Image

from twist_scout.boxes.grounded import GroundedText
from twist_scout.conversation.history import ChatGrounder, Turn
from twist_scout.data.images import load_image
from twist_scout.errors import BadInput
from twist_scout.grounder import Mode
from twist_scout.picture import draw_grounded
from twist_scout.routing import Decision

HELP = """\
/image PATH      talk about another picture, from the beginning
/mode MODE       auto, grounding (with boxes) or understanding (the base alone)
/save PICTURE    draw the boxes of the last answer and write them there
/new             forget what was said
/quit            end; so does the end of the input"""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        prompt: what was asked.
        answer: what was said.
        decision: how its mode was decided.
        size: width and height of the picture; None without one.
    """

    prompt: str
    answer: GroundedText
    decision: Decision
    size: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Note:
    """What a command did.

    Attributes:
        text: in words.
    """

    text: str


Ending = Literal["end"]


@dataclass
class Session:
    """A conversation.

    Attributes:
        grounder: who answers.
        check_path: refuses a path that no picture can be written to.
        picture: what is talked about.
        mode: which expert answers.
        remembered: how many turns a question sees of those before it.
        max_new_tokens: where to cut a long answer.
        turns: what was said.
    """

    grounder: ChatGrounder
    check_path: Callable[[Path], Path]
    picture: Image.Image | None = None
    mode: Mode = "auto"
    remembered: int = 0
    max_new_tokens: int = 256
    turns: list[Turn] = field(default_factory=list)

    def take(self, line: str) -> Reply | Note | Ending | None:
        """Do what a line says.

        Returns:
            An answer, what a command did, that the conversation ends, or None for an empty line.

        Raises:
            BadInput: it cannot be done; says why.
        """
        text = line.strip()
        if not text:
            return None
        if not text.startswith("/"):
            return self._ask(text)
        name, _, argument = text[1:].partition(" ")
        if name in ("quit", "exit", "q"):
            return "end"
        if name == "help":
            return Note(HELP)
        if name == "new":
            self.turns.clear()
            return Note("What was said is forgotten.")
        commands: dict[str, Callable[[str], Note]] = {"image": self._image, "mode": self._mode, "save": self._save}
        if name not in commands:
            raise BadInput(f"There is no command /{name}: /help names all.")
        return commands[name](argument.strip())

    def _ask(self, prompt: str) -> Reply:
        before = self.turns[-self.remembered :] if self.remembered else []
        answer, decision = self.grounder.reply(
            self.picture, before, prompt, self.mode, max_new_tokens=self.max_new_tokens
        )
        self.turns.append(Turn(prompt, answer))
        return Reply(prompt, answer, decision, None if self.picture is None else self.picture.size)

    def _image(self, path: str) -> Note:
        if not path:
            raise BadInput("Which picture? Write /image PATH.")
        self.picture = load_image(Path(path).expanduser())
        self.turns.clear()
        return Note(f"{path}, {self.picture.width} x {self.picture.height} pixels")

    def _mode(self, name: str) -> Note:
        known = get_args(Mode)
        if name not in known:
            raise BadInput(f"There is no mode {name!r}: choose {', '.join(known)}.")
        self.mode = name  # type: ignore[assignment]
        return Note(f"mode: {name}")

    def _save(self, path: str) -> Note:
        if not path:
            raise BadInput("Where to? Write /save PICTURE, such as /save boxes.png.")
        if self.picture is None or not self.turns:
            raise BadInput("There is nothing to draw yet: ask about a picture first.")
        answer = self.turns[-1].answer
        if not answer.boxes:
            raise BadInput("The last answer holds no boxes: ask where something is, with /mode grounding if need be.")
        target = self.check_path(Path(path).expanduser())
        draw_grounded(self.picture, answer).save(target)
        return Note(f"{len(set(answer.boxes))} boxes drawn to {path}")
