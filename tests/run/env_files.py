"""Random `.env` files, and python-dotenv as the judge of what `run --env-file` makes of them."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING
from unittest.mock import patch

import dotenv

from ciphertool.errors import CipherToolError
from ciphertool.run.environment import Rules, child_environment

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from ciphertool.references import Reference

ENVIRONMENT = {"INHERITED": "from outside", "EMPTY": "", "DOLLAR": "${INHERITED} $A $$"}
_NAMES = ("A", "B", "C", *ENVIRONMENT, "ABSENT")
_TEXTS = ("x", "1", " ", ":", "/", ".", "@", "#", "=", "{", "}", "%", "ü", "-", "\\n", "\\\\")
_AGREED = ("${%s}", "${%s}", "${%s:-}", "${%s:-a default}", "${%s:-http://h:80/?q}")
_DISPUTED = (
    "$%s",
    "${%s-d}",
    "${%s:?d}",
    "${%s:+d}",
    "${%s:-${A}}",
    "\\${%s}",
    "$$%s",
    "$",
    "$(%s)",
    "${%s",
    "${ %s }",
)


def made(random: Random, *, disputed: bool) -> str:
    """Return a file; with `disputed` also what its readers do not agree about."""
    lines = []
    for _ in range(random.randint(1, 8)):
        name = random.choice(_NAMES)
        if random.random() < 0.05:
            lines.append(random.choice((name, "# a comment", "")))
            continue
        kinds = (*_AGREED, *(_DISPUTED if disputed else ()))
        pieces = [
            random.choice(kinds).replace("%s", random.choice(_NAMES))
            if random.random() < 0.4
            else random.choice(_TEXTS)
            for _ in range(random.randint(0, 6))
        ]
        value = "".join(pieces)
        if random.random() < 0.4:
            value = f'"{value}"'
        elif random.random() < 0.2:
            value = "'" + value.replace("$", "") + "'"  # python-dotenv alone expands there
        lines.append(f"{random.choice(('', 'export '))}{name}={value}")
    return random.choice(("\n", "\r\n")).join(lines) + random.choice(("", "\n"))


def judged(path: Path, text: str) -> str:
    """Return "same" where a file became what python-dotenv makes of it, or "refused"; `AssertionError` otherwise."""
    path.write_bytes(text.encode())
    try:
        given = child_environment(ENVIRONMENT, [(path, None)], {}, _no_reference, Rules()).variables
    except CipherToolError:
        return "refused"
    with patch.dict(os.environ, ENVIRONMENT, clear=True):
        values = dotenv.dotenv_values(stream=io.StringIO(text.replace("\r\n", "\n")))
    expected = {**ENVIRONMENT, **{name: value for name, value in values.items() if value is not None}}
    assert given == expected, text
    return "same"


def _no_reference(_: Reference) -> str:
    raise AssertionError
