"""The severity of a finding."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """The severity of a finding, gravest first; the names are those of SARIF."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """The level's rank: 0 is the gravest."""
        return list(Level).index(self)

    def reaches(self, threshold: Level) -> bool:
        """Return whether this is at least as grave as `threshold`."""
        return self.rank <= threshold.rank
