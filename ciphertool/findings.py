"""How much a finding matters."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """How much a finding matters, most first; the names are those of SARIF."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """The level's place: 0 is the gravest."""
        return list(Level).index(self)

    def reaches(self, threshold: Level) -> bool:
        """Tell whether this is at least as grave as `threshold`."""
        return self.rank <= threshold.rank
