"""The form in which answers to visual questions are compared: VQA's own, and TextVQA's, which begins with more.

Models and annotators write the same answer in many ways ("Two dogs.", "2 dogs"). VQA's evaluation fixed the rules in
2015, quirks included, and every published number depends on them; so they are kept to the letter:

* A sign such as a hyphen goes if somewhere in the text it touches a space, or if the text has a number with a comma;
  otherwise a space takes its place. So "t-shirt" is "t shirt", and "1,000" is "1000".
* A full stop goes, unless a digit follows; only the first 32 of a text.
* "none" and "zero" to "ten" are digits; "a", "an", "the" go; contractions get their apostrophes back.
"""

from __future__ import annotations

import re
from functools import lru_cache

SIGNS = ';/[]"{}()=+\\_-><@`,?!'
ARTICLES = frozenset({"a", "an", "the"})
NUMBERS = {
    word: str(number) for number, word in enumerate("zero one two three four five six seven eight nine ten".split())
} | {"none": "0"}
#: Each contraction, and how people write it without (some of) its apostrophes; as VQA has them, oddities included.
_CONTRACTIONS = """
    ain't: aint; aren't: arent; can't: cant; could've: couldve; couldn't: couldnt; couldn't've: couldn'tve
    couldnt've; didn't: didnt; doesn't: doesnt; don't: dont; hadn't: hadnt; hadn't've: hadnt've hadn'tve;
    hasn't: hasnt; haven't: havent; he'd: hed; he'd've: hed've he'dve; he's: hes; how'd: howd; how'll: howll;
    how's: hows; isn't: isnt; it'd: itd; it'd've: itd've it'dve; it'll: itll; ma'am: maam; might've: mightve;
    mightn't: mightnt; mightn't've: mightnt've mightn'tve; must've: mustve; mustn't: mustnt; needn't: neednt;
    not've: notve; o'clock: oclock; oughtn't: oughtnt; 'ow's'at: ow's'at 'ows'at 'ow'sat; shan't: shant;
    she'd've: shed've she'dve; should've: shouldve; shouldn't: shouldnt; shouldn't've: shouldnt've shouldn'tve;
    somebody'd've: somebodyd've somebody'dve; somebody'll: somebodyll; somebody's: somebodys; somebodyd:
    somebody'd; someone'd: someoned; someone'd've: someoned've someone'dve; someone'll: someonell; someone's:
    someones; something'd: somethingd; something'd've: somethingd've something'dve; something'll: somethingll;
    that's: thats; there'd: thered; there'd've: thered've there'dve; there're: therere; there's: theres; they'd:
    theyd; they'd've: theyd've they'dve; they'll: theyll; they're: theyre; they've: theyve; 'twas: twas; wasn't:
    wasnt; we'd've: wed've we'dve; we've: weve; weren't: werent; what'll: whatll; what're: whatre; what's:
    whats; what've: whatve; when's: whens; where'd: whered; where's: wheres; where've: whereve; who'd: whod;
    who'd've: whod've who'dve; who'll: wholl; who's: whos; who've: whove; why'll: whyll; why're: whyre; why's:
    whys; won't: wont; would've: wouldve; wouldn't: wouldnt; wouldn't've: wouldnt've wouldn'tve; y'all: yall;
    y'all'd've: yall'd've y'alld've y'all'dve; y'all'll: yall'll y'allll; you'd: youd; you'd've: youd've
    you'dve; you'll: youll; you're: youre; you've: youve
"""
CONTRACTIONS = {
    written: proper
    for proper, _, ways in (entry.partition(":") for entry in " ".join(_CONTRACTIONS.split()).split("; "))
    for written in ways.split()
}

_SIGN = re.compile(f"[{re.escape(SIGNS)}.]")
_COMMA_IN_NUMBER = re.compile(r"\d,\d")
_FULL_STOP = re.compile(r"\.(?!\d)")
_FULL_STOPS = 32  # the official script hands a flag to where the count goes


def tidy(text: str) -> str:
    """A text on one line, without white space around it."""
    return text.replace("\n", " ").replace("\t", " ").strip()


def normalise_vqa(text: str) -> str:
    """The form in which VQA compares answers.

    >>> normalise_vqa("The two dogs, arent they?")
    "2 dogs aren't they"
    """
    return (_vqa_kept if len(text) <= _KEPT_LENGTH else _vqa)(text)


def normalise_textvqa(text: str) -> str:
    """The form in which TextVQA compares answers: commas and question marks go first, and "'s" is a word of its own.

    >>> normalise_textvqa("Macy's, NY")
    "macy 's ny"
    """
    return (_textvqa_kept if len(text) <= _KEPT_LENGTH else _textvqa)(text)


def _vqa(text: str) -> str:
    return _words(_without_signs(tidy(text)))


def _textvqa(text: str) -> str:
    lower = text.lower().replace(",", "").replace("?", "").replace("'s", " 's").strip()
    return _words(_without_signs(tidy(lower)))


# The same few answers come again and again; long ones do not, and would fill the memory.
_KEPT_LENGTH = 200
_vqa_kept = lru_cache(maxsize=1 << 16)(_vqa)
_textvqa_kept = lru_cache(maxsize=1 << 16)(_textvqa)


def _without_signs(text: str) -> str:
    if _SIGN.search(text) is None:
        return text
    squeezed = _COMMA_IN_NUMBER.search(text) is not None
    cleaned = text
    for sign in SIGNS:
        gone = squeezed or f"{sign} " in text or f" {sign}" in text
        cleaned = cleaned.replace(sign, "" if gone else " ")
    return _FULL_STOP.sub("", cleaned, count=_FULL_STOPS)


def _words(text: str) -> str:
    digits = (NUMBERS.get(word, word) for word in text.lower().split())
    return " ".join(CONTRACTIONS.get(word, word) for word in digits if word not in ARTICLES)
