"""Which of the files that targets name a run of `protect` works on: all of them, or those that a person names.

The others are read too, so that a run sees moved places and one alias for two values, but nothing else of them counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.changes import journal
from ciphertool.changes.plan import Note
from ciphertool.errors import ConflictError
from ciphertool.settings.targets import choose
from ciphertool.targets.matching import is_left_alone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ciphertool.changes.journal import FoundJournal
    from ciphertool.changes.survey import Survey
    from ciphertool.changes.workbench import LocatedFile
    from ciphertool.errors import CipherToolError
    from ciphertool.settings.model import Target
    from ciphertool.targets.matching import Match


class Scope:
    """The part of a survey that a run works on; without `only`, the whole."""

    def __init__(self, only: Sequence[Path], surveyed: Survey, found: FoundJournal) -> None:
        """Raise what `choose` raises, and `ConflictError` if an interrupted run may concern other files too."""
        paths = list(surveyed.paths)
        self._chosen = choose(only, paths) if only else None
        if self._chosen is not None and journal.unfinished(found):
            hint = "run `ciphertool protect` without files first, which completes that run"
            raise ConflictError(
                "an earlier run was interrupted; nothing was written", path=found.snapshot.path, hint=hint
            )
        self._left = [one for one in surveyed.opened if not self._has(one.snapshot.path)]
        self._total = len(paths)
        self.opened = [one for one in surveyed.opened if self._has(one.snapshot.path)]
        self.absent: Sequence[Target] = surveyed.absent if self._chosen is None else ()
        self.problems = [*self.about(surveyed.problems)]
        self._aliases = {match.alias for one in self.opened for match in one.located.matches}

    def _has(self, path: Path | str | None) -> bool:
        return self._chosen is None or path in self._chosen

    @property
    def notes(self) -> Iterator[Note]:
        """Yield a note of what was left out."""
        if self._chosen is not None:
            yield Note(f"{len(self._chosen)} of {self._total} files looked at; the others are left as they are")

    def about(self, problems: Iterable[CipherToolError]) -> Iterator[CipherToolError]:
        """Yield the problems of the files that the run works on."""
        return (problem for problem in problems if self._has(problem.path))

    def covers(self, alias: str) -> bool:
        """Return whether the run judges an entry of the repository."""
        return self._chosen is None or alias in self._aliases

    def add_places(self, wanted: dict[str, list[tuple[LocatedFile, Match]]]) -> None:
        """Add the other files' places in clear of the wanted aliases: they must hold the same value."""
        for one in self._left:
            for match in one.located.matches:
                if match.alias in wanted and match.reference is None and not is_left_alone(match):
                    wanted[match.alias].append((one, match))
