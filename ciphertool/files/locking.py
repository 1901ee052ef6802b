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
