"""Reads the content of a `ciphertool.toml`, and the `[[target]]` tables in it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

from ciphertool import references, rewriters
from ciphertool.errors import ConfigError, ConfigSyntaxError, UnknownEncodingError
from ciphertool.rewriters import toml_data
from ciphertool.settings.model import Target
from ciphertool.settings.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ciphertool.errors import CipherToolError
    from ciphertool.files import Snapshot

_ALIAS_FIELDS = ("stem", "path", "doc", "key")
_MOST_EXTENDED = 5
_HOW = "`extends` names a ciphertool.toml, relative to the file in which it stands"


def content_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return the content of a settings file; raise `ConfigError` if it is not TOML."""
    try:
        return toml_data.read(snapshot.bytes.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigSyntaxError) as error:
        raise ConfigError(f"is not valid TOML: {_position(error)}", path=snapshot.path) from None


def targets_of(
    top: Table, snapshot: Snapshot, problems: list[CipherToolError], read: Callable[[Path], Snapshot]
) -> tuple[Target, ...]:
    """Return the targets of a settings file: those of the files that it extends, and its own, which win.

    Of the other files nothing else is used. An own target wins over one of the same file and selector.
    """
    root = snapshot.path.absolute().parent
    seen = {os.path.realpath(snapshot.path)}
    layers = [_own(top)]
    directory, extends = root, top.text("extends")
    while extends is not None:
        path = directory / extends
        obstacle = _obstacle(path, seen)
        extended = None if obstacle else read(path)
        if extended is None or extended.data is None:
            reason = f"extends {extends}: {obstacle or 'no such file'}"
            problems.append(ConfigError(reason, path=snapshot.path, hint=_HOW))
            break
        seen.add(os.path.realpath(path))
        snapshot, directory = extended, path.parent
        table = Table("", content_of(extended), problems, path)
        base = Path(os.path.relpath(directory, root)).as_posix()
        layers.append(
            [target._replace(file=str(PurePosixPath(base, target.file)), base=base) for target in _own(table)]
        )
        extends = table.text("extends")
        if not layers[-1] and extends is None:
            problems.append(ConfigError("is extended, but has no [[target]]", path=path, hint=_HOW))
    return tuple(_joined(root, layers))


def _own(table: Table) -> list[Target]:
    return [_target(each) for each in table.tables("target")]


def _obstacle(path: Path, seen: set[str]) -> str:
    if os.path.realpath(path) in seen:
        return "extends itself, maybe by others"
    return f"more than {_MOST_EXTENDED} files deep" if len(seen) > _MOST_EXTENDED else ""


def _joined(root: Path, layers: list[list[Target]]) -> Iterator[Target]:
    """Yield the targets, those of the file that is extended last first, without those that a nearer file has too."""
    nearer: set[tuple[str, str]] = set()
    kept: list[list[Target]] = []
    for layer in layers:
        named = [(os.path.normpath(root / target.file), target.selector) for target in layer]
        kept.append([target for name, target in zip(named, layer, strict=True) if name not in nearer])
        nearer.update(named)
    return (target for layer in reversed(kept) for target in layer)


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


def _target(table: Table) -> Target:
    target = Target(
        file=table.required("file"),
        selector=table.required("selector"),
        alias=table.required("alias"),
        optional=table.flag("optional"),
        literal=table.flag("literal"),
        part=table.text("part"),
        format=table.text("format"),
        decode=table.text("decode"),
    )
    if target.decode not in (None, "base64"):
        table.problem("decode", 'must be "base64"')
    target = target._replace(encoding=_encoding(table, target))
    if any("**" in name and name != "**" for name in target.file.split("/")):
        table.problem("file", "** matches directories and must be a whole path component")
    sample = target.alias
    for name in _ALIAS_FIELDS:
        sample = sample.replace(f"{{{name}}}", "x")
    if target.alias and not references.is_writable_alias(sample):
        table.problem("alias", "may hold letters, digits, . _ @ : / - and {stem}, {path}, {doc}, {key}")
    table.finish()
    return target
