"""Standard streams that are closed or full, or that nobody reads any more: one end for each, whoever writes."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from _typeshed import ReadableBuffer

READER_GONE = 141
"""The exit status that a shell shows for a program that SIGPIPE has ended: what `| head` does to most."""


def is_stdout(output: Path) -> bool:
    """Tell whether an `--output` is standard output: no file of such a name is made, and none behind it is replaced."""
    return str(output) in ("-", "/dev/stdout")


@contextmanager
def standard_streams() -> Iterator[None]:
    """Let `sys.stdout` raise `WriteError` where it cannot be written, and `sys.stderr` lose what it cannot say.

    Who has written to them flushes `sys.stdout` before the context ends, or would not hear of a failure. A closed
    standard input is an empty one. Streams that somebody has replaced are left alone.
    """
    before = sys.stdin, sys.stdout, sys.stderr
    # In the order of their numbers, which the system gives away in order: a file of ours could get a closed one's.
    if sys.stdin is None:
        sys.stdin = os.fdopen(_occupied(0, os.O_RDONLY))
    ours = []
    if sys.stdout is sys.__stdout__:
        ours.append(_Raw(1, _stop, sys.stdout))
        sys.stdout = ours[-1].text()
    if sys.stderr is sys.__stderr__:
        ours.append(_Raw(2, _ignore, sys.stderr))
        sys.stderr = ours[-1].text()
    try:
        yield
    finally:
        sys.stderr.flush()
        for raw in ours:
            raw.discards = True
        sys.stdin, sys.stdout, sys.stderr = before


def _occupied(descriptor: int, mode: int) -> int:
    """Return a closed file descriptor opened on nothing."""
    nothing = os.open(os.devnull, mode)
    return nothing if nothing == descriptor else os.dup2(nothing, descriptor)


def _stop(error: OSError) -> NoReturn:
    from ciphertool.errors import WriteError

    if isinstance(error, BrokenPipeError):
        sys.exit(READER_GONE)
    raise WriteError(f"standard output cannot be written: {error.strerror or 'unknown'}") from None


def _ignore(error: OSError) -> None:
    """A message that nobody can read stops no work."""


class _Raw(io.FileIO):
    """A file descriptor whose first failure to write is told, and which then `discards` all: buffers try again."""

    def __init__(self, descriptor: int, failed: Callable[[OSError], None], before: Any) -> None:
        if before is None:
            _occupied(descriptor, os.O_RDONLY)  # to which nothing can be written
        super().__init__(descriptor, "wb", closefd=False)
        self.discards = False
        self._failed, self._before = failed, before

    def text(self) -> io.TextIOWrapper:
        """Return a text stream like the one before."""
        encoding, errors = (self._before.encoding, self._before.errors) if self._before else ("utf-8", None)
        by_line = self.isatty() or self.fileno() == 2
        return io.TextIOWrapper(io.BufferedWriter(self), encoding, errors, line_buffering=by_line)

    def write(self, data: ReadableBuffer, /) -> int:
        if not self.discards:
            try:
                return super().write(data)
            except OSError as error:
                self.discards = True
                self._failed(error)
        return len(memoryview(data).cast("B"))
