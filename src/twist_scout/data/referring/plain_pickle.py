"""Pickles of plain data, read without the power of pickles to run code.

A pickle is a program, and data sets come from strangers. Of its instructions only those that build plain values are
carried out here; the first other one ends the reading.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twist_scout.errors import BadInput, first_line


class _Refused(Exception):
    """The pickle asks for more than plain data."""


def _encode(text: Any, encoding: Any) -> bytes:
    """How Python 3 writes bytes for readers of Python 2: text and the name of an encoding."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _Refused("an encoding other than latin1")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """How it writes none at all; with a number, ``bytes`` would take that much memory."""
    return b""


_CALLABLE: dict[tuple[str, str], Callable[..., Any]] = {
    ("_codecs", "encode"): _encode,
    **{
        (module, name): made
        for module in ("builtins", "__builtin__")
        for name, made in (("set", set), ("frozenset", frozenset), ("bytes", _no_bytes))
    },
}

# Left out: whatever makes objects of classes (OBJ, INST, NEWOBJ, BUILD, ...), names things outside of the file (PERSID,
# EXT, NEXT_BUFFER) or takes memory for the asking (BYTEARRAY8).
_PLAIN = frozenset(
    """PROTO FRAME STOP MARK POP POP_MARK DUP MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET
    NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT
    STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8
    BINBYTES SHORT_BINBYTES BINBYTES8 EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
    EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT DICT SETITEM SETITEMS EMPTY_SET ADDITEMS FROZENSET
    GLOBAL STACK_GLOBAL REDUCE""".split()
)
_CODES = {getattr(pickle, name)[0] for name in _PLAIN}
# The one in C would take gigabytes for a single large number in a memo instruction.
_IN_PYTHON: Any = pickle._Unpickler


class _Instructions(dict[int, Callable[[Any], None]]):
    """What each instruction does; an unknown one is refused."""

    def __missing__(self, code: int) -> Callable[[Any], None]:
        raise _Refused(f"instruction {chr(code)!r}, which plain data does not need")


class _PlainUnpickler(_IN_PYTHON):
    dispatch = _Instructions({code: run for code, run in _IN_PYTHON.dispatch.items() if code in _CODES})

    def find_class(self, module: str, name: str) -> Any:
        found = _CALLABLE.get((module, name))
        if found is None:
            raise _Refused(f"{module}.{name}")
        return found


def load_plain_pickle(path: str | Path) -> Any:
    """Read a pickle of lists, tuples, sets, dicts, strings, bytes, numbers, booleans and None.

    The strings of Python 2 are read as Latin-1, in which every byte is a character; `text_of` mends those that were
    UTF-8.

    Raises:
        BadInput: the file cannot be read, is damaged, or holds anything else; nothing in it was run.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path.") from error
    try:
        return _PlainUnpickler(io.BytesIO(content), encoding="latin1").load()
    except _Refused as error:
        raise BadInput(
            f"{path} was refused: a pickle can run code, and this one asks for {error}; only lists, dicts, strings and "
            "numbers are read. Get the file from its publisher again."
        ) from error
    except Exception as error:  # a damaged pickle fails in as many ways as it has instructions
        reason = first_line(error) or type(error).__name__
        raise BadInput(f"{path} is no whole pickle ({reason}): download it again.") from error


def text_of(value: str | bytes) -> str:
    """A string of a pickle as it was meant: UTF-8 that was read as Latin-1, or kept as bytes, becomes text again."""
    try:
        raw = value if isinstance(value, bytes) else value.encode("latin1")
        return raw.decode("utf-8")
    except UnicodeError:
        return value if isinstance(value, str) else value.decode("latin1")
