"""Puts a `[[recipient]]` table into the text of settings, and takes one out; nothing else changes a byte.

What it makes is read again: a text that does not state exactly what was asked for is never returned.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ciphertool.engine.schemes import RSA_OAEP_256
from ciphertool.errors import ConfigError, ConflictError
from ciphertool.settings.target_tables import content_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.files import Snapshot
    from ciphertool.settings.model import RecipientSettings, Settings

_HEAD = re.compile(r"[ \t]*\[\[[ \t]*recipient[ \t]*\]\][ \t]*(?:#.*)?")
_TABLE = re.compile(r"[ \t]*\[.*")
_STRING = r"""(?:"(?!"")(?:[^"\\]|\\.)*"|'(?!'')[^']*')"""
_MEMBER = re.compile(rf"[ \t]*(?:name|certificate|fingerprint|algorithm)[ \t]*=[ \t]*{_STRING}[ \t]*(?:#.*)?")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_REST = re.compile(r"[ \t]*(?:#.*)?")


def require_unchanged(snapshot: Snapshot, settings: Settings) -> None:
    """Raise `ConflictError` if a settings file names other recipients than the settings that were read from it."""
    names = [table.get("name") for table in _tables(content_of(snapshot))]
    if names != [recipient.name for recipient in settings.recipients]:
        raise ConflictError("changed during processing; nothing was written", path=snapshot.path)


def added(snapshot: Snapshot, recipient: RecipientSettings, certificate: str) -> bytes:
    """Return the text of settings with a recipient, whose `certificate` is named in this way, at its end."""
    table = {"name": recipient.name, "certificate": certificate, "fingerprint": f"sha256:{recipient.fingerprint}"}
    if recipient.algorithm != RSA_OAEP_256:
        table["algorithm"] = recipient.algorithm
    text = _text(snapshot)
    end = "\r\n" if "\r\n" in text else "\n"
    lines = ["[[recipient]]", *(f"{name} = {_quoted(value)}" for name, value in table.items())]
    between = "" if text.endswith("\n") or not text else end
    made = f"{text}{between}{end if text else ''}{end.join(lines)}{end}".encode()
    return _proved(snapshot, made, lambda tables: [*tables, table], f"add the table for {recipient.name!r} by hand")


def removed(snapshot: Snapshot, name: str) -> bytes:
    """Return the text of settings without a recipient; raise `ConfigError` if its table cannot be taken out safely.

    Comments stay, but for those on the lines that go.
    """
    hint = f"take the [[recipient]] table of {name!r} out by hand, then run the command again"
    for without in _without_one(_text(snapshot)):
        try:
            return _proved(
                snapshot, without.encode(), lambda tables: [t for t in tables if t.get("name") != name], hint
            )
        except ConfigError:
            continue
    raise ConfigError(
        f"the table of {name!r} is not spelled as one that can be taken out", path=snapshot.path, hint=hint
    )


def _without_one(text: str) -> Iterator[str]:
    """Yield the text without each table, in turn, that is spelled as simply as `added` spells it."""
    lines = _LINE.findall(text)
    bare = [line.rstrip("\r\n") for line in lines]
    for head, line in enumerate(bare):
        if _HEAD.fullmatch(line) is None:
            continue
        end = next((at for at in range(head + 1, len(bare)) if _TABLE.fullmatch(bare[at])), len(bare))
        gone = {head, *(at for at in range(head + 1, end) if _MEMBER.fullmatch(bare[at]))}
        if all(at in gone or _REST.fullmatch(bare[at]) for at in range(head, end)):
            after = max(gone) + 1
            blank_before = head > 0 and not bare[head - 1].strip()
            if blank_before and (after == len(bare) or not bare[after].strip()):
                gone.add(head - 1)
            yield "".join(line for at, line in enumerate(lines) if at not in gone)


def _proved(snapshot: Snapshot, made: bytes, change: Any, hint: str) -> bytes:
    before = content_of(snapshot)
    wanted: Sequence[dict[str, Any]] = change(_tables(before))
    try:
        after = content_of(snapshot._replace(data=made))
    except ConfigError:
        after = {}
    rest = [{key: value for key, value in one.items() if key != "recipient"} for one in (before, after)]
    if rest[0] != rest[1] or _tables(after) != wanted:
        reason = "its [[recipient]] tables are not spelled as ones that can be changed"
        raise ConfigError(reason, path=snapshot.path, hint=hint)
    return made


def _tables(content: dict[str, Any]) -> list[dict[str, Any]]:
    return list(content.get("recipient", ()))


def _text(snapshot: Snapshot) -> str:
    return snapshot.bytes.decode("utf-8")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
