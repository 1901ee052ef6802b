"""Moves the vault of a product to another key or transformation, so that the product can start at any moment.

Its values do not name their key, so they and what opens them must change together. The product reads in one file where
both are, and one rename of that file changes both: the new ciphertexts are written beside the old ones, the file names
them and the new keystore, they are copied to where the old ones are, and the file names that place again. A run that is
interrupted before the rename has changed nothing that is read; after it, `finish` completes it without any key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.changes.changeset import ChangeSet, Replacement
from ciphertool.errors import ConflictError, NotEncryptedYetError
from ciphertool.lifecycle.reencryption import proved, sealed, values_of
from ciphertool.lifecycle.writing import outstanding, vault_before
from ciphertool.repository import Clear, Encrypted, open_repository, repository_of
from ciphertool.runtimes.registry import kind_of_file, runtime_of
from ciphertool.settings.model import ROTATING
from ciphertool.storage.base import Content
from ciphertool.workers import Progress, no_progress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.changes.commit import Transaction
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.repository import SecretRepository
    from ciphertool.runtimes.base import NewKeystore
    from ciphertool.settings.model import Settings
    from ciphertool.vault.cipher import AnyOpener, AnySealer


class PlannedMove(NamedTuple):
    """A move, proved: the repository as it was read, its values under the new key, and the writes up to the rename."""

    repository: SecretRepository
    new: Mapping[str, Ciphertext]
    writes: tuple[files.Write, ...]

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases whose values are encrypted anew."""
        return tuple(self.new)


@dataclass(frozen=True, slots=True)
class ProductMove:
    """The way of a product's vault to another key: what opens it now, and what encrypts and opens it afterwards."""

    before: Settings
    opener: AnyOpener
    after: Settings
    sealer: AnySealer
    new_opener: AnyOpener
    keystore: NewKeystore
    own: tuple[files.Write, ...] = ()
    """Files that are ciphertool's own: settings that name the keystore as well, and the new certificate."""

    def plan(self, progress: Progress = no_progress) -> PlannedMove:
        """Return the whole vault under the new key; nothing is written.

        Raises `ProblemsError` with each value that does not decrypt, does not fit the new key, or waits in clear to be
        encrypted, `ConfigError` if the product could not open the vault afterwards, and `ConflictError` if another run
        was interrupted.
        """
        settings, repository = self.before, _read(self.before)
        vault_before(settings, repository)
        _require_settled(repository)
        values = values_of(repository, self.opener, progress)
        new = sealed(values, self.sealer, repository, progress)
        proved(self.after, repository, new, {}, values, self.new_opener, progress)
        staged = _staged(settings, repository, new)
        switch = runtime_of(settings.kind).reopening(self.after, staged.before.path, self.keystore)
        if switch is None:
            raise AssertionError("the product's file names the file of a move before there is one")
        writes = (staged, *self.own, switch)
        _require_writable(settings, writes)
        return PlannedMove(repository, new, writes)

    def carry_out(self, planned: PlannedMove, transaction: Transaction) -> None:
        """Write what was planned; raise `ConflictError` if anything changed since, and what `apply` raises."""
        settings, repository = self.before, _read(self.before)
        if repository.content != planned.repository.content:
            raise ConflictError("changed during processing; nothing was written", path=repository.where)
        paths = (write.before.real for write in planned.writes)
        vault = vault_before(settings, repository, *paths)
        transaction.apply(ChangeSet((), None, outstanding(planned.writes), vault))
        finish(_at(self.after, planned.writes[0].before.path, runtime_of(settings.kind).staged_kind), transaction)


def is_unfinished(settings: Settings) -> bool:
    """Return whether a move was interrupted after the product had been given the new key."""
    path = settings.repository_settings.path
    return path is not None and path.name.endswith(ROTATING)


def finish(settings: Settings, transaction: Transaction) -> tuple[str, ...]:
    """Complete a move from the ciphertexts that the product reads meanwhile; return their aliases. No key is needed.

    A value that somebody has written in clear in their usual place since stays there.
    """
    staged = _read(settings)
    path = staged.path.with_name(staged.path.name.removesuffix(ROTATING))
    final = _at(settings, path, kind_of_file(path.name, settings.kind))
    repository = _read(final)
    changes = {
        alias: entry.stored.ciphertext
        for alias, entry in staged.entries.items()
        if isinstance(entry.stored, Encrypted) and _may_replace(repository, alias, entry.stored)
    }
    restated = runtime_of(final.kind).restating(final)
    if changes or restated:
        saved = Replacement(final.storage, repository.content, repository.updated(changes)) if changes else None
        paths = (write.before.real for write in restated)
        transaction.apply(ChangeSet(restated, saved, (), vault_before(final, repository, *paths)))
    back = runtime_of(final.kind).reopening(final, path, None)
    if back is not None:
        transaction.apply(ChangeSet((back,), None, (), vault_before(final, _read(final), back.before.real)))
    files.remove(staged.path)
    return tuple(staged.entries)


def _may_replace(repository: SecretRepository, alias: str, stored: Encrypted) -> bool:
    there = repository.entries.get(alias)
    return there is None or (isinstance(there.stored, Encrypted) and there.stored != stored)


def _at(settings: Settings, path: Path, kind: str) -> Settings:
    """Return the settings of the same vault with its ciphertexts in another file."""
    return settings._replace(repository_settings=settings.repository_settings._replace(path=path, kind=kind))


def _read(settings: Settings) -> SecretRepository:
    extensions = settings.trust.extensions
    return open_repository(settings.kind, settings.storage, extensions=extensions, declared=settings.aliases)


def _require_settled(repository: SecretRepository) -> None:
    for alias, entry in repository.entries.items():
        if isinstance(entry.stored, Clear) and not entry.is_vacant:
            error = NotEncryptedYetError(alias)
            error.hint = "run `ciphertool protect` first"
            raise error.at(repository.where, entry.line)


def _staged(settings: Settings, repository: SecretRepository, new: Mapping[str, Ciphertext]) -> files.Write:
    """Return the write of the file that holds the new ciphertexts, as readable as the one that holds the old ones."""
    there = repository.snapshot
    path = there.path.with_name(there.path.name + ROTATING)
    kind = runtime_of(settings.kind).staged_kind
    data = repository_of(kind, Content(path, b"", None)).updated(new)
    read = repository_of(kind, Content(path, data, None)).entries
    if {alias: entry.stored for alias, entry in read.items()} != {alias: Encrypted(one) for alias, one in new.items()}:
        raise AssertionError("ciphertexts are not read back as they were written")
    mode = there.facts.mode if there.facts else settings.repository_settings.new_mode
    return files.Write(files.read_if_there(path), data, mode & 0o777, like=there.facts)


def _require_writable(settings: Settings, writes: tuple[files.Write, ...]) -> None:
    if (obstacle := settings.storage.obstacle()) is not None:
        raise obstacle
    for write in writes:
        if write.before.path.parent.exists() and (found := files.obstacle(write.before)) is not None:
            raise found
