"""Which files an audit looks at: a walk that does not leave its root, and what it leaves out, counted."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import files, git
from ciphertool.audit.ledger import relative
from ciphertool.audit.model import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_VERSION_CONTROL = frozenset({".git", ".hg", ".svn"})
_DEPENDENCIES = frozenset({"node_modules", "site-packages", "__pycache__", ".tox", ".mypy_cache", ".ruff_cache"})
_EXAMPLES = 5


@dataclass
class SkippedFiles:
    """Counts what is left out, by reason."""

    root: Path
    _found: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))

    def add(self, reason: str, path: Path) -> None:
        """Count one file or directory."""
        self._found[reason].append(path)

    def add_all(self, other: SkippedFiles) -> None:
        """Count what another has counted after this."""
        for reason, paths in other._found.items():
            self._found[reason] += paths

    def summary(self) -> tuple[Skipped, ...]:
        """Return the counts, with the first few of each."""
        found = {reason: tuple(relative(path, self.root) for path in paths) for reason, paths in self._found.items()}
        return tuple(Skipped(reason, len(paths), paths[:_EXAMPLES], paths) for reason, paths in found.items())


def walk(
    root: Path, skipped: SkippedFiles, *, respect_ignore: bool, is_apart: Callable[[Path], bool] = lambda _: False
) -> Iterator[Path]:
    """Yield the files below `root` in order, but for those of directories that are a matter of their own.

    Links are left out: what they lead to is looked at where it lies, if it lies below `root`, and is none of the
    audit's business otherwise.
    """
    hidden = git.ignored(root) if respect_ignore else set()
    for directory, names, members in os.walk(root, followlinks=False):
        here = Path(directory)
        kept = []
        for name in sorted(names):
            path = here / name
            if name in _VERSION_CONTROL:
                continue
            if name == files.COPIES:
                skipped.add("encrypted copies for `undo`", path)
                continue
            if name in _DEPENDENCIES or (path / "pyvenv.cfg").exists():
                skipped.add("dependencies and caches", path)
            elif path in hidden:
                skipped.add("ignored by git", path)
            elif path.is_symlink():
                skipped.add("link", path)
            elif not is_apart(path):
                kept.append(name)
        names[:] = kept
        for name in sorted(members):
            path = here / name
            if path in hidden:
                skipped.add("ignored by git", path)
            elif path.is_symlink():
                skipped.add("link", path)
            elif not path.is_file():
                skipped.add("no regular file", path)
            else:
                yield path
