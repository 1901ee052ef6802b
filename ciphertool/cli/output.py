"""Standard output that says why it cannot be written, and ends the program quietly when its reader has gone."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer

READER_GONE = 141
"""The exit status that a shell shows for a program that SIGPIPE has ended: what `| head` does to most."""
_STDOUT, _STDERR = 1, 2


@contextmanager
def standard_output() -> Iterator[None]:
    """Let `sys.stdout` raise `WriteError` where it cannot be written, for a full disk or because it is closed.

    What is still in its buffer is written when the context ends, so that no failure is lost. A standard output that
    somebody has replaced is left alone.
    """
    before = sys.stdout
    if before is None:
        _occupy(_STDOUT, os.O_RDONLY)
    if sys.stderr is None:
        sys.stderr = os.fdopen(_occupy(_STDERR, os.O_WRONLY), "w")  # else print() would write messages to stdout
    if before is not sys.__stdout__:
        yield
        return
    raw = _Raw(_STDOUT, "wb", closefd=False)
    ours = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding if before else "utf-8",
        errors=before.errors if before else "strict",
        line_buffering=raw.isatty(),
    )
    sys.stdout = ours
    try:
        yield
    finally:
        try:
            ours.flush()
        finally:
            raw.discards = True
            sys.stdout = before


def _occupy(descriptor: int, mode: int) -> int:
    """Take the place of a closed file descriptor, before a file of ours could get its number and its output."""
    nothing = os.open(os.devnull, mode)
    return nothing if nothing == descriptor else os.dup2(nothing, descriptor)


class _Raw(io.FileIO):
    """The file descriptor. After a failure it `discards` what is written, since buffers try again when they close."""

    discards = False

    def write(self, data: ReadableBuffer, /) -> int:
        if self.discards:
            return len(memoryview(data).cast("B"))
        try:
            return super().write(data)
        except BrokenPipeError:
            self.discards = True
            sys.exit(READER_GONE)
        except OSError as error:
            from ciphertool.errors import WriteError

            self.discards = True
            raise WriteError(f"standard output cannot be written: {(error.strerror or 'unknown')}") from None
