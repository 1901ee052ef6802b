"""A configuration file to edit: its secrets stand in clear, or as references, and only what changed is encrypted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.changes.view import exposures
from ciphertool.editing.keys import require_ready, require_same
from ciphertool.editing.merging import is_unsettled, merge
from ciphertool.editing.presenting import present
from ciphertool.editing.remarks import in_clear, in_other_files, removed
from ciphertool.editing.restoring import restore
from ciphertool.errors import ConfigError, ConflictError, ProblemsError
from ciphertool.protection.edited import EditedFile, plan_edited
from ciphertool.rewriters.base import Source
from ciphertool.settings.targets import choose, named_files, reading
from ciphertool.targets.matching import locate
from ciphertool.vault.at_hand import OpenerAtHand
from ciphertool.vault.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.changes.changeset import ChangeSet
    from ciphertool.changes.plan import Note, Plan
    from ciphertool.editing.keys import Keys
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
        """Raise what `choose`, `present`, `require_ready` and reading the repository raise, and `WriteError`."""
        self._settings, self._keys = settings, keys
        named = {one.path: one.targets for one in named_files(settings).files}
        (self.path,) = choose([path], named)
        self._targets = named[self.path]
        self._rewriter = reading(self._targets).rewriter(self.path, settings.trust.extensions)
        self._read()

    def _read(self) -> None:
        self._repository = self._keys.repository()
        require_ready(self._settings, self._keys, self._repository)
        self._presented = present(self.path, self._rewriter, self._resolver())
        if (obstacle := files.obstacle(self._presented.snapshot)) is not None:
            raise obstacle

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
        if is_unsettled(self._decoded(edited)):
            hint = "keep one side of each, and remove the marks around them"
            raise ConfigError("has lines of both sides of a conflict", path=self.path, hint=hint)
        restored = restore(presented, edited, self._unknown, native=settings.native)
        repository = self._keys.repository()
        if files.read_if_there(self.path) != presented.snapshot:
            raise ConflictError("was changed meanwhile; nothing was written", path=self.path)
        require_same(self._repository, repository, restored.values)
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
        notes += exposures(_as_saved(plan, restored.data), repository)
        return FileEdit(
            self.path,
            tuple(restored.values),
            tuple(dict.fromkeys(match.alias for match in planned.planned)),
            restored.removed,
            tuple(notes),
            plan,
        )

    def renew(self, edited: bytes) -> bytes:
        """Read the file again, and return its text with the edits in it; where both have changed lines, both stand."""
        base, ours = self._presented.document.source.text, self._decoded(edited)
        self._read()
        source = self._presented.document.source
        return source.encode(merge(base, ours, source.text))

    def _decoded(self, edited: bytes) -> str:
        try:
            return Source.decode(edited, self._presented.document.source.codec).text
        except ConfigError as error:
            raise error.at(self.path) from None

    def _unknown(self, edited: Document) -> Mapping[str, str]:
        """Return the alias of each value that a target names, if the vault does not have that alias."""
        settings, snapshot = self._settings, self._presented.snapshot
        located = locate(settings.root, snapshot, edited, self._targets, native=settings.native)
        matches = (match for match in located.matches if match.part is None)
        return {match.site.selector: match.alias for match in matches if match.alias not in self._repository.entries}


def _as_saved(plan: Plan, data: bytes) -> Plan:
    """Return a plan in which the file is as it was saved in the editor: its secrets in clear are there."""
    return replace(plan, files=tuple(replace(one, before=one.before._replace(data=data)) for one in plan.files))
