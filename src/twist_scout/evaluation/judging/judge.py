"""Putting answers to a judge: what is known is not asked again, what cannot be read is asked again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from twist_scout.evaluation.judging.asking import Ask, JudgeReply, JudgeRequest, Turn
from twist_scout.evaluation.judging.record_file import Judgements

#: Reads the grades in a judge's words; None where there are none.
Read = Callable[[str], tuple[float, ...] | None]

#: Temperatures of the first, second, ... time that a judge is asked.
TEMPERATURES = (0.0, 0.5, 1.0)
_LONGEST = 20_000  # letters of an answer that are shown to a judge


@dataclass(frozen=True, slots=True)
class Task:
    """An answer to grade.

    Attributes:
        id: of the question.
        turns: what the judge is told.
        run: of several independent judgements, which.
    """

    id: str
    turns: tuple[Turn, ...]
    run: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said about an answer.

    Attributes:
        grades: as many as the benchmark has; None where none could be had.
        reply: the judge's words, the last of them where it was asked more than once.
        problem: one sentence on why there are no grades.
    """

    grades: tuple[float, ...] | None
    reply: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge with its name.

    Attributes:
        name: as printed with the score; judgements of one judge do not stand for those of another.
        ask: puts requests to it.
    """

    name: str
    ask: Ask


def judge_all(
    tasks: Sequence[Task],
    judge: Judge,
    read: Read,
    *,
    protocol: str,
    judgements: Judgements | None = None,
    max_tokens: int = 512,
    progress: Callable[[int, int], None] | None = None,
) -> Mapping[tuple[str, int], Judgement]:
    """A judgement for each task.

    Args:
        tasks: what to grade.
        judge: who does it.
        read: reads the grades in a reply. A reply that cannot be read is asked for again, at a higher temperature.
        protocol: of the benchmark, with the version of its prompt.
        judgements: those of earlier runs; new ones are added as they come.
        max_tokens: where a long reply is cut.
        progress: told how many tasks are done.

    Returns:
        Judgements by id and run, in the order of the tasks.
    """
    kept = judgements if judgements is not None else Judgements()
    keys = {_key(task, judge.name, protocol): task for task in tasks}
    found: dict[str, Judgement] = {}
    for key in keys:
        known = kept.get(key)
        if known is not None:
            found[key] = Judgement(*known)
    done = len(found)
    if progress is not None:
        progress(done, len(keys))
    pending = [key for key in keys if key not in found]
    for temperature in TEMPERATURES:
        if not pending:
            break
        requests = [
            JudgeRequest(key, keys[key].turns, temperature, _seed(key, temperature), max_tokens) for key in pending
        ]
        for reply in judge.ask(requests):
            found[reply.key] = judgement = _judgement(reply, read)
            if judgement.grades is not None:
                about = {"id": keys[reply.key].id, "judge": judge.name, "protocol": protocol}
                kept.add(reply.key, judgement.grades, judgement.reply, **about)
                done += 1
                if progress is not None:
                    progress(done, len(keys))
        # What got no reply at all has been tried often enough by whoever asks.
        pending = [key for key in pending if key in found and found[key].grades is None and found[key].reply]
    nothing = Judgement(None, problem="The judge gave no reply.")
    return {(task.id, task.run): found.get(key, nothing) for key, task in keys.items()}


def shown(answer: str) -> str:
    """An answer as it is shown to a judge: without tags that could close its frame, and not longer than a judge reads."""
    sendable = answer.encode("utf-8", "replace").decode("utf-8")  # half a character cannot be sent
    plain = sendable.replace("<answer_", "< answer_").replace("</answer_", "< /answer_").strip()
    return (plain if len(plain) <= _LONGEST else plain[:_LONGEST] + " [...]") or "(no answer)"


def _judgement(reply: JudgeReply, read: Read) -> Judgement:
    if reply.problem is not None:
        return Judgement(None, problem=reply.problem)
    grades = read(reply.text)
    problem = None if grades is not None else "The judge's reply holds no grades in the form that was asked for."
    return Judgement(grades, reply.text, problem)


def _key(task: Task, judge: str, protocol: str) -> str:
    content = json.dumps([judge, protocol, task.id, task.run, task.turns], ensure_ascii=True)
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _seed(key: str, temperature: float) -> int:
    return (int(key[:8], 16) + int(10 * temperature)) % 2**31
