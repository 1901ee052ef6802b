"""Reads the content of a `ciphertool.toml`, and the `[[target]]` tables in it."""

from __future__ import annotations

import tomllib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ciphertool import references, rewriters
from ciphertool.errors import ConfigError, ConfigSyntaxError, UnknownEncodingError
from ciphertool.rewriters import toml_data
from ciphertool.settings.model import Target

if TYPE_CHECKING:
    from ciphertool.files import Snapshot
    from ciphertool.settings.table import Table

_ALIAS_FIELDS = ("stem", "path", "key")


def content_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return the content of a settings file; raise `ConfigError` if it is not TOML."""
    try:
        return toml_data.read(snapshot.bytes.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigSyntaxError) as error:
        raise ConfigError(f"is not valid TOML: {_position(error)}", path=snapshot.path) from None


def _position(error: Exception) -> str:
    """Return the position of a TOML error; the text is our own, since a parser may quote the line."""
    if isinstance(error, tomllib.TOMLDecodeError):
        _, _, where = str(error).rpartition("(at ")
        return f"syntax error at {where.rstrip(')')}" if where else "syntax error"
    return "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)


def _encoding(table: Table, target: Target) -> str | None:
    name = table.text("encoding")
    if name is None:
        return None
    try:
        return rewriters.encoding_of(PurePath(target.file), target.format, name)
    except UnknownEncodingError as error:
        table.problem("encoding", f"{name!r} is not known; {error.hint}")
    except ConfigError as error:
        table.problem("encoding", f"{name!r} {error.message}")
    return None


def target_of(table: Table) -> Target:
    """Return the target that a table declares; what is wrong with it is noted."""
    target = Target(
        file=table.required("file"),
        selector=table.required("selector"),
        alias=table.required("alias"),
        optional=table.flag("optional"),
        literal=table.flag("literal"),
        part=table.text("part"),
        format=table.text("format"),
    )
    target = target._replace(encoding=_encoding(table, target))
    if any("**" in name and name != "**" for name in target.file.split("/")):
        table.problem("file", "** matches directories and must be a whole path component")
    sample = target.alias
    for name in _ALIAS_FIELDS:
        sample = sample.replace(f"{{{name}}}", "x")
    if target.alias and not references.is_writable_alias(sample):
        table.problem("alias", "may hold letters, digits, . _ @ : / - and {stem}, {path}, {key}")
    table.finish()
    return target
