"""Changes the `[keystore]` table in the text of settings; nothing else changes a byte.

What it makes is read again: a text that does not state exactly what was asked for is never returned.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from ciphertool.errors import ConfigError
from ciphertool.settings.target_tables import content_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.settings.model import Settings

_HEAD = re.compile(r"[ \t]*\[[ \t]*keystore[ \t]*\][ \t]*(?:#.*)?")
_TABLE = re.compile(r"[ \t]*\[.*")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_VALUE = r"""(?:"(?!"")(?:[^"\\]|\\.)*"|'(?!'')[^']*')"""


def members(before: Settings, after: Settings) -> dict[str, str | None]:
    """Return what the table is to state after a change of keystore; None for what it states no longer, or never did."""
    keystore, root = after.keystore, after.root
    return {
        "path": _relative(keystore.path, root),
        "alias": keystore.alias,
        "certificate": _relative(keystore.certificate, root),
        "fingerprint": None if before.keystore.fingerprint is None else f"sha256:{keystore.fingerprint}",
    }


def _relative(path: Path | None, root: Path) -> str | None:
    return None if path is None else os.path.relpath(path, root).replace(os.sep, "/")


def changed(snapshot: Snapshot, members: Mapping[str, str | None]) -> bytes:
    """Return the text of settings whose `[keystore]` states these members; None takes one out.

    Members on lines of their own keep their place and their comments. Raises `ConfigError` if the table is spelled in
    another way.
    """
    lines = _LINE.findall(snapshot.bytes.decode("utf-8"))
    bare = [line.rstrip("\r\n") for line in lines]
    head = next((at for at, line in enumerate(bare) if _HEAD.fullmatch(line)), None)
    if head is not None:
        end = next((at for at in range(head + 1, len(bare)) if _TABLE.fullmatch(bare[at])), len(bare))
        newline = "\r\n" if lines[head].endswith("\r\n") else "\n"
        last = head
        for name, value in members.items():
            stated = re.compile(rf"([ \t]*{name}[ \t]*=[ \t]*){_VALUE}([ \t]*(?:#.*)?)")
            at = next((at for at in range(head + 1, end) if stated.fullmatch(bare[at])), None)
            if at is None:
                lines[last] += "" if value is None else f"{name} = {_quoted(value)}{newline}"
                continue
            match = stated.fullmatch(bare[at])
            assert match is not None  # noqa: S101 - it has just been found
            lines[at] = "" if value is None else f"{match[1]}{_quoted(value)}{match[2]}{newline}"
            last = at if value is not None else last
    made = "".join(lines).encode()
    wanted = content_of(snapshot)
    table: dict[str, Any] = {**wanted.get("keystore", {}), **members}
    wanted["keystore"] = {name: value for name, value in table.items() if value is not None}
    try:
        found = content_of(snapshot._replace(data=made))
    except ConfigError:
        found = {}
    if found != wanted:
        told = ", ".join(f"{name} = {_quoted(value)}" for name, value in members.items() if value is not None)
        raise ConfigError(
            "its [keystore] table is not spelled as one that can be changed",
            path=snapshot.path,
            hint=f"write one member on a line there, or state by hand: {told}",
        )
    return made


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
