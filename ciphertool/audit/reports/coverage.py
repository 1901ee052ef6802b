"""The picture of coverage: the states of the values, by the directories in which most of them are."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciphertool.audit.model import SiteState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ciphertool.audit.model import Report

WIDTH = 400
_ROWS = 16
_PARTS = 6
_SMALL = 1 / 20
"""The share of all values below which a directory is not split."""
_NO_SECRETS = frozenset({SiteState.EXAMPLE, SiteState.NOT_A_SECRET})


@dataclass(frozen=True, slots=True)
class Bar:
    """One segment of a row: a state and how many values are in it."""

    state: str
    x: float
    width: float
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """One directory, with all that is below it and has no row of its own; each bar is its share of the row."""

    name: str
    total: int
    unprotected: int
    bars: tuple[Bar, ...]


@dataclass
class _Directory:
    """A directory, or the files that lie in one."""

    name: str
    own: Counter[SiteState] = field(default_factory=Counter)
    below: dict[str, _Directory] = field(default_factory=dict)
    states: Counter[SiteState] = field(default_factory=Counter)

    def parts(self) -> list[_Directory]:
        """Return what stands in place of this directory if it is split: its own files and its directories.

        Those with few values are one together.
        """
        start = f"{self.name}/" if self.name else ""
        own = [_Directory(f"{start}*", states=self.own)] if self.own else []
        found = sorted([*own, *self.below.values()], key=lambda each: -each.states.total()) if self.below else []
        if len(found) > _PARTS + 1:
            rest = sum((each.states for each in found[_PARTS:]), Counter[SiteState]())
            found[_PARTS:] = [_Directory(f"{start}… ({len(found) - _PARTS} more)", states=rest)]
        return found


def coverage(report: Report) -> list[Row]:
    """Return a few directories that hold all values, those with the most in clear first.

    The one with the most values is split as long as there is room; what is no secret does not count.
    """
    root = _tree((v.place.path, v.state) for v in report.values if v.state not in _NO_SECRETS)
    shown, done = [root], list[_Directory]()
    while shown:
        largest = max(shown, key=lambda directory: directory.states.total())
        shown.remove(largest)
        parts = largest.parts() if largest.states.total() > _SMALL * root.states.total() else []
        if parts and len(shown) + len(done) + len(parts) <= _ROWS:
            shown += parts
        else:
            done.append(largest)
    done.sort(key=lambda each: (-each.states[SiteState.UNPROTECTED], -each.states.total(), each.name))
    return [_row(each.name or ".", each.states) for each in done if each.states]


def _tree(values: Iterable[tuple[str, SiteState]]) -> _Directory:
    counts: defaultdict[str, Counter[SiteState]] = defaultdict(Counter)
    for path, state in values:
        counts[path.rpartition("/")[0]][state] += 1
    root = _Directory("")
    for path, states in counts.items():
        here = root
        here.states += states
        for part in path.split("/") if path else ():
            name = f"{here.name}/{part}" if here is not root else part
            here = here.below.setdefault(name, _Directory(name))
            here.states += states
        here.own += states
    return root


def _row(name: str, states: Counter[SiteState]) -> Row:
    bars = []
    x = 0.0
    for state in SiteState:
        if states[state]:
            width = WIDTH * states[state] / states.total()
            bars.append(Bar(state.value, round(x, 1), round(width, 1), states[state]))
            x += width
    return Row(name, states.total(), states[SiteState.UNPROTECTED], tuple(bars))
