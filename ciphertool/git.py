"""What git knows of a file. The repository is not trusted: no hook, monitor, filter or external program of it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SECONDS = 30
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "diff.external=", "--no-pager")


def tracked(paths: Iterable[Path]) -> set[Path]:
    """Return those of the given files that a git repository tracks; none where git or a repository is absent."""
    found: set[Path] = set()
    by_directory: dict[Path, list[Path]] = {}
    for path in paths:
        by_directory.setdefault(path.absolute().parent, []).append(path)
    for directory, members in by_directory.items():
        listed = _git(directory, "ls-files", "-z", "--", *(f":(literal){member.name}" for member in members))
        names = set(listed.split(b"\0"))
        found |= {member for member in members if os.fsencode(member.name) in names}
    return found


def _git(directory: Path, *arguments: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        return b""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - git itself, by its path, with arguments of ours
            [git, *_SAFE, *arguments],
            cwd=directory,
            env=environment,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
