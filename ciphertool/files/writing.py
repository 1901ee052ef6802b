"""Writing of files: whole or not at all, same mode and owner, never over somebody else's change.

Nothing here knows what a file holds; `snapshots` reads it. A write goes to a file without a name in the
same directory, or where there are none to a temporary file (0600). That is synced, the target compared with what was
read, the file renamed over it, and the directory synced. What it takes over is what the system said of the descriptor
that was read, never of a name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import ConfigError, ConflictError, WriteError
from ciphertool.files.directories import reach
from ciphertool.files.snapshots import PRIVATE, Snapshot, read_at, read_if_there
from ciphertool.secret import showing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ciphertool.files.directories import Directory, Way

_STALE = re.compile(r"\.ciphertool-[0-9a-f]{12}")
_ACL = "system.posix_acl_access"


class Audience(Enum):
    """Who may have what is written. Anything but a change is refused where a stranger's link leads to the place."""

    OWNER = "owner"
    """A file is changed in place, and whose it is keeps it."""
    DIRECTORY = "directory"
    """A file of ours, or of the user who owns its directory: reports."""
    OURSELVES = "ourselves"
    """A file of ours; if we are root, in a directory of root's: secrets and keystores."""


class Write(NamedTuple):
    """One file to be written: what it held, what it is to hold, and for whom.

    A new file takes owner and group of its directory, where we may give them, and `mode`. One that exists keeps
    its owner, its extended attributes and its mode without set-id bits; with `private` it is 0600.
    """

    before: Snapshot
    data: bytes
    mode: int = PRIVATE
    audience: Audience = Audience.OWNER
    private: bool = False

    def __repr__(self) -> str:
        return showing(self, "before", "mode", "audience", "private")


def destination(path: Path, audience: Audience) -> Snapshot:
    """Return what is at a place that is to be written; raise `WriteError` if it could not, or must not, be."""
    before = read_if_there(path)
    if (found := obstacle(before, audience)) is not None:
        raise found
    return before


def make_directory(path: Path) -> None:
    """Make a directory, and those above it, where they are missing; raise `WriteError`."""
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
        raise WriteError(f"cannot be made: {error.strerror}", path=path) from None


def lies_in(path: Path, directory: Path) -> bool:
    """Tell whether a path, links followed, lies in a directory; what no file can be called lies nowhere."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory))
    except ValueError:
        return False


def obstacle(snapshot: Snapshot, audience: Audience = Audience.OWNER) -> WriteError | None:
    """Return why a file could not, or must not, be replaced, found before anything is written, or None."""
    path, facts = snapshot.path, snapshot.facts
    try:
        with reach(path) as way:
            if not way.directory.writable():
                return WriteError(
                    "no permission to write in its directory",
                    hint="a file is replaced by renaming, which needs write permission on the directory",
                    path=path,
                )
            refused = _refused(snapshot, way, audience)
    except FileNotFoundError:
        return WriteError("its directory does not exist", path=path)
    except OSError as error:
        return WriteError(f"cannot be written: {error.strerror}", path=path)
    if facts is None or refused is not None:
        return refused
    if _is_mount_point(snapshot.real):
        return WriteError(
            "is a mount point and cannot be replaced",
            hint="run ciphertool where the file really lies, not in the container that mounts it",
            path=path,
        )
    if os.name == "posix" and os.geteuid() not in (0, facts.owner):
        return WriteError("belongs to another user, and its owner could not be kept", path=path)
    return None


def _refused(snapshot: Snapshot, way: Way, audience: Audience) -> WriteError | None:
    """Return why a place must not get what is for this audience, or None."""
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
            "stands for what a process has open, and is no place for a file",
            hint="name a file, or - for standard output",
            path=snapshot.path,
        )
    hint = "remove it, name another place, or run as that user"
    if way.strange is not None:
        return WriteError(f"the link {way.strange} belongs to another user", hint=hint, path=snapshot.path)
    if facts is not None and facts.owner != user and (audience is Audience.OURSELVES or facts.owner != host):
        return WriteError("belongs to another user, who would get what is written", hint=hint, path=snapshot.path)
    if audience is Audience.OURSELVES and user == 0 and host != 0:
        return WriteError(
            "its directory belongs to another user, who prepares what is in it",
            hint="name a place in a directory of root's, or run as that user",
            path=snapshot.path,
        )
    return None


def _is_mount_point(path: Path) -> bool:
    """Tell whether a file is mounted by itself, as containers do with secrets and configuration files."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return path.stat().st_dev != path.parent.stat().st_dev
    octal = re.compile(r"\\([0-7]{3})")
    points = (line.split(" ")[4] for line in mounts.splitlines())
    return str(path) in {octal.sub(lambda m: chr(int(m[1], 8)), point) for point in points}


def write_all(writes: Sequence[Write], written: Callable[[int], None] = lambda _: None) -> None:
    """Write files in the order given; `written` is told after each how many that makes.

    Raise `WriteError` or `ConflictError` at the first that fails, with a message that lists which files are new and
    which are old; running again completes the work. Each file is wholly old or wholly new at any time.
    """
    for number, item in enumerate(writes):
        try:
            _write(item)
            written(number + 1)
        except (WriteError, ConflictError) as error:
            done = [str(w.before.path) for w in writes[:number]]
            left = [str(w.before.path) for w in writes[number:]]
            raise type(error)(
                f"{error}; written: {', '.join(done) or 'nothing'}; left as they were: {', '.join(left)}",
                hint="remove the cause and run again: it completes what is left",
            ) from None


def _write(item: Write) -> None:
    before = item.before
    try:
        with reach(before.path) as way:
            if way.real != before.real:
                raise _conflict(before)
            if (refused := _refused(before, way, item.audience)) is not None:
                raise refused
            _remove_stale(way)
            if not _replace(item, way, way.directory.open_unnamed()):
                _replace(item, way, None)
            way.directory.sync()
    except OSError as error:
        raise WriteError(f"cannot be written: {error.strerror}", path=before.path) from None
    except ConfigError:
        raise _conflict(before) from None


def _replace(item: Write, way: Way, unnamed: int | None) -> bool:
    """Write the new file and put it in the old one's place; return False where a file without a name cannot get one.

    Owner, mode and attributes come last, so that a temporary file has no other mode than 0600 but for the moment
    between that and the renaming.
    """
    directory, temporary = way.directory, f".{way.name}.ciphertool-{os.urandom(6).hex()}"
    descriptor = unnamed if unnamed is not None else directory.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    is_new = item.before.data is None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(item.data)
            stream.flush()
            os.fsync(descriptor)
            _refuse_if_changed(item.before, way)
            _take_over(descriptor, item, directory)
            if unnamed is not None and not directory.link(descriptor, way.name if is_new else temporary):
                return False
        if unnamed is None or not is_new:
            directory.replace(temporary, way.name)
    except FileExistsError:
        raise _conflict(item.before) from None
    except BaseException:
        directory.remove(temporary)
        raise
    return True


def _take_over(descriptor: int, item: Write, directory: Directory) -> None:
    """Give the new file the owner, attributes and mode of the one that was read, or those a new file should have."""
    facts = item.before.facts
    mode = PRIVATE if item.private else (item.mode if facts is None else facts.mode) & 0o777
    if hasattr(os, "fchown"):
        made = os.fstat(descriptor)
        owner, group = made.st_uid, made.st_gid
        if facts is not None:
            owner, group = facts.owner, facts.group
        else:
            host = directory.status()
            owner, group = host.st_uid, host.st_gid
        if (made.st_uid, made.st_gid) != (owner, group):
            try:
                os.fchown(descriptor, owner, group)
            except PermissionError:
                if facts is not None:
                    raise
    if facts is not None:
        _take_over_attributes(descriptor, dict(facts.attributes), with_acl=not item.private)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)  # after the ACL, whose mask is the mode's bits for the group


def _take_over_attributes(descriptor: int, attributes: dict[str, bytes], *, with_acl: bool) -> None:
    acl = attributes.pop(_ACL, None)
    for name, value in attributes.items():
        try:
            os.setxattr(descriptor, name, value)
        except OSError:
            if name.startswith("user."):
                raise
            # What is the system's may be set by root alone, or by nobody: a new file gets its own.
    if not hasattr(os, "setxattr"):
        return
    if acl is not None and with_acl:
        os.setxattr(descriptor, _ACL, acl)
        return
    try:
        os.removexattr(descriptor, _ACL)  # that the directory gives to what is new in it
    except OSError as error:
        if error.errno not in (errno.ENODATA, errno.ENOTSUP):
            raise


def _refuse_if_changed(before: Snapshot, way: Way) -> None:
    now = read_at(way)
    if (now.data, now.facts) != (before.data, before.facts):
        raise _conflict(before)


def _conflict(before: Snapshot) -> ConflictError:
    return ConflictError("changed while it was being worked on; nothing of it was written", path=before.path)


def _remove_stale(way: Way) -> None:
    """Remove what a killed run left beside the target, as far as that is ours to remove."""
    prefix = f".{way.name}"
    for name in way.directory.names():
        if name.startswith(prefix) and _STALE.fullmatch(name[len(prefix) :]):
            with contextlib.suppress(OSError):
                way.directory.remove(name)


@contextlib.contextmanager
def lock(path: Path, *, seconds: float = 10.0) -> Iterator[None]:
    """Keep other ciphertool runs from writing in a file's directory; `ConflictError` after `seconds` of waiting.

    The lock is held on the directory itself, which nothing replaces, and ends with the process.
    """
    try:
        import fcntl
    except ImportError:  # no advisory locks on this platform: the comparison before each rename remains
        yield
        return
    with contextlib.ExitStack() as held:
        try:
            way = held.enter_context(reach(path))
            descriptor = held.enter_context(way.directory.readable())
        except OSError as error:
            raise WriteError(f"its directory cannot be locked: {error.strerror}", path=path) from None
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise WriteError(f"its directory cannot be locked: {error.strerror}", path=path) from None
                if time.monotonic() > deadline:
                    raise ConflictError("another ciphertool is writing in its directory", path=path) from None
            time.sleep(0.05)
        yield
