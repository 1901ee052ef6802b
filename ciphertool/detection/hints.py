"""Quickly finds texts that may hold a secret by itself, for slower patterns to examine. Judges nothing."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.detection import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Hints(NamedTuple):
    """Words and patterns. A pattern begins with a rare character to jump to, and checks what precedes it."""

    words: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]

    def are_in(self, text: str) -> bool:
        """Return whether a text contains one of the hints."""
        for word in self.words:
            if word in text:
                return True
        text = f"\0{text}"
        for pattern in self.patterns:  # noqa: SIM110 - a generator takes twice as long
            if pattern.search(text):
                return True
        return False

    def positions(self, text: str) -> list[int]:
        """Return the positions of hints in a text, unordered."""
        found = [match.start() for pattern in self.patterns for match in pattern.finditer(text)]
        for word in self.words:
            position = text.find(word)
            while position >= 0:
                found.append(position)
                position = text.find(word, position + len(word))
        return found


# Whatever a pattern of `patterns` matches has one of these hints (tests prove it). Searching for them first, in all
# values of a file at once, takes a twentieth of the time.
_SHORTEST = 8
_MARKS = "_-.~=/"
_WORD = r"[\w./+=~$%-]"
"""A character of a word. A token is one word or contains one; between spaces it has at least `_LONG` characters."""
_LONG = 15
_LEADS = sorted({lead for token in tokens.TOKENS for lead in token.leads.split()})


def _behind(mark: str) -> re.Pattern[str]:
    """Return the pattern of the leads that end with a sign; what is quick to rule out comes first."""
    leads = [lead for lead in _LEADS if lead[-1] == mark]
    before = "".join(sorted({lead[-2] for lead in leads}))
    ways = "|".join(f"(?<={re.escape(lead)})" for lead in leads)
    return re.compile(f"{re.escape(mark)}(?<=[{before}].)(?={_WORD}{{{10 if mark == '-' else 16}}})(?:{ways})")


_UNMARKED = ["LS0tLS1CRUdJTi", "eyJ", *[lead for lead in _LEADS if lead[-1] not in _MARKS and "eyJ" not in lead]]
_IS_WORD = re.compile(f"{_WORD}+").fullmatch
_TOKENS = _Hints(
    tuple(filter(_IS_WORD, _UNMARKED)),
    (
        *map(_behind, _MARKS),
        re.compile(r"\.(?=[\w-]{6}(?:[\w-]{21}|\.[\w-]{27}))"),
    ),  # the last one is for tokens without leads
)
_OTHERS = _Hints(("PRIVATE KEY", "earer ", "asic ", *[lead for lead in _UNMARKED if not _IS_WORD(lead)]), ())
_NAMES = "word wd phrase code pass secret key token".split()  # noqa: SIM905 - how the names of passwords end
_NAMED = "|".join([rf"(?<={name}=)|(?<={name}\s=)" for name in _NAMES])
_SQL = ("dentified", "DENTIFIED", *[f"{word} {n}'" for word in ("assword", "ASSWORD") for n in ("", "N", "n")])
_CREDENTIALS = _Hints(
    ("@", "chpasswd", *_SQL),
    (
        re.compile(r"-(?<=[\s\0(\"']-)-?[A-Za-z]"),  # a flag of a command line
        re.compile(rf"=(?<=[dDeEsStTnNyY\s]=)(?i:{_NAMED})"),
    ),
)
_URLS = _Hints((), (re.compile(r"://[^\s/:@'\"<>?#]*:[^\s/@\"]+@"),))
_HAS_LONG = re.compile(f"{_WORD}{{{_LONG}}}").search
_TO_WORDS = bytes(ord("x") if code >= 128 else code if _IS_WORD(chr(code)) else ord(" ") for code in range(256))


def candidates(values: Sequence[str], *, tokenless: bool = False) -> set[int]:
    """Return the indexes of all values in which `patterns.held` may find something, and of few others.

    `tokenless` means that `in_text` found nothing in a text that spells each of their words as it is.
    """
    longer = [index for index, value in enumerate(values) if len(value) >= _SHORTEST]
    text = "\0".join(("", *[values[index] for index in longer]))  # no pattern matches what separates the values
    found = _OTHERS.positions(text) + _CREDENTIALS.positions(text)
    if not tokenless:
        found += _TOKENS.positions(text)
    if not found:
        return set()
    ends = list(accumulate([len(values[index]) + 1 for index in longer]))
    return {longer[bisect_right(ends, position - 1)] for position in found}


def is_candidate(value: str, *, assigned: bool = True) -> bool:
    """Return whether `patterns` may find something in a value; without `assigned`, only by itself or in a URL."""
    if len(value) < _SHORTEST:
        return False
    others = _CREDENTIALS if assigned else _URLS
    return others.are_in(value) or _OTHERS.are_in(value) or (_HAS_LONG(value) is not None and _TOKENS.are_in(value))


def in_text(text: str, plain: set[bytes] | None = None) -> list[int]:
    """Return the positions in a text at which a token, a key or a URL's password may be, in order, and few others.

    `plain` are words of earlier texts that hold no hint; those of this text are added to them.
    """
    plain = set() if plain is None else plain
    found = _OTHERS.positions(text)
    if "@" in text:
        found += _URLS.positions(text)
    # A file has few distinct words, and far fewer long ones, which its neighbours have too: hardly any text is searched
    # as a whole for each hint.
    words = text.encode("utf-8", "surrogatepass").translate(_TO_WORDS).split()
    longer = {word for word in words if len(word) >= _LONG} - plain
    if _TOKENS.are_in(b" ".join(longer).decode()):
        found += _TOKENS.positions(text)
    else:
        plain |= longer
    return sorted(found)
