"""Bare parsing of files, in one process or several, for scripts/bench-audit to compare an audit with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import rewriters, workers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Parser:
    """Parses files; a worker of a crew."""

    def __init__(self, *, sites: bool = False) -> None:
        self._sites = sites

    def parse(self, paths: Sequence[Path]) -> int:
        """Parse files, and list their sites if the parser is to; return the number of files."""
        for path in paths:
            document = rewriters.for_path(path).parse(path.read_bytes())
            if self._sites:
                for _ in document.sites():
                    pass
        return len(paths)


def parse(paths: Sequence[Path], *, sites: bool = False, processes: int = 1) -> None:
    """Parse files in batches, spread over processes as an audit's are."""
    sizes = [path.stat().st_size for path in paths]
    batches = workers.batches(paths, sizes)
    with workers.crew(Parser(sites=sites), processes, len(batches), sum(sizes)) as crew:
        for _ in crew.in_order(Parser.parse, batches):
            pass
