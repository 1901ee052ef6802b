"""Reads files: once, with the system's facts about the file that was open. Writes none.

A file that is written takes its owner and mode from these facts, never from a name that may have changed since.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import ConfigError
from ciphertool.files.directories import reach
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ciphertool.files.directories import Way

PRIVATE = 0o600
_MAXIMUM_BYTES = 256 * 1024 * 1024
_OF_THE_CONTENT = ("security.capability", "security.ima", "security.evm")
"""Extended attributes that vouch for a file's content, or give it rights: new content does not get them."""
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)


class Facts(NamedTuple):
    """The system's facts about an open file: its identity, and what a replacement takes over."""

    device: int
    inode: int
    mode: int
    owner: int
    group: int
    links: int
    size: int
    modified: int
    changed: int
    """When the file or its metadata last changed; nobody can set this time."""
    attributes: tuple[tuple[str, bytes], ...]

    def __repr__(self) -> str:
        return repr_of(self, "device", "inode", "mode", "owner", "group", "links", "size", "modified", "changed")


class Snapshot(NamedTuple):
    """A file's content when it was read; `data` is None if there was no such file. `real` has no links in it."""

    path: Path
    real: Path
    data: bytes | None
    facts: Facts | None = None

    def __repr__(self) -> str:
        return repr_of(self, "path", "real")

    @property
    def bytes(self) -> bytes:
        """The file's content, b"" if there is no such file."""
        return self.data or b""

    @property
    def mode_beside(self) -> int:
        """The mode of a new file beside this one: without write permission for others, execute or set-id bits."""
        return PRIVATE if self.facts is None else self.facts.mode & 0o664


def read(path: Path, *, most: int = _MAXIMUM_BYTES) -> Snapshot:
    """Read a file once; raise `ConfigError` if it is missing, larger than `most` or unreadable."""
    snapshot = read_if_there(path, most=most)
    if snapshot.data is None:
        hint = "check the path" if path.is_absolute() else f"check the path: it is taken from {Path.cwd()}"
        raise ConfigError("no such file", path=path, hint=hint)
    return snapshot


def read_if_there(path: Path, *, most: int = _MAXIMUM_BYTES) -> Snapshot:
    """Read a file once, as `read` does; a file that does not exist has `data` None."""
    try:
        with reach(path) as way:
            return read_at(way, most)
    except FileNotFoundError:
        return Snapshot(path, Path(os.path.realpath(path)), None)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        hint = "name a file in it" if isinstance(error, IsADirectoryError) else ""
        raise ConfigError(f"cannot be read: {reason}", path=path, hint=hint) from None


def read_at(way: Way, most: int = _MAXIMUM_BYTES) -> Snapshot:
    """Read the file at the end of a way once; raise `OSError`, or `ConfigError` if it must not be read."""
    try:
        descriptor = way.directory.open(way.name, os.O_RDONLY | _WITHOUT_WAITING)
    except FileNotFoundError:
        return Snapshot(way.path, way.real, None)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode):  # do not wait for a pipe
            raise OSError(errno.EINVAL, "not a regular file")
        way.refuse_unless_of(status.st_uid)
        if status.st_size > most:
            raise ConfigError(f"larger than {most >> 20} MiB", path=way.path)
        with open(descriptor, "rb", closefd=False) as stream:
            return Snapshot(way.path, way.real, stream.read(), _facts(descriptor, status))
    finally:
        os.close(descriptor)


def _facts(descriptor: int, status: os.stat_result) -> Facts:
    return Facts(
        status.st_dev,
        status.st_ino,
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        status.st_nlink,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        tuple(_attributes(descriptor)),
    )


def _attributes(descriptor: int) -> Iterator[tuple[str, bytes]]:
    """Yield a file's extended attributes, including its ACL, that do not depend on its content."""
    if not hasattr(os, "listxattr"):
        return
    try:
        names = os.listxattr(descriptor)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOSYS):
            return
        raise
    for name in sorted(names):
        if name not in _OF_THE_CONTENT:
            with contextlib.suppress(PermissionError):  # a system attribute that only root may read
                yield name, os.getxattr(descriptor, name)


def stamp(path: Path | None) -> tuple[int, int, int, int] | None:
    """Return what changes with a file that is replaced; None if there is none, or if reading it reports why not."""
    try:
        status = path.stat() if path is not None else None
    except (OSError, ValueError):
        return None
    return None if status is None else (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def size(path: Path) -> int:
    """Return the size of a file in bytes, 0 if unknown; reading the file reports the reason."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
