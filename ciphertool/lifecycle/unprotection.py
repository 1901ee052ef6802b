"""Puts plaintext back into configuration files, as `resolve` gives it. The vault and the settings stay as they are."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.changes.changeset import ChangeSet
from ciphertool.errors import (
    CipherToolError,
    ConfigError,
    ConflictError,
    KeystoreError,
    ProblemsError,
    UnknownAliasError,
)
from ciphertool.files import Write
from ciphertool.lifecycle.writing import vault_before
from ciphertool.repository.base import certain_names
from ciphertool.runtimes.configured import configured_files
from ciphertool.settings.targets import choose, reading
from ciphertool.vault.resolver import mention_sites, reference_sites, resolve_document

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ciphertool.engine.envelope import Recipient
    from ciphertool.repository import SecretRepository
    from ciphertool.rewriters.base import Document
    from ciphertool.settings.model import Settings, Target
    from ciphertool.vault.resolver import Resolver


class RestoredFile(NamedTuple):
    """A file that gets its secrets back: their aliases, and how many references to each asked one stay in it."""

    write: Write
    aliases: tuple[str, ...]
    left: Mapping[str, int]

    @property
    def path(self) -> Path:
        """The file's path."""
        return self.write.before.path


@dataclass(frozen=True, slots=True)
class Unprotection:
    """What `unprotect` writes: the files that change, the named aliases that no file refers to, and the change set."""

    files: tuple[RestoredFile, ...]
    unused: tuple[str, ...]
    changes: ChangeSet


def unprotect(
    settings: Settings, resolver: Resolver, names: Sequence[str], to: tuple[Recipient, ...] = ()
) -> Unprotection:
    """Return the change that puts secrets in the place of references, byte for byte as `resolve` does.

    A name is that of a configured file, all of whose references are replaced, or else an alias, whose references in
    all configured files are. Files of which nothing changes are left out. Raises `UnknownAliasError` for a name that is
    neither, `ConfigError` for a file that is not configured, `ProblemsError` with everything that keeps one of the
    files from being restored, `KeystoreError` if no key opens, and `ConflictError` after an interrupted run.
    """
    configured, refused = configured_files(settings)
    whole, aliases = _chosen(names, configured, resolver.repository)
    problems: list[CipherToolError] = [*refused] if aliases else []
    restored, found = [], set[str]()
    for path, targets in configured.items():
        if path not in whole and not aliases:
            continue
        try:
            one = _restored(settings, resolver, path, targets, None if path in whole else aliases)
        except KeystoreError:
            raise
        except CipherToolError as error:
            problems.append(error if error.path else error.at(path))
            continue
        found.update(one.aliases, one.left)
        if one.aliases:
            restored.append(one)
    problems += (each for one in restored if (each := files.obstacle(one.write.before)) is not None)
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    before = vault_before(settings, resolver.repository, *(one.write.before.real for one in restored), to=to)
    shown = tuple(dict.fromkeys(alias for one in restored for alias in one.aliases))
    changes = ChangeSet(tuple(one.write for one in restored), vault=before, in_clear=shown)
    return Unprotection(tuple(restored), tuple(alias for alias in aliases if alias not in found), changes)


def require_unchanged(settings: Settings, repository: SecretRepository) -> None:
    """Raise `ConflictError` if a vault is no longer as it was read; call it under the lock, before a late write."""
    if settings.storage.read().data != repository.content.data:
        raise ConflictError("changed during processing; nothing was written", path=repository.where)


def _chosen(
    names: Sequence[str], configured: Collection[Path], repository: SecretRepository
) -> tuple[frozenset[Path], Collection[str]]:
    """Return the files and the aliases that names stand for; a configured file comes before an alias."""
    known = {os.path.realpath(path) for path in configured}
    paths, aliases = [], []
    for name in dict.fromkeys(names):
        if os.path.realpath(name) in known:
            paths.append(Path(name))
        elif name in repository.entries:
            aliases.append(name)
        elif os.path.exists(name):  # noqa: PTH110 - Path's own raises for a name that is too long
            paths.append(Path(name))
        else:
            raise UnknownAliasError(name, repository.where, certain_names(repository.entries))
    return choose(paths, configured), aliases


def _restored(
    settings: Settings, resolver: Resolver, path: Path, targets: Sequence[Target], only: Collection[str] | None
) -> RestoredFile:
    """Return a file with its references, or those to some aliases, replaced; raise what `resolve_document` raises."""
    snapshot = files.read(path)
    rewriter = reading(targets).rewriter(path, settings.trust.extensions)
    before = rewriter.parse(snapshot.bytes)
    held = [one.alias for _, every in reference_sites(before) for one in every]
    asked = [alias for alias in held if only is None or alias in only]
    replaced = Counter(alias for alias in asked if not resolver.is_left(alias))
    data = resolve_document(rewriter, snapshot.bytes, path, resolver, only) if replaced else snapshot.bytes
    after = Counter(_named(rewriter.parse(data)))
    if after != Counter(_named(before)) - replaced:
        raise ConfigError(
            "a secret would be read as a reference there",
            path=path,
            hint="`ciphertool resolve` writes it to another file",
        )
    left = {alias: count for alias, count in after.items() if only is None or alias in only}
    return RestoredFile(Write(snapshot, data), tuple(replaced), left)


def _named(document: Document) -> list[str]:
    """Return the alias of each reference of a document, those that only its product replaces included."""
    return [one.alias for _, every in (*reference_sites(document), *mention_sites(document)) for one in every]
