"""What `protect` reports about files, whatever secrets they hold: notes, and an error for those that would be lost."""

from __future__ import annotations

from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING

from ciphertool import git
from ciphertool.changes import journal
from ciphertool.changes.plan import Note
from ciphertool.errors import ConfigError, NoMatchError
from ciphertool.nearest import nearest
from ciphertool.runtimes.registry import runtime_of
from ciphertool.settings.targets import wildcards

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

    from ciphertool.changes.journal import FoundJournal
    from ciphertool.changes.spellings import Spellings
    from ciphertool.changes.workbench import LocatedFile
    from ciphertool.errors import CipherToolError
    from ciphertool.settings.model import Settings, Target

_RESPELLED = "`resolve` gives the same value back, but spelled otherwise than it stands here"


def overwritten(settings: Settings, opened: Iterable[LocatedFile]) -> Iterator[ConfigError]:
    """Yield an error for each file of targets that the product generates anew at its start."""
    runtime = runtime_of(settings.kind)
    for path in (one.snapshot.path for one in opened):
        if runtime.overwrites(settings, path):
            yield ConfigError(
                "the product generates this file at its start, so that a change of it would be lost",
                hint=f"name the value where it is stated, in {settings.storage.name}",
                path=path,
            )


def note_unfinished(found: FoundJournal) -> Iterator[Note]:
    """Note that an earlier run was interrupted, and if git tracks its journal, that it should not."""
    path = found.snapshot.path
    if journal.unfinished(found):
        yield Note("an earlier run was interrupted and left this journal; the next run completes it", path)
        if git.held([path]):
            yield Note("git tracks this journal, which says nothing in another checkout: `git rm --cached` it", path)


def no_such_file(settings: Settings, target: Target) -> NoMatchError:
    """Return the error that a target's file is missing, with the nearest name in its directory as the hint."""
    path = settings.root / target.file
    meant = None
    if not wildcards(target.file) and settings.trust.reaches(path.parent, settings.root):
        with suppress(OSError):
            meant = nearest(path.name, (entry.name for entry in path.parent.iterdir()))
    error = NoMatchError(target.selector, "no such file")
    error.hint = f"did you mean {PurePath(target.file).with_name(meant).as_posix()}?" if meant else ""
    return error


def note_missing(target: Target, error: CipherToolError | None, path: Path) -> Note:
    """Return a note that an optional target is missing."""
    reason = error.message if error else "no such file"
    return Note(f"{target.alias}: skipped: {reason}", path)


def note_respelled(spellings: Spellings, kept: Container[str], path: Path) -> Iterator[Note]:
    """Note each secret of a file that comes back in another spelling, which the vault has not `kept`."""
    for alias, line in spellings.lines.items():
        if alias in spellings.lost or alias not in kept:
            yield Note(f"{alias}: {_RESPELLED}", path, line)
