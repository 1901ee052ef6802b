"""Writes cases to disk, audits them by the command line, and counts. Knows nothing of how the audit judges."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from tests.matrix.cases import Case

ROOT = Path(__file__).resolve().parents[2]
_CLEAR = ("CT003", "CT004")
_COMMENTED_OUT = "CT005"


class Finding(NamedTuple):
    """A finding of an audit: rule, level, file, line."""

    rule: str
    level: str
    path: str
    line: int


def audit(directory: Path) -> list[Finding]:
    """Return what `ciphertool audit` reports of a directory."""
    done = subprocess.run(
        [sys.executable, "-m", "ciphertool", "audit", "--json", str(directory)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.decode())
    findings = json.loads(done.stdout)["findings"]
    return [Finding(f["rule"], f["level"], f["path"], f["line"] or 0) for f in findings]


class Score(NamedTuple):
    """How many of the cases of a class were found."""

    found: int
    cases: int

    @property
    def recall(self) -> float:
        return self.found / self.cases


class Judged(NamedTuple):
    """What became of the cases: which were found, and what else was reported above note."""

    found: dict[Case, bool]
    stray: list[tuple[Case, Finding]]

    def by(self, key: Callable[[Case], Hashable]) -> dict[Hashable, Score]:
        """Return the score of each class of cases."""
        cases = Counter(map(key, self.found))
        found = Counter(key(case) for case, was_found in self.found.items() if was_found)
        return {each: Score(found[each], cases[each]) for each in cases}


def judge(cases: Sequence[Case], directory: Path) -> Judged:
    """Audit one directory with a file for each case. In a comment a secret is a note, elsewhere it is more."""
    paths = {}
    for number, case in enumerate(cases):
        path = directory / f"{number:05}" / case.file
        path.parent.mkdir(parents=True)
        path.write_text(case.text, encoding="utf-8")
        paths[path.relative_to(directory).as_posix()] = case
    found = dict.fromkeys(cases, False)
    stray = []
    for finding in audit(directory):
        case = paths[finding.path]
        wanted = (_COMMENTED_OUT,) if case.place == "comment" else _CLEAR
        if finding.line == case.line and finding.rule in wanted and (finding.level == "note") == (len(wanted) == 1):
            found[case] = True
        elif finding.level != "note":
            stray.append((case, finding))
    for case, _ in stray:
        found[case] = found[case] and case.place != "comment"
    return Judged(found, stray)


def table(title: str, scores: Iterable[tuple[str, Score]]) -> str:
    """Return lines of class, cases, recall."""
    rows = [f"{name:<28} {score.cases:>6} {score.recall:>8.1%}" for name, score in scores]
    return "\n".join([f"{title:<28} {'cases':>6} {'recall':>8}", *rows, ""])
