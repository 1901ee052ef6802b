"""Brings back a vault and the files as they were before the last command that wrote. Writes nothing itself.

The files get their former content while the vault still has every secret that either state refers to; then the vault
gets its own. A run that is killed in between is completed by the same command, since the copies go last.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool import files
from ciphertool.changes import copies
from ciphertool.changes.changeset import ChangeSet, Replacement
from ciphertool.ciphertext import Envelope
from ciphertool.errors import CipherToolError, ConfigError, ConflictError, MalformedCiphertextError, ProblemsError
from ciphertool.files import Write
from ciphertool.lifecycle.writing import vault_before
from ciphertool.repository import Encrypted, repository_of
from ciphertool.runtimes.configured import configured_files
from ciphertool.settings.targets import reading
from ciphertool.vault.cipher import Opener
from ciphertool.vault.resolver import mention_sites, reference_sites

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ciphertool.changes.changeset import VaultBefore
    from ciphertool.engine.envelope import Recipient
    from ciphertool.files import Snapshot
    from ciphertool.repository import SecretRepository
    from ciphertool.rewriters.base import Document
    from ciphertool.settings.model import Settings, Target
    from ciphertool.vault.cipher import AnyOpener


class UndoneFile(NamedTuple):
    """A file that comes back, and the aliases whose values it then holds in clear."""

    path: Path
    in_clear: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undoing:
    """What `undo` brings back: the command and its time, the files, what becomes of aliases, and the change set."""

    command: str
    time: str
    files: tuple[UndoneFile, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    changes: ChangeSet


class _State(NamedTuple):
    """What a step knows of one file: its content before, and every content that it may have had since."""

    before: str
    digests: frozenset[str]


class _Step(NamedTuple):
    number: int
    command: str
    time: str
    states: Mapping[str, _State]


def plan_undo(
    settings: Settings, repository: SecretRepository, opener: AnyOpener, to: tuple[Recipient, ...] = ()
) -> Undoing:
    """Return the change that brings back what the last command that wrote has replaced.

    `to` are today's recipients; without any, a run that is killed while it writes can be completed only by hand.

    A step that a killed run has kept without writing anything is passed over. Raises `ConfigError` if nothing is kept,
    a `DecryptionError` if a copy does not open, `ConflictError` with every file that has changed since, and after an
    interrupted run, and `ProblemsError` for files that cannot be written.
    """
    vault = vault_before(settings, repository, to=to)
    anchor = vault.anchor.file.real
    if not isinstance(opener, Opener) or not (kept := copies.layers(anchor)):
        raise _nothing(settings)
    for number in sorted({layer.step for layer in kept}, reverse=True):
        step = _opened(number, [layer for layer in kept if layer.step == number], opener)
        undoing = _planned(settings, repository, step, vault)
        if undoing is not None:
            return undoing
    raise _nothing(settings)


def _nothing(settings: Settings) -> ConfigError:
    store = settings.repository_settings
    if settings.kind != "native":
        hint = f"a vault of kind {settings.kind} has no envelopes, to which alone copies are encrypted"
    elif store.undo == 0:
        hint = "the settings have `undo = 0`"
    else:
        hint = (
            "everything is undone, or no command has written since `rotate` or `recipients remove`, or none could "
            "encrypt a copy: that takes a certificate with keyEncipherment and a scheme that has envelopes"
        )
    return ConfigError("nothing is kept that could be undone", path=settings.anchor, hint=hint)


def _opened(number: int, layers: Sequence[copies.Layer], opener: Opener) -> _Step:
    contents = [_content(layer, opener) for layer in layers]
    before: dict[str, str] = {}
    digests: dict[str, set[str]] = {}
    for content in contents:
        for path, (text, known) in content["files"].items():
            before.setdefault(path, text)
            digests.setdefault(path, set()).update(known)
    states = {path: _State(text, frozenset(digests[path])) for path, text in before.items()}
    return _Step(number, contents[0]["command"], contents[0]["time"], states)


def _content(layer: copies.Layer, opener: Opener) -> Any:
    sealed = copies.read(layer)
    try:
        key = opener.content_keys.content_key(Envelope(sealed.key, "", sealed.recipients))
        return json.loads(key.open_data(copies.KIND, sealed.token))
    except MalformedCiphertextError as error:
        raise ConfigError(f"is not a copy for `undo`: {error.reason}", path=layer.path, hint="remove it") from None
    except CipherToolError as error:
        raise error.at(layer.path) from None


def _planned(settings: Settings, repository: SecretRepository, step: _Step, vault: VaultBefore) -> Undoing | None:
    """Return what brings a step back, None if everything is as it was."""
    configured = {path.resolve(): (path, targets) for path, targets in configured_files(settings)[0].items()}
    known = {**configured, settings.origin.resolve(): (settings.origin, ())}
    stored = step.states.get(copies.REPOSITORY)
    writes, restored, since = [], [], []
    for name, state in step.states.items():
        if name == copies.REPOSITORY:
            continue
        path, targets = known.get((vault.anchor.directory / name).resolve(), (None, ()))
        if path is None:
            reason = f"{name} was changed by `{step.command}`, and the settings no longer name it"
            raise ConflictError(reason, path=settings.origin, hint="nothing was written; bring the settings back first")
        snapshot = files.read(path)
        if copies.digest(snapshot.bytes) not in state.digests:
            since.append(os.path.relpath(path, settings.root))
        data = state.before.encode("latin-1")
        if data != snapshot.bytes:
            writes.append(Write(snapshot, data))
            restored.append(UndoneFile(path, _in_clear(settings, snapshot, data, targets)))
    former = None
    if stored is not None:
        if copies.digest(repository.content.data) not in stored.digests:
            since.append("the vault")
        former = stored.before.encode("latin-1")
    if since:
        reason = f"changed since `{step.command}` of {step.time}, so that it cannot be undone: {', '.join(since)}"
        raise ConflictError(reason, path=settings.anchor, hint="nothing was written")
    if not writes and former in (None, repository.content.data):
        return None
    if obstacles := [each for write in writes if (each := files.obstacle(write.before)) is not None]:
        raise obstacles[0] if len(obstacles) == 1 else ProblemsError(obstacles)
    return _undoing(settings, repository, step, (tuple(writes), tuple(restored)), (vault, former))


def _undoing(
    settings: Settings,
    repository: SecretRepository,
    step: _Step,
    work: tuple[tuple[Write, ...], tuple[UndoneFile, ...]],
    vault_s: tuple[VaultBefore, bytes | None],
) -> Undoing:
    (writes, restored), (vault, data) = work, vault_s
    former = repository if data is None else _with(settings, repository, data)
    now, then = repository.entries, former.entries
    missing = {
        alias: entry.stored.ciphertext
        for alias, entry in then.items()
        if alias not in now and isinstance(entry.stored, Encrypted)
    }
    first = None
    if writes and missing:
        first = Replacement(settings.storage, repository.content, repository.updated(missing))
    last = None
    if data is not None and data != repository.content.data:
        last = Replacement(settings.storage, repository.content, data, first)
    changes = ChangeSet(
        writes,
        first,
        vault=replace(vault, paths=tuple(write.before.real for write in writes)),
        in_clear=tuple(dict.fromkeys(alias for one in restored for alias in one.in_clear)),
        last=last,
        undoes=step.number,
    )
    return Undoing(
        step.command,
        step.time,
        restored,
        tuple(alias for alias in then if alias not in now),
        tuple(alias for alias in then if alias in now and now[alias].stored != then[alias].stored),
        tuple(alias for alias in now if alias not in then),
        changes,
    )


def _with(settings: Settings, repository: SecretRepository, data: bytes) -> SecretRepository:
    content = repository.content._replace(data=data)
    return repository_of(settings.kind, content, extensions=settings.trust.extensions, declared=settings.aliases)


def _in_clear(settings: Settings, now: Snapshot, data: bytes, targets: Sequence[Target]) -> tuple[str, ...]:
    """Return the aliases whose references give way to values when a file gets its former content."""
    if now.path == settings.origin:
        return ()
    rewriter = reading(targets).rewriter(now.path, settings.trust.extensions)
    try:
        held, left = (Counter(_named(rewriter.parse(each))) for each in (now.bytes, data))
    except CipherToolError:
        return ()
    return tuple(held - left) if held.total() > left.total() else ()


def _named(document: Document) -> list[str]:
    return [one.alias for _, every in (*reference_sites(document), *mention_sites(document)) for one in every]
