"""Renames an alias: in the vault, in every reference of configured files, and in the settings' targets.

One commit writes the vault with both names first, then the files and the settings, then the vault without the former
name: at any time each reference has a secret that decrypts. Whoever is interrupted in between gives the same command
again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.changes.changeset import ChangeSet, Replacement
from ciphertool.errors import CipherToolError, ConfigError, ProblemsError, UnknownAliasError
from ciphertool.files import Write
from ciphertool.lifecycle import target_changes
from ciphertool.lifecycle.repointing import elsewhere, repointed
from ciphertool.lifecycle.secrets import Use
from ciphertool.lifecycle.writing import vault_before
from ciphertool.references import is_writable_alias
from ciphertool.repository import Clear, Encrypted, repository_of
from ciphertool.repository.base import certain_names
from ciphertool.runtimes.base import KeystoreFacts
from ciphertool.runtimes.configured import configured_files
from ciphertool.runtimes.registry import runtime_of
from ciphertool.settings.targets import reading
from ciphertool.targets.matching import locate
from ciphertool.vault.at_hand import OpenerAtHand
from ciphertool.vault.cipher import SymmetricSealer
from ciphertool.vault.opening import require_one_key
from ciphertool.vault.resolver import Resolver, mention_sites, reference_sites

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot
    from ciphertool.repository import SecretRepository
    from ciphertool.rewriters.base import Document
    from ciphertool.secret import Secret
    from ciphertool.settings.model import Settings, Target
    from ciphertool.vault.cipher import AnyOpener, AnySealer


@dataclass(frozen=True, slots=True)
class Renaming:
    """What `rename` writes: the change set, and how many references each file has.

    `elsewhere` are the references in files that no target names; they keep the former name.
    """

    alias: str
    new: str
    references: dict[Path, int]
    elsewhere: tuple[Use, ...]
    changes: ChangeSet


def rename(
    settings: Settings, repository: SecretRepository, sealer: AnySealer, opener: AnyOpener, alias: str, new: str
) -> Renaming:
    """Return the change after which only the new name is in vault, files and settings.

    Raises `UnknownAliasError` if the vault lacks the
    alias, `ConfigError` if it has another value by the new name, a `DecryptionError` if the value does not decrypt, and
    `ProblemsError` with every place that cannot be renamed.
    """
    if not is_writable_alias(new) or new == alias:
        raise ConfigError("the new name cannot be an alias", hint="use another name of letters, digits and . _ - @ : /")
    if alias not in repository.entries:
        raise UnknownAliasError(alias, repository.where, certain_names(repository.entries))
    require_one_key(sealer, repository)
    value = _value(repository, opener, alias)
    if new in repository.entries and _value(repository, opener, new) != value:
        raise ConfigError(
            f"{new} is there already, with another value",
            path=repository.where,
            hint="choose another name, or remove that secret first",
        )
    counts, writes = _files(settings, alias, new)
    snapshot = target_changes.settings_file(settings)
    text = target_changes.renamed(snapshot, settings, alias, new)
    if snapshot is not None and text != snapshot.bytes:
        writes.append(Write(snapshot, text))
    if obstacles := [each for write in writes if (each := files.obstacle(write.before)) is not None]:
        raise obstacles[0] if len(obstacles) == 1 else ProblemsError(obstacles)
    made = None
    if new not in repository.entries or not isinstance(repository.entries[new].stored, Encrypted):
        stored = repository.entries[alias].stored
        spelling = opener.spelling(alias, stored.ciphertext) if isinstance(stored, Encrypted) else None
        made = sealer.seal(new, value, None if spelling is None else spelling.reveal())
    found = elsewhere(settings.root, alias, [*configured_files(settings)[0], settings.origin])
    changes = _changes(settings, repository, sealer, writes, {} if made is None else {new: made}, alias)
    return Renaming(alias, new, counts, tuple(Use(*place) for place in found), changes)


def _value(repository: SecretRepository, opener: AnyOpener, alias: str) -> Secret:
    stored = repository.entries[alias].stored
    if isinstance(stored, Clear) and stored.value:
        return stored.value
    resolver = Resolver(repository, OpenerAtHand(lambda: opener), warn=lambda _: None, tell=lambda _: None)
    return resolver.resolve(alias)


def _files(settings: Settings, alias: str, new: str) -> tuple[dict[Path, int], list[Write]]:
    """Return how many references to an alias each configured file has, and what the files become."""
    counts: dict[Path, int] = {}
    writes = []
    configured, refused = configured_files(settings)
    problems: list[CipherToolError] = [*refused]
    for path, targets in configured.items():
        try:
            snapshot = files.read(path)
            rewriter = reading(targets).rewriter(path, settings.trust.extensions)
            document = rewriter.parse(snapshot.bytes)
            problems += _fixed(settings, snapshot, document, targets, alias)
            named = Counter(one.alias for _, every in reference_sites(document) for one in every)
            if named[alias]:
                data = repointed(rewriter, document, alias, new)
                _require_found(settings, snapshot, (document, rewriter.parse(data)), targets, (alias, new))
                writes.append(Write(snapshot, data))
                counts[path] = named[alias]
        except CipherToolError as error:
            problems.append(error.at(path))
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return counts, writes


def _require_found(
    settings: Settings,
    snapshot: Snapshot,
    documents: tuple[Document, Document],
    targets: Sequence[Target],
    names: tuple[str, str],
) -> None:
    """Raise `ConfigError` if targets find other references in a file than before, but for the name of one."""
    found = []
    for document, name in zip(documents, names, strict=True):
        matches = locate(settings.root, snapshot, document, targets, native=settings.native).matches
        found.append({(each.site.selector, each.reference and each.reference.alias == name) for each in matches})
    if found[0] != found[1]:
        raise ConfigError(
            f"the new name hides a reference to {names[0]} from its target",
            hint="use a name without / and :, which mean something within a URL",
        )


def _fixed(
    settings: Settings, snapshot: Snapshot, document: Document, targets: Sequence[Target], alias: str
) -> Iterator[CipherToolError]:
    """Yield an error for each place of a file where something else than a reference or a target states the alias."""
    for site, _ in (each for each in mention_sites(document) if each[1][0].alias == alias):
        reason = f"{site.selector}: an expression of the product refers to {alias}"
        hint = "name the new alias there by hand once the vault has it: `ciphertool set` adds it"
        yield ConfigError(reason, path=snapshot.path, line=site.line, hint=hint)
    patterns = [target for target in targets if target.alias != alias and "{" in target.alias]
    if not patterns:
        return
    located = locate(settings.root, snapshot, document, patterns, native=settings.native)
    for match in located.matches:
        if match.alias == alias:
            reason = f"the alias {alias} is made from the pattern {match.target.alias}"
            hint = f"give {match.site.selector} a target of its own, and narrow the one that has the pattern"
            yield ConfigError(reason, path=snapshot.path, line=match.site.line, hint=hint)


def _changes(
    settings: Settings,
    repository: SecretRepository,
    sealer: AnySealer,
    writes: Sequence[Write],
    made: Mapping[str, Ciphertext],
    gone: str,
) -> ChangeSet:
    """Return what is written; a file that holds the vault too is written as the vault, and the alias goes last."""
    before = vault_before(settings, repository, *(write.before.real for write in writes), to=sealer.to)
    shared = next((write for write in writes if write.before.real == repository.snapshot.real), None)
    after = repository if shared is None else _with(settings, repository, shared.data)
    saved = None
    if made or shared is not None:
        saved = Replacement(settings.storage, repository.content, after.updated(made))
        after = _with(settings, repository, saved.data)
    last = Replacement(settings.storage, repository.content, after.updated({gone: None}), saved)
    companions: tuple[Write, ...] = ()
    if made:
        facts = KeystoreFacts(sealer.store_type, sealer.key_alias, isinstance(sealer, SymmetricSealer))
        companions = runtime_of(settings.kind).companions(settings, facts)
    return ChangeSet(tuple(write for write in writes if write is not shared), saved, companions, before, last=last)


def _with(settings: Settings, repository: SecretRepository, data: bytes) -> SecretRepository:
    content = repository.content._replace(data=data)
    return repository_of(settings.kind, content, extensions=settings.trust.extensions, declared=settings.aliases)
