"""Finds the commits that changed the key to which a vault's secrets are encrypted. Needs no key, only certificates."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import git
from ciphertool.audit import rules
from ciphertool.audit.model import Level
from ciphertool.ciphertext import Native
from ciphertool.engine.cipher import key_id
from ciphertool.errors import CipherToolError, ConfigSyntaxError, GitError
from ciphertool.files import Snapshot
from ciphertool.repository import Encrypted, repository_of
from ciphertool.rewriters import toml_data
from ciphertool.settings import config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ciphertool.audit.gather import Gathered
    from ciphertool.settings.model import Settings

INDEX = ""
"""The revision that is git's index."""


class _State(NamedTuple):
    """The key of a vault in one revision, None if its certificate cannot be read, and the keys of its values."""

    revision: str
    key: str | None
    subject: str
    held: tuple[str, ...]


def judge(gathered: Gathered, settings: Settings, *, staged: bool = False) -> None:
    """Report each commit that changed the key, or, with `staged`, that the next one does; and what is not judged."""
    named = [path for path in (settings.origin, settings.keystore.certificate, settings.keystore.path) if path]
    directory, gap, level = settings.origin.absolute().parent, "", Level.WARNING
    try:
        if staged:
            revisions: Sequence[str] = ("HEAD", INDEX)
        else:
            revisions, gap = git.changes(directory, named)
        states = list(_states(settings, directory, revisions))
    except GitError as error:
        states, gap = [], error.message
    known = [state for state in states if state.key is not None]
    if not gap and not staged and len(known) < len(states):
        level = Level.NOTE
        gap = f"the certificate cannot be read in {len(states) - len(known)} of {len(states)} commits"
    if gap:
        message = f"the history of the primary key is not wholly judged: {gap}"
        gathered.finding(rules.UNREADABLE, gathered.place(settings.origin), message, level=level)
    for before, after in pairwise(known):
        if before.key != after.key:
            _report(gathered, settings, before, after)


def _report(gathered: Gathered, settings: Settings, before: _State, after: _State) -> None:
    who = f"commit {after.revision}" if after.revision else "the next commit"
    left = sum(key != after.key for key in after.held)
    vault = f"; {left} of the vault's {len(after.held)} values stay under another" if left else ""
    gathered.finding(
        rules.KEY_CHANGED,
        gathered.place(settings.origin, selector=who),
        f"{who} changes the key that secrets are encrypted to, from {before.key} ({before.subject}) "
        f"to {after.key} ({after.subject}){vault}",
        # Who rotates encrypts every value anew in the same commit.
        level=Level.NOTE if after.held and not left else None,
    )


def _states(settings: Settings, directory: Path, revisions: Sequence[str]) -> Iterator[_State]:
    origins = git.contents(directory, [(revision, settings.origin) for revision in revisions])
    certificates = [_certificate(settings, data) for data in origins]
    asked = [(revision, path) for revision, (path, _) in zip(revisions, certificates, strict=True)]
    keystores = git.contents(directory, asked)
    vaults = git.contents(directory, [(revision, settings.repository) for revision in revisions])
    for revision, (path, alias), keystore, vault in zip(revisions, certificates, keystores, vaults, strict=True):
        key, subject = _key(path, alias, keystore)
        yield _State(revision, key, subject, tuple(_held(settings, vault)))


def _certificate(settings: Settings, origin: bytes | None) -> tuple[Path, str | None]:
    """Return the file that a version of the settings names for the certificate, and the alias in it."""
    present = settings.keystore.certificate or settings.keystore.path or settings.origin
    alias = None if settings.keystore.certificate else settings.keystore.alias
    if origin is None or settings.origin.name != config.FILE_NAME:
        return present, alias
    try:
        table = toml_data.read(origin.decode("utf-8"))["keystore"]
        path, name = table.get("certificate") or table["path"], table.get("alias")
        file = settings.origin.absolute().parent / path
    except (ValueError, KeyError, TypeError, AttributeError, ConfigSyntaxError):
        return present, alias
    return file, name if isinstance(name, str) and not table.get("certificate") else None


def _key(path: Path, alias: str | None, data: bytes | None) -> tuple[str | None, str]:
    """Return the id and the subject of a certificate's key, as far as they can be read without a password."""
    from ciphertool.keystore import certificates, open_keystore
    from ciphertool.keystore.facts import certificate_facts

    if data is None:
        return None, ""
    try:
        entry = open_keystore(path, None, data=data).entry(alias)
        certificate = certificates.load(entry.chain[0], entry.alias)
        key = certificates.rsa_public_key(certificate, entry.alias)
    except (CipherToolError, IndexError):
        return None, ""
    return key_id(key), certificate_facts(entry.chain[0]).subject or "no subject"


def _held(settings: Settings, data: bytes | None) -> Iterator[str]:
    """Yield the key of each value of a version of the vault that names one."""
    if data is None:
        return
    try:
        snapshot = Snapshot(settings.repository, settings.repository, data)
        entries = repository_of(settings.kind, snapshot, declared=settings.aliases).entries
    except CipherToolError:
        return
    for entry in entries.values():
        if isinstance(entry.stored, Encrypted) and isinstance(entry.stored.ciphertext, Native):
            yield entry.stored.ciphertext.key_id
