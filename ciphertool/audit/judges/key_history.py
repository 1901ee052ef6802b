"""Finds the commits that changed the key for which a vault's secrets are encrypted. Needs only certificates."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import git
from ciphertool.audit import rules
from ciphertool.ciphertext import Envelope, Native
from ciphertool.engine import key_id
from ciphertool.errors import CipherToolError, ConfigSyntaxError, GitError
from ciphertool.findings import Level
from ciphertool.repository import Encrypted, repository_of
from ciphertool.rewriters import toml_data
from ciphertool.settings import ciphertool_toml
from ciphertool.storage.base import Content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.audit.ledger import Ledger
    from ciphertool.settings.model import Settings

INDEX = ""
"""How git names its index as a revision."""
_MOST_SETTINGS, _MOST_BYTES = 4 << 20, 64 << 20
"""What all versions of a file may have together to be looked at: of the settings, and of keystore or vault."""
_MOST_SHOWN = 5


class _State(NamedTuple):
    """A vault in one revision: where its certificate is, its key, None if it cannot be read, and its values' keys."""

    revision: str
    source: tuple[str, str | None]
    """What the certificate is read from, by its content where git has it, and its alias there."""
    key: str | None
    subject: str
    held: tuple[frozenset[str], ...]
    """Of each value that names keys, those that can read it."""

    @property
    def readers(self) -> frozenset[str]:
        """The keys that can read any value."""
        return frozenset().union(*self.held)


def judge(gathered: Ledger, settings: Settings, *, staged: bool = False) -> None:
    """Report each commit that changed the key, or, with `staged`, that the next one does; and what is not judged."""
    gap, states = "", list[_State]()
    try:
        revisions: Sequence[str] = ("HEAD", INDEX)
        if not staged:
            revisions, gap = _revisions(settings)
        states = list(_states(settings, revisions))
    except GitError as error:
        gap = error.message
    known: _State | None = None
    unsure: list[str] = []
    for index, state in enumerate(states):
        if state.key is None or known is None:
            if index and _is_unsure(states[index - 1], state):
                unsure.append(_who(state))
        else:
            if known.key != state.key:
                _report(gathered, settings, known, state)
            _report_readers(gathered, settings, known, state)
        known = state if state.key is not None else known
    _report_gap(gathered, settings, gap, unsure, () if staged else states)


def _is_unsure(before: _State, after: _State) -> bool:
    """Return whether the key may have changed: it cannot be read now, or there are values of another key."""
    if before.source == after.source:
        return False
    if after.key is None:
        return before.key is not None or bool(before.held)
    return any(after.key not in keys for keys in before.held)


def _report_gap(
    gathered: Ledger, settings: Settings, gap: str, unsure: Sequence[str], states: Sequence[_State]
) -> None:
    reasons = [gap] if gap else []
    unread = sum(state.key is None for state in states)
    if unsure:
        shown = ", ".join(unsure[:_MOST_SHOWN]) + (", …" if len(unsure) > _MOST_SHOWN else "")
        reasons.append(f"the certificate cannot be read, and {shown} may have changed the key")
    elif unread and not gap:
        reasons.append(f"the certificate cannot be read in {unread} of {len(states)} commits")
    if reasons:
        message = f"the history of the primary key is not wholly judged: {'; '.join(reasons)}"
        level = Level.WARNING if gap or unsure else Level.NOTE
        gathered.finding(rules.UNREADABLE, gathered.place(settings.origin), message, level=level)


def _who(state: _State) -> str:
    return f"commit {state.revision}" if state.revision else "the next commit"


def _report(gathered: Ledger, settings: Settings, before: _State, after: _State) -> None:
    who = _who(after)
    left = sum(after.key not in keys for keys in after.held)
    vault = f"; {left} of the vault's {len(after.held)} values stay under another" if left else ""
    gathered.finding(
        rules.KEY_CHANGED,
        gathered.place(settings.origin, selector=who),
        f"{who} changes the key that secrets are encrypted to, from {before.key} ({before.subject}) "
        f"to {after.key} ({after.subject}){vault}",
        # Who rotates encrypts every value anew in the same commit.
        level=Level.NOTE if after.held and not left else None,
        stands=f"{before.key} {after.key}",
    )


def _report_readers(gathered: Ledger, settings: Settings, before: _State, after: _State) -> None:
    """Report keys that can read the vault now, or cannot any more; the primary key, if it changed, is reported."""
    if not before.held or not after.held:
        return
    primary = {before.key, after.key}
    added, removed = sorted(after.readers - before.readers - primary), sorted(before.readers - after.readers - primary)
    if added or removed:
        parts = [f"lets {', '.join(added)} read the vault"] if added else []
        parts += [f"takes {', '.join(removed)} out"] if removed else []
        gathered.finding(
            rules.RECIPIENTS_CHANGED,
            gathered.place(settings.origin, selector=_who(after)),
            f"{_who(after)} {' and '.join(parts)}",
            level=None if added else Level.NOTE,
            stands=" ".join((*added, "", *removed)),
        )


def _revisions(settings: Settings) -> tuple[Sequence[str], str]:
    """Return the commits that changed the settings or a certificate that some version of them names."""
    present = [path for path in (settings.keystore.certificate, settings.keystore.path) if path]
    revisions, _ = git.changes(settings.root, [_origin(settings)])
    named = (_certificate(settings, blob)[0] for blob in _origins(settings, revisions))
    return git.changes(settings.root, dict.fromkeys((_origin(settings), *present, *filter(None, named))))


def _states(settings: Settings, revisions: Sequence[str]) -> Iterator[_State]:
    certificates = [_certificate(settings, blob) for blob in _origins(settings, revisions)]
    asked = [(revision, path or settings.root) for revision, (path, _) in zip(revisions, certificates, strict=True)]
    keystores = git.contents(settings.root, asked, most=_MOST_BYTES)
    path = settings.repository_settings.path  # git knows no versions of one that is in no file
    vaults: Sequence[git.Blob | None] = [None] * len(revisions)
    if path is not None:
        vaults = git.contents(settings.root, [(revision, path) for revision in revisions], most=_MOST_BYTES)
    for revision, (path, alias), keystore, vault in zip(revisions, certificates, keystores, vaults, strict=True):
        key, subject = _key(path, alias, keystore.data if keystore else None)
        source = keystore.id if keystore else str(path)
        yield _State(revision, (source, alias), key, subject, tuple(_held(settings, vault.data if vault else None)))


def _origin(settings: Settings) -> Path:
    """Return the file that names the certificate."""
    return (
        settings.origin if settings.origin.name == ciphertool_toml.FILE_NAME else settings.repository_settings.mode_like
    )


def _origins(settings: Settings, revisions: Sequence[str]) -> Sequence[git.Blob | None]:
    asked = [(revision, _origin(settings)) for revision in revisions]
    return git.contents(settings.root, asked, most=_MOST_SETTINGS)


def _certificate(settings: Settings, origin: git.Blob | None) -> tuple[Path | None, str | None]:
    """Return the file that a version of the settings names for the certificate, and the alias in it.

    Found settings name none outside their directory but the one that they name now.
    """
    present = settings.keystore.certificate or settings.keystore.path
    alias = None if settings.keystore.certificate else settings.keystore.alias
    if origin is None or origin.data is None or settings.origin.name != ciphertool_toml.FILE_NAME:
        return present, alias
    try:
        table = toml_data.read(origin.data.decode("utf-8-sig"))["keystore"]
        path, name = table.get("certificate") or table["path"], table.get("alias")
        file = Path(os.path.normpath(settings.root / path))
    except (ValueError, KeyError, TypeError, AttributeError, ConfigSyntaxError):
        return None, None
    if not (not settings.trust.confined or file == present or file.is_relative_to(os.path.normpath(settings.root))):
        return None, None
    return file, name if isinstance(name, str) and not table.get("certificate") else None


def _key(path: Path | None, alias: str | None, data: bytes | None) -> tuple[str | None, str]:
    """Return the id and the subject of a certificate's key, if they can be read without a password."""
    from ciphertool.certificates import chains
    from ciphertool.certificates.facts import certificate_facts
    from ciphertool.keystore import open_keystore

    if path is None or data is None:
        return None, ""
    try:
        entry = open_keystore(path, None, data=data).entry(alias)
        certificate = chains.load(entry.chain[0], entry.alias)
        key = chains.rsa_public_key(certificate, entry.alias)
    except (CipherToolError, IndexError):
        return None, ""
    return key_id(key), certificate_facts(entry.chain[0]).subject or "no subject"


def _held(settings: Settings, data: bytes | None) -> Iterator[frozenset[str]]:
    """Yield the keys that can read each value of a version of the vault, if it names any."""
    if data is None:
        return
    try:
        content = Content(settings.anchor, data, data)
        entries = repository_of(settings.kind, content, declared=settings.aliases).entries
    except CipherToolError:
        return
    for entry in entries.values():
        match entry.stored:
            case Encrypted(Native(key_id=key)):
                yield frozenset({key})
            case Encrypted(Envelope(wrapped=wrapped)) if wrapped:
                yield frozenset(wrapped)
