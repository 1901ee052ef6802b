"""Keeps runs from writing at the same time."""

from __future__ import annotations

import contextlib
import errno
import time
from typing import TYPE_CHECKING

from ciphertool.errors import ConflictError, WriteError
from ciphertool.files.directories import reach

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def lock(path: Path, *, seconds: float = 10.0) -> Iterator[None]:
    """Keep other ciphertool runs from writing in a file's directory; raise `ConflictError` after `seconds` of waiting.

    The lock is held on the directory itself, which nothing replaces, and ends with the process. Without a directory
    there is nothing to lock.
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
            _wait_for(descriptor, path, time.monotonic() + seconds)
        yield


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
