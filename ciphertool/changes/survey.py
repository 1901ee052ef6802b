"""Opens and rewrites all files of all targets, in one process or several; `workbench` does the work on each file."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from ciphertool import files, workers
from ciphertool.changes.workbench import AS_THEY_ARE, LocatedFile, ToRewrite, ToSearch, Workbench
from ciphertool.settings.targets import named_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from ciphertool.changes.workbench import Rewritten, Standing
    from ciphertool.errors import CipherToolError
    from ciphertool.files import Snapshot
    from ciphertool.settings.model import Settings, Target
    from ciphertool.settings.targets import Named
    from ciphertool.targets.matching import Match
    from ciphertool.workers import Progress


@dataclass(frozen=True)
class Survey:
    """All files that could be opened, the targets whose file is missing, and all problems."""

    opened: Sequence[LocatedFile]
    absent: Sequence[Target]
    problems: Sequence[CipherToolError]
    _batches: Sequence[Sequence[Named]] = field(repr=False)
    _crew: workers.Crew[Workbench] = field(repr=False)

    @property
    def paths(self) -> Iterator[Path]:
        """Yield every file that a target names, opened or not."""
        return (path for batch in self._batches for path, _ in batch)

    def references(self, aliases: Collection[str]) -> Iterator[Standing]:
        """Yield the places of references to some aliases in the opened files."""
        tasks = [ToSearch([path for path, _ in batch], aliases) for batch in self._batches]
        return chain.from_iterable(self._crew.again(Workbench.references, tasks))

    def rewrite(
        self, chosen: Mapping[Path, Sequence[Match]], progress: Progress
    ) -> Iterator[tuple[Path, Rewritten | CipherToolError]]:
        """Yield the new content of each chosen file, with its matches replaced by references, or the error."""
        tasks = [[ToRewrite(path, chosen[path]) for path, _ in batch if path in chosen] for batch in self._batches]
        results = chain.from_iterable(self._crew.again(Workbench.rewrite, tasks))
        for done, (task, result) in enumerate(zip(chain.from_iterable(tasks), results, strict=True), 1):
            progress("rewriting", done, len(chosen))
            yield task.path, result


@contextmanager
def survey(
    settings: Settings, processes: int, progress: Progress, instead: Mapping[Path, Snapshot] = AS_THEY_ARE
) -> Iterator[Survey]:
    """Read each file once and locate all its targets; problems are collected, never raised.

    A file of `instead` is taken as it says, whatever it holds now.

    Opened files can be rewritten within the context. With `processes` above one, that many do the work if there is
    enough of it; the result is the same.
    """
    named, absent, refused = named_files(settings)
    sizes = [files.size(path) for path, _ in named]
    batches = workers.batches(named, sizes)
    opened: list[LocatedFile] = []
    problems: list[CipherToolError] = [*refused]
    with workers.crew(Workbench(settings, instead), processes, len(batches), sum(sizes)) as crew:
        results = chain.from_iterable(crew.in_order(Workbench.open, batches))
        for done, result in enumerate(results, 1):
            progress("reading", done, len(named))
            if isinstance(result, LocatedFile):
                opened.append(result)
                problems += result.located.problems
            else:
                problems.append(result)
        yield Survey(opened, absent, problems, batches, crew)
