"""Pickles of plain data are read whatever wrote them; nothing else is, and nothing in them runs."""

from __future__ import annotations

import collections
import contextlib
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twist_scout.data.referring.plain_pickle import load_plain_pickle, text_of
from twist_scout.errors import BadInput

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers())
        | st.sets(st.text())
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=plain, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_values_come_back(tmp_path: Path, value: object, protocol: int) -> None:
    path = tmp_path / "a.p"
    path.write_bytes(pickle.dumps(value, protocol))
    assert load_plain_pickle(path) == value


class Runs:
    """What a stranger would send: code that makes a file when it is read."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> object:
        return (os.system, (f"touch {self.target}",))


class Plain:
    x = 1


def test_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    target = tmp_path / "was-here"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path = tmp_path / "evil.p"
        path.write_bytes(pickle.dumps([1, Runs(target)], protocol))
        with pytest.raises(BadInput, match=r"was refused: a pickle can run code, and this one asks for \w+\.system"):
            load_plain_pickle(path)
    pickle.loads(path.read_bytes())  # the same bytes do run where they are trusted
    assert target.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'echo'\ntR.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"c__builtin__\ngetattr\n(c__builtin__\nset\nS'__class__'\ntR.",
        b"(S'x'\nios\nsystem\n.",  # INST
        b"(cbuiltins\nset\no.",  # OBJ
        b"Pname\n.",  # persistent id
        b"\x80\x02\x82\x01.",  # extension registry
        b"\x80\x05\x96\xff\xff\xff\xff\x0f\x00\x00\x00.",  # a bytearray of 68 GB
        b"c_codecs\nencode\n(S'x'\nS'rot13'\ntR.",
        b"cbuiltins\nbytearray\n(I99999999999\ntR.",
    ],
)
def test_whatever_is_not_plain_data_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "evil.p"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="was refused"):
        load_plain_pickle(path)


@pytest.mark.parametrize("value", [np.arange(3), collections.OrderedDict(a=1), Plain(), Path("x"), range(3), 1 + 2j])
def test_objects_are_refused(tmp_path: Path, value: object) -> None:
    path = tmp_path / "objects.p"
    path.write_bytes(pickle.dumps(value, 2))
    with pytest.raises(BadInput, match="was refused"):
        load_plain_pickle(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"no pickle", b"\x80\x04]", b".", b"\x80\x02r\xff\xff\xff\x7f.", b"(lp0\nS'cut", b"\x80\x04\x95\xff\xff"],
)
def test_damage_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cut.p"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"cut\.p (is no whole pickle|was refused)"):
        load_plain_pickle(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(content=st.binary(max_size=60))
def test_no_bytes_get_past_the_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "noise.p"
    path.write_bytes(content)
    with contextlib.suppress(BadInput):
        load_plain_pickle(path)


def test_strings_of_python_2(tmp_path: Path) -> None:
    # As Python 2 writes {'sent': 'caf\xc3\xa9', u'raw': u'caf\xe9', 'n': 7L}, protocols 0 and 2.
    old = [
        b"(dp0\nS'sent'\np1\nS'caf\\xc3\\xa9'\np2\nsVraw\np3\nVcaf\\u00e9\np4\nsS'n'\np5\nL7L\ns.",
        b"\x80\x02}q\x00(U\x04sentq\x01U\x05caf\xc3\xa9q\x02X\x03\x00\x00\x00rawq\x03X\x05\x00\x00\x00caf\xc3\xa9q\x04"
        b"U\x01nq\x05\x8a\x01\x07u.",
    ]
    for content in old:
        path = tmp_path / "old.p"
        path.write_bytes(content)
        loaded = load_plain_pickle(path)
        assert {key: text_of(value) if isinstance(value, str) else value for key, value in loaded.items()} == {
            "sent": "café",
            "raw": "café",
            "n": 7,
        }


def test_text_of_bytes_and_of_true_latin_1() -> None:
    assert text_of(b"caf\xc3\xa9") == text_of(b"caf\xe9") == text_of("café") == "café"
    assert text_of("日本") == "日本"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_plain_pickle(tmp_path / "no.p")
