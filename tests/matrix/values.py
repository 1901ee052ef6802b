"""Values for the matrix: one function per class of characters. Knows no names and no formats.

A class is what an audit might stumble over in a value. All values are random: invented here, from a seed.
"""

from __future__ import annotations

import base64
import string
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTHS = (8, 12, 16, 24, 32, 48, 64)
"""Characters of a value, or bytes behind `base64` and `hex`."""

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
_NOT_ASCII = "äößéñçøłжщяα漢字パ"


def seeded(*words: object) -> Random:
    """Return a generator that these words determine, whatever was drawn from others."""
    return Random("/".join(map(str, words)))  # noqa: S311


def plain(random: Random, length: int) -> str:
    """Return letters and digits, at least one of each case and a digit in the middle."""
    text = [random.choice(_LETTERS_AND_DIGITS) for _ in range(length)]
    text[1:4] = random.choice("bdfhkm"), random.choice("23456789"), random.choice("QRTVWX")
    return "".join(text)


def _base64(random: Random, length: int) -> str:
    return base64.b64encode(random.randbytes(length)).decode()


def _within(*marks: str) -> Callable[[Random, int], str]:
    """Put one of these marks somewhere in the middle, a letter before and after it."""

    def value(random: Random, length: int) -> str:
        mark = random.choice(marks)
        text = plain(random, length - len(mark))
        at = random.randrange(4, len(text))
        return f"{text[: at - 1]}n{mark}w{text[at + 1 :]}"

    return value


def _around(before: str, after: str = "") -> Callable[[Random, int], str]:
    """Put something before, and after."""

    def value(random: Random, length: int) -> str:
        return f"{before}{plain(random, length - len(before) - len(after))}{after}"

    return value


def _unicode(random: Random, length: int) -> str:
    text = list(plain(random, length))
    text[0], text[-2] = random.choice(_NOT_ASCII), random.choice(_NOT_ASCII)
    return "".join(text)


def _digits(random: Random, length: int) -> str:
    return "".join(random.choice(string.digits) for _ in range(length))


CLASSES: dict[str, Callable[[Random, int], str]] = {
    "alnum": plain,
    "base64": _base64,
    "hex": lambda random, length: random.randbytes(length).hex(),
    "default": plain,  # the literal part of a `${NAME:default}`
    "digits": _digits,
    "dollar": _within("$"),
    "dollars": _within("$$", "@$$"),
    "equals": lambda random, length: random.choice((_within("="), _around("", "="), _around("", "==")))(random, length),
    "[]": _around("[", "]"),
    "{}": _around("{", "}"),
    "<>": _around("<", ">"),
    "/…": _around("/"),
    "@…": _around("@"),
    "%…": _around("%"),
    "#…": _around("#"),
    "!…": _around("!"),
    "quotes": _within("'", '"'),
    "space": _within(" "),
    "unicode": _unicode,
    "backslash": _within("\\"),
    "colon": _within(":"),
}
PLAIN = ("alnum", "base64", "hex")
