"""One run of the audit: reads each file of each subject once and calls the judges. An unreadable file is a finding."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.audit import rules, suppress
from ciphertool.audit.batch import FileJudge, judge_all
from ciphertool.audit.judges import (
    exposure,
    generated,
    history,
    key_history,
    key_roles,
    keys,
    named,
    recipients,
    sites,
    stored,
)
from ciphertool.audit.ledger import Ledger
from ciphertool.audit.model import Report, SchemeUse, numbered
from ciphertool.audit.scope import nested
from ciphertool.audit.scope.index import Index, index_of
from ciphertool.audit.scope.targets import Targets
from ciphertool.audit.scope.tree import SkippedFiles, walk
from ciphertool.audit.shown import shown
from ciphertool.changes import log
from ciphertool.errors import CipherToolError
from ciphertool.files import Snapshot
from ciphertool.findings import Level
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.repository import repository_of
from ciphertool.runtimes.base import NO_PROVIDERS
from ciphertool.runtimes.registry import runtime_of
from ciphertool.settings import is_configuration
from ciphertool.storage.file import content_of
from ciphertool.workers import Progress, no_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from ciphertool.audit.model import Place, Value
    from ciphertool.errors import FoundSettingsError
    from ciphertool.keystore import Keystore
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.storage.base import Content
    from ciphertool.vault.cipher import AnyOpener


@dataclass(frozen=True)
class Subject:
    """What is audited: the files below `root`, or only those in `contents`, and the vault of `settings`.

    `refused` are requests of found settings that were denied, from `settings.load_found`; they become findings.
    `contents` replace the contents of files, as git's index does; the vault is then judged only with its `index`.
    `opener` has a private key and proves that every value decrypts; `keystore`, opened with its password, shows a
    certificate that is encrypted in it. Without settings, references are listed but not judged.
    """

    root: Path
    settings: Settings | None = None
    refused: Sequence[FoundSettingsError] = ()
    contents: Mapping[Path, bytes] | None = field(default=None, repr=False)
    index: Index | None = None
    opener: AnyOpener | None = None
    keystore: Keystore | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Options:
    """How far an audit goes: whether it searches the git history, and whether comments and `.gitignore` count.

    Findings are marked for the baseline with this `key`, so that it accepts no others.

    If there are enough files, they are judged in up to `processes` processes; the report is the same. As always with
    `multiprocessing`, it must be possible to import the main program without running it.
    """

    history: bool = False
    suppressions: bool = True
    processes: int = 1
    progress: Progress = no_progress
    key: bytes = b""


def audit(subjects: Sequence[Subject], *, now: datetime, options: Options | None = None) -> Report:
    """Audit the subjects as of the time `now`."""
    options = options or Options()
    base = Path(os.path.commonpath([_directory(subject.root) for subject in subjects]))
    gathered, skipped = Ledger(base, key=options.key), SkippedFiles(base)
    run = _Run(gathered, skipped, now, options, frozenset(_real(subject.root) for subject in subjects))
    count = sum(_Audit(run, subject, subject.root, {}).run() for subject in subjects)
    key_roles.compare(gathered, [subject.settings for subject in subjects if subject.settings is not None])
    findings = suppress.inline(gathered.findings, gathered.allowed) if options.suppressions else gathered.findings
    report = Report(
        root=base,
        time=now,
        values=tuple(sorted(_once(gathered.values), key=lambda value: _order(value.place))),
        findings=tuple(sorted(findings, key=lambda finding: _order(finding.place))),
        keys=tuple(gathered.keys),
        schemes=tuple(gathered.schemes),
        skipped=skipped.summary(),
        files=count,
    )
    report = shown(report)
    return replace(report, findings=numbered(report.findings))


def _directory(path: Path) -> str:
    absolute = os.path.abspath(path)  # noqa: PTH100 - Path.resolve would follow links
    return absolute if path.is_dir() else str(Path(absolute).parent)


def _order(place: Place) -> tuple[str, int, str]:
    return place.path, place.line or 0, place.selector or ""


def _once(values: Sequence[Value]) -> list[Value]:
    """Return the values, without repetitions of the same alias at the same place."""
    named = dict.fromkeys(value for value in values if value.alias is not None)
    return [*named, *(value for value in values if value.alias is None)]


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _repository_amid_configuration(settings: Settings) -> Path | None:
    """Return the repository if it is part of a configuration file, which is judged like any other, or None."""
    own = runtime_of(settings.kind).own_files(settings)
    path = settings.repository_settings.path
    return None if path is None or path in own else _real(path)


@dataclass(frozen=True)
class _Run:
    """What the audits of all subjects share. `apart` are files that are not judged like others, or not again."""

    gathered: Ledger
    skipped: SkippedFiles
    now: datetime
    options: Options
    roots: frozenset[Path]
    apart: set[Path] = field(default_factory=set)


class _Audit:
    """The audit of one subject and the vaults within it.

    `tree` is the root that a person named; `known` are the values of the enclosing vaults, plaintext → alias.
    """

    def __init__(self, run: _Run, subject: Subject, tree: Path, known: Mapping[str, str]) -> None:
        self._run, self._subject, self._tree = run, subject, tree
        self._gathered, self._options = run.gathered, run.options
        self._known = {**known, **self._plaintexts()}
        self._nested: dict[Path, None] = {}
        run.apart.update(self._own_files())
        for error in subject.refused:
            self._gathered.refused(error)

    def run(self) -> int:
        """Judge everything; return the number of files read."""
        first, settings = len(self._gathered.values), self._subject.settings
        targets = Targets.of(settings, self._filled, self._gathered) if settings is not None else None
        contents, referring = self._subject.contents, self._referring()
        if contents is not None:
            contents = {**contents, **referring}
        found = list(self._paths(targets) if contents is None else self._not_nested(contents))
        inner = [self._inner(directory, contents) for directory in self._nested]
        judge = FileJudge(
            self._gathered.base,
            None if self._repository is None else self._filled,
            targets,
            contents,
            frozenset(referring),
            self._known,
            NO_EXTENSIONS if settings is None else settings.trust.extensions,
            own=None if settings is None else _repository_amid_configuration(settings),
            providers=NO_PROVIDERS if settings is None else runtime_of(settings.kind).providers(settings),
            key=self._gathered.key,
        )
        count = self._judge_files(judge, found)
        values = self._gathered.values[first:]
        if settings is not None and (contents is None or self._subject.index is not None):
            self._judge_vault(settings, frozenset(value.alias for value in values if value.alias is not None))
            if self._options.history or self._subject.index is not None:
                key_history.judge(self._gathered, settings, staged=self._subject.index is not None)
        sites.judge_aliases(self._gathered, values)
        if self._options.history:
            history.judge(self._gathered, values, targets, judge.extensions)
        self._run.apart.update(map(_real, targets.files if targets else ()))
        return count + sum(audit.run() for audit in inner)

    def _judge_files(self, judge: FileJudge, found: Sequence[Path]) -> int:
        apart, count = self._run.apart, 0
        for path in found:
            if path.name == files.JOURNAL:
                self._run.skipped.add("journal of an interrupted run", path)
        paths = [path for path in found if path.name != files.JOURNAL and (not apart or _real(path) not in apart)]
        named.judge_paths(self._gathered, paths)
        for judged in judge_all(judge, paths, self._options.processes, self._options.progress):
            if self._subject.settings is not None:
                generated.explain(judged.gathered, self._subject.settings)
            self._gathered.add(judged.gathered)
            self._run.skipped.add_all(judged.skipped)
            count += judged.files
        return count

    def _inner(self, directory: Path, contents: Mapping[Path, bytes] | None) -> _Audit:
        """Return the audit of a vault inside this subject."""
        settings, refused = nested.read_settings(directory, self._tree, self._gathered)
        subject = Subject(directory, settings, refused)
        if contents is not None:
            changed = self._subject.contents or {}
            within = {path: data for path, data in changed.items() if path.absolute().is_relative_to(directory)}
            subject = replace(subject, contents=within, index=index_of(settings) if settings is not None else None)
        return _Audit(self._run, subject, self._tree, self._known)

    def _is_nested(self, directory: Path) -> bool:
        """Return whether a directory is a vault inside this subject, and remember it."""
        settings = self._subject.settings
        if (settings is not None and _real(settings.root) == _real(directory)) or not is_configuration(directory):
            return False
        if _real(directory) not in self._run.roots:
            self._nested[directory] = None
        return True

    def _not_nested(self, contents: Mapping[Path, bytes]) -> Iterator[Path]:
        for path in sorted(contents):
            directory = nested.outermost(path, self._subject.root)
            if directory is None or not self._is_nested(directory):
                yield path

    def _referring(self) -> dict[Path, bytes]:
        """The files of the index of which only references are judged."""
        if self._subject.index is None:
            return {}
        judged = set(map(_real, self._subject.contents or ()))
        return {path: data for path, data in self._subject.index.referring.items() if _real(path) not in judged}

    def _judge_vault(self, settings: Settings, used: frozenset[str]) -> None:
        origin = self._gathered.place(settings.origin)
        self._gathered.schemes.append(SchemeUse(origin.path, settings.encryption.block_scheme))
        index = self._subject.index
        held = index.vault if index else {}
        sealer = keys.judge(self._gathered, settings, self._run.now, self._subject.keystore, held)
        if self._repository is not None:
            # If git does not track the repository, the index does not show what refers to it.
            known = used if index is None or settings.repository_settings.path in index.vault else None
            stored.judge(self._gathered, settings, self._repository, self._subject.opener or sealer, known, used)
            recipients.judge(self._gathered, settings, self._repository, self._run.now, self._subject.keystore, held)
        if index is None:  # modes and untracked files are not part of a commit
            exposure.judge(self._gathered, settings, self._repository, self._tree)
            key_roles.judge(self._gathered, settings, self._run.now, opened=self._subject.keystore)
            for path, message, line in settings.warnings:
                self._gathered.finding(rules.NOT_FOLLOWED, self._gathered.place(path, line), message)

    @cached_property
    def _repository(self) -> SecretRepository | None:
        settings = self._subject.settings
        if settings is None:
            return None
        try:
            trusted, content = settings.trust.extensions, self._content(settings)
            repository = repository_of(settings.kind, content, extensions=trusted, declared=settings.aliases)
            len(repository.entries)
        except CipherToolError as error:
            where = settings.repository_settings.path or error.path or settings.origin
            place = self._gathered.place(where, error.line)
            self._gathered.finding(rules.UNREADABLE, place, error.message, level=Level.ERROR)
            return None
        return repository

    def _content(self, settings: Settings) -> Content:
        index, path = self._subject.index, settings.repository_settings.path
        if index is not None and path is not None and path in index.vault:
            return content_of(Snapshot(path, _real(path), index.vault[path]))
        return content_of(settings.storage)

    @cached_property
    def _filled(self) -> frozenset[str]:
        """The aliases that have a value; an empty entry is yet to be filled in."""
        entries = self._repository.entries if self._repository else {}
        return frozenset(alias for alias, entry in entries.items() if not entry.is_vacant)

    def _plaintexts(self) -> dict[str, str]:
        """The repository's values, plaintext → alias, if there is a private key."""
        if self._repository is None or self._subject.opener is None:
            return {}
        return {value: alias for alias, value in stored.plaintexts(self._repository, self._subject.opener)}

    def _paths(self, targets: Targets | None) -> Iterator[Path]:
        subject = self._subject
        if subject.root.is_file():
            yield subject.root
            return
        read_anyway = subject.settings is not None and runtime_of(subject.settings.kind).reads_ignored
        respect = self._options.suppressions and not read_anyway
        found = list(walk(subject.root, self._run.skipped, respect_ignore=respect, is_apart=self._is_nested))
        yield from found
        if targets is not None and targets.files:
            # Targets are read even if git ignores them or they are behind a link.
            seen = set(map(_real, found))
            yield from (path for path in targets.files if _real(path) not in seen)

    def _own_files(self) -> set[Path]:
        """The vault's own files, which have judges of their own."""
        settings = self._subject.settings
        if settings is None:
            return set()
        own = [settings.keystore.path, settings.keystore.certificate, *runtime_of(settings.kind).own_files(settings)]
        own += [log.log_path(settings.anchor), *(recipient.certificate for recipient in settings.recipients)]
        if settings.origin.suffix == ".toml":
            own.append(settings.origin)
        return {_real(path) for path in own if path is not None}
