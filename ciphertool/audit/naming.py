"""Aliases for proposed targets, as a person would choose them: `compose.db.MYSQL_PASSWORD`. Knows no values."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ciphertool.audit.candidates import Candidate

_NOT_WRITABLE = re.compile(r"[^A-Za-z0-9_-]+")
_DOCUMENT = re.compile(r"^doc\[(\d+)\]")
# What an element is called, with the step to its value, which adds nothing.
_OWN_NAME = re.compile(
    r"\[\?match\(@, '(\w+)=\.\*'\)\]"
    r"|\[\??@?[^\]=\[']*=+(?:'([^']*)'|([0-9]+))\](?:[./]@?[Vv]alue\Z|(?!))?+"
)
_POSITION = re.compile(r"\[-?[0-9]+\]")
# Steps that reflect the structure of a format, not the secret.
_FRAME = frozenset((
    *("services", "environment", "env", "extraenv", "spec", "template", "containers", "initcontainers", "data"),
    *("stringdata", "configuration", "config", "settings", "value", "values", "parameters", "parameter", "property"),
    *("properties", "param", "add", "appsettings", "connectionstrings"),
))  # fmt: skip
_VALUES = frozenset(("value", "values"))
_FEWEST = 2


def aliases(candidates: Sequence[Candidate], taken: Collection[str], separator: str = ".") -> list[str]:
    """Return a new, unique alias for each candidate, with as few words as distinguish them."""
    chains = [_words(each) for each in candidates]
    counts = [count for _, _, count in chains]
    while True:
        joined = zip(chains, counts, strict=True)
        names = [separator.join((stem, *words[-count:])) for (stem, words, _), count in joined]
        often = Counter(names)
        longer = [
            n for n, name in enumerate(names) if (often[name] > 1 or name in taken) and counts[n] < len(chains[n][1])
        ]
        if not longer:
            return _numbered(names, taken, separator)
        for n in longer:
            counts[n] += 1


def _numbered(names: Sequence[str], taken: Collection[str], separator: str) -> list[str]:
    seen = {*taken}
    unique = []
    for name in names:
        alias, number = name, 2
        while alias in seen:
            alias, number = f"{name}{separator}{number}", number + 1
        seen.add(alias)
        unique.append(alias)
    return unique


def _words(candidate: Candidate) -> tuple[str, list[str], int]:
    """Return what a file is called, the words that lead to a place, and how many of the last are enough for it.

    The words are those of its directories, then those of its steps. A number is never enough.
    """
    path, selector = PurePosixPath(candidate.path), candidate.selector
    stem = path.name.lstrip(".") if path.name.startswith(".") else path.stem
    document = _DOCUMENT.match(selector)
    steps = _split(_POSITION.sub("", _OWN_NAME.sub(r".\1\2\3", _DOCUMENT.sub("", selector))))
    if selector.startswith("/"):
        steps = steps[1:] or steps
    if candidate.part and candidate.part.endswith("="):
        steps = [step for step in steps if step != candidate.part[:-1]] + _split(candidate.part)
    number = [f"doc{document[1]}"] if document else []
    last = len(steps) - 1
    kept = [step for n, step in enumerate(steps) if step.lower() not in (_FRAME if n < last else _VALUES)]
    kept = kept or steps[-1:] or ["secret"]
    telling = [n for n, word in enumerate(reversed(kept), 1) if not word.isdigit()]
    enough = telling[_FEWEST - 1] if len(telling) >= _FEWEST else len(kept)
    return _NOT_WRITABLE.sub("_", stem), [*_split("/".join(path.parts[:-1])), *number, *kept], enough


def _split(text: str) -> list[str]:
    return [word for word in (each.strip("_-") for each in _NOT_WRITABLE.split(text)) if word]
