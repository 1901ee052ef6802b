"""The reviewer's view: which secrets are protected, which are not, and how sure that is. Needs no password and no key.

`audit(subjects, now=…)` returns a `Report`; `reports` writes one. Nothing here prints, and no value leaves it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.audit import keys, reading, rules, stored
from ciphertool.audit.gather import Gathered
from ciphertool.audit.model import Evidence, Finding, KeyCard, Level, Report, State, Value
from ciphertool.audit.rules import RULES, Rule, rule
from ciphertool.audit.sites import Judge
from ciphertool.audit.tree import SkippedFiles, walk
from ciphertool.errors import CipherToolError
from ciphertool.protection.targets import survey
from ciphertool.repository import Clear, open_repository
from ciphertool.settings import carbon4

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from ciphertool.protection.targets import Match, Opened, Survey
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings

__all__ = [
    "RULES",
    "Evidence",
    "Finding",
    "KeyCard",
    "Level",
    "Report",
    "Rule",
    "State",
    "Subject",
    "Value",
    "audit",
    "rule",
]


@dataclass(frozen=True)
class Subject:
    """What is audited: the files below `root`, or of these only those in `only`, and the vault that `settings` tell.

    `contents` stand for what files hold, as git's index does. Without settings, references are listed and not judged.
    """

    root: Path
    settings: Settings | None = None
    only: frozenset[Path] | None = None
    contents: Mapping[Path, bytes] = field(default_factory=dict, repr=False)


def audit(subjects: Sequence[Subject], *, now: datetime) -> Report:
    """Return what there is to say of the subjects at the time `now`. What cannot be read is a finding, no error."""
    base = Path(os.path.commonpath([_directory(subject.root) for subject in subjects]))
    gathered, skipped = Gathered(base), SkippedFiles(base)
    count = sum(_Audit(subject, gathered, skipped, now).run() for subject in subjects)
    return Report(
        root=base,
        time=now,
        values=tuple(sorted(set(gathered.values), key=lambda value: _order(value.place))),
        findings=tuple(sorted(gathered.findings, key=lambda finding: _order(finding.place))),
        keys=tuple(gathered.keys),
        skipped=skipped.summary(),
        files=count,
    )


def _directory(path: Path) -> str:
    absolute = os.path.abspath(path)  # noqa: PTH100 - Path.resolve would follow links
    return absolute if path.is_dir() else str(Path(absolute).parent)


def _order(place: object) -> tuple[str, int, str]:
    from ciphertool.audit.model import Place

    assert isinstance(place, Place)  # noqa: S101 - narrows
    return place.path, place.line or 0, place.selector or ""


class _Audit:
    """The audit of one subject."""

    def __init__(self, subject: Subject, gathered: Gathered, skipped: SkippedFiles, now: datetime) -> None:
        self._subject, self._gathered, self._skipped, self._now = subject, gathered, skipped, now
        self._first = len(gathered.values)

    def run(self) -> int:
        """Judge everything; return how many files were looked at."""
        aliases = None if self._subject.settings is None else self._filled
        judge = Judge(self._gathered, aliases)
        count = 0
        for opened, matches in self._opened():
            judge.file(opened, matches)
            count += 1
        if (settings := self._subject.settings) is not None and self._subject.only is None:
            self._missing()
            cipher = keys.judge(self._gathered, settings, self._now)
            if self._repository is not None:
                used = {value.alias for value in self._gathered.values[self._first :] if value.alias is not None}
                stored.judge(self._gathered, settings, self._repository, cipher, used)
        self._shared_aliases()
        return count

    @cached_property
    def _repository(self) -> SecretRepository | None:
        settings = self._subject.settings
        if settings is None:
            return None
        try:
            repository = open_repository(settings.kind, settings.repository)
            len(repository.entries)
        except CipherToolError as error:
            place = self._gathered.place(settings.repository, error.line)
            self._gathered.finding(rules.UNREADABLE, place, error.message, level=Level.ERROR)
            return None
        return repository

    @cached_property
    def _filled(self) -> frozenset[str]:
        entries = self._repository.entries if self._repository else {}
        return frozenset(
            alias
            for alias, entry in entries.items()
            if not (isinstance(entry.stored, Clear) and not entry.stored.value)
        )

    @cached_property
    def _survey(self) -> Survey:
        from ciphertool.protection.targets import Survey

        return survey(self._subject.settings) if self._subject.settings else Survey((), (), ())

    def _opened(self) -> Iterator[tuple[reading.Opened, Mapping[int, Match]]]:
        """Yield every file once: the targets' as they were read for them, then the others of the tree."""
        declared: dict[Path, Opened] = {}
        if not self._subject.contents:
            declared = {opened.snapshot.real: opened for opened in self._survey.opened}
        own = self._own_files()
        for path in self._paths(declared):
            real = Path(os.path.realpath(path))
            if real in own:
                continue
            known = declared.get(real)
            data = known.snapshot.bytes if known else self._read(path)
            if data is None:
                continue
            relative = self._gathered.place(path).path
            opened = reading.open_text(path, relative, data, known.document if known else None)
            yield opened, {match.site.start: match for match in known.matches} if known else {}

    def _paths(self, declared: Mapping[Path, Opened]) -> Iterator[Path]:
        subject = self._subject
        if subject.only is not None:
            yield from sorted(subject.only)
            return
        if subject.root.is_file():
            yield subject.root
            return
        seen = set()
        home = subject.settings is not None and subject.settings.kind != "native"
        for path in walk(subject.root, self._skipped, respect_ignore=not home):
            seen.add(Path(os.path.realpath(path)))
            yield path
        # Targets are looked at wherever they lie, ignored by git or behind a link.
        yield from (opened.snapshot.path for real, opened in declared.items() if real not in seen)

    def _read(self, path: Path) -> bytes | None:
        if path in self._subject.contents:
            data = self._subject.contents[path]
        else:
            try:
                data = files.read(path).bytes
            except CipherToolError as error:
                self._gathered.finding(rules.UNREADABLE, self._gathered.place(path), error.message)
                return None
        if reading.is_binary(data):
            self._skipped.add("binary", path)
            return None
        return data

    def _own_files(self) -> set[Path]:
        """The files of the vault itself, which are judged for what they are."""
        settings = self._subject.settings
        if settings is None:
            return set()
        own = [settings.repository, settings.secret_conf, settings.keystore.path, settings.keystore.certificate]
        if settings.origin.is_file() and settings.kind != "carbon5":
            own.append(settings.origin)
        return {Path(os.path.realpath(path)) for path in own if path is not None}

    def _missing(self) -> None:
        """Report targets that name nothing, and files of targets that cannot be read."""
        settings = self._subject.settings
        assert settings is not None  # noqa: S101 - the caller has looked
        for problem in self._survey.problems:
            place = self._gathered.place(problem.path or settings.origin, problem.line)
            self._gathered.finding(rules.UNREADABLE, place, problem.message, level=Level.WARNING)
        nothing = [(target, settings.root / target.file, None) for target in self._survey.absent]
        missing = [
            (target, opened.snapshot.path, error) for opened in self._survey.opened for target, error in opened.missing
        ]
        for target, path, error in (*nothing, *missing):
            if target.optional or (target.where_absent and target.alias not in self._filled):
                continue
            reason = error.message if error else "no such file"
            place = self._gathered.place(path, error.line if error else None, target.selector)
            self._gathered.finding(rules.TARGET_MISSES, place, f"{target.alias!r}: {reason}")

    def _shared_aliases(self) -> None:
        """Report aliases that stand for several places."""
        places = defaultdict(list)
        for value in self._gathered.values[self._first :]:
            if value.alias is not None and value.state in (State.PROTECTED, State.UNPROTECTED):
                places[value.alias].append(value.place)
        for alias, found in places.items():
            if len(found) > 1:
                where = ", ".join(map(str, found[:4])) + (", …" if len(found) > 4 else "")
                self._gathered.finding(rules.SAME_ALIAS, found[0], f"{alias!r} stands for several places: {where}")


def is_subject(path: Path) -> bool:
    """Tell whether a path has settings of its own: a Carbon home, a `ciphertool.toml`, or a directory with one."""
    return path.name == "ciphertool.toml" or (path / "ciphertool.toml").is_file() or carbon4.is_home(path)
