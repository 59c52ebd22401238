"""The pocket model's own tokenizer: whole words of its small world, each integer 0-100 one token, letters for the rest.

A unigram model over an explicit list: known words come out whole, unknown ones fall back to letters and, beyond those,
to bytes, so any text can be encoded and decoded again.
"""

from __future__ import annotations

import re
import string

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from twist_scout.toyworld import expressions, telling
from twist_scout.toyworld.drawing import CATEGORIES, COLORS, SETTINGS
from twist_scout.toyworld.placing import SIZES
from twist_scout.toyworld.questions import WORDINGS
from twist_scout.toyworld.staging import VERBS
from twist_scout.toyworld.tasks import INVALID, TASK_WORDINGS

PAD, UNK, USER, ASSISTANT, END, IMAGE = "<pad>", "<unk>", "<|user|>", "<|assistant|>", "<|end|>", "<image>"
SPECIAL = (PAD, UNK, USER, ASSISTANT, END, IMAGE)

#: Words that people use around pointing and talking, beyond those in the templates.
EXTRA_WORDS = """
a about after all am an and answer any around as ask at back background be before behind between big bigger both bottom
bounding box boxes but by can center comes coordinates corner could count describe detect different do does down each edge
every everything far find following for from front get give go good got ground grounded had has have he hello help her here
him his how i if image in inside into invalid is it its just know label larger last left less like list little locate
location look lower make many mark me medium middle more most much my name near next no not now number object objects of off
on one only or other out outline over part people person photo picture place please point position provide question read
repeat right same say see seen she should show side size small smaller so some step steps tell than thank thanks that the
their them then there these they thing things this those to together top two under up upper us use very want was we were what
when where which who why will with without word would write yes you your next previous
""".split()


def words() -> list[str]:
    """Every word of the toy world's language, lower case, sorted."""
    found = set(EXTRA_WORDS) | set(expressions.NUMBER_WORDS) | set(expressions.ORDINALS) | set(COLORS) | set(SIZES)
    found |= {*expressions.GARMENTS, "head", "hand", expressions.PERSON, expressions.PEOPLE_WORD, *SETTINGS}
    tables = (WORDINGS, TASK_WORDINGS)
    texts = [t for table in tables for w in table.values() for t in (*w.known, *w.unseen)]
    texts += [*CATEGORIES, *(expressions.plural(kind) for kind in CATEGORIES), *VERBS, *telling.PLACES.values()]
    texts += [
        *expressions.RELATIONS,
        INVALID,
        "Step Look not in the image So the answer is got that who at what nearby with A of",
    ]
    for text in texts:
        found |= {w.lower() for w in re.findall(r"[A-Za-z]+", re.sub(r"\{\w+\}", " ", text))}
    return sorted(found)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer, made from code alone."""
    whole = [v for w in words() for v in ("▁" + w, "▁" + w.capitalize())]
    numbers = [str(n) for n in range(101)]
    marks = ["▁[[", "[[", "]]", "▁", *(c for c in string.punctuation), *string.ascii_letters, "0x"]
    letters = ["▁" + c for c in string.ascii_letters]
    size = [f"<0x{b:02X}>" for b in range(256)]
    vocabulary: dict[str, float] = dict.fromkeys(SPECIAL, 0.0)
    for token, score in (
        *((t, -1.0) for t in (*whole, *numbers)),
        *((t, -1.5) for t in marks[:3]),
        *((t, -4.0) for t in (*marks[3:-1], *letters)),
        *((t, -20.0) for t in size),
    ):
        vocabulary.setdefault(token, score)
    core = Tokenizer(models.Unigram(list(vocabulary.items()), unk_id=1, byte_fallback=True))
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="always"),
            pre_tokenizers.Split(Regex(r"\d+|▁?\[\[|\]\]|[,;:.?!()]"), "isolated"),
        ]
    )
    core.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="always"), decoders.Fuse()]
    )
    core.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        unk_token=UNK,
        eos_token=END,
        extra_special_tokens={"image_token": IMAGE},
        model_max_length=1024,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
