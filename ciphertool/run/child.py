"""A child process: its output is masked and passed through, its terminal kept, signals and status passed on."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import signal
import subprocess
from typing import TYPE_CHECKING

from ciphertool import core_dumps
from ciphertool.errors import WriteError
from ciphertool.redaction.masking import Masker

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from types import FrameType

    from ciphertool.run.terminal import Terminal

NOT_EXECUTABLE, NOT_FOUND = 126, 127
_CHUNK = 65_536
_PASSED_ON = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGQUIT")
    if hasattr(signal, name)
)
_FROM_THE_TERMINAL = (signal.SIGINT, getattr(signal, "SIGQUIT", None))


class NotStartedError(Exception):
    """The command could not be started; `status` is the exit status of env(1), `reason` the system's message."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def run(command: Sequence[str], environment: Mapping[str, str], masked: Collection[str] | None) -> int:
    """Run a command to its end and return its exit status, 128 + n if signal n ended it.

    Its standard output and error are masked, unless `masked` is None; a terminal stays a terminal for the child. If a
    reader closes an output, it is closed for the child too. Raises `NotStartedError` and, after the child has ended,
    `WriteError` if its output could not be written.
    """
    streams = () if masked is None else (1, 2)
    terminal = any(os.isatty(stream) for stream in streams)
    with contextlib.ExitStack() as stack:
        child = _Child(masked or ())
        stack.enter_context(child.signals_passed_on(everything=terminal))
        if terminal:
            from ciphertool.run.terminal import Terminal

            child.terminal = stack.enter_context(Terminal())
        child.start(command, environment, streams)
        return child.pass_through()


class _Child:
    def __init__(self, masked: Collection[str]) -> None:
        self.terminal: Terminal | None = None
        self._masked = masked
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []  # signals that came before there was a child
        self._failure: OSError | None = None  # why the child's output could not be written
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)

    @contextlib.contextmanager
    def signals_passed_on(self, *, everything: bool) -> Iterator[None]:
        """Pass signals on to the child, except those that a terminal has already sent to it."""

        def pass_on(number: int, _: FrameType | None) -> None:
            if not everything and number in _FROM_THE_TERMINAL and _in_foreground():
                return
            if self._process is None:
                self._early.append(number)
            else:
                with contextlib.suppress(ProcessLookupError):
                    self._process.send_signal(number)

        handlers: dict[int, Callable[[int, FrameType | None], None]] = dict.fromkeys(_PASSED_ON, pass_on)
        handlers[signal.SIGCHLD] = lambda _number, _frame: None  # only the wake-up matters
        if everything:
            handlers[signal.SIGWINCH] = self._resize
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        woken = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._woken)
            os.close(self._wake)
            self._selector.close()

    def _resize(self, _number: int, _frame: FrameType | None) -> None:
        if self.terminal is not None:
            self.terminal.resize()

    def start(self, command: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]) -> None:
        """Start the command with each stream that is not a terminal replaced by a pipe."""
        pipes: dict[int, tuple[int, int]] = {}
        ends: dict[int, int] = {}
        for stream in streams:
            if self.terminal is not None and os.isatty(stream):
                ends[stream] = self.terminal.child
            else:
                pipes[stream] = os.pipe()
                ends[stream] = pipes[stream][1]
        if self.terminal is not None and os.isatty(0):
            ends[0] = self.terminal.child
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command that the user has given
                command,
                env=environment,
                stdin=ends.get(0),
                stdout=ends.get(1),
                stderr=ends.get(2),
                start_new_session=self.terminal is not None,
                preexec_fn=self._before_it_starts,
            )
        except OSError as error:
            status = NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE
            raise NotStartedError(status, error.strerror or "cannot be started") from None
        finally:
            for _, end in pipes.values():
                os.close(end)
            if self.terminal is not None:
                self.terminal.hand_over()
        for number in self._early:
            self._process.send_signal(number)
        masker = Masker(self._masked)
        for stream, (end, _) in pipes.items():
            self._selector.register(end, selectors.EVENT_READ, (stream, masker.another()))
        if self.terminal is not None:
            shown = next(stream for stream in streams if os.isatty(stream))
            self._selector.register(self.terminal.own, selectors.EVENT_READ, (shown, masker.another()))
            if os.isatty(0):
                self._selector.register(0, selectors.EVENT_READ)

    def _before_it_starts(self) -> None:
        """Runs in the child."""
        if restore := core_dumps.for_programs():
            restore()
        if self.terminal is not None:
            self.terminal.adopt()

    def pass_through(self) -> int:
        """Pass on what the child writes until it has ended; return its status."""
        assert self._process is not None  # noqa: S101 - it has been started
        self._selector.register(self._woken, selectors.EVENT_READ)
        while self._process.poll() is None:
            for key, _ in self._selector.select():
                self._serve(key)
        # What the child wrote before it ended is available; do not wait for a grandchild that is still alive.
        while self._outputs() and (ready := [key for key, _ in self._selector.select(0) if key.data]):
            for key in ready:
                self._serve(key)
        for key in self._outputs():
            self._finish(key)
        if self._failure is not None:
            raise WriteError(f"the output of the command cannot be written: {self._failure.strerror}")
        status = self._process.returncode
        return status if status >= 0 else 128 - status

    def _outputs(self) -> list[selectors.SelectorKey]:
        return [key for key in self._selector.get_map().values() if key.data]

    def _serve(self, key: selectors.SelectorKey) -> None:
        if key.fd == self._woken:
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, _CHUNK)
            return
        try:
            data = os.read(key.fd, _CHUNK)
        except OSError:  # a terminal that nobody has open any more
            data = b""
        if not key.data:
            if data and self.terminal is not None:
                self.terminal.type(data)
            else:
                self._selector.unregister(key.fd)
        elif data:
            stream, masker = key.data
            if not self._write(stream, masker.feed(data)) and not self._is_terminal(key):
                self._close(key)  # so that the child gets SIGPIPE, as it would without us
        else:
            self._finish(key)

    def _finish(self, key: selectors.SelectorKey) -> None:
        stream, masker = key.data
        self._close(key)
        self._write(stream, masker.finish())

    def _close(self, key: selectors.SelectorKey) -> None:
        self._selector.unregister(key.fd)
        if not self._is_terminal(key):
            os.close(key.fd)

    def _is_terminal(self, key: selectors.SelectorKey) -> bool:
        return self.terminal is not None and key.fd == self.terminal.own

    def _write(self, stream: int, data: bytes) -> bool:
        """Return whether everything was written. A closed reader is not a failure."""
        try:
            _write(stream, data)
        except BrokenPipeError:
            return False
        except OSError as error:
            self._failure = error
            return False
        return True


def _write(stream: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(stream, data) :]
        except BlockingIOError:  # somebody else made it non-blocking
            with selectors.DefaultSelector() as writable:
                writable.register(stream, selectors.EVENT_WRITE)
                writable.select()


def _in_foreground() -> bool:
    """Return whether a terminal sends its signals to this process group, and so to the child too."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:  # noqa: PTH123 - a descriptor is what is needed
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
