"""The change set of a command that writes a vault and no configuration file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.changes import journal
from ciphertool.changes.assembly import anchor_of
from ciphertool.changes.changeset import ChangeSet, Replacement, VaultBefore
from ciphertool.errors import CipherToolError, ConflictError
from ciphertool.passwords import PasswordChain
from ciphertool.settings.ciphertool_toml import NATIVE_KIND
from ciphertool.vault.opening import VaultAccess

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.engine.envelope import Recipient
    from ciphertool.files import Write
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings


def vault_before(
    settings: Settings, repository: SecretRepository, *paths: Path, to: tuple[Recipient, ...] = ()
) -> VaultBefore:
    """Return the vault as it is before a change; `paths` are other files that the change writes.

    `to` are today's recipients; without any, as for a change of keys, nothing is kept for `undo` and older copies go.

    Raises `ConflictError` if an interrupted `protect` has left a journal: no command changes a vault on top of that.
    """
    anchor = anchor_of(settings, repository)
    found = journal.find(anchor)
    if journal.unfinished(found):
        raise ConflictError(
            "an interrupted run has left this journal; nothing was written",
            path=found.snapshot.path,
            hint="run `ciphertool protect`, which completes that run",
        )
    return VaultBefore(settings, repository, anchor, found, paths, None, settings.repository_settings.new_mode, to)


def recipients_at_hand(settings: Settings, passwords: PasswordChain) -> tuple[Recipient, ...]:
    """Return today's recipients if no person has to be asked for a password; otherwise, or if one is wrong, nobody."""
    if settings.kind != NATIVE_KIND:
        return ()
    try:
        if settings.keystore.certificate is not None:
            passwords = PasswordChain(())
        elif passwords.read_unasked() is None:
            return ()
        return VaultAccess(settings, passwords).to_seal(now=datetime.now(UTC)).sealer.to
    except CipherToolError:
        return ()


def vault_change(
    settings: Settings,
    repository: SecretRepository,
    data: bytes,
    companions: tuple[Write, ...] = (),
    to: tuple[Recipient, ...] = (),
) -> ChangeSet:
    """Return the change set that gives a vault's repository new bytes; raise as `vault_before` does."""
    replacement = Replacement(settings.storage, repository.content, data)
    return ChangeSet((), replacement, companions, vault_before(settings, repository, to=to))


def outstanding(writes: tuple[Write, ...]) -> tuple[Write, ...]:
    """Return the writes without new files that are there by now as they are to be: another vault may share them."""
    return tuple(one for one in writes if one.before.data is not None or _now(one) != one.data)


def _now(write: Write) -> bytes | None:
    return files.read_if_there(write.before.path).data
