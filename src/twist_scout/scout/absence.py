"""Whether a thing really is not there, asked of the model that sees the picture (§4: negative samples).

What no caption and no annotation mentions may be in the picture all the same. So before a negative record is believed, the
multimodal model is asked "Is there a dog?": the record is kept only if it says no.
"""

from __future__ import annotations

import re

from twist_scout.boxes.verdict import extract_answer, says_question_is_invalid
from twist_scout.data.records import Example
from twist_scout.scout.backends.base import Backend, Request
from twist_scout.scout.contradiction import indefinite
from twist_scout.scout.items import SourceItem
from twist_scout.scout.prompts import Prompts
from twist_scout.scout.record import Verdict
from twist_scout.scout.rejects import BACKEND, Reject

#: The name of the check, in verdicts and in the table of yields.
ASKED_ABSENCE = "asked_absence"
MAX_TOKENS = 32
_SEEDS = 2**31
_SHOWN = 80  # letters of a reply, in a reason
_YES_NO = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_THERE_IS = re.compile(r"\W*there(?:['’]s|\s+(?:is|are))\b", re.IGNORECASE)


class AbsenceQuestions:
    """Asks a multimodal model whether what a negative record calls missing is in the picture.

    Args:
        backend: the model that sees the picture.
        prompts: what it is told.
    """

    def __init__(self, backend: Backend, prompts: Prompts) -> None:
        self._backend, self._prompts = backend, prompts
        self.name = backend.name
        self.prompts = prompts.versions("absence")

    async def verdict(self, item: SourceItem, example: Example, *, seed: int) -> Verdict | Reject:
        """Ask about one record.

        Args:
            item: its picture.
            example: a negative record that says under ``meta["missing"]`` what is missing.
            seed: of the item.

        Returns:
            What the model's answer means for the record; a reject where there was no answer.
        """
        thing = indefinite(str(example.meta["missing"]))
        request = Request(
            key=f"{example.id}/absence",
            messages=self._prompts["absence"].messages(thing=thing),
            image=item.image_path,
            max_tokens=MAX_TOKENS,
            seed=seed % _SEEDS,
            grounding=False,
        )
        reply = await self._backend.complete(request)
        if reply.problem is not None:
            return Reject(
                item=item.id,
                question=str(example.meta.get("question", "")),
                stage="checks",
                check=BACKEND,
                reason=reply.problem,
                example=example,
            )
        said = yes_or_no(reply.text)
        if said is False:
            return Verdict(check=ASKED_ABSENCE, outcome="passed")
        if said:
            reason = f"asked whether there is {thing}, the model says yes"
        else:
            words = " ".join(reply.text.split())[:_SHOWN]
            reason = f"asked whether there is {thing}, the model says neither yes nor no: {words!r}"
        return Verdict(check=ASKED_ABSENCE, outcome="failed", reason=reason)


def yes_or_no(text: str) -> bool | None:
    """Whether a reply to "Is there ...?" says yes or no; None where it says neither. Never raises on a string.

    ``No, there is none.``, ``**Yes**``, ``So the answer is no.``, ``There is no dog``, ``There are two dogs.``
    """
    answer = extract_answer(text)
    found = {word.lower() for word in _YES_NO.findall(answer)}
    if first := _YES_NO.match(answer.lstrip("*_`\"'#> \n\t")):
        return first[1].lower() == "yes"
    if len(found) == 1:
        return found == {"yes"}
    if says_question_is_invalid(answer):
        return False
    return True if not found and _THERE_IS.match(answer) else None
