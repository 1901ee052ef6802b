"""A configuration file to edit: its secrets stand in clear, or as references, and only what changed is encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.editing.presenting import present
from ciphertool.editing.remarks import in_clear, in_other_files, removed
from ciphertool.editing.restoring import restore
from ciphertool.errors import ConflictError, ProblemsError
from ciphertool.protection.edited import EditedFile, plan_edited
from ciphertool.settings.targets import choose, named_files, reading
from ciphertool.targets.matching import locate
from ciphertool.vault.at_hand import OpenerAtHand
from ciphertool.vault.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ciphertool.changes.changeset import ChangeSet
    from ciphertool.changes.plan import Note, Plan
    from ciphertool.editing.keys import Keys
    from ciphertool.repository import SecretRepository
    from ciphertool.rewriters.base import Document
    from ciphertool.settings.model import Settings


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What the edit of a file changes: the secrets with new values, those that are new, and those no longer used."""

    path: Path
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    notes: tuple[Note, ...]
    plan: Plan

    @property
    def changes(self) -> ChangeSet:
        """What is written."""
        return self.plan.changes


class FileWork:
    """The edit of one file that targets name."""

    def __init__(self, settings: Settings, keys: Keys, path: Path) -> None:
        """Raise what `choose`, `present` and reading the repository raise."""
        self._settings, self._keys = settings, keys
        named = {one.path: one.targets for one in named_files(settings).files}
        (self.path,) = choose([path], named)
        self._targets = named[self.path]
        self._rewriter = reading(self._targets).rewriter(self.path, settings.trust.extensions)
        self._read()

    def _read(self) -> None:
        self._repository = self._keys.repository()
        self._presented = present(self.path, self._rewriter, self._resolver())

    def _resolver(self) -> Resolver | None:
        opener, settings = self._keys.opener, self._settings
        if opener is None:
            return None
        from ciphertool.runtimes.registry import runtime_of

        providers = runtime_of(settings.kind).providers(settings)
        return Resolver(
            self._repository,
            OpenerAtHand(lambda: opener),
            warn=lambda _: None,
            tell=lambda _: None,
            elsewhere=lambda alias: not settings.native and providers.have(alias),
        )

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def text(self) -> bytes:
        """The file with its secrets in clear, or with its references."""
        return self._presented.data

    @property
    def anchor(self) -> Path:
        """As `Work.anchor`."""
        return self._settings.anchor

    @property
    def notes(self) -> tuple[Note, ...]:
        """What a person should know before editing."""
        return self._presented.notes

    def plan(self, edited: bytes) -> FileEdit:
        """Return what the edited text changes.

        Raises `ProblemsError`, or the error itself, for what keeps it from being protected, and `ConflictError` if the
        file, or a secret with a new value, has changed since it was shown.
        """
        presented, settings = self._presented, self._settings
        restored = restore(presented, edited, self._unknown, native=settings.native)
        repository = self._keys.repository()
        self._require_same(repository, restored.values)
        file = EditedFile(presented.snapshot, restored.data, restored.values, restored.spelled)
        plan = plan_edited(settings, repository, self._keys.sealer, file)
        if plan.problems:
            raise plan.problems[0] if len(plan.problems) == 1 else ProblemsError(plan.problems)
        (planned,) = plan.files
        data = presented.snapshot.bytes if planned.after is None else planned.after
        after = self._rewriter.parse(data)
        notes = [*plan.notes, *removed(settings, restored.removed, self.path)]
        notes += in_other_files(settings, restored.values, self.path)
        notes += in_clear(presented, after)
        return FileEdit(
            self.path,
            tuple(restored.values),
            tuple(alias for alias in dict.fromkeys(match.alias for match in planned.planned)),
            restored.removed,
            tuple(notes),
            plan,
        )

    def renew(self, edited: bytes) -> bytes:  # noqa: ARG002
        """Read the file again, and return its text."""
        self._read()
        return self.text

    def _unknown(self, edited: Document) -> Mapping[str, str]:
        """Return the alias of each value that a target names, if the vault does not have that alias."""
        settings, snapshot = self._settings, self._presented.snapshot
        located = locate(settings.root, snapshot, edited, self._targets, native=settings.native)
        matches = (match for match in located.matches if match.part is None)
        return {match.site.selector: match.alias for match in matches if match.alias not in self._repository.entries}

    def _require_same(self, repository: SecretRepository, changed: Iterable[str]) -> None:
        if files.read_if_there(self.path) != self._presented.snapshot:
            raise ConflictError("changed while it was edited; nothing was written", path=self.path)
        for alias in changed:
            before, now = (each.entries.get(alias) for each in (self._repository, repository))
            if (before and before.stored) != (now and now.stored):
                raise ConflictError(
                    f"{alias} changed while the file was edited; nothing was written", path=repository.where
                )
