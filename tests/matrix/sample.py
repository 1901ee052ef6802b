"""The small sample of the matrix that the tests audit, and what of it is known to be missed."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.matrix import cases, judging, values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.matrix.cases import Case
    from tests.matrix.judging import Judged

MISSED = judging.ROOT / "tests" / "vectors" / "matrix" / "missed.tsv"
_ALL = "all"
Cell = tuple[str, str]
"""A place, and the format; of a name, on which side it has another word, and the style."""


def sample() -> list[Case]:
    """Return a case of each class of characters for each place of each format, and one of each kind of name."""
    return [*cases.matrix(lambda random: [random.choice(values.LENGTHS)]).cases, *cases.names(1)]


def cells(given: Iterable[Case]) -> dict[Cell, set[str]]:
    """Return the classes of each cell."""
    found: dict[Cell, set[str]] = defaultdict(set)
    for case in given:
        found[case.place, case.among].add(case.klass)
    return dict(found)


def missed(judged: Judged) -> dict[Cell, set[str]]:
    """Return the classes of which one was not found, by cell."""
    return cells(case for case, found in judged.found.items() if not found)


def known() -> dict[Cell, set[str]]:
    """Return the classes that are known to be missed, by cell."""
    every = cells(sample())
    with MISSED.open(encoding="utf-8", newline="") as file:
        rows = {(row["place"], row["among"]): row["classes"] for row in csv.DictReader(file, delimiter="\t")}
    return {cell: every[cell] if classes == _ALL else set(classes.split()) for cell, classes in rows.items()}


def table(judged: Judged) -> str:
    """Return the text of `missed.tsv` for the sample."""
    every = cells(judged.found)
    rows = ["place\tamong\tclasses"]
    for cell, classes in sorted(missed(judged).items()):
        rows.append("\t".join((*cell, _ALL if classes == every[cell] else " ".join(sorted(classes)))))
    return "\n".join(rows) + "\n"
