"""Makes the plan of a run of `protect`: reads, compares, encrypts and proves in memory. Writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ciphertool import workers
from ciphertool.changes import journal
from ciphertool.changes.assembly import anchor_of, change_set, companion_obstacles, obstacles, record
from ciphertool.changes.changeset import ChangeSet, VaultBefore
from ciphertool.changes.plan import FilePlan, Note, Plan, PlanState, SitePlan, Take, join_names
from ciphertool.changes.recovery import Recovery
from ciphertool.changes.survey import survey
from ciphertool.errors import CipherToolError, ConfigError, ConflictError, OtherKeyError, UnknownAliasError
from ciphertool.protection.choice import Chooser, Verdict
from ciphertool.protection.moved import Whereabouts
from ciphertool.protection.remarks import no_such_file, note_missing, note_respelled, note_unfinished, overwritten
from ciphertool.protection.scope import Scope
from ciphertool.repository import Clear, Encrypted, Malformed, Placeholder
from ciphertool.repository.base import certain_names
from ciphertool.runtimes.base import KeystoreFacts
from ciphertool.runtimes.registry import runtime_of
from ciphertool.targets.matching import Match, is_left_alone
from ciphertool.vault.cipher import SymmetricSealer
from ciphertool.vault.resolver import explain
from ciphertool.workers import Progress, no_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ciphertool.changes.survey import Survey
    from ciphertool.changes.workbench import LocatedFile
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.repository import SecretEntry, SecretRepository
    from ciphertool.secret import Secret
    from ciphertool.settings.model import Settings, Target
    from ciphertool.vault.cipher import AnySealer


_PLACEHOLDER = "left as it is: a placeholder, which the product fills in at its start"


def plan(
    settings: Settings,
    repository: SecretRepository,
    sealer: AnySealer,
    *,
    take: Take | None = None,
    progress: Progress = no_progress,
    processes: int = 1,
    only: Sequence[Path] = (),
) -> Plan:
    """Return what `protect` will do, with all problems.

    The plan also completes an interrupted run, as far as its journal is confirmed; raises `JournalError` for a journal
    that cannot be trusted. `take` decides if a file and the repository hold different values. Before the plan is
    returned, every value is encrypted and, if the private key is available, proved as `Sealer.seal` says, and every
    rewritten file is proved. `progress` is called for each step of long work.

    With `only`, nothing but these files, and the repository's entries that they refer to, is judged and changed; a note
    of the plan says how many files that leaves out. Raises `ConfigError` for one that no target names, and
    `ConflictError` if an interrupted run must be completed first.

    With `processes` above one, files are read and rewritten in that many processes if there are enough files; the plan
    is the same. As always with `multiprocessing`, the calling program must be importable without starting again.
    """
    planner = Planner(settings, repository, sealer, take, progress, only)
    with survey(settings, processes, progress) as surveyed:
        return planner.plan(surveyed)


class Planner:
    """One run: collects what there is, decides, and makes the plan."""

    notes_scope = True
    """Whether the plan says how many files it leaves out."""

    def __init__(
        self,
        settings: Settings,
        repository: SecretRepository,
        sealer: AnySealer,
        take: Take | None,
        progress: Progress,
        only: Sequence[Path],
    ) -> None:
        self._settings, self._repository, self._sealer, self._take = settings, repository, sealer, take
        self._only = only
        self._stored = repository
        """The repository as it was read; `_repository` adds what an interrupted run did not get to write."""
        self._storage, self._anchor = settings.storage, anchor_of(settings, repository)
        self._found = journal.find(self._anchor)
        self._notes: list[Note] = list(note_unfinished(self._found))
        self._progress = progress
        self._known = set(settings.aliases)
        """The aliases that settings or files name. Messages may have to identify any other entry by its line alone."""
        self._problems: list[CipherToolError] = []
        self._to_encrypt: dict[str, Secret] = {}
        self._spelled: dict[str, str] = {}
        """How values are spelled that would come back in another spelling; none that stands at several places."""
        self._unproved: list[str] = []
        self._to_prove: dict[str, Ciphertext] = {}
        self._foreign = sealer.other_keys(repository)

    def plan(self, surveyed: Survey) -> Plan:
        """Return the plan of a survey's files."""
        scope = Scope(self._only, surveyed, self._found)
        self._notes += scope.notes if self.notes_scope else ()
        recovery = Recovery(self._anchor, self._found.journal, self._stored, surveyed.opened)
        self._repository = recovery.complete(self._settings, self._stored)
        if self._foreign:
            keys = Counter(self._foreign.values())
            self._problems.append(OtherKeyError(keys, self._sealer.recipient, path=self._repository.where))
        elif different := self._sealer.other_recipients(self._repository):
            self._problems.append(different)
        self._problems += scope.problems
        self._problems += overwritten(self._settings, scope.opened)
        self._where = Whereabouts(self._settings, self._repository.entries.keys(), surveyed)
        self._problems += scope.about(self._where.problems)
        for target in scope.absent:
            self._missing(target, no_such_file(self._settings, target), self._settings.root / target.file)
        wanted: dict[str, list[tuple[LocatedFile, Match]]] = {}
        sites = [self._classify(opened, wanted) for opened in scope.opened]
        scope.add_places(wanted)
        chooser = Chooser(self._repository, self._sealer.opener, self._take, self._where, recovery)
        for alias, places in wanted.items():
            if alias not in self._foreign:
                self._take_verdict(alias, chooser.decide(alias, places))
        for alias, entry in self._repository.entries.items():
            if alias not in wanted and alias not in self._foreign and scope.covers(alias):
                self._keep(alias, entry)
        self._prove()
        planned = [FilePlan(o.snapshot, o.rewriter, o.codec, s) for o, s in zip(scope.opened, sites, strict=True)]
        if not self._problems:
            planned = self._rewrite(surveyed, planned)
        new = {**recovery.restored, **self._encrypt()}
        if self._sealer.opener is None:
            self._unproved += (self._label(alias) for alias in new if alias not in self._to_prove)
        self._problems += obstacles(self._storage if new else None, planned)
        changes = ChangeSet() if self._problems else self._change_set(planned, new, recovery)
        if self._unproved:
            self._notes.append(
                Note(f"not checked to decrypt, because no private key is available: {join_names(self._unproved)}")
            )
        return Plan(tuple(planned), tuple(new), changes, tuple(self._problems), tuple(self._notes))

    def _change_set(self, planned: Sequence[FilePlan], new: Mapping[str, Ciphertext], recovery: Recovery) -> ChangeSet:
        vault = VaultBefore(
            self._settings,
            self._stored,
            self._anchor,
            self._found,
            tuple(plan.before.real for plan in planned),
            record(self._anchor, self._stored, planned, new, recovery),
            self._settings.repository_settings.new_mode,
            self._sealer.to,
        )
        sealer = self._sealer
        keystore = KeystoreFacts(sealer.store_type, sealer.key_alias, isinstance(sealer, SymmetricSealer))
        try:
            changes = change_set(self._settings, self._storage, self._stored, planned, new, keystore)
        except ConfigError as error:
            self._problems.append(error)
            return ChangeSet()
        self._problems += companion_obstacles(changes)
        return ChangeSet() if self._problems else replace(changes, vault=vault)

    def _missing(self, target: Target, error: CipherToolError, path: Path) -> bool:
        """Return whether what a target names may be missing; otherwise note a problem."""
        if lost := self._where.lost(target, path):
            self._where.note_lost(error, lost, path)
        entry = self._repository.entries.get(target.alias)
        unknown = entry is None or entry.is_vacant
        if target.optional or (target.optional_if_unknown and unknown):
            self._notes.append(note_missing(target, error, path))
            return True
        self._problems.append(error.at(path))
        return False

    def _classify(
        self, opened: LocatedFile, wanted: dict[str, list[tuple[LocatedFile, Match]]]
    ) -> tuple[SitePlan, ...]:
        """Return what is at each site of a file; add sites in clear to `wanted`, under their alias."""
        path = opened.snapshot.path
        plans = []
        for target, error in opened.located.missing:
            if self._missing(target, error, path):
                plans.append(SitePlan(target, target.alias, PlanState.SKIPPED))
        for match in opened.located.matches:
            self._known.add(match.alias)
            state = PlanState.PLANNED
            if match.reference is not None:
                state = PlanState.ALREADY_PROTECTED
                self._check_reference(opened, match, match.reference.alias)
            elif is_left_alone(match):
                state = PlanState.PLACEHOLDER
            else:
                wanted.setdefault(match.alias, []).append((opened, match))
            plans.append(SitePlan(match.target, match.alias, state, match))
        return tuple(plans)

    def _check_reference(self, opened: LocatedFile, match: Match, alias: str) -> None:
        path = opened.snapshot.path
        if alias != match.alias:
            self._problems.append(
                self._where.exchanged(opened, match)
                or ConfigError(
                    f"{match.site.selector}: refers to {alias!r}, but the settings call this secret {match.alias!r}",
                    hint="change the target's alias to the one in the file, or restore the value and protect it again",
                    path=path,
                    line=match.site.line,
                )
            )
        elif alias not in self._repository.entries:
            if self._storage.read().data != self._stored.content.data:  # by whoever has written the reference
                error = ConflictError("changed during processing; nothing was written", path=self._stored.where)
                error.again = True
                raise error
            known = certain_names(self._repository.entries)
            self._problems.append(UnknownAliasError(alias, self._repository.where, known).at(path, match.site.line))

    def _take_verdict(self, alias: str, verdict: Verdict) -> None:
        self._problems += verdict.problems
        if verdict.encrypt is not None:
            self._to_encrypt[alias] = verdict.encrypt
        if verdict.keep is not None:
            self._keep(alias, verdict.keep)

    def _keep(self, alias: str, entry: SecretEntry) -> None:
        """Keep the repository's value: encrypt one in clear, prove a ciphertext, report anything else."""
        match entry.stored:
            case Clear(value):
                if value:
                    self._to_encrypt[alias] = value
                elif not runtime_of(self._settings.kind).providers(self._settings).have(alias):
                    self._problems.append(
                        ConfigError(
                            f"{self._label(alias)}: has an empty value", path=self._repository.where, line=entry.line
                        )
                    )
            case Malformed(reason, hint):
                self._problems.append(
                    ConfigError(
                        f"{self._label(alias)}: {reason}",
                        hint=hint or self._repository.hint,
                        path=self._repository.where,
                        line=entry.line,
                    )
                )
            case Encrypted(ciphertext):
                self._to_prove[alias] = ciphertext
            case Placeholder():
                self._notes.append(Note(f"{self._label(alias)}: {_PLACEHOLDER}", self._repository.where, entry.line))

    def _label(self, alias: str) -> str:
        """Return a secret's name for messages: an alias that nothing names may be text of another kind of file."""
        entry = self._repository.entries.get(alias)
        return alias if entry is None or alias in self._known else entry.label(alias)

    def _prove(self) -> None:
        for alias, proved in workers.on_all_cores("proving", self._sealer.prove, self._to_prove, self._progress):
            if isinstance(proved, CipherToolError):
                label, opener = self._label(alias), self._sealer.opener
                self._problems.append(explain(proved, alias, self._repository, opener, label))
            elif not proved:
                self._unproved.append(self._label(alias))

    def _encrypt(self) -> dict[str, Ciphertext]:
        encrypted: dict[str, Ciphertext] = {}

        def seal(alias: str, value: Secret) -> Ciphertext:
            return self._sealer.seal(alias, value, self._spelled.get(alias))

        few, work = self._sealer.few, self._to_encrypt
        for alias, made in workers.on_all_cores("encrypting", seal, work, self._progress, few=few):
            if isinstance(made, CipherToolError):
                made.message = f"{self._label(alias)}: {made.message}"
                self._problems.append(made)
            else:
                encrypted[alias] = made
        return encrypted

    def _rewrite(self, surveyed: Survey, planned: list[FilePlan]) -> list[FilePlan]:
        after = {}
        chosen = {plan.before.path: plan.planned for plan in planned if plan.planned}
        places = Counter(match.alias for matches in chosen.values() for match in matches)
        for path, result in surveyed.rewrite(chosen, self._progress):
            if isinstance(result, CipherToolError):
                self._problems.append(result)
                continue
            after[path] = result.data
            own = result.spellings
            if self._sealer.keeps_spelling:
                self._spelled |= {alias: text for alias, text in own.texts.items() if places[alias] == 1}
            self._notes += note_respelled(own, self._spelled, path)
        return [replace(plan, after=after.get(plan.before.path)) for plan in planned]
