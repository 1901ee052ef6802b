"""Makes the change set and the journal of a plan: which files are written, in which order. Writes no file itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.changes.changeset import ChangeSet, Replacement
from ciphertool.changes.journal import Anchor, EntryRecord, FileRecord, Identity, Journal, as_recordable
from ciphertool.changes.recovery import place_of
from ciphertool.repository import Encrypted, repository_of
from ciphertool.runtimes.registry import runtime_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ciphertool.changes.plan import FilePlan
    from ciphertool.changes.recovery import Recovery
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.errors import WriteError
    from ciphertool.files import Write
    from ciphertool.repository import SecretRepository
    from ciphertool.runtimes.base import KeystoreFacts
    from ciphertool.settings.model import Settings
    from ciphertool.storage.base import Storage


def anchor_of(settings: Settings, repository: SecretRepository) -> Anchor:
    """Return the file beside which runs of a vault leave their journal."""
    if settings.repository_settings.path is None:
        return Anchor(files.read_if_there(settings.anchor), repository.name, apart=True)
    return Anchor(repository.snapshot, repository.snapshot.real.name)


def change_set(
    settings: Settings,
    storage: Storage,
    repository: SecretRepository,
    planned: Sequence[FilePlan],
    new: Mapping[str, Ciphertext],
    keystore: KeystoreFacts,
) -> ChangeSet:
    """Return what a plan writes, without its vault.

    A repository that is a table of a configuration file (`[secrets]`) is written together with that file.
    """
    changed = [plan for plan in planned if plan.after is not None]
    saved = None
    if new:
        after, real = repository, repository.snapshot.real
        shared = next((plan for plan in changed if plan.before.real == real), None)
        if shared is not None and shared.after is not None:
            changed.remove(shared)
            after = repository_of(
                settings.kind,
                repository.content._replace(data=shared.after),
                extensions=settings.trust.extensions,
                declared=settings.aliases,
            )
        saved = Replacement(storage, repository.content, after.updated(new))
    companions: tuple[Write, ...] = ()
    if repository.entries or new:
        companions = runtime_of(settings.kind).companions(settings, keystore)
    rewritten = (files.Write(plan.before, plan.after) for plan in changed if plan.after is not None)
    return ChangeSet(tuple(rewritten), saved, companions)


def record(
    anchor: Anchor,
    repository: SecretRepository,
    planned: Sequence[FilePlan],
    new: Mapping[str, Ciphertext],
    recovery: Recovery,
) -> Journal:
    """Return the journal of a plan. It leaves out values of read-only forms, such as those of WSO2's user stores."""
    touched = [plan for plan in planned if plan.planned]
    aliases = {match.alias for plan in touched for match in plan.planned}.union(new)
    entries: dict[str, EntryRecord] = {}
    for alias in sorted(aliases):
        entry = repository.entries.get(alias)
        stored = entry.stored if entry else None
        kept = stored.ciphertext if isinstance(stored, Encrypted) else None
        ciphertext = new.get(alias, kept)
        recordable = None if ciphertext is None else as_recordable(ciphertext)
        if recordable is not None:
            is_new = entry is None or entry.is_vacant
            is_new = is_new or (stored is not None and recovery.is_unused(alias, stored))
            entries[alias] = EntryRecord(recordable, is_new)
    records = {
        os.path.relpath(plan.before.real, anchor.directory): FileRecord(
            Identity.of(plan.before),
            plan.rewriter.name,
            plan.codec,
            frozenset(place_of(match, match.alias) for match in plan.planned),
        )
        for plan in touched
    }
    return Journal(anchor.repository, anchor.identity, entries, records)


def companion_obstacles(changes: ChangeSet) -> list[WriteError]:
    """Return the reasons why companions cannot be written; a missing directory of theirs is created."""
    there = (item.before for item in changes.companions if item.before.path.parent.exists())
    return [found for snapshot in there if (found := files.obstacle(snapshot)) is not None]


def obstacles(storage: Storage | None, planned: Sequence[FilePlan]) -> list[WriteError]:
    """Return the reasons why files that are to change, and the storage if there is one, cannot be written."""
    found = [files.obstacle(plan.before) for plan in planned if plan.planned]
    if storage is not None:
        found.append(storage.obstacle())
    return [one for one in found if one is not None]
