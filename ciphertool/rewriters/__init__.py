"""The registry of configuration formats: which rewriter serves which file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.errors import UnknownFormatError

if TYPE_CHECKING:
    from pathlib import PurePath

    from ciphertool.rewriters.base import Rewriter


def built_in() -> tuple[Rewriter, ...]:
    """Return the built-in rewriters. Their parsers are imported where they are used, so listing them is cheap."""
    from ciphertool.rewriters.properties import PropertiesRewriter
    from ciphertool.rewriters.xml import XmlRewriter
    from ciphertool.rewriters.yaml import YamlRewriter

    return (XmlRewriter(), YamlRewriter(), PropertiesRewriter())


def by_name(name: str) -> Rewriter:
    """Return the rewriter of that name, or raise `UnknownFormatError`, which lists the known ones."""
    for rewriter in built_in():
        if rewriter.name == name:
            return rewriter
    raise UnknownFormatError(name, [rewriter.name for rewriter in built_in()])


def for_path(path: PurePath) -> Rewriter:
    """Return the rewriter for a file's suffix (a name like `.env` counts as its own suffix)."""
    suffix = path.suffix.lower() or path.name.lower()
    for rewriter in built_in():
        if suffix in rewriter.suffixes:
            return rewriter
    raise UnknownFormatError(suffix or path.name, [rewriter.name for rewriter in built_in()])
