"""What the matrix knows of a format: its files' name, and what they look like around one secret.

In a template `⇒` marks the line of the secret. `KEY` stands for its name and `VALUE` for its spelling, `OPTION` for
the name as a command-line option, `ITEM` for the spelling of `KEY=value`; `tests.matrix.cases` has the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

ALL_STYLES = ("camel", "snake", "kebab", "dotted", "UPPER")


@dataclass(frozen=True)
class Format:
    """How files of one kind look: where an assignment stands, and which other places there are."""

    name: str
    file: str
    write: Callable[[Random, str], str | None]
    assignments: tuple[str, ...]
    """Templates of a whole file, any of which may hold an assignment."""
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Templates for places of other kinds."""
    comment: str = "# {}"
    styles: tuple[str, ...] = ALL_STYLES
    default: str = ""
    """How a literal default is written, with `{}` for it, in products that read such files."""
    without: tuple[str, ...] = ()
    """Contents that an assignment of this format never has."""
