"""Makes the plan of a run of `protect`: reads, compares, encrypts and proves in memory. Nothing here writes."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ciphertool import files
from ciphertool.changes.plan import FilePlan, Note, Plan, SitePlan, State, Take, listed
from ciphertool.changes.survey import survey
from ciphertool.changes.writes import obstacles, writes
from ciphertool.errors import (
    CipherToolError,
    ConfigError,
    ConflictError,
    NoMatchError,
    OtherKeyError,
    UnknownAliasError,
)
from ciphertool.protection.moved import Whereabouts
from ciphertool.repository import Clear, Encrypted, Malformed
from ciphertool.secret import Secret
from ciphertool.targets.matching import Match, is_left_alone
from ciphertool.vault.resolver import explained
from ciphertool.workers import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ciphertool.changes.survey import Survey
    from ciphertool.changes.workbench import Opened
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Write
    from ciphertool.protection.moved import MovedError
    from ciphertool.repository import Entry, SecretRepository
    from ciphertool.settings.model import Settings, Target
    from ciphertool.vault.cipher import Sealer


T = TypeVar("T")
R = TypeVar("R")


class DifferentValuesError(ConfigError):
    """One alias, several values: `places` are where they stand. `choices` are the commands that decide, if any do."""

    def __init__(
        self, alias: str, places: Iterable[str], reason: str, *, path: Path, line: int | None, hint: str
    ) -> None:
        self.alias = alias
        self.places = tuple(places)
        super().__init__(f"{alias}: {reason}: {' and '.join(self.places)}", hint=hint, path=path, line=line)


def plan(
    settings: Settings,
    repository: SecretRepository,
    sealer: Sealer,
    *,
    take: Take | None = None,
    progress: Progress = silent,
    processes: int = 1,
) -> Plan:
    """Return what `protect` is going to do, with everything that is wrong.

    `take` decides where a file and the repository hold different values. Every value is encrypted, decrypted again
    where the private key is at hand, and every rewritten file is proved, before the plan is handed out. `progress` is
    told of each step of work that lasts.

    With more than one of `processes` files are read and rewritten in as many, where there are enough of them; the plan
    is the same. As ever with `multiprocessing`, the program that asks for it must be importable without starting anew.
    """
    planner = _Planner(settings, repository, sealer, take, progress)
    with survey(settings, processes, progress) as surveyed:
        return planner.plan(surveyed)


class _Planner:
    def __init__(
        self,
        settings: Settings,
        repository: SecretRepository,
        sealer: Sealer,
        take: Take | None,
        progress: Progress,
    ) -> None:
        self._settings, self._repository, self._sealer, self._take = settings, repository, sealer, take
        self._progress = progress
        self._known = set(settings.aliases)
        """The aliases that settings or files name. Of another the repository may have to tell by its line alone."""
        self._problems: list[CipherToolError] = []
        self._notes: list[Note] = []
        self._to_encrypt: dict[str, Secret] = {}
        self._unproved: list[str] = []
        self._to_prove: dict[str, Ciphertext] = {}
        self._foreign = sealer.other_keys(repository)

    def plan(self, surveyed: Survey) -> Plan:
        if self._foreign:
            keys = Counter(self._foreign.values())
            self._problems.append(OtherKeyError(keys, self._sealer.recipient, path=self._repository.path))
        self._problems += surveyed.problems
        self._where = Whereabouts(self._settings, self._repository.entries.keys(), surveyed)
        self._problems += self._where.problems
        self._absent(surveyed.absent)
        wanted: dict[str, list[tuple[Opened, Match]]] = {}
        sites = [self._classify(opened, wanted) for opened in surveyed.opened]
        for alias, places in wanted.items():
            if alias not in self._foreign:
                self._decide(alias, places)
        for alias, entry in self._repository.entries.items():
            if alias not in wanted and alias not in self._foreign:
                self._keep(alias, entry)
        self._prove()
        new = self._encrypt()
        if self._sealer.opener is None:
            self._unproved += map(self._label, new)
        planned = [FilePlan(o.snapshot, o.rewriter, o.codec, s) for o, s in zip(surveyed.opened, sites, strict=True)]
        if not self._problems:
            planned = self._rewrite(surveyed, planned)
        self._problems += obstacles(self._repository, planned, save_repository=bool(self._to_encrypt))
        todo: tuple[Write, ...] = ()
        if not self._problems:
            todo = writes(self._settings, self._repository, planned, new, self._sealer.store_type)
        if self._unproved:
            self._notes.append(Note(f"not proved to decrypt, no private key at hand: {listed(self._unproved)}"))
        return Plan(tuple(planned), tuple(new), todo, tuple(self._problems), tuple(self._notes))

    def _absent(self, targets: Iterable[Target]) -> None:
        for target in targets:
            path = self._settings.root / target.file
            self._missing(target, NoMatchError(target.selector, "no such file"), path)

    def _missing(self, target: Target, error: CipherToolError, path: Path) -> bool:
        """Tell whether what a target names may be missing; where it may not, that is a problem."""
        if lost := self._where.lost(target, path):
            self._where.note_lost(error, lost, path)
        entry = self._repository.entries.get(target.alias)
        unknown = entry is None or (isinstance(entry.stored, Clear) and not entry.stored.value)
        if target.optional or (target.optional_if_unknown and unknown):
            self._notes.append(note_missing(target, error, path))
            return True
        self._problems.append(error.at(path))
        return False

    def _classify(self, opened: Opened, wanted: dict[str, list[tuple[Opened, Match]]]) -> tuple[SitePlan, ...]:
        """Say what stands at each site of a file; sites in clear go to `wanted`, under their alias."""
        path = opened.snapshot.path
        plans = []
        for target, error in opened.located.missing:
            if self._missing(target, error, path):
                plans.append(SitePlan(target, target.alias, State.SKIPPED))
        for match in opened.located.matches:
            self._known.add(match.alias)
            state = State.PLANNED
            if match.reference is not None:
                state = State.ALREADY_PROTECTED
                self._check_reference(opened, match, match.reference.alias)
            elif is_left_alone(match):
                state = State.PLACEHOLDER
            else:
                wanted.setdefault(match.alias, []).append((opened, match))
            plans.append(SitePlan(match.target, match.alias, state, match))
        return tuple(plans)

    def _check_reference(self, opened: Opened, match: Match, alias: str) -> None:
        path = opened.snapshot.path
        if alias != match.alias:
            self._problems.append(
                self._where.exchanged(opened, match)
                or ConfigError(
                    f"{match.site.selector}: refers to {alias!r}, but the settings call this secret {match.alias!r}",
                    hint="give the target the alias that the file has, or put the value back and protect it again",
                    path=path,
                    line=match.site.line,
                )
            )
        elif alias not in self._repository.entries:
            snapshot = self._repository.snapshot
            if files.read_if_there(snapshot.path).data != snapshot.data:  # by whoever has written the reference
                raise ConflictError("changed while it was being worked on; nothing was written", path=snapshot.path)
            self._problems.append(UnknownAliasError(alias, self._repository.path).at(path, match.site.line))

    def _decide(self, alias: str, places: list[tuple[Opened, Match]]) -> None:
        """Find the one value of an alias whose sites hold plaintext."""
        opened, match = places[0]
        if self._has_moved(alias, places):
            return
        if len({m.value for _, m in places}) > 1:
            self._problems.append(
                DifferentValuesError(
                    alias,
                    [f"{o.snapshot.path}:{m.site.line}" for o, m in places],
                    "one alias for different values",
                    path=opened.snapshot.path,
                    line=match.site.line,
                    hint=_one_each(places),
                )
            )
            return
        value = Secret(match.value)
        entry = self._repository.entries.get(alias)
        waiting = entry is not None and isinstance(entry.stored, Clear) and not entry.stored.value
        if entry is None or (waiting and self._take is None):
            self._to_encrypt[alias] = value
            return
        if self._take is None and isinstance(entry.stored, Malformed):
            self._keep(alias, entry)
            return
        positions = any(self._where.is_position(m) for _, m in places)
        if self._take is Take.REPOSITORY and not positions:
            self._keep(alias, entry)
            return
        same = self._holds(alias, entry, value)
        unnamed = self._unnamed(places, compared=same is not None) if positions and not same and not waiting else []
        if same:
            self._keep(alias, entry)
        elif unnamed:
            self._problems += unnamed
        elif self._take is Take.REPOSITORY:
            self._keep(alias, entry)
        elif self._take is Take.FILE:
            self._to_encrypt[alias] = value
        else:
            self._problems.append(self._different(alias, entry, opened, match, known=same is not None))

    def _unnamed(self, places: list[tuple[Opened, Match]], *, compared: bool) -> list[MovedError]:
        """Return the places that a position alone names, though they have a name."""
        found = (self._where.unnamed(opened, match, compared=compared) for opened, match in places)
        return [error for error in found if error]

    def _has_moved(self, alias: str, places: list[tuple[Opened, Match]]) -> bool:
        """Tell whether sites hold plaintext that the alias's references elsewhere do not stand for: a problem."""
        entry = self._repository.entries.get(alias)
        stands = self._where.elsewhere(alias, {(o.snapshot.path, m.site.selector) for o, m in places})
        if entry is None:
            if stands:
                moved = [self._where.unknown(o, m, stands) for o, m in places]
            else:
                moved = [self._where.new(o, m, left) for o, m in places if (left := self._where.renumbered(o, m))]
            self._problems += moved
            return bool(moved)
        if not stands or (isinstance(entry.stored, Clear) and not entry.stored.value):
            return False
        for opened, match in places:
            same = self._holds(alias, entry, Secret(match.value))
            if not same:
                self._problems.append(self._where.in_clear(alias, opened, match, stands, compared=same is not None))
        self._keep(alias, entry)
        return True

    def _different(
        self, alias: str, entry: Entry, opened: Opened, match: Match, *, known: bool
    ) -> DifferentValuesError:
        path, line = opened.snapshot.path, match.site.line
        hint = "decide with `ciphertool protect --take repository` or `ciphertool protect --take file`"
        if self._where.is_position(match):
            hint = f"if another value has come to stand at this position, correct the target of {alias!r}; else {hint}"
        reason = "the file and the repository hold different values"
        if not known:
            reason = "stands in clear, and no private key is at hand to compare it with its ciphertext"
        return DifferentValuesError(
            alias,
            [f"{path}:{line}", f"{self._repository.path}:{entry.line}"],
            reason,
            path=path,
            line=line,
            hint=hint,
        )

    def _holds(self, alias: str, entry: Entry, value: Secret) -> bool | None:
        """Tell whether the repository holds this very value; None where that cannot be told."""
        if isinstance(entry.stored, Clear):
            return entry.stored.value == value
        if isinstance(entry.stored, Malformed) or self._sealer.opener is None:
            return None if isinstance(entry.stored, Encrypted) else False
        try:
            return self._sealer.opener.open(alias, entry.stored.ciphertext) == value
        except CipherToolError:
            return False

    def _keep(self, alias: str, entry: Entry) -> None:
        """Take the repository's value as it is: encrypt one in clear, prove a ciphertext, report anything else."""
        match entry.stored:
            case Clear(value):
                if value:
                    self._to_encrypt[alias] = value
                else:
                    self._problems.append(
                        ConfigError(
                            f"{self._label(alias)}: has an empty value", path=self._repository.path, line=entry.line
                        )
                    )
            case Malformed(reason):
                self._problems.append(
                    ConfigError(
                        f"{self._label(alias)}: {reason}",
                        hint=self._repository.hint,
                        path=self._repository.path,
                        line=entry.line,
                    )
                )
            case Encrypted(ciphertext):
                self._to_prove[alias] = ciphertext

    def _label(self, alias: str) -> str:
        """Return what messages call a secret: an alias that nobody names may be text of what is no repository."""
        entry = self._repository.entries.get(alias)
        return alias if entry is None or alias in self._known else entry.label(alias)

    def _prove(self) -> None:
        for alias, proved in self._on_all_cores("proving", self._sealer.prove, self._to_prove):
            if isinstance(proved, CipherToolError):
                label, opener = self._label(alias), self._sealer.opener
                self._problems.append(explained(proved, alias, self._repository, opener, label))
            elif not proved:
                self._unproved.append(self._label(alias))

    def _encrypt(self) -> dict[str, Ciphertext]:
        encrypted: dict[str, Ciphertext] = {}
        for alias, made in self._on_all_cores("encrypting", self._sealer.seal, self._to_encrypt):
            if isinstance(made, CipherToolError):
                made.message = f"{self._label(alias)}: {made.message}"
                self._problems.append(made)
            else:
                encrypted[alias] = made
        return encrypted

    def _on_all_cores(
        self, step: str, work: Callable[[str, T], R], items: Mapping[str, T]
    ) -> Iterator[tuple[str, R | CipherToolError]]:
        """Yield alias and result, or error, of RSA work on each item, in order. RSA leaves the interpreter free."""

        def guarded(item: tuple[str, T]) -> R | CipherToolError:
            try:
                return work(*item)
            except CipherToolError as error:
                return error

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for done, (alias, result) in enumerate(zip(items, pool.map(guarded, items.items()), strict=True), 1):
                self._progress(step, done, len(items))
                yield alias, result

    def _rewrite(self, surveyed: Survey, planned: list[FilePlan]) -> list[FilePlan]:
        after = {}
        chosen = {plan.before.path: plan.planned for plan in planned if plan.planned}
        for path, result in surveyed.rewrite(chosen, self._progress):
            if isinstance(result, CipherToolError):
                self._problems.append(result)
            else:
                after[path] = result
        return [replace(plan, after=after.get(plan.before.path)) for plan in planned]


def _one_each(places: Sequence[tuple[Opened, Match]]) -> str:
    """Say how several values get an alias each."""
    hint = "give each its own alias"
    named = {opened.snapshot.path for opened, _ in places}
    missing = ["{stem}", "{path}"] if len(named) > 1 else []
    if len(named) < len(places):
        hint += ", by a selector that names it alone (in a YAML file of several documents `doc[0]$…`, `doc[1]$…`)"
        missing.append("{key}")
    useful = [field for field in missing if field not in places[0][1].target.alias]
    return f"{hint}, or one alias pattern with {' or '.join(useful)}" if useful else hint


def note_missing(target: Target, error: CipherToolError | None, path: Path) -> Note:
    """Say of a target that may be missing that it is."""
    reason = error.message if error else "no such file"
    return Note(f"{target.alias}: skipped: {reason}", path)
