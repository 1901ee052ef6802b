"""The journal of a run that writes: a file that records, during the run, what it is to do.

It is beside the repository or, if that is in no file, beside the settings.

A killed run leaves it behind. The next run then needs no private key to know that a value still in clear is the one
that a ciphertext was made from: it is in the very file that was read then, at the same place. The file is identified by
its device, inode, size and times; no system call can set the time of its last change (`st_ctime`).

A journal holds no plaintext, and no digest of a file before or after the change: what a file holds beside its targets
may be a secret too, and a digest of all the rest would let anybody test a guess of it. The planned state of a file is
recognised by the references in it. A secret's place is the offset at which it begins, never its length.

It has the owner and mode of the file that it is beside. This module reads and writes no other file.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import ciphertext, files
from ciphertool.ciphertext import Bare, Envelope, Native
from ciphertool.errors import ConfigError, JournalError, MalformedCiphertextError
from ciphertool.files.directories import reach
from ciphertool.files.snapshots import read_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot

_VERSION = 1
_MOST_BYTES = 128 << 20
_WRITABLE_BY_OTHERS = 0o022


class Identity(NamedTuple):
    """Which file it was, and in which state: any change of content also changes `changed`."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, snapshot: Snapshot) -> Identity | None:
        """Return the identity of a file that was read; None if there was no file."""
        facts = snapshot.facts
        return facts and cls(facts.device, facts.inode, facts.size, facts.modified, facts.changed)


class Place(NamedTuple):
    """Where a secret was: the offset at which its site begins, and which part of the value it is, if not the whole."""

    alias: str
    start: int
    part: str | None


class FileRecord(NamedTuple):
    """One file that gets references: its identity, how it was read, and the places of the secrets in it."""

    identity: Identity | None
    format: str
    codec: str
    places: frozenset[Place]


class EntryRecord(NamedTuple):
    """The ciphertext that an alias's references will stand for, and whether the alias had none before the run."""

    ciphertext: Native | Bare | Envelope
    new: bool


class Journal(NamedTuple):
    """What a run was about to do. `files` are keyed by path relative to the anchor's directory, links followed."""

    repository: str
    identity: Identity | None
    entries: Mapping[str, EntryRecord]
    files: Mapping[str, FileRecord]
    line: str | None = None
    """What the log gets once everything is written."""
    before: Mapping[str, Identity | None] = {}
    """The identity of each file that is to be written, keyed as `files` are."""
    step: int | None = None
    """The step of copies that has what the run replaces."""

    @property
    def is_of_protect(self) -> bool:
        """Whether `protect` has something to complete; any other run is completed by its own command, if at all."""
        return bool(self.entries or self.files) or (self.line is None and not self.before)

    def file(self, snapshot: Snapshot, directory: Path) -> FileRecord | None:
        """Return the record of a file, or None if there is none."""
        return self.files.get(os.path.relpath(snapshot.real, directory))


class Anchor(NamedTuple):
    """The file beside which a vault's runs leave their journal, as it was read, and the repository's name in that.

    It is the repository's own or, if that is in no file, that of the settings, which the repository is `apart` from.
    """

    file: Snapshot
    repository: str
    apart: bool = False

    @property
    def directory(self) -> Path:
        """The directory of the journal, links followed."""
        return self.file.real.parent

    @property
    def identity(self) -> Identity | None:
        """The identity of the repository's file."""
        return None if self.apart else Identity.of(self.file)


class FoundJournal(NamedTuple):
    """The journal file beside an anchor as it was read, and its content, None if there is no such file."""

    snapshot: Snapshot
    journal: Journal | None


def unfinished(found: FoundJournal) -> bool:
    """Return whether a journal was found that `protect` has to complete before anything else is written."""
    return found.journal is not None and found.journal.is_of_protect


def find(anchor: Anchor) -> FoundJournal:
    """Read the journal beside an anchor; raise `JournalError` if it must not, or cannot, be trusted.

    A journal is trusted if it belongs to the anchor's owner or to root, and nobody can write it who cannot write the
    anchor; if there is no such file yet, it may also belong to the directory's owner or to us. It may belong to us too
    if the anchor is the settings, which somebody else may have written for us.
    """
    file, path = anchor.file, anchor.directory / files.JOURNAL
    try:
        with reach(path, follow=False) as way:
            snapshot = read_at(way, _MOST_BYTES)
            host = way.directory.status().st_uid
    except FileNotFoundError:
        return FoundJournal(files.Snapshot(path, path, None), None)
    except (OSError, ConfigError):  # a link, a pipe, a directory, or larger than any journal
        raise JournalError("cannot be read as a file", path=path) from None
    if snapshot.facts is None:
        return FoundJournal(snapshot, None)
    ourselves = os.geteuid() if os.name == "posix" else 0
    own = {0, file.facts.owner} if file.facts else {0, host, ourselves}
    if anchor.apart:
        own.add(ourselves)
    if snapshot.facts.owner not in own:
        raise JournalError("belongs to another user than the repository", path=path)
    shared = snapshot.facts.mode & _WRITABLE_BY_OTHERS
    if snapshot.facts.links > 1 or (file.facts and shared & ~file.facts.mode):
        raise JournalError("can be changed by more users than the repository", path=path)
    try:
        journal = _parse(snapshot.bytes)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MalformedCiphertextError):
        raise JournalError("is damaged or written by another version", path=path) from None
    if journal.repository != anchor.repository:
        if not journal.is_of_protect:  # a repository that a rotation replaces; its own command completes it
            return FoundJournal(snapshot, None)
        raise JournalError(f"belongs to another repository in this directory, {journal.repository!r}", path=path)
    return FoundJournal(snapshot, journal)


def write(found: Snapshot, journal: Journal, anchor: Anchor, mode: int) -> Snapshot:
    """Write a journal, synced, replacing what was found there; return the new file's snapshot."""
    facts = anchor.file.facts
    mode = facts.mode if facts else mode
    files.write_all([files.Write(found, _text(journal), mode & 0o666, like=facts)])
    return files.read(found.path)


def remove(found: Snapshot) -> None:
    """Remove a journal durably, if there is one."""
    files.remove(found.path)


def as_recordable(stored: Ciphertext) -> Native | Bare | Envelope | None:
    """Return the ciphertext if its form is one that is written; None for read-only forms."""
    return stored if isinstance(stored, Native | Bare | Envelope) else None


def _text(journal: Journal) -> bytes:
    document = {
        "ciphertool": _VERSION,
        "repository": journal.repository,
        "identity": journal.identity,
        "entries": {alias: [str(entry.ciphertext), entry.new] for alias, entry in journal.entries.items()},
        "keys": {
            entry.ciphertext.content_key: dict(entry.ciphertext.wrapped)
            for entry in journal.entries.values()
            if isinstance(entry.ciphertext, Envelope)
        },
        "files": {
            path: [record.identity, record.format, record.codec, sorted(record.places, key=repr)]
            for path, record in journal.files.items()
        },
        "line": journal.line,
        "before": journal.before,
        "step": journal.step,
    }
    return json.dumps(document).encode("ascii") + b"\n"


def _parse(data: bytes) -> Journal:
    """Parse a journal; raise `ValueError` or a similar exception for anything else."""
    document = json.loads(data)
    if document["ciphertool"] != _VERSION:
        raise ValueError
    keys = {key: _wrapped(**tokens) for key, tokens in document.get("keys", {}).items()}
    entries = {alias: _entry(keys, *record) for alias, record in document["entries"].items()}
    records = {path: _file(*record) for path, record in document["files"].items()}
    line = document.get("line")
    before = {path: _identity(identity) for path, identity in document.get("before", {}).items()}
    return Journal(
        _text_of(document["repository"]),
        _identity(document["identity"]),
        entries,
        records,
        None if line is None else _text_of(line),
        before,
        _number(document.get("step")),
    )


def _wrapped(**tokens: object) -> Mapping[str, str]:
    if not all(isinstance(token, str) and ciphertext.is_wrapped_key(token) for token in tokens.values()):
        raise ValueError
    return {recipient: str(token) for recipient, token in tokens.items()}


def _entry(keys: Mapping[str, Mapping[str, str]], stored: object, new: object) -> EntryRecord:
    made = as_recordable(ciphertext.parse(_text_of(stored)))
    if isinstance(made, Envelope):
        made = made._replace(wrapped=keys[made.content_key])
    if made is None or not isinstance(new, bool):
        raise ValueError
    return EntryRecord(made, new)


def _file(identity: object, format_name: object, codec: object, places: list[list[object]]) -> FileRecord:
    return FileRecord(
        _identity(identity), _text_of(format_name), _text_of(codec), frozenset(_place(*place) for place in places)
    )


def _place(alias: object, start: object, part: object) -> Place:
    if not isinstance(start, int):
        raise TypeError
    return Place(_text_of(alias), start, None if part is None else _text_of(part))


def _identity(numbers: object) -> Identity | None:
    if numbers is None:
        return None
    if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
        raise TypeError
    return Identity(*numbers)


def _number(value: object) -> int | None:
    if value is not None and not isinstance(value, int):
        raise TypeError
    return value


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
