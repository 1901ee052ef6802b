"""The plan for a file that was edited: as `protect` makes it, with the file as it was saved instead of as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.changes.assembly import record
from ciphertool.changes.plan import Take
from ciphertool.changes.survey import survey
from ciphertool.protection.planner import Planner
from ciphertool.secret import repr_of
from ciphertool.workers import no_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ciphertool.changes.changeset import ChangeSet
    from ciphertool.changes.plan import FilePlan, Plan
    from ciphertool.changes.recovery import Recovery
    from ciphertool.changes.survey import Survey
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot
    from ciphertool.repository import SecretEntry, SecretRepository
    from ciphertool.secret import Secret
    from ciphertool.settings.model import Settings
    from ciphertool.vault.cipher import AnySealer


class EditedFile(NamedTuple):
    """A file as it was read, the content that replaces it, and the new values of secrets that it refers to.

    `spelled` has the texts of new values, by their aliases, that a rewriter would spell otherwise.
    """

    before: Snapshot
    data: bytes
    values: Mapping[str, Secret] = {}
    spelled: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return repr_of(self, "before")


def plan_edited(settings: Settings, repository: SecretRepository, sealer: AnySealer, edited: EditedFile) -> Plan:
    """Return what the edit of one file changes, with all problems; what is in clear at its targets is encrypted.

    Raises as `protection.plan` does. The file's path must be one that targets name.
    """
    planner = _EditPlanner(settings, repository, sealer, edited)
    instead = {edited.before.path: edited.before._replace(data=edited.data)}
    with survey(settings, 1, no_progress, instead) as surveyed:
        return planner.plan(surveyed)


class _EditPlanner(Planner):
    notes_scope = False

    def __init__(self, settings: Settings, repository: SecretRepository, sealer: AnySealer, edited: EditedFile) -> None:
        super().__init__(settings, repository, sealer, Take.FILE, no_progress, [edited.before.path])
        self._edited = edited
        self._to_encrypt.update(edited.values)
        self._spelled.update(edited.spelled)

    def _keep(self, alias: str, entry: SecretEntry) -> None:
        if alias not in self._edited.values:
            super()._keep(alias, entry)

    def _rewrite(self, surveyed: Survey, planned: list[FilePlan]) -> list[FilePlan]:
        before = self._edited.before
        made = []
        for plan in super()._rewrite(surveyed, planned):
            after = self._edited.data if plan.after is None else plan.after
            made.append(replace(plan, before=before, after=None if after == before.data else after))
        if (obstacle := files.obstacle(before)) is not None and any(plan.after is not None for plan in made):
            self._problems.append(obstacle)
        return made

    def _change_set(self, planned: Sequence[FilePlan], new: Mapping[str, Ciphertext], recovery: Recovery) -> ChangeSet:
        changes = super()._change_set(planned, new, recovery)
        if changes.vault is None:
            return changes
        # The values were not in the file before: its journal names no place of any.
        journal = record(self._anchor, self._stored, (), new, recovery)
        return replace(changes, vault=replace(changes.vault, journal=journal))
