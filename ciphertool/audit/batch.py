"""Judges files in batches, in one process or several; what they exchange holds no secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciphertool import files, workers
from ciphertool.audit import rules
from ciphertool.audit.judges.sites import Judge
from ciphertool.audit.ledger import Ledger
from ciphertool.audit.scope import reading
from ciphertool.audit.scope.tree import SkippedFiles
from ciphertool.errors import CipherToolError
from ciphertool.findings import Level
from ciphertool.plugins import NO_EXTENSIONS, Extensions
from ciphertool.runtimes.base import NO_PROVIDERS, Providers
from ciphertool.settings.targets import Reading

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from ciphertool.audit.scope.targets import Targets
    from ciphertool.workers import Progress


@dataclass(frozen=True)
class Judged:
    """What was found in a batch, and its number of files."""

    gathered: Ledger
    skipped: SkippedFiles
    files: int


@dataclass(frozen=True)
class FileJudge:
    """Judges files against one vault; `aliases` is None if no repository was read, `targets` if there are no settings.

    `contents` stand for what the files hold; of those in `referring` only the references are judged. `known` are the
    vault's values, as far as they are known, plaintext → alias: where there are any, this is no value for other
    processes. A target's format may be one of `extensions`. `own` is the repository, as a judge of sites has it. `key`
    is what findings are marked with. `providers` are the others of the vault's product.
    """

    base: Path
    aliases: AbstractSet[str] | None
    targets: Targets | None
    contents: Mapping[Path, bytes] | None = field(default=None, repr=False)
    referring: Container[Path] = ()
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    extensions: Extensions = NO_EXTENSIONS
    own: Path | None = None
    providers: Providers = NO_PROVIDERS
    key: bytes = b""

    def __call__(self, paths: Sequence[Path]) -> Judged:
        """Judge files in order."""
        judged = Ledger(self.base, key=self.key), SkippedFiles(self.base)
        judge = Judge(judged[0], self.aliases, self.known, self.providers, self.own)
        count, plain = 0, set[bytes]()
        for path in paths:
            data = self._read(path, *judged)
            if data is not None:
                count += 1
                self._judge(judge, path, data, plain)
        return Judged(*judged, count)

    def _judge(self, judge: Judge, path: Path, data: bytes, plain: set[bytes]) -> None:
        relative = judge.gathered.place(path).path
        said = self._said(path, judge.gathered)
        opened = reading.open_text(path, relative, data, said, self.extensions, plain)
        if path in self.referring:
            judge.references(opened)
            return
        judge.file(opened, self.targets.match(opened, judge.gathered) if self.targets else {})

    def _said(self, path: Path, gathered: Ledger) -> Reading:
        """Return how targets say that a file is read; a contradiction between them is a finding."""
        try:
            return self.targets.reading(path) if self.targets else Reading()
        except CipherToolError as error:
            gathered.finding(rules.UNREADABLE, gathered.place(path), error.message, level=Level.ERROR)
            return Reading()

    def _read(self, path: Path, gathered: Ledger, skipped: SkippedFiles) -> bytes | None:
        if self.contents is not None:
            data = self.contents[path]
        else:
            try:
                data = files.read(path).bytes
            except CipherToolError as error:
                gathered.finding(rules.UNREADABLE, gathered.place(path), error.message)
                return None
        targets = self.targets.of_file(path) if self.targets else ()
        if reading.is_binary(data) and not any(target.encoding for target in targets):  # UTF-16 may have no mark
            skipped.add("binary", path)
            return None
        return data


def judge_all(judge: FileJudge, paths: Sequence[Path], processes: int, progress: Progress) -> Iterator[Judged]:
    """Judge files in batches; yield what was found in the files' order, whatever the number of processes."""
    if judge.contents is not None or judge.known:
        processes = 1  # what may be secret stays here
    sizes = [_size(judge, path) for path in paths]
    batches = workers.batches(paths, sizes)
    done = 0
    with workers.crew(judge, processes, len(batches), sum(sizes)) as crew:
        for batch, judged in zip(batches, crew.in_order(FileJudge.__call__, batches), strict=True):
            done += len(batch)
            progress("files", done, len(paths))
            yield judged


def _size(judge: FileJudge, path: Path) -> int:
    return files.size(path) if judge.contents is None else len(judge.contents[path])
