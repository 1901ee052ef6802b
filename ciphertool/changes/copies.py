"""Copies of what a command replaces, for `undo`: encrypted to those who can read the vault, each under its own key.

They are in a directory beside the vault, which git ignores and the vault's user alone can read. A step is what one
command has replaced. It has several layers if that took several commits, or if a run was killed and another completed
it. Nothing here decrypts: public keys are enough to keep a copy, and to remove one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.changes.changeset import Replacement
from ciphertool.engine.envelope import ContentKey
from ciphertool.engine.jwe import write_json
from ciphertool.errors import ConfigError, WriteError
from ciphertool.files.directories import reach
from ciphertool.running import command

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ciphertool.changes.changeset import ChangeSet, VaultBefore

KIND = "ciphertool-undo"
"""What the header of a copy says that it is."""
REPOSITORY = ""
"""The path of the repository in a copy, wherever it is."""
_VERSION = 1
_MOST_BYTES = 1 << 30
_IGNORE = b"*\n"


class Layer(NamedTuple):
    """One copy: the number of its step, its own number in that, and its file."""

    step: int
    number: int
    path: Path


class Sealed(NamedTuple):
    """A copy as its file has it: the id of its content key, that key for each recipient, and the encrypted content."""

    key: str
    recipients: dict[str, str]
    token: str


def digest(data: bytes) -> str:
    """Return by what a copy recognises a file's content. It is kept in the encrypted part alone."""
    return hashlib.sha256(data).hexdigest()


def layers(anchor: Path) -> list[Layer]:
    """Return the copies of a vault with this anchor, links followed, the oldest first."""
    directory = anchor.parent / files.COPIES
    if directory.is_symlink() or not directory.is_dir():
        return []
    named = re.compile(re.escape(anchor.name) + r"\.([0-9]{1,9})\.([0-9]{1,9})")
    matches = [(found, path) for path in directory.iterdir() if (found := named.fullmatch(path.name))]
    return sorted(Layer(int(found[1]), int(found[2]), path) for found, path in matches)


def read(layer: Layer) -> Sealed:
    """Return a copy; raise `ConfigError` if it is damaged, or if others than the vault's user could have written it."""
    snapshot = files.read(layer.path, most=_MOST_BYTES)
    if snapshot.facts is not None and (snapshot.facts.mode & 0o077 or snapshot.facts.links > 1):
        raise ConfigError("can be read or changed by others, as no copy of ours", path=layer.path, hint="remove it")
    try:
        document = json.loads(snapshot.bytes)
        if document["ciphertool"] != _VERSION:
            raise ValueError
        recipients = {str(one): str(wrapped) for one, wrapped in document["recipients"].items()}
        return Sealed(str(document["key"]), recipients, str(document["sealed"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        reason = "is damaged, or a copy of another version"
        raise ConfigError(reason, path=layer.path, hint="remove it: nothing else needs it") from None


def keep(changes: ChangeSet, step: int | None) -> int | None:
    """Keep what a commit is about to replace, in a step or a new one; return its number, None if nothing is kept.

    Copies that others than today's recipients can read are removed first; all are if nothing can be kept, as by a
    commit that takes the vault to other keys. What `undo` writes is added to the step that it brings back, which then
    recognises its own half-done work. Raises `WriteError`.
    """
    vault = changes.vault
    if vault is None:
        return None
    today = {recipient.id for recipient in vault.to}
    if changes.undoes is not None:
        return _write(changes, vault, changes.undoes) if today else None
    wanted = bool(today) and vault.settings.repository_settings.undo > 0
    remove([layer for layer in layers(_anchor(vault)) if not wanted or not _is_for(layer, today)])
    if not wanted:
        return None
    there = layers(_anchor(vault))
    if step is None or all(layer.step != step for layer in there):
        step = max((layer.step for layer in there), default=0) + 1
    return _write(changes, vault, step)


def prune(vault: VaultBefore, undone: int | None = None) -> None:
    """Remove the step that was brought back and later ones, those that are too many, and what killed runs left."""
    directory = _anchor(vault).parent / files.COPIES
    if directory.is_dir() and not directory.is_symlink():
        names = map(files.replaced, os.listdir(directory))  # noqa: PTH208 - names are all that is needed
        files.remove_leftovers(directory / name for name in names if name is not None)
    there = layers(_anchor(vault))
    if undone is not None:
        remove([layer for layer in there if layer.step >= undone])
        there = [layer for layer in there if layer.step < undone]
    steps = sorted({layer.step for layer in there})
    wanted = set(steps[max(0, len(steps) - vault.settings.repository_settings.undo) :])
    remove([layer for layer in there if layer.step not in wanted])


def remove(unwanted: Collection[Layer]) -> None:
    """Remove copies durably, the newest first: what an interrupted run leaves is never a later layer alone."""
    if not unwanted:
        return
    path = next(iter(unwanted)).path
    try:
        with reach(path, follow=False) as way:
            for layer in sorted(unwanted, reverse=True):
                way.directory.remove(layer.path.name)
            way.directory.sync()
    except OSError as error:
        raise WriteError(f"cannot be removed: {error.strerror}", path=path) from None


def _write(changes: ChangeSet, vault: VaultBefore, step: int) -> int:
    number = 1 + max((layer.number for layer in layers(_anchor(vault)) if layer.step == step), default=0)
    path = _directory(vault) / f"{_anchor(vault).name}.{step}.{number}"
    files.write_all([files.Write(files.read_if_there(path), _sealed(changes, vault), like=vault.anchor.file.facts)])
    return step


def _anchor(vault: VaultBefore) -> Path:
    return vault.anchor.file.real


def _is_for(layer: Layer, recipients: Collection[str]) -> bool:
    try:
        return set(read(layer).recipients) <= set(recipients)
    except ConfigError:
        return False


def _directory(vault: VaultBefore) -> Path:
    """Return the directory of the copies; make it, for the vault's user alone and with everything in it ignored."""
    path = _anchor(vault).parent / files.COPIES
    facts = vault.anchor.file.facts
    if path.is_symlink():
        raise WriteError("is a link, where the copies for `undo` belong", path=path, hint="remove the link")
    if not path.exists():
        files.make_directory(path)
        with contextlib.suppress(OSError):
            path.chmod(0o700)
            if facts is not None and hasattr(os, "chown"):
                os.chown(path, facts.owner, facts.group)
    ignore = files.read_if_there(path / ".gitignore")
    if ignore.data != _IGNORE:
        files.write_all([files.Write(ignore, _IGNORE, like=facts)])
    return path


def _sealed(changes: ChangeSet, vault: VaultBefore) -> bytes:
    """Return a new copy of what a commit replaces, and by what its own writes are recognised."""
    found: dict[str, tuple[str, list[str]]] = {}
    for write in changes.writes:
        path, before = REPOSITORY, write.before.data or b""
        if not isinstance(write, Replacement):
            path = os.path.relpath(write.before.real, vault.anchor.directory)
        _, digests = found.setdefault(path, (before.decode("latin-1"), [digest(before)]))
        digests.append(digest(write.data))
    content = {
        "command": command.get(),
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "files": found,
    }
    key = ContentKey.new()
    recipients = {recipient.id: key.wrapped_for(recipient) for recipient in vault.to}
    token = key.seal_data(KIND, write_json(content).encode("utf-8", "surrogatepass"))
    document = {"ciphertool": _VERSION, "key": key.id, "recipients": recipients, "sealed": token}
    return json.dumps(document).encode("ascii") + b"\n"
