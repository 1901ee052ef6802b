"""What a run of `protect` will do, as values: sites, states, files to write, problems. Does nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ciphertool.changes.changeset import ChangeSet, Replacement
    from ciphertool.errors import CipherToolError
    from ciphertool.files import Snapshot, Write
    from ciphertool.rewriters.base import Rewriter, Site
    from ciphertool.settings.model import Target
    from ciphertool.targets.matching import Match


def join_names(names: Sequence[str], *, most: int = 10) -> str:
    """Join names for one line of a message: the first `most` of them, and the number of the others."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


class PlanState(Enum):
    """What is at a site, or will be; the values are those of the command line's JSON."""

    PLANNED = "planned"
    PROTECTED = "protected"
    ALREADY_PROTECTED = "already-protected"
    PLACEHOLDER = "placeholder"
    SKIPPED = "skipped"


class Take(Enum):
    """Which side wins if the configuration file and the repository hold different values."""

    FILE = "file"
    REPOSITORY = "repository"


class SitePlan(NamedTuple):
    """One secret of one target. `match` is None if an optional target has none."""

    target: Target
    alias: str
    state: PlanState
    match: Match | None = None

    @property
    def site(self) -> Site | None:
        """The site of the secret."""
        return self.match.site if self.match else None


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One configuration file, encoded by `codec`: what it holds and what it will hold (None: no change)."""

    before: Snapshot
    rewriter: Rewriter
    codec: str
    sites: tuple[SitePlan, ...]
    after: bytes | None = field(default=None, repr=False)

    @property
    def planned(self) -> tuple[Match, ...]:
        """The secrets in clear that are to be protected."""
        return tuple(plan.match for plan in self.sites if plan.match and plan.state is PlanState.PLANNED)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a person should know, but that does not stop the run."""

    message: str
    path: Path | str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.path}{f':{self.line}' if self.line else ''}: " if self.path else ""
        return f"{where}{self.message}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run. If there are `problems`, nothing may be written; otherwise `changes` is the work."""

    files: tuple[FilePlan, ...]
    encrypted: tuple[str, ...]
    """The aliases whose value in the repository is new or was in clear."""
    changes: ChangeSet
    problems: tuple[CipherToolError, ...]
    notes: tuple[Note, ...]

    @property
    def writes(self) -> tuple[Write | Replacement, ...]:
        """The files to write, in order."""
        return self.changes.writes

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.writes
