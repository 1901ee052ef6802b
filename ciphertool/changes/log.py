"""The log of a vault: a line of JSON for each commit, with who, when, by which command, and which secrets.

It never holds a value. A line is in the journal before the commit begins and in the log after it has ended, so that it
is neither lost nor written twice, whenever a run is killed.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool import files
from ciphertool.changes.changeset import Replacement
from ciphertool.changes.journal import Identity
from ciphertool.ciphertext import Envelope, Native
from ciphertool.repository import Encrypted, repository_of
from ciphertool.running import command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ciphertool.changes.changeset import ChangeSet, VaultBefore
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.repository import SecretEntry, SecretRepository


class Recorded(NamedTuple):
    """What a log holds: its records, and how many of its lines are not such, as one that a killed run began."""

    records: tuple[dict[str, Any], ...]
    damaged: int


def log_path(anchor: Path) -> Path:
    """Return the path of the log of a vault with this anchor, links followed."""
    real = Path(os.path.realpath(anchor))
    return real.with_name(f"{real.name}.log")


def read(path: Path) -> Recorded:
    """Return what a log holds, nothing if there is no such file; raise `ConfigError` if it cannot be read."""
    records, damaged = [], 0
    for line in files.read_if_there(path).bytes.splitlines():
        record = _parsed(line)
        if record is not None:
            records.append(record)
        else:
            damaged += bool(line.strip())
    return Recorded(tuple(records), damaged)


def line_of(changes: ChangeSet) -> str | None:
    """Return the line that records a commit, None if the settings ask for no log or nothing is written."""
    vault = changes.vault
    if vault is None or not changes.writes or not vault.settings.repository_settings.log:
        return None
    secrets, recipients = _secrets(changes, vault.repository)
    root = os.path.realpath(vault.settings.root)
    record: dict[str, object] = {
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "id": os.urandom(6).hex(),
        "user": _user(),
        "command": command.get(),
        "secrets": secrets,
        "recipients": sorted(recipients),
        "files": [os.path.relpath(w.before.real, root) for w in changes.writes if not isinstance(w, Replacement)],
    }
    if os.environ.get("SUDO_USER"):
        record["sudo"] = os.environ["SUDO_USER"]
    return json.dumps(record)


def append(vault: VaultBefore, line: str) -> None:
    """Write a line to the log of a vault; raise `WriteError`."""
    facts = vault.anchor.file.facts
    mode = (facts.mode if facts else vault.mode) & 0o666
    files.append(log_path(vault.anchor.file.real), line.encode("ascii") + b"\n", mode, facts)


def settle(vault: VaultBefore) -> None:
    """Write the line of an interrupted run, if that has changed anything and the log lacks it; raise `WriteError`.

    A storage that is no file does not show what has changed: the line is then written in any case.
    """
    journal = vault.found.journal
    if journal is None or journal.line is None or not vault.settings.repository_settings.log:
        return
    record = _parsed(journal.line.encode("ascii", "replace"))
    directory = vault.anchor.directory
    changed = vault.anchor.apart or any(_now(directory / path) != before for path, before in journal.before.items())
    if record is None or not changed:
        return
    if all(record["id"] != one["id"] for one in read(log_path(vault.anchor.file.real)).records):
        append(vault, json.dumps(record))


def identities(changes: ChangeSet, directory: Path) -> dict[str, Identity | None]:
    """Return the identity of each file that is to be written, as a journal keeps it."""
    return {
        os.path.relpath(before.real, directory): Identity.of(before)
        for write, before in zip(changes.writes, changes.befores, strict=True)
        if isinstance(write.where, Path)
    }


def _now(path: Path) -> Identity | None:
    """Return the identity of a file, which is not opened: its name comes from a journal."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("id"), str) else None


def _secrets(changes: ChangeSet, before: SecretRepository) -> tuple[list[dict[str, object]], set[str]]:
    """Return what becomes of which secrets, and the keys that open those that are new."""
    found: list[dict[str, object]] = []
    recipients: set[str] = set()
    after = _after(changes, before)
    for alias in [*before.entries, *(one for one in after.entries if one not in before.entries)]:
        old, new = _ciphertext(before.entries.get(alias)), _ciphertext(after.entries.get(alias))
        if alias not in after.entries:
            found.append({"alias": alias, "change": "removed", "key": None})
        elif new is not None and new != old:
            key, opens = _keys(new)
            recipients.update(opens)
            found.append({"alias": alias, "change": _change(old, new), "key": key})
    found += [{"alias": alias, "change": "in clear", "key": None} for alias in changes.in_clear]
    return found, recipients


def _after(changes: ChangeSet, before: SecretRepository) -> SecretRepository:
    last = next((one for one in reversed(changes.writes) if isinstance(one, Replacement)), None)
    if last is None or changes.vault is None:
        return before
    settings = changes.vault.settings
    content = before.content._replace(data=last.data)
    return repository_of(settings.kind, content, extensions=settings.trust.extensions, declared=settings.aliases)


def _ciphertext(entry: SecretEntry | None) -> Ciphertext | None:
    return entry.stored.ciphertext if entry is not None and isinstance(entry.stored, Encrypted) else None


def _change(old: Ciphertext | None, new: Ciphertext) -> str:
    if old is None:
        return "added"
    same = isinstance(old, Envelope) and isinstance(new, Envelope) and old.token == new.token
    return "other recipients" if same else "changed"


def _keys(ciphertext: Ciphertext) -> tuple[str | None, Iterable[str]]:
    match ciphertext:
        case Native(key_id=key):
            return key, [key]
        case Envelope(content_key=key, wrapped=wrapped):
            return key, wrapped
    return None, ()


def _user() -> str:
    """Return the name of the user as whom this process runs."""
    try:
        import pwd

        return pwd.getpwuid(os.geteuid()).pw_name
    except (ImportError, KeyError):
        return str(os.geteuid()) if hasattr(os, "geteuid") else os.environ.get("USERNAME", "unknown")
