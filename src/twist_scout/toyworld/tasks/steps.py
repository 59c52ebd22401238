"""Step-by-step answers with boxes, and contradictions of questions about what is not there (§4, Figures A.1 and A.2)."""

from __future__ import annotations

from twist_scout.toyworld.expressions import Description, plain, the, with_article
from twist_scout.toyworld.lots import Lots
from twist_scout.toyworld.questions.deeds import actors, partners_text, worn
from twist_scout.toyworld.questions.where import unique_relations
from twist_scout.toyworld.questions.wordings import WORDINGS
from twist_scout.toyworld.scene import Scene
from twist_scout.toyworld.staging import HOLDING, PLAYING, RIDING, SITTING
from twist_scout.toyworld.tasks.task import INVALID, TASK_WORDINGS, GroundingTask
from twist_scout.toyworld.telling import PLACES, absent, capital, join, mention, reading_order

_LOOK = {
    RIDING: "is riding",
    SITTING: "is sitting on",
    HOLDING: "is holding",
    PLAYING: "is playing with",
}


def box_keys(scene: Scene) -> list[tuple[int, str]]:
    """What box reference ``n`` means: (object index, part name); objects first, an empty name for the whole."""
    whole = [(i, "") for i in range(len(scene.objects))]
    return whole + [(i, p.name) for i, o in enumerate(scene.objects) for p in o.parts]


def stepwise(lots: Lots, question: str) -> str:
    """A question with the request to answer in steps."""
    return lots.words(TASK_WORDINGS, "step", question=question)


def numbered(*steps: str) -> str:
    """``Step 1: …. Step 2: ….``."""
    return " ".join(f"Step {n}: {text}." for n, text in enumerate(steps, 1))


def color(scene: Scene, lots: Lots) -> GroundingTask | None:
    """What color is the dog?"""
    options = [i for i, o in enumerate(scene.objects) if o.color is not None and Description(o.kind).unique(scene, i)]
    if not options:
        return None
    index = lots.one(options)
    o = scene.objects[index]
    name, final = f"the {o.kind}", str(o.color)
    steps = numbered(
        f"Find {name} <box:{index}>", f"{capital(name)} <box:{index}> is {final}", f"So the answer is {final}"
    )
    prompt = stepwise(lots, lots.words(WORDINGS, "color", ref=name))
    return GroundingTask("scout", "color", prompt, steps, index, final=final, held_out=o.held_out)


def garment(scene: Scene, lots: Lots) -> GroundingTask | None:
    """What is the color of the hat the man is wearing? (Figure A.1)"""
    options = worn(scene)
    if not options:
        return None
    index, ref, piece, final = lots.one(options)
    box = box_keys(scene).index((index, piece))
    be = "are" if piece == "trousers" else "is"
    steps = numbered(
        f"Find {ref} <box:{index}>",
        f"Look at what {ref} is wearing, got the {piece} <box:{box}>",
        f"The {piece} <box:{box}> {be} {final}",
        f"So the answer is {final}",
    )
    prompt = stepwise(lots, lots.words(WORDINGS, "garment", ref=ref, garment=piece, be=be))
    held_out = scene.objects[index].held_out
    return GroundingTask("scout", "garment", prompt, steps, box, final=final, held_out=held_out)


def partner(scene: Scene, lots: Lots) -> GroundingTask | None:
    """What is the girl sitting on? What is the man playing with on the beach? (Figure A.1)"""
    options = [(verb, *found) for verb in _LOOK for found in actors(scene, verb)]
    if not options:
        return None
    verb, index, ref = lots.one(options)
    order = [k for k in reading_order(scene) if k in scene.partner(index, verb)]
    got = join([f"the {plain(scene, k)} <box:{k}>" for k in order])
    final = partners_text(scene, index, verb)
    steps = numbered(
        f"Find {ref} <box:{index}>", f"Look at what {ref} {_LOOK[verb]}, got {got}", f"So the answer is {final}"
    )
    prompt = stepwise(lots, lots.words(WORDINGS, verb, ref=ref, place=PLACES[scene.setting]))
    held_out = any(scene.relation_held_out(it) for it in scene.interactions if it.subject == index)
    target = order[0] if len(order) == 1 else None
    return GroundingTask("scout", "partner", prompt, steps, target, final=final, held_out=held_out)


def who(scene: Scene, lots: Lots) -> GroundingTask | None:
    """Who is riding the horse?"""
    options = [it for it in scene.interactions if scene.objects[it.subject].person]
    options = [
        it
        for it in options
        if Description(scene.objects[it.object].kind, scene.objects[it.object].color).unique(scene, it.object)
    ]
    if not options:
        return None
    it = lots.one(options)
    ref, final = the(scene, it.object), "the " + scene.objects[it.subject].kind
    steps = numbered(
        f"Find {ref} <box:{it.object}>",
        f"Look who is {it.verb} it, got {final} <box:{it.subject}>",
        f"So the answer is {final}",
    )
    prompt = stepwise(lots, lots.words(WORDINGS, "who", verb=it.verb, ref=ref))
    return GroundingTask("scout", "who", prompt, steps, it.subject, final=final, held_out=scene.relation_held_out(it))


def size(scene: Scene, lots: Lots) -> GroundingTask | None:
    """How big is the red car?"""
    options = [i for i, o in enumerate(scene.objects) if o.size and o.visible >= 0.85]
    options = [i for i in options if Description(scene.objects[i].kind, scene.objects[i].color).unique(scene, i)]
    if not options:
        return None
    index = lots.one(options)
    o, ref = scene.objects[index], the(scene, index)
    steps = numbered(
        f"Find {ref} <box:{index}>", f"{capital(ref)} <box:{index}> is {o.size}", f"So the answer is {o.size}"
    )
    prompt = stepwise(lots, lots.words(WORDINGS, "size", ref=ref))
    return GroundingTask("scout", "size", prompt, steps, index, final=o.size, held_out=o.held_out)


def related(scene: Scene, lots: Lots) -> GroundingTask | None:
    """What is left of the dog?"""
    found = unique_relations(scene)
    if not found:
        return None
    index, name, anchor = lots.one(found)
    ref, what = the(scene, anchor), plain(scene, index)
    steps = numbered(
        f"Find {ref} <box:{anchor}>",
        f"Look {name} it, got the {what} <box:{index}>",
        f"So the answer is {with_article(what)}",
    )
    prompt = stepwise(lots, lots.words(WORDINGS, "related", relation=name, anchor=ref))
    held_out = scene.objects[index].held_out
    return GroundingTask("scout", "related", prompt, steps, index, final=with_article(what), held_out=held_out)


def absent_step(scene: Scene, lots: Lots) -> GroundingTask | None:
    """What is the dog doing in the kitchen? There is no dog (Figure A.2)."""
    what = absent(scene, lots)
    o = what.split(" in the ")[0].split()[-1]
    alive = o in ("man", "woman", "boy", "girl", "dog", "cat", "bird", "horse", "cow", "sheep", "elephant")
    if alive and lots.chance(0.6):
        question = lots.words(WORDINGS, "doing", ref=f"the {what}", place=PLACES[scene.setting])
    elif " " not in what and not alive and lots.chance(0.6):
        question = lots.words(WORDINGS, "color", ref=f"the {what}")
    else:
        question = lots.words(WORDINGS, "size", ref=f"the {what}")
    return GroundingTask("scout", "absent_step", stepwise(lots, question), refusal(scene, what), negative=True)


def refusal(scene: Scene, what: str) -> str:
    """The contradiction, in real boxes."""
    words = set(what.split())
    order = reading_order(scene)
    # What could be mistaken for it is named first, and three things are enough.
    near = sorted(order, key=lambda i: -len(words & set(mention(scene, i).split())))[:3]
    there = join([f"{with_article(mention(scene, i))} <box:{i}>" for i in order if i in near])
    missing = with_article(what.replace(" in the ", " in a "))
    return f"Step 1: Find the {what}. Step 2: There is {there} in the image, not {missing}. {INVALID}"
