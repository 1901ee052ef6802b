"""Where something may be written, and for whom. Writes nothing."""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.errors import WriteError
from ciphertool.files.directories import reach
from ciphertool.files.snapshots import Snapshot, read_if_there

if TYPE_CHECKING:
    from ciphertool.files.directories import Way


class Audience(Enum):
    """Who may get what is written. Anything but a change is refused if a stranger's link leads to the place."""

    OWNER = "owner"
    """A file that is changed in place, and keeps its owner."""
    DIRECTORY = "directory"
    """A file of ours, or of the user who owns its directory: reports."""
    OURSELVES = "ourselves"
    """A file of ours or, if we are root, in a directory of root's: secrets and keystores."""


def destination(path: Path, audience: Audience) -> Snapshot:
    """Return what is at the place to be written; raise `WriteError` if it cannot, or must not, be written."""
    before = read_if_there(path)
    if (found := obstacle(before, audience)) is not None:
        raise found
    return before


def make_directory(path: Path) -> None:
    """Create a directory and its parents if they are missing; raise `WriteError` if that fails."""
    try:
        try:
            with reach(path) as way:
                way.directory.make(way.name)
        except FileNotFoundError:
            make_directory(path.parent)
            with reach(path) as way:
                way.directory.make(way.name)
    except IsADirectoryError:
        return
    except OSError as error:
        raise WriteError(f"cannot be created: {error.strerror}", path=path) from None


def lies_in(path: Path, directory: Path) -> bool:
    """Return whether a path, links followed, lies in a directory; False if no file can have that name."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory))
    except ValueError:
        return False


def obstacle(snapshot: Snapshot, audience: Audience = Audience.OWNER) -> WriteError | None:
    """Return why a file cannot, or must not, be replaced, before anything is written; None if it can."""
    path, facts = snapshot.path, snapshot.facts
    try:
        with reach(path) as way:
            if not way.directory.writable():
                return WriteError(
                    "no permission to write in its directory",
                    hint="a file is replaced by renaming, which needs write permission on the directory",
                    path=path,
                )
            refused = refusal(snapshot, way, audience)
    except FileNotFoundError:
        return WriteError("its directory does not exist", path=path)
    except OSError as error:
        return WriteError(f"cannot be written: {error.strerror}", path=path)
    if facts is None or refused is not None:
        return refused
    if _is_mount_point(snapshot.real):
        return WriteError(
            "is a mount point and cannot be replaced",
            hint="run ciphertool where the file is stored, not in the container that mounts it",
            path=path,
        )
    if os.name == "posix" and os.geteuid() not in (0, facts.owner):
        return WriteError("belongs to another user, and its owner could not be kept", path=path)
    return None


def refusal(snapshot: Snapshot, way: Way, audience: Audience) -> WriteError | None:
    """Return why a place must not get what this audience may have, or None if it may."""
    facts = snapshot.facts
    if facts is not None and facts.links > 1:
        return WriteError(
            f"has {facts.links} hard links; replacing it would leave the others as they are",
            hint="replace the hard link by a symbolic link or a copy",
            path=snapshot.path,
        )
    if audience is Audience.OWNER or os.name != "posix":
        return None
    user, host = os.geteuid(), way.directory.status().st_uid
    if way.magic is not None:
        return WriteError(
            "stands for an open file of a process; a file cannot be created there",
            hint="use a file, or - for standard output",
            path=snapshot.path,
        )
    hint = "remove it, choose another place, or run as that user"
    if way.strange is not None:
        return WriteError(f"the link {way.strange} belongs to another user", hint=hint, path=snapshot.path)
    if facts is not None and facts.owner != user and (audience is Audience.OURSELVES or facts.owner != host):
        return WriteError("belongs to another user, who could read the output", hint=hint, path=snapshot.path)
    if audience is Audience.OURSELVES and user == 0 and host != 0:
        return WriteError(
            "its directory belongs to another user, who controls its content",
            hint="choose a place in a directory owned by root, or run as that user",
            path=snapshot.path,
        )
    return None


def _is_mount_point(path: Path) -> bool:
    """Return whether a file is a mount point, as secrets and configuration files in containers are."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return path.stat().st_dev != path.parent.stat().st_dev
    octal = re.compile(r"\\([0-7]{3})")
    points = (line.split(" ")[4] for line in mounts.splitlines())
    return str(path) in {octal.sub(lambda m: chr(int(m[1], 8)), point) for point in points}
