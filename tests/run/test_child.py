"""The child by itself: what it is given, how its output and its signals come through, what is left afterwards."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool.errors import WriteError
from ciphertool.run.child import (
    NOT_EXECUTABLE,
    NOT_FOUND,
    NotStartedError,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET = "c4n4ry-secret"
_OUTER = (
    "import os, sys; from ciphertool.run.child import run\n"
    f"sys.exit(run(sys.argv[2:], os.environ, {{{SECRET!r}}} if sys.argv[1] == 'masked' else None))"
)


def _outer(*command: str, masked: bool = True) -> list[str]:
    """Return what runs a command by `run`, in a process of its own."""
    return [sys.executable, "-c", _OUTER, "masked" if masked else "plain", *command]


def _python(program: str) -> tuple[str, str, str]:
    return sys.executable, "-c", program


def _descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").glob("*"))


@pytest.mark.parametrize("masked", [{SECRET}, set(), None], ids=["masked", "nothing masked", "passed through"])
def test_the_status_is_the_childs_and_nothing_is_left_behind(masked: set[str] | None) -> None:
    handlers = [signal.getsignal(number) for number in range(1, 32)]
    before = _descriptors()
    for command, status in ((["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137)):
        assert run(command, os.environ, masked) == status
    assert _descriptors() == before
    with pytest.raises(NotStartedError):
        run(["/absent"], {}, masked)
    assert [signal.getsignal(number) for number in range(1, 32)] == handlers
    wakeup = signal.set_wakeup_fd(-1)
    assert wakeup == -1


def test_a_command_that_cannot_be_started_is_told_as_env_tells_it(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    for command, status, reason in (
        ("/absent/command", NOT_FOUND, "No such file or directory"),
        (str(tmp_path), NOT_EXECUTABLE, "Permission denied"),
        (str(tmp_path / "text"), NOT_EXECUTABLE, "Permission denied"),
    ):
        with pytest.raises(NotStartedError) as caught:
            run([command], os.environ, None)
        assert (caught.value.status, caught.value.reason) == (status, reason)
    assert (NOT_EXECUTABLE, NOT_FOUND) == (126, 127)


def test_the_environment_is_the_one_that_is_given(capfd: pytest.CaptureFixture[str]) -> None:
    program = "import os; print(sorted(n for n in os.environ if n != 'LC_CTYPE'))"
    assert run(_python(program), {"A": "1"}, set()) == 0
    assert capfd.readouterr().out == "['A']\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_a_signal_before_there_is_a_child_ends_it_when_it_is_there(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    class Late(subprocess.Popen[bytes]):
        """A process that is signalled for before it has started."""

        def __init__(self, *arguments: object, **options: object) -> None:
            os.kill(os.getpid(), number)
            super().__init__(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", Late)
    assert run(["sleep", "20"], os.environ, set()) == 128 + number


def test_a_signal_for_a_child_that_has_ended_does_no_harm() -> None:
    program = (
        "import os, signal, subprocess, sys; from ciphertool.run.child import run\n"
        "class Ended(subprocess.Popen):\n"
        "    def __init__(self, *arguments, **options):\n"
        "        super().__init__(*arguments, **options); self.wait(); os.kill(os.getpid(), signal.SIGTERM)\n"
        "subprocess.Popen = Ended; sys.exit(run(['sh', '-c', 'exit 5'], os.environ, ()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_a_key_that_the_terminal_sends_to_all_is_not_sent_twice(number: signal.Signals) -> None:
    """Output is a file, so that the child shares our terminal and gets the signal from there."""
    key = {signal.SIGINT: b"\x03", signal.SIGQUIT: b"\x1c"}[number]
    count = (
        "import signal, sys, time\ngot = []\n"
        f"signal.signal({int(number)}, lambda *_: got.append(1))\n"
        "open(sys.argv[1], 'w').write('ready')\n"
        "end = time.monotonic() + 2\n"
        "while time.monotonic() < end: time.sleep(0.05)\n"
        "open(sys.argv[1], 'w').write(f'got {len(got)}')"
    )
    work = Path(os.environ.get("TMPDIR", "/tmp"), f"keys-{os.getpid()}-{int(number)}")  # noqa: S108
    child, terminal = pty.fork()
    if child == 0:
        command = _outer(sys.executable, "-c", count, str(work))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        os.execv(command[0], command)  # noqa: S606 - a shell would be in the way
    deadline = time.monotonic() + 30
    while not (work.exists() and work.read_text() == "ready") and time.monotonic() < deadline:
        time.sleep(0.05)
    os.write(terminal, key)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    said = work.read_text()
    work.unlink()
    assert (status, said) == (0, "got 1")


def test_a_secret_is_masked_on_each_stream_by_itself_also_at_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    half = len(SECRET) // 2
    program = (
        f"import os, time\nfor part in ({SECRET[:half]!r}, {SECRET[half:]!r}):\n"
        "    os.write(1, part.encode()); os.write(2, part.encode()); time.sleep(0.1)\n"
        f"os.write(1, {SECRET[:-1]!r}.encode())"
    )
    assert run(_python(program), os.environ, {SECRET}) == 0
    assert capfd.readouterr() == (f"****{SECRET[:-1]}", "****")
    mixed = f"import os\nos.write(1, {SECRET[:half]!r}.encode())\nos.write(2, {SECRET[half:]!r}.encode())"
    assert run(_python(mixed), os.environ, {SECRET}) == 0
    assert capfd.readouterr() == (SECRET[:half], SECRET[half:])
    assert run(_python(f"print({SECRET!r})"), os.environ, None) == 0
    assert capfd.readouterr().out == f"{SECRET}\n"


def test_all_of_much_output_comes_through_a_slow_and_unwilling_reader() -> None:
    """It is another's pipe, which somebody has made non-blocking."""
    size = 3_000_000
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    program = f"import sys; sys.stdout.buffer.write(b'x' * {size})"
    with subprocess.Popen(_outer(*_python(program)), stdout=writer) as process:
        os.close(writer)
        got = 0
        while data := os.read(reader, 100_000):
            got += len(data)
            time.sleep(0.001)
        assert (process.wait(30), got) == (0, size)
    os.close(reader)


def test_what_cannot_be_written_is_told_when_the_child_has_ended(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    code = (
        "import os, sys; from ciphertool.run.child import run; from ciphertool.errors import WriteError\n"
        "try: run(sys.argv[1:], os.environ, ())\n"
        "except WriteError as error: sys.stderr.write(error.message); sys.exit(9)"
    )
    command = ["sh", "-c", f"echo x; echo told >&2; sleep 0.3; touch {tmp_path}/ended"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", code, *command], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 9
    assert done.stderr == b"told\nthe output of the command cannot be written: No space left on device"
    assert (tmp_path / "ended").exists()
    assert issubclass(WriteError, Exception)


# --- on a terminal -------------------------------------------------------------------------------------------------


def _on_a_terminal(command: Sequence[str], typed: bytes = b"", size: tuple[int, int] = (24, 80)) -> tuple[bytes, int]:
    """Run a command on a terminal of a size and type when it says that it is ready; return what it shows."""
    own, theirs = pty.openpty()
    fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        shown, deadline, before = b"", time.monotonic() + 30, termios.tcgetattr(theirs)
        while time.monotonic() < deadline and (process.poll() is None or select.select([own], [], [], 0.2)[0]):
            if select.select([own], [], [], 0.1)[0]:
                shown += os.read(own, 65_536)
            if typed and b"ready" in shown:
                if typed == b"resize":
                    fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
                else:
                    os.write(own, typed)
                typed = b""
        process.kill()
        assert termios.tcgetattr(theirs) == before, "the terminal is not as it was"
    os.close(own)
    os.close(theirs)
    return shown, process.returncode


_SIZE = "import os; print(tuple(os.get_terminal_size(0)), tuple(os.get_terminal_size(1)), os.ttyname(1))"


def test_the_childs_terminal_has_the_size_of_ours_and_follows_it() -> None:
    shown, status = _on_a_terminal(_outer(*_python(_SIZE)), size=(31, 101))
    assert status == 0
    assert b"(101, 31) (101, 31) /dev/pts/" in shown
    program = (
        "import os, signal\n"
        "signal.signal(signal.SIGWINCH, lambda *_: None)\n"
        "print('ready', flush=True); signal.sigtimedwait([signal.SIGWINCH], 0)\n"
        "import time; end = time.monotonic() + 10\n"
        "while tuple(os.get_terminal_size(1)) != (99, 33) and time.monotonic() < end: time.sleep(0.02)\n"
        "print(tuple(os.get_terminal_size(1)))"
    )
    shown, status = _on_a_terminal(_outer(*_python(program)), b"resize")
    assert b"(99, 33)\r\n" in shown
    assert status == 0


def test_what_is_typed_reaches_the_child_once_and_a_secret_is_masked() -> None:
    program = f"print('ready', flush=True); print('<' + input() + '>', {SECRET!r})"
    shown, status = _on_a_terminal(_outer(*_python(program)), b"hello\r")
    assert status == 0
    assert b"<hello> ****\r\n" in shown
    assert shown.count(b"hello") == 2, "the echo of the child's terminal, and the answer"
    assert SECRET.encode() not in shown


def test_keys_go_to_the_childs_terminal_and_end_the_child_alone() -> None:
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('interrupted', flush=True), sys.exit(9)))\n"
        "print('ready', flush=True); time.sleep(20)"
    )
    shown, status = _on_a_terminal(_outer(*_python(program)), b"\x03")
    assert (status, shown.count(b"interrupted")) == (9, 1)


def test_the_end_of_input_reaches_the_child() -> None:
    shown, status = _on_a_terminal(
        _outer(*_python("import sys; print('ready', flush=True); print(repr(sys.stdin.read()))")), b"\x04"
    )
    assert (status, b"''\r\n" in shown) == (0, True)


def test_a_stream_that_is_no_terminal_stays_none(tmp_path: Path) -> None:
    script = f'exec "$@" 2>{tmp_path}/errors'
    program = f"import os, sys; print([os.isatty(n) for n in range(3)]); print({SECRET!r}, file=sys.stderr)"
    shown, status = _on_a_terminal(["sh", "-c", script, "sh", *_outer(*_python(program))])
    assert (status, b"[True, True, False]\r\n" in shown) == (0, True)
    assert (tmp_path / "errors").read_text() == "****\n"
    shown, status = _on_a_terminal(["sh", "-c", 'exec "$@" < /dev/null', "sh", *_outer(*_python(program))])
    assert status == 0
    assert b"[False, True, True]" in shown
    assert b"****" in shown
    assert SECRET.encode() not in shown


def test_what_is_typed_reaches_a_child_whose_output_is_a_file(tmp_path: Path) -> None:
    program = "import sys; print('ready', file=sys.stderr, flush=True); print('typed', input())"
    script = f'exec "$@" >{tmp_path}/output'
    shown, status = _on_a_terminal(["sh", "-c", script, "sh", *_outer(*_python(program))], b"hello\r")
    assert (status, b"ready" in shown) == (0, True)
    assert (tmp_path / "output").read_text() == "typed hello\n"
