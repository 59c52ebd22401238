"""The router's own WordPiece vocabulary.

Lower case, accents dropped, and every number written as ``0``: which numbers a box holds says nothing about the mode. A long
prompt keeps its beginning and its end, where requests are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from twist_scout.errors import BadModel, first_line

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
SPECIAL = [PAD, UNKNOWN, START, END]
#: The most tokens of a prompt that are read, with the two that mark its start and end.
LONGEST = 96
#: Characters of other alphabets that get a piece of their own, and the share of the vocabulary that is whole words.
_FOREIGN, _WHOLE = 60, 0.8
#: Characters of each end of a prompt that are looked at: what is between has no token among those that are read.
_REACH = 4 * LONGEST * 4


def train_tokenizer(texts: Iterable[str], *, size: int) -> Tokenizer:
    """A WordPiece vocabulary of at most ``size`` pieces: single characters, the commonest words, and the commonest pieces of
    the words that are left over. The same texts give the same vocabulary, in the same order.
    """
    tokenizer = Tokenizer(models.WordPiece({UNKNOWN: 0}, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[\p{Cc}\p{Cf}]+"), " "),
            normalizers.Replace(Regex("[’‘`´]"), "'"),
            normalizers.Replace(Regex("[“”„]"), '"'),
            normalizers.Replace(Regex(r"\d+(?:\.\d+)?"), "0"),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words: Counter[str] = Counter()
    for text in texts:
        split = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
        words.update(word for word, _ in split)
    pieces = _pieces(words, size)
    tokenizer.model = models.WordPiece(
        {piece: at for at, piece in enumerate(pieces)}, unk_token=UNKNOWN, max_input_chars_per_word=40
    )
    return tokenizer


def _pieces(words: Counter[str], size: int) -> list[str]:
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    others = _commonest(Counter({c: n for word, n in words.items() for c in word if c not in letters}), _FOREIGN)
    found = dict.fromkeys([*SPECIAL, *letters, *(f"##{c}" for c in letters if c.isalnum()), *others])
    room = size - len(found)
    found |= dict.fromkeys(_commonest(words, int(_WHOLE * room)))
    parts: Counter[str] = Counter()
    for word, number in words.items():
        if word not in found:
            for length in range(2, 7):
                for start in range(len(word) - length + 1):
                    parts[("##" if start else "") + word[start : start + length]] += number * (length - 1)
    found |= dict.fromkeys(_commonest(parts, size))
    return list(found)[:size]


def _commonest(counts: Counter[str], number: int) -> list[str]:
    """Of equally common ones, the first in the alphabet."""
    return sorted(counts, key=lambda key: (-counts[key], key))[:number]


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer file.

    Raises:
        BadModel: there is none, or it cannot be read.
    """
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare exceptions
        raise BadModel(
            f"{path} is not a tokenizer ({first_line(error)}): give the folder of a trained router."
        ) from error


def encode(tokenizer: Tokenizer, prompts: Sequence[str]) -> list[list[int]]:
    """Token ids of prompts, each at most :data:`LONGEST` long, of its beginning and its end."""
    start, end = tokenizer.token_to_id(START) or 0, tokenizer.token_to_id(END) or 0
    room = LONGEST - 2
    head = room // 2
    shortened = [text if len(text) <= 2 * _REACH else f"{text[:_REACH]} {text[-_REACH:]}" for text in prompts]
    rows = []
    for found in tokenizer.encode_batch_fast(shortened, add_special_tokens=False):
        ids = found.ids
        if len(ids) > room:
            ids = ids[:head] + ids[head - room :]
        rows.append([start, *ids, end])
    return rows


def padded(rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Ids and mask as int64 arrays (rows, longest row); padding is 0."""
    longest = max(map(len, rows))
    ids = np.zeros((len(rows), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return ids, mask
