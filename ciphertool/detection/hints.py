"""Finds texts that may hold a secret by itself, for patterns that take longer to look closely. Judges nothing."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from ciphertool.detection import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

# Whatever a pattern of `patterns` matches holds one of these words or matches one of these patterns (tests prove it).
# To look for them first, in all values of a file at once, costs a twentieth. Each pattern begins with a character to
# leap to, since it is rare, and says what is to stand before it.
_SHORTEST = 8
_MARKS = "_-.~=/"
_LEADS = sorted({lead for token in tokens.TOKENS for lead in token.leads.split()})
_HINT_WORDS = tuple(
    {
        *("PRIVATE KEY", "LS0tLS1CRUdJTi", "eyJ", "@", "earer ", "asic "),
        *(lead for lead in _LEADS if lead[-1] not in _MARKS),
    }
)
_DOTTED = r"(?=[\w-]{27}|[\w-]{6}\.[\w-]{27})"
_NAMES = "word wd phrase code pass secret key token"  # as the names of passwords end
_HINT_PATTERNS = (
    *(
        re.compile(f"{re.escape(mark)}(?=[\\w./+=~$%-]{{{10 if mark == '-' else 16}}})(?:{'|'.join(ways)})")
        for mark in _MARKS
        if (ways := [f"(?<={re.escape(lead)})" for lead in _LEADS if lead[-1] == mark] + [_DOTTED] * (mark == "."))
    ),
    re.compile(r"-(?<=[\s\0(]-)-?[A-Za-z]"),  # a flag of a command line
    re.compile(f"=(?<=[dDeEsStTnNyY \\t]=)(?i:{'|'.join(f'(?<={name}=)|(?<={name}.=)' for name in _NAMES.split())})"),
)
# The same for what is a secret by itself or the password of a URL, where no assignment counts.
_WORDS_ALONE = tuple(word for word in _HINT_WORDS if word != "@")
_PATTERNS_ALONE = (*_HINT_PATTERNS[:-2], re.compile(r"=(?i:(?<=sig=)|(?<=key=))|://[^\s/:@'\"<>?#]*:[^\s/@\"]+@"))


def candidates(values: Sequence[str]) -> set[int]:
    """Return the indexes of all values of which `held` may say something, and of few others."""
    longer = [index for index, value in enumerate(values) if len(value) >= _SHORTEST]
    return {longer[index] for index in _hinted([values[index] for index in longer], _HINT_WORDS, _HINT_PATTERNS)}


def alone(lines: Sequence[str]) -> list[int]:
    """Return the indexes of all lines in which `secrets_in_name` may find something without `assigned`, in order."""
    longer = [index for index, line in enumerate(lines) if len(line) >= _SHORTEST]
    found = _hinted([lines[index] for index in longer], _WORDS_ALONE, _PATTERNS_ALONE)
    return sorted(longer[index] for index in found)


def _hinted(texts: Sequence[str], words: Sequence[str], hints: Sequence[re.Pattern[str]]) -> set[int]:
    text = "\0".join(("", *texts))  # between texts stands what no pattern matches
    at = [match.start() for pattern in hints for match in pattern.finditer(text)]
    for word in words:
        position = text.find(word)
        while position >= 0:
            at.append(position)
            position = text.find(word, position + len(word))
    if not at:
        return set()
    ends = list(accumulate([len(each) + 1 for each in texts]))
    return {bisect_right(ends, position - 1) for position in at}
