"""The registry of configuration formats: which rewriter handles which file.

A format's module is imported when the format is used, so that using one parser does not load the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import ConfigError, UnknownFormatError
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.rewriters import encodings
from ciphertool.rewriters.file_names import FILE_NAMES, format_named

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path, PurePath

    from ciphertool.plugins import Extensions
    from ciphertool.rewriters.base import Document, Rewriter

ENTRY_POINTS = "ciphertool.rewriters"
"""The entry-point group in which other distributions offer rewriters, each under its format's name."""


def _xml(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.xml import XmlRewriter

    return XmlRewriter(encoding)


def _yaml(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.yaml import YamlRewriter

    return YamlRewriter(encoding)


def _toml(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.toml import TomlRewriter

    return TomlRewriter(encoding)


def _json(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.json import JsonRewriter

    return JsonRewriter(encoding)


def _properties(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.spring import SpringRewriter

    return SpringRewriter(encoding)


def _env(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.env import EnvRewriter

    return EnvRewriter(encoding)


def _ini(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.ini import IniRewriter

    return IniRewriter(encoding)


def _quoted_ini(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.quoted_ini import QuotedIniRewriter

    return QuotedIniRewriter(encoding)


def _lines(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.text_lines import TextRewriter

    return TextRewriter(encoding)


def _systemd(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.systemd import SystemdRewriter

    return SystemdRewriter(encoding)


def _hcl(encoding: str | None) -> Rewriter:
    from ciphertool.rewriters.hcl import HclRewriter

    return HclRewriter(encoding)


class _Format(NamedTuple):
    name: str
    suffixes: frozenset[str]
    make: Callable[[str | None], Rewriter]
    encodings: tuple[str, ...] = ()  # the only ones that a file of the format can have; if empty, any


_UNITS = frozenset({".automount", ".mount", ".netdev", ".network", ".nspawn", ".service", ".socket", ".timer"})
_BUILT_IN = (
    _Format("xml", frozenset({".xml"}), _xml),
    _Format("yaml", frozenset({".yaml", ".yml"}), _yaml, encodings.UNICODE),
    _Format("toml", frozenset({".toml"}), _toml, ("utf-8",)),
    _Format("json", frozenset({".json", ".jsonc"}), _json, encodings.UNICODE),
    _Format("properties", frozenset({".properties"}), _properties),
    _Format("env", frozenset({".env"}), _env),
    _Format("ini", frozenset({".ini", ".cfg"}), _ini),
    _Format("quoted-ini", frozenset(), _quoted_ini),
    _Format("systemd", _UNITS, _systemd),
    _Format("hcl", frozenset({".hcl", ".nomad", ".tf", ".tfvars", ".tofu"}), _hcl, ("utf-8",)),
    _Format("lines", frozenset(), _lines),
)


def built_in() -> tuple[Rewriter, ...]:
    """Return every built-in rewriter."""
    return tuple(known.make(None) for known in _BUILT_IN)


def names() -> tuple[str, ...]:
    """Return the names of the built-in formats."""
    return tuple(known.name for known in _BUILT_IN)


def file_names() -> dict[str, tuple[str, ...]]:
    """Return the names of the files of each built-in format that has any: those with its suffixes first."""
    return {
        known.name: found
        for known in _BUILT_IN
        if (found := (*(f"*{suffix}" for suffix in sorted(known.suffixes)), *FILE_NAMES.get(known.name, ())))
    }


def by_name(name: str, encoding: str | None = None, *, extensions: Extensions = NO_EXTENSIONS) -> Rewriter:
    """Return the rewriter with this name; raise `UnknownFormatError`, which lists the known ones.

    The rewriter reads files in `encoding` if given. Raise `UnknownEncodingError`, or `ConfigError` for an encoding that
    files of the format cannot have. With `extensions`, the rewriter may come from another distribution.
    """
    if (known := _known(name)) is not None:
        return _made(known, encoding)
    make = extensions.find(ENTRY_POINTS, name)
    if make is None:
        raise UnknownFormatError(name, (*names(), *extensions.names(ENTRY_POINTS)))
    if encoding is not None:
        raise ConfigError(
            f"{name} is a plug-in's format, which determines the encoding of its files; it cannot be stated"
        )
    rewriter: Rewriter = make()
    return rewriter


def _made(known: _Format, encoding: str | None) -> Rewriter:
    return known.make(None if encoding is None else _possible(known, encoding))


def _possible(known: _Format, encoding: str) -> str:
    """Return an encoding's canonical name; raise `ConfigError` if no file of the format can have it."""
    found = encodings.canonical(encoding)
    if known.encodings and found not in known.encodings:
        possible = " or ".join(known.encodings[:2]).replace("utf", "UTF")
        raise ConfigError(f"is not an encoding of {known.name.upper()}, which is {possible} by its definition")
    return found


def _named_by(path: PurePath) -> _Format | None:
    if (named := format_named(path)) is not None:
        return _known(named)
    for suffix in (path.suffix.lower(), "." + path.name.lower().lstrip(".").partition(".")[0]):
        for known in _BUILT_IN:
            if suffix in known.suffixes and (suffix == path.suffix.lower() or path.name.startswith(".")):
                return known
    return None


def _known(name: str | None) -> _Format | None:
    return next((known for known in _BUILT_IN if known.name == name), None)


def for_path(path: PurePath, encoding: str | None = None) -> Rewriter:
    """Return the rewriter for a file's name, as one of `FILE_NAMES` or by its suffix; `.env.local` counts as `.env`.

    Raise `UnknownFormatError`, and the errors of `by_name` for `encoding`.
    """
    known = _named_by(path)
    if known is None:
        raise UnknownFormatError(path.suffix or path.name, names())
    return _made(known, encoding)


def parse(rewriter: Rewriter, data: bytes, path: Path) -> Document:
    """Return a file's document; raise `ConfigError` at its path, with a hint if its name is that of another format."""
    try:
        return rewriter.parse(data)
    except ConfigError as error:
        known = _named_by(path)
        if known is not None and known.name != rewriter.name and not error.hint:
            error.hint = f"check the format: {rewriter.name} is stated, but the file's name is that of {known.name}"
        raise error.at(path) from None


def encoding_of(path: PurePath, name: str | None, encoding: str) -> str:
    """Return the canonical name of an encoding for a file of the format `name` or, if None, of that of its file name.

    Raises the errors of `by_name` for encodings, but not those for formats.
    """
    known = _named_by(path) if name is None else _known(name)
    return encodings.canonical(encoding) if known is None else _possible(known, encoding)
