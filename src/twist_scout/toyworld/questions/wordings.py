"""How every kind of question is worded; each kind keeps wordings that training never shows."""

from __future__ import annotations

from twist_scout.toyworld.lots import Wordings

WORDINGS: dict[str, Wordings] = {
    "color": Wordings(
        (
            "What color is {ref}?",
            "What is the color of {ref}?",
            "Which color does {ref} have?",
            "Tell me the color of {ref}.",
        ),
        ("In what color is {ref}?", "Name the color of {ref}."),
    ),
    "garment": Wordings(
        (
            "What is the color of the {garment} {ref} is wearing?",
            "What color {be} the {garment} of {ref}?",
            "Which color of {garment} is {ref} wearing?",
        ),
        ("Tell me the color of the {garment} that {ref} is wearing.",),
    ),
    "wearing": Wordings(
        ("What is {ref} wearing?", "What clothes does {ref} have on?", "Describe the clothes of {ref}."),
        ("Which clothes is {ref} wearing?",),
    ),
    "name": Wordings(
        ("What is the {color} object?", "What kind of thing is the {color} one?", "Name the {color} object."),
        ("Which object is {color}?",),
    ),
    "doing": Wordings(
        ("What is {ref} doing?", "What does {ref} do {place}?", "What is {ref} doing {place}?"),
        ("Tell me what {ref} is doing.",),
    ),
    "riding": Wordings(("What is {ref} riding?", "What does {ref} ride?"), ("Which thing is {ref} riding?",)),
    "sitting on": Wordings(
        ("What is {ref} sitting on?", "On what is {ref} sitting?"), ("Which thing does {ref} sit on?",)
    ),
    "holding": Wordings(
        ("What is {ref} holding?", "What does {ref} have in the hand?"), ("Which thing is {ref} holding?",)
    ),
    "playing with": Wordings(
        ("What is {ref} playing with?", "What is {ref} playing with {place}?"), ("With what does {ref} play?",)
    ),
    "who": Wordings(("Who is {verb} {ref}?", "Who can be seen {verb} {ref}?"), ("Which person is {verb} {ref}?",)),
    "setting": Wordings(
        ("Where was this picture taken?", "Where is this?", "What place does the picture show?"),
        ("In what place was the picture taken?",),
    ),
    "exists": Wordings(
        ("Is there {what} in the picture?", "Is there {what}?", "Can you see {what}?", "Does the picture show {what}?"),
        ("Do you see {what} here?",),
    ),
    "missing": Wordings(
        (
            "What color is the {what}?",
            "What is the {what} doing {place}?",
            "What is the {what} doing?",
            "How big is the {what}?",
        ),
        ("In what color is the {what}?",),
    ),
    "count": Wordings(
        ("How many {plural} are there?", "How many {plural} can you see?", "Count the {plural}."),
        ("What is the number of {plural}?",),
    ),
    "relation": Wordings(
        ("Is {ref} {relation} {anchor}?", "Would you say that {ref} is {relation} {anchor}?"),
        ("Can {ref} be seen {relation} {anchor}?",),
    ),
    "related": Wordings(
        ("What is {relation} {anchor}?", "Which object is {relation} {anchor}?"),
        ("Name the thing {relation} {anchor}.",),
    ),
    "direction": Wordings(
        ("On which side of {anchor} is {ref}?", "Seen from {anchor}, on which side is {ref}?"),
        ("Is {ref} left of, right of, above or below {anchor}?",),
    ),
    "order": Wordings(
        (
            "List the objects from {start} to {end}.",
            "Name the things in the picture from {start} to {end}.",
            "What can you see, from {start} to {end}?",
        ),
        ("Say what is there from {start} to {end}.",),
    ),
    "extreme": Wordings(
        ("What is at the very {side}?", "Which object is at the very {side}?"), ("Name the object at the very {side}.",)
    ),
    "size": Wordings(
        ("How big is {ref}?", "Is {ref} small, medium or large?", "What size is {ref}?"),
        ("What is the size of {ref}?",),
    ),
    "larger": Wordings(
        ("Which is larger, {a} or {b}?", "Is {a} larger or {b}?"), ("Which one is bigger, {a} or {b}?",)
    ),
    "area": Wordings(
        ("Which part of the picture is {ref} in?", "In which part of the picture can {ref} be seen?"),
        ("In what part of the picture is {ref}?",),
    ),
    "places": Wordings(
        (
            "Describe the picture and name the part that each object is in.",
            "What is in the picture, and in which part of it?",
            "Describe the picture part by part.",
        ),
        ("Say what is in each part of the picture.",),
    ),
    "caption": Wordings(
        (
            "Describe the picture.",
            "What can you see?",
            "What is in the picture?",
            "Describe the image in one sentence.",
        ),
        ("What does the picture show?",),
    ),
    "story": Wordings(
        ("Write a caption for this picture.", "What is happening in the picture?", "What is going on here?"),
        ("Give the picture a caption.",),
    ),
}

#: Kinds that are for training only: near a border between two parts of the picture the answer to "places" leaves the
#: part out, and a model that names one there is not wrong.
TRAINING_ONLY = frozenset({"places"})
EXAM_KINDS: tuple[str, ...] = tuple(kind for kind in WORDINGS if kind not in TRAINING_ONLY)
