"""An editor of a person, on a terminal: it edits a private file in memory, which is removed in any case."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ciphertool import files
from ciphertool.errors import CipherToolError, ConfigError, EditorError
from ciphertool.run.private import private_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

_PATIENCE = 3.0
"""How many seconds an editor has to end after a signal."""
_FROM_THE_TERMINAL = ("SIGINT", "SIGQUIT")
_ENDING = ("SIGTERM", "SIGHUP")


class EndedError(BaseException):
    """A signal ends the program; not an error, so that nothing on its way takes it for one."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Session:
    """A context in which a program edits texts. What it edits stays between two calls, however the first one ended."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], *, in_memory: bool = True) -> None:
        self._command, self._environment, self._in_memory = command, environment, in_memory
        self._stack = contextlib.ExitStack()
        self._path: Path | None = None
        self._last: bytes | None = None

    def __enter__(self) -> Self:
        """From now on, a signal that ends the program raises `EndedError`, so that everything is removed."""
        self._stack.enter_context(_handled(dict.fromkeys(_ENDING, _end)))
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the private file."""
        self._stack.close()

    def edit(self, name: str, text: bytes) -> bytes:
        """Return a text as it was edited in a file of this name.

        Raises `EditorError` if the editor cannot be started or fails. The text that the last call was to return, or
        that stands in the file since the editor has failed, is edited further if it is passed again.
        """
        if self._path is None:
            self._path = self._private(name, text)
        elif text != self._last:
            self._path.write_bytes(text)
        self._last = text
        self._run(self._path)
        try:
            self._last = files.read(self._path).bytes
        except CipherToolError as error:
            raise EditorError(f"the edited file {error.message}", hint="save it under its name") from None
        return self._last

    def _private(self, name: str, text: bytes) -> Path:
        try:
            places = self._stack.enter_context(private_files({Path(name): text}, in_memory=self._in_memory))
        except ConfigError as error:
            error.hint = "use --on-disk if secrets in clear may lie on a disk, from which they can be recovered later"
            raise
        return places[Path(name)]

    def _run(self, path: Path) -> None:
        with _handled(dict.fromkeys(_FROM_THE_TERMINAL, _ignore)):  # as git does: they are the editor's
            try:
                process = subprocess.Popen(  # noqa: S603 - the editor that the user has named
                    [*self._command, str(path)],
                    cwd=path.parent,  # what it leaves beside itself is removed with the file
                    env=dict(self._environment),
                    stdout=None if os.isatty(1) else 2,
                )
            except OSError as error:
                raise EditorError(f"{self._command[0]} cannot be started: {error.strerror}") from None
            try:
                status = process.wait()
            except BaseException:
                _stop(process)
                raise
        if status:
            name = Path(self._command[0]).name
            how = f"was ended by signal {-status}" if status < 0 else f"failed with status {status}"
            raise EditorError(f"{name} {how}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end(number: int, _: FrameType | None) -> None:
    raise EndedError(number)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """A handler, not `SIG_IGN`, which the editor would inherit."""


@contextlib.contextmanager
def _handled(handlers: Mapping[str, signal._HANDLER]) -> Iterator[None]:
    """Handle signals of these names; only a program's main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = {getattr(signal, name): handler for name, handler in handlers.items() if hasattr(signal, name)}
    before = {number: signal.signal(number, handler) for number, handler in numbers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
