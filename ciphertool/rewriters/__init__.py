"""The registry of configuration formats: which rewriter serves which file.

A format's module is imported when the format is used, so that one parser costs not the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import UnknownFormatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePath

    from ciphertool.rewriters.base import Rewriter

ENTRY_POINTS = "ciphertool.rewriters"
"""The entry-point group in which other distributions offer rewriters, each under its format's name."""


def _xml() -> Rewriter:
    from ciphertool.rewriters.xml import XmlRewriter

    return XmlRewriter()


def _yaml() -> Rewriter:
    from ciphertool.rewriters.yaml import YamlRewriter

    return YamlRewriter()


def _toml() -> Rewriter:
    from ciphertool.rewriters.toml import TomlRewriter

    return TomlRewriter()


def _json() -> Rewriter:
    from ciphertool.rewriters.json import JsonRewriter

    return JsonRewriter()


def _properties() -> Rewriter:
    from ciphertool.rewriters.properties import PropertiesRewriter

    return PropertiesRewriter()


def _env() -> Rewriter:
    from ciphertool.rewriters.env import EnvRewriter

    return EnvRewriter()


def _ini() -> Rewriter:
    from ciphertool.rewriters.ini import IniRewriter

    return IniRewriter()


class _Format(NamedTuple):
    name: str
    suffixes: frozenset[str]
    make: Callable[[], Rewriter]


_BUILT_IN = (
    _Format("xml", frozenset({".xml"}), _xml),
    _Format("yaml", frozenset({".yaml", ".yml"}), _yaml),
    _Format("toml", frozenset({".toml"}), _toml),
    _Format("json", frozenset({".json", ".jsonc"}), _json),
    _Format("properties", frozenset({".properties"}), _properties),
    _Format("env", frozenset({".env"}), _env),
    _Format("ini", frozenset({".ini", ".cfg"}), _ini),
)


def built_in() -> tuple[Rewriter, ...]:
    """Return every built-in rewriter."""
    return tuple(known.make() for known in _BUILT_IN)


def names() -> tuple[str, ...]:
    """Return the names of the built-in formats."""
    return tuple(known.name for known in _BUILT_IN)


def by_name(name: str, *, plugins: bool = False) -> Rewriter:
    """Return the rewriter of that name, or raise `UnknownFormatError`, which lists the known ones.

    With `plugins` one may come from another distribution: a matter of trust, so only for settings named explicitly.
    """
    for known in _BUILT_IN:
        if known.name == name:
            return known.make()
    if not plugins:
        raise UnknownFormatError(name, names())
    from ciphertool import plugins as offered

    make = offered.find(ENTRY_POINTS, name)
    if make is None:
        raise UnknownFormatError(name, (*names(), *offered.names(ENTRY_POINTS)))
    rewriter: Rewriter = make()
    return rewriter


def for_path(path: PurePath) -> Rewriter:
    """Return the rewriter that a file's name chooses: by its suffix, and `.env.local` like `.env`."""
    for suffix in (path.suffix.lower(), "." + path.name.lower().lstrip(".").partition(".")[0]):
        for known in _BUILT_IN:
            if suffix in known.suffixes and (suffix == path.suffix.lower() or path.name.startswith(".")):
                return known.make()
    raise UnknownFormatError(path.suffix or path.name, names())
