"""Plans a change of who can read a vault: a recipient is added, or taken out. Writes nothing.

Either is one change set, proved by decryption. The settings are written before the vault if a recipient is added, and
after it if one is taken out: whoever is killed in between gives the same command again, which finds in the settings
what it was asked for, and the vault decrypts at any time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.changes.changeset import ChangeSet, Replacement
from ciphertool.ciphertext import Envelope
from ciphertool.engine import envelope
from ciphertool.errors import ConfigError, RecipientsError
from ciphertool.lifecycle import recipient_tables
from ciphertool.lifecycle.reencryption import KeyChanges, proved, values_of
from ciphertool.lifecycle.writing import vault_before
from ciphertool.repository import Encrypted
from ciphertool.vault.cipher import Opener, Sealer
from ciphertool.vault.opening import VaultAccess
from ciphertool.vault.readers import readers

if TYPE_CHECKING:
    from datetime import datetime

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot, Write
    from ciphertool.lifecycle.recipients import Candidate, Departing
    from ciphertool.passwords import PasswordChain
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.vault.envelopes import EnvelopeSealer


class Keys(NamedTuple):
    """What opens a vault, and what makes its new envelopes; `primary` is the id of the primary keystore's key."""

    opener: Opener
    sealer: EnvelopeSealer
    primary: str
    warnings: tuple[str, ...]


class Change(NamedTuple):
    """What is to be written, and what that does.

    `content_keys` are wrapped again if a recipient is added, and replaced if one is taken out; `encrypted` are the
    values that are encrypted anew. `others` are keys that the settings do not name: they can still read the vault after
    an addition, and no more after a removal.
    """

    changes: ChangeSet
    content_keys: tuple[str, ...] = ()
    encrypted: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def open_keys(after: Settings, opening: Settings, passwords: PasswordChain, now: datetime) -> Keys:
    """Return the keys for a change after which `after` are the settings; `opening` names the keystore that opens it.

    Raises a `KeystoreError` or a `ConfigError` if one of them cannot be used.
    """
    opened = VaultAccess(opening, passwords).to_open()
    if (opening.keystore.path, opening.keystore.alias) != (after.keystore.path, after.keystore.alias):
        if after.keystore.certificate is None:
            hint = "state it as `[keystore] certificate`: values are encrypted to the primary keystore's key as well"
            raise ConfigError("names no certificate of the primary keystore", path=after.origin, hint=hint)
        after = after._replace(keystore=after.keystore._replace(path=None))
    sealing = VaultAccess(after, passwords).to_seal(now=now)
    sealer = sealing.sealer
    assert isinstance(opened.opener, Opener)  # noqa: S101 - a native vault's
    assert isinstance(sealer, Sealer)  # noqa: S101 - as above
    if sealer.envelope is None:
        hint = 'set `scheme = "auto"`, and have a primary certificate with keyEncipherment'
        raise RecipientsError("no envelopes can be made for this vault", after.origin, hint)
    warnings = tuple(dict.fromkeys((*opened.warnings, *sealing.warnings)))
    return Keys(opened.opener, sealer.envelope, sealer.key_id, warnings)


def plan_add(candidate: Candidate, keys: Keys, repository: SecretRepository, settings_file: Snapshot) -> Change:
    """Return the change that lets a recipient read the whole vault.

    Values that are encrypted to one key alone become envelopes. A content key that no value uses and the opener cannot
    open is taken out, since nobody can wrap it again. Raises `ProblemsError` for values that do not decrypt.
    """
    settings, target = candidate.after, candidate.target.recipient
    opened = values_of(repository, keys.opener)
    new = {
        alias: keys.sealer.seal(alias, *one.revealed())
        for alias, one in opened.items()
        if not isinstance(_ciphertext(repository, alias), Envelope)
    }
    used = {value.content_key for alias in opened if isinstance(value := _ciphertext(repository, alias), Envelope)}
    wrapped: KeyChanges = {}
    for key, held in repository.keys.items():
        if key not in used and keys.opener.decryptor.key_id not in held:
            wrapped[key] = None
        elif not (target.id in held and envelope.is_for(held[target.id], target.id, target.algorithm)):
            content_key = keys.opener.content_keys.content_key(Envelope(key, "", held))
            wrapped[key] = {**held, target.id: content_key.wrapped_for(target)}
    text = None
    if not candidate.stated:
        certificate = os.path.relpath(candidate.settings.certificate, settings.root).replace(os.sep, "/")
        text = recipient_tables.added(settings_file, candidate.settings, certificate)
    vault = vault_before(settings, repository, settings_file.real, to=keys.sealer.to)
    saved = proved(settings, repository, new, wrapped, opened, keys.opener)
    first = () if text is None else (files.Write(settings_file, text),)
    unknown = (one.key_id for one in readers(candidate.before, repository).unknown)
    others = tuple(one for one in unknown if one not in (None, target.id))
    return Change(_able(ChangeSet((), saved, first, vault)), tuple(wrapped), tuple(new), others)


def plan_remove(leaving: Departing, keys: Keys, repository: SecretRepository, settings_file: Snapshot) -> Change:
    """Return the change after which a recipient, and every other key that the settings do not name, reads nothing.

    Every value is encrypted anew under a new content key, and the former content keys go. Raises `RecipientsError` if
    the vault has still to be encrypted to one that stays, and `ProblemsError` for values that do not decrypt.
    """
    settings, remaining = leaving.after, keys.sealer.recipients
    if leaving.key_id == keys.primary:
        raise RecipientsError(f"{leaving.label} is the primary keystore's key, which stays", settings.origin, "")
    held = _held(repository)
    gone = tuple(one for one in held if one not in remaining)
    vault = vault_before(settings, repository, settings_file.real)
    saved, new = None, {}
    if gone if leaving.key_id is None else leaving.key_id in gone:
        _require_able(leaving, keys, repository)
        opened = values_of(repository, keys.opener)
        new = {alias: keys.sealer.seal(alias, *one.revealed()) for alias, one in opened.items()}
        saved = proved(settings, repository, new, dict.fromkeys(repository.keys), opened, keys.opener)
    last: tuple[Write, ...] = ()
    if leaving.name is not None:
        last = (files.Write(settings_file, recipient_tables.removed(settings_file, leaving.name)),)
    others = tuple(one for one in gone if one != leaving.key_id) if saved else ()
    return Change(
        _able(ChangeSet(last, saved, (), vault)),
        tuple(repository.keys) if saved else (),
        tuple(new),
        others,
    )


def _require_able(leaving: Departing, keys: Keys, repository: SecretRepository) -> None:
    """Raise `RecipientsError` unless everybody who stays can read the vault, the one who opens it among them."""
    if keys.opener.decryptor.key_id not in keys.sealer.recipients:
        hint = "open the vault with the keystore of a recipient who stays"
        reason = f"{leaving.label} cannot be taken out with a key that would not stay"
        raise RecipientsError(reason, repository.where, hint)
    lacking = [
        one.named.label
        for one in readers(leaving.after, repository).readers
        if one.named is not None and one.key_id in keys.sealer.recipients and one.lacking
    ]
    if lacking:
        hint = "bring it up to date first: see `ciphertool recipients check`"
        reason = f"the vault is not, or not wholly, encrypted to {', '.join(lacking)}"
        raise RecipientsError(reason, repository.where, hint)


def _able(changes: ChangeSet) -> ChangeSet:
    """Return a change set all of whose files can be written; raise the `WriteError` for the first that cannot."""
    for write in changes.writes:
        found = write.storage.obstacle() if isinstance(write, Replacement) else files.obstacle(write.before)
        if found is not None:
            raise found
    return changes


def _held(repository: SecretRepository) -> tuple[str, ...]:
    return tuple(sorted({recipient for wrapped in repository.keys.values() for recipient in wrapped}))


def _ciphertext(repository: SecretRepository, alias: str) -> Ciphertext | None:
    stored = repository.get(alias).stored
    return stored.ciphertext if isinstance(stored, Encrypted) else None
