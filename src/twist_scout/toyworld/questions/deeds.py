"""Questions about people: what they wear, do, ride, hold, sit on and play with (the kinds of Figure A.1, without boxes)."""

from __future__ import annotations

from twist_scout.toyworld.drawing import PEOPLE
from twist_scout.toyworld.expressions import Description, named, plain, the, with_article
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.questions.question import Asker, Question
from twist_scout.toyworld.questions.wordings import WORDINGS
from twist_scout.toyworld.scene import Scene
from twist_scout.toyworld.staging import HOLDING, PLAYING, RIDING, SITTING, Verb
from twist_scout.toyworld.telling import PLACES, capital, clothes, deed, join, reading_order


def person_phrase(scene: Scene, index: int, *, without: str = "") -> str | None:
    """The plainest phrase that tells a person from all others and does not speak of the garment ``without``."""
    o = scene.objects[index]
    options = [Description(o.kind)]
    options += [Description(o.kind, clothes=(one,)) for one in clothes(scene, index) if one[0] != without]
    for n, it in enumerate(scene.interactions):
        if it.subject == index:
            options.append(Description(o.kind, deed=(n, True)))
    for found in options:
        if found.unique(scene, index):
            return "the " + found.text(scene)
    return None


def worn(scene: Scene) -> list[tuple[int, str, str, str]]:
    """(index, phrase, garment, colour) of every garment that can be asked about."""
    return [
        (i, ref, garment, color)
        for i, o in enumerate(scene.objects)
        if o.person
        for garment, color in clothes(scene, i)
        if (ref := person_phrase(scene, i, without=garment)) is not None
    ]


def actors(scene: Scene, verb: Verb) -> list[tuple[int, str]]:
    """(index, phrase) of everybody who is ``verb`` something and can be told from others without naming it."""
    found = []
    for i in dict.fromkeys(it.subject for it in scene.interactions if it.verb == verb):
        o = scene.objects[i]
        options = [Description(o.kind), *(Description(o.kind, clothes=(one,)) for one in clothes(scene, i))]
        options += [Description(o.kind, o.color)] if o.color else []
        ref = next((d for d in options if d.unique(scene, i)), None)
        if ref is not None:
            found.append((i, "the " + ref.text(scene)))
    return found


def partners_text(scene: Scene, index: int, verb: Verb) -> str:
    """``a brown dog and a red ball``, from left to right."""
    order = [k for k in reading_order(scene) if k in scene.partner(index, verb)]
    return join([with_article(plain(scene, k)) for k in order])


def _garment(scene: Scene, lots: Lots) -> Question | None:
    options = worn(scene)
    if not options:
        return None
    index, ref, garment, color = lots.one(options)
    be = "are" if garment == "trousers" else "is"
    prompt = lots.words(WORDINGS, "garment", ref=ref, garment=garment, be=be)
    return Question(
        "garment", prompt, color, f"The {garment} of {ref} {be} {color}.", held_out=scene.objects[index].held_out
    )


def _wearing(scene: Scene, lots: Lots) -> Question | None:
    options = [
        (i, ref)
        for i, o in enumerate(scene.objects)
        if o.person
        and len(clothes(scene, i)) == len(o.placed.colors)
        and (ref := "the " + o.kind)
        and Description(o.kind).unique(scene, i)
    ]
    if not options:
        return None
    index, ref = lots.one(options)
    answer = join([with_article(f"{color} {garment}") for garment, color in clothes(scene, index)])
    prompt = lots.words(WORDINGS, "wearing", ref=ref)
    return Question(
        "wearing", prompt, answer, f"{capital(ref)} is wearing {answer}.", held_out=scene.objects[index].held_out
    )


def _doing(scene: Scene, lots: Lots) -> Question | None:
    options = [found for verb in (RIDING, SITTING, HOLDING, PLAYING) for found in actors(scene, verb)]
    if not options:
        return None
    index, ref = lots.one(options)
    answer = deed(scene, index, lambda k: with_article(plain(scene, k)))
    prompt = lots.words(WORDINGS, "doing", ref=ref, place=PLACES[scene.setting])
    held_out = any(scene.relation_held_out(it) for it in scene.interactions if it.subject == index)
    return Question("doing", prompt, answer, f"{capital(ref)} is {answer}.", held_out=held_out)


def _partner(verb: Verb) -> Asker:
    def ask(scene: Scene, lots: Lots) -> Question | None:
        options = actors(scene, verb)
        if not options:
            return None
        index, ref = lots.one(options)
        answer = partners_text(scene, index, verb)
        prompt = lots.words(WORDINGS, verb, ref=ref, place=PLACES[scene.setting])
        held_out = any(scene.relation_held_out(it) for it in scene.interactions if it.subject == index)
        return Question(verb, prompt, answer, f"{capital(ref)} is {verb} {answer}.", held_out=held_out)

    return ask


def _who(scene: Scene, lots: Lots) -> Question | None:
    options = [it for it in scene.interactions if scene.objects[it.subject].kind in PEOPLE and named(scene, it.object)]
    if not options:
        return None
    it = lots.one(options)
    answer = "the " + scene.objects[it.subject].kind
    ref = the(scene, it.object)
    prompt = lots.words(WORDINGS, "who", verb=it.verb, ref=ref)
    return Question(
        "who",
        prompt,
        answer,
        f"{capital(answer)} is {it.verb} {ref}.",
        held_out=scene.relation_held_out(it),
    )


ASKERS: dict[str, Asker] = {
    "garment": _garment,
    "wearing": _wearing,
    "doing": _doing,
    **{verb: _partner(verb) for verb in (RIDING, SITTING, HOLDING, PLAYING)},
    "who": _who,
}
