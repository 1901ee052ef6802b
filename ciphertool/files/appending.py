"""Appends to a file whose lines are never changed. `writing` replaces files."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError, WriteError
from ciphertool.files.directories import reach

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.files.directories import Directory
    from ciphertool.files.snapshots import Facts


def append(path: Path, lines: bytes, mode: int, like: Facts | None = None) -> None:
    """Append whole lines to a file, synced; raise `WriteError`, after which none of them is there.

    A new file gets `mode`, and the owner of `like` if we may set it. A last line that a killed run left without its end
    gets one, so that it spoils no other. A link is not followed.
    """
    try:
        with reach(path, follow=False) as way:
            descriptor = _open(way.directory, way.name, mode, like)
            with contextlib.closing(os.fdopen(descriptor, "r+b", buffering=0)) as stream:
                _append(stream.fileno(), lines)
    except OSError as error:
        raise WriteError(f"cannot be written: {error.strerror}", path=path) from None
    except ConfigError as error:
        raise WriteError(error.message, path=path, hint=error.hint) from None


def _open(directory: Directory, name: str, mode: int, like: Facts | None) -> int:
    flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = directory.open(name, flags)
    except FileNotFoundError:
        descriptor = directory.open(name, flags | os.O_CREAT | os.O_EXCL)
        if hasattr(os, "fchown") and like is not None:
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, like.owner, like.group)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        directory.sync()
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def _append(descriptor: int, lines: bytes) -> None:
    size = os.fstat(descriptor).st_size
    if size:
        os.lseek(descriptor, size - 1, os.SEEK_SET)
        lines = lines if os.read(descriptor, 1) == b"\n" else b"\n" + lines
    try:
        left = memoryview(lines)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):  # an append-only file cannot be shortened; its next line begins anew
            os.ftruncate(descriptor, size)
        raise
