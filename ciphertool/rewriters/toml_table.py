"""Sets, adds and removes entries of one top-level TOML table in place, such as `[secrets]` of a deployment.toml.

Independent of what an entry means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError, ConfigSyntaxError
from ciphertool.rewriters.base import Edit, SpliceError, splice
from ciphertool.rewriters.toml import TomlRewriter
from ciphertool.rewriters.tree import check_characters, same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.rewriters.toml import TomlDocument
    from ciphertool.rewriters.tree import Span

_QUOTES = '""'
_BARE = re.compile(r"[A-Za-z0-9_-]++")
_REST_OF_LINE = re.compile(r"[ \t]*+(?:#[^\r\n]*+)?+(?:\r?\n|\Z)")


def rewrite_entries(document: TomlDocument, table: str, changes: Mapping[str, str | None]) -> bytes:
    """Return the document's bytes with entries of `[table]` set, added or (None) removed, and nothing else changed.

    A value is replaced in place; new entries get their own lines after the last one of `[table]`, which is added at the
    end of the file if it is missing. Raise `ConfigError` if the table cannot be edited like that.
    """
    old = document.data.get(table, {})
    if not isinstance(old, dict):
        raise ConfigError(f"{table} is not a table")
    for name, value in changes.items():
        check_characters(f"[{table}] {name!r}", f"{name}{value or ''}")
    new = {name: value for name, value in {**old, **changes}.items() if value is not None}
    if new == old:
        return document.source.encode(document.source.text)
    there = [name for name in changes if name in old]
    places = document.places([(table, name) for name in there if not isinstance(old[name], (dict, list))])
    edits = [_edit(document, table, name, changes[name], places.get((table, name))) for name in there]
    added = {name: value for name, value in changes.items() if name not in old and value is not None}
    if added:
        edits.append(_addition(document, table, added))
    data = document.source.encode(splice(document.source.text, edits))
    try:
        found = {table: {}, **TomlRewriter().parse(data).data}  # without a header, an emptied table is gone
        proved = same({**document.data, table: new}, found)
    except ConfigSyntaxError:
        proved = False
    if not proved:
        raise SpliceError(f"the rewritten [{table}] is not what was planned")
    return data


def _edit(document: TomlDocument, table: str, name: str, value: str | None, span: Span | None) -> Edit:
    """Replace the value of an existing entry, or remove its line."""
    text = document.source.text
    if span is None:
        raise ConfigError(f"[{table}] {name!r} is not a single value")
    start, end = span
    if value is not None:
        return Edit(start, end, document.spell(value, text[start:end]))
    line_start = text.rfind("\n", 0, start) + 1
    rest = _REST_OF_LINE.match(text, end)
    if not rest:
        raise ConfigError(f"[{table}] {name!r} does not stand on a line of its own")
    return Edit(line_start, rest.end(), "")


def _addition(document: TomlDocument, table: str, added: Mapping[str, str]) -> Edit:
    """Return the edit that adds entries after the last line of a table, and the table itself if it is missing."""
    text, newline = document.source.text, document.newline
    lines = [f"{_key(document, name)} = {document.spell(value, _QUOTES)}" for name, value in added.items()]
    end = document.end_of_table((table,))
    if end is None:
        if table in document.data:
            raise ConfigError(f"{table} is a table without a header", hint=f"write it as [{table}]")
        end = len(text)
        lines = [*([""] if text else []), f"[{table}]", *lines]
    else:
        rest = _REST_OF_LINE.match(text, end)
        end = rest.end() if rest else end
    if end and text[end - 1] != "\n":
        return Edit(end, end, "".join(newline + line for line in lines))
    return Edit(end, end, "".join(line + newline for line in lines))


def _key(document: TomlDocument, name: str) -> str:
    """Spell a key: a dotted name needs quotes, otherwise it would be a table in a table."""
    return name if _BARE.fullmatch(name) else document.spell(name, _QUOTES)
