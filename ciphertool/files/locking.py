"""Keeps runs from writing at the same time."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from typing import TYPE_CHECKING

from ciphertool.errors import ConflictError, WriteError
from ciphertool.files.directories import reach

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_held = threading.local()
"""`_held.directories` are those that this thread has locked, by device and inode."""


@contextlib.contextmanager
def lock(path: Path, *, seconds: float = 10.0, again: bool = False) -> Iterator[None]:
    """Keep other ciphertool runs from writing in a file's directory; raise `ConflictError` after `seconds` of waiting.

    The lock is held on the directory itself, which nothing replaces, and ends with the process. Without a directory
    there is nothing to lock. With `again`, a thread that holds it goes on.
    """
    try:
        import fcntl  # noqa: F401 - needed below
    except ImportError:  # Windows has no advisory locks: the comparison before each rename remains
        yield
        return
    with contextlib.ExitStack() as held:
        try:
            descriptor: int | None = held.enter_context(held.enter_context(reach(path)).directory.readable())
        except FileNotFoundError:
            descriptor = None
        except OSError as error:
            raise WriteError(f"its directory cannot be locked: {error.strerror}", path=path) from None
        if descriptor is not None:
            held.enter_context(_locked(descriptor, path, time.monotonic() + seconds, again=again))
        yield


@contextlib.contextmanager
def _locked(descriptor: int, path: Path, deadline: float, *, again: bool) -> Iterator[None]:
    status = os.fstat(descriptor)
    own, directory = _held.__dict__.setdefault("directories", set()), (status.st_dev, status.st_ino)
    if again and directory in own:
        yield
        return
    _wait_for(descriptor, path, deadline)
    own.add(directory)
    try:
        yield
    finally:
        own.discard(directory)


def _wait_for(descriptor: int, path: Path, deadline: float) -> None:
    import fcntl

    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise WriteError(f"its directory cannot be locked: {error.strerror}", path=path) from None
            if time.monotonic() > deadline:
                raise ConflictError("another ciphertool is writing in its directory", path=path) from None
            time.sleep(0.05)
        else:
            return
