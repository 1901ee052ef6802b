"""`ciphertool run`: the child gets its secrets, nobody else does, and nothing is left."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "ciphertool", "run"]
ALIAS, VALUE = "app.datasource.password", "c4n4ry-yaml-1"


def _run(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


def _python(program: str, *arguments: str) -> list[str]:
    return ["--", sys.executable, "-c", program, *arguments]


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "memory"
    directory.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    return directory


@pytest.mark.usefixtures("protected")
def test_the_child_gets_secrets_by_alias_by_file_and_by_reference(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"URL='db://app:$secret{{{ALIAS}}}@h'\nPLAIN=\"a b\"\nEMPTY\n")
    shown = _run(
        "--env", f"A={ALIAS}", "--env-file", ".env",
        *_python("import os; print([os.environ.get(n, '') for n in ('A', 'URL', 'PLAIN', 'B', 'EMPTY')])"),
        B=f"${{sec:{ALIAS}}}!",
    )  # fmt: skip
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout == b"['****', 'db://app:****@h', 'a b', '****!', '']\n"
    program = f"import os; v = {VALUE!r}; assert [os.environ[n] for n in 'AB'] == [v, v + '!'], 1"
    assert _run("--env", f"A={ALIAS}", *_python(program), B=f"${{sec:{ALIAS}}}!").returncode == 0


@pytest.mark.usefixtures("protected")
def test_the_childs_environment_holds_nothing_of_ciphertool() -> None:
    done = _run(
        *_python("import os; print([n for n in os.environ if n.startswith('CIPHERTOOL')])"), CIPHERTOOL_X="$secret{no}"
    )
    assert (done.returncode, done.stdout) == (0, b"[]\n")


@pytest.mark.usefixtures("protected")
def test_a_config_file_is_private_and_vanishes(memory: Path) -> None:
    program = (
        "import os, sys; p = sys.argv[1].removeprefix('--config='); s = os.stat(p); d = os.stat(os.path.dirname(p));"
        f"assert p.startswith({str(memory)!r}) and {VALUE!r} in open(p).read();"
        "print(oct(s.st_mode & 0o777), oct(d.st_mode & 0o777), os.path.basename(p), p == os.environ.get('CONF', p))"
    )
    done = _run("--config-file", "conf/app.yaml", *_python(program, "--config=conf/app.yaml"))
    assert (done.returncode, done.stdout) == (0, b"0o600 0o700 app.yaml True\n"), done.stderr
    program = "import os; print(os.path.exists(os.environ['CONF']))"
    assert _run("--config-file", "CONF=conf/app.yaml", *_python(program)).stdout == b"True\n"
    killed = _run("--config-file", "CONF=conf/app.yaml", *_python("import os; os.kill(os.getpid(), 9)"))
    assert killed.returncode == 137
    assert list(memory.iterdir()) == []


@pytest.mark.usefixtures("protected")
def test_a_config_file_that_the_command_would_not_find_is_refused() -> None:
    done = _run("--config-file", "conf/app.yaml", "true")
    assert done.returncode == 125
    assert b"CONF" not in done.stderr
    assert b"--config-file NAME=conf/app.yaml" in done.stderr


@pytest.mark.usefixtures("protected")
def test_what_a_killed_run_left_is_removed_by_the_next(memory: Path) -> None:
    left = memory / f"ciphertool-run-999999999-{'0' * 16}"
    kept = memory / f"ciphertool-run-{os.getpid()}-{'0' * 16}"
    for directory in (left, kept):
        directory.mkdir()
    assert _run("--config-file", "CONF=conf/app.yaml", "true").returncode == 0
    assert list(memory.iterdir()) == [kept]


@pytest.mark.usefixtures("protected")
def test_output_is_masked_across_chunks_on_both_streams_and_only_if_asked_for() -> None:
    program = (
        "import os, sys, time\n"
        f"for byte in ('<' + {VALUE!r} + '> ' + {VALUE!r}[:6]).encode():\n"
        "    os.write(1, bytes([byte])); os.write(2, bytes([byte])); time.sleep(0.002)\n"
    )
    done = _run("--env", f"A={ALIAS}", *_python(program))
    assert (done.stdout, done.stderr) == (b"<****> c4n4ry", b"<****> c4n4ry")
    assert VALUE.encode() in _run("--env", f"A={ALIAS}", "--no-masking", *_python(program)).stdout


@pytest.mark.usefixtures("project")
def test_values_under_four_characters_are_not_masked_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "conf/app.yaml").write_text("password: abc\n")
    (tmp_path / "conf/server.xml").write_text('<Server><Connector keystorePass="long enough"/></Server>')
    config = tmp_path / "ciphertool.toml"
    config.write_text(config.read_text().replace('alias = "server.admin', 'optional = true\nalias = "server.admin'))
    subprocess.run([sys.executable, "-m", "ciphertool", "protect"], check=True, capture_output=True)
    done = _run("--env", "A=app.password", "sh", "-c", "echo $A")
    assert done.stdout == b"abc\n"
    assert b"not masked, being shorter than 4 characters: app.password" in done.stderr
    assert b"abc" not in done.stderr


@pytest.mark.usefixtures("protected")
@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["sh", "-c", "exit 42"], 42),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["/absent/command"], 127),
        (["absent-command"], 127),
        (["/"], 126),
        (["./conf/app.yaml"], 126),
        (["--env", "nonsense", "true"], 125),
        (["--nonsense", "true"], 125),
        ([], 125),
        (["--env", "A=no.such.alias", "true"], 125),
        (["--env-file", "absent.env", "true"], 125),
        (["--config", "absent.toml", "true"], 125),
    ],
)
def test_the_exit_status_is_the_childs_or_as_in_env(command: list[str], status: int) -> None:
    assert _run(*command).returncode == status


@pytest.mark.usefixtures("protected")
def test_everything_that_does_not_resolve_is_told_before_the_child_starts(tmp_path: Path) -> None:
    done = _run("--env", "A=no.a", "touch", "started", B="$secret{no.b}")
    assert done.returncode == 125
    assert b"--env A: unknown secret alias 'no.a'" in done.stderr
    assert b"the environment variable B: unknown secret alias 'no.b'" in done.stderr
    assert not (tmp_path / "started").exists()


@pytest.mark.usefixtures("protected")
def test_standard_input_is_the_childs() -> None:
    assert _run("cat", stdin=b"typed\n").stdout == b"typed\n"


@pytest.mark.usefixtures("protected")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(number: signal.Signals) -> None:
    program = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *a: (print('got it', flush=True), sys.exit(7)))\n"
        "print('ready', flush=True); time.sleep(30)"
    )
    with subprocess.Popen([*PROGRAM, *_python(program)], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.read() == b"got it\n"
        assert process.wait(10) == 7


@pytest.mark.usefixtures("protected")
def test_a_grandchild_that_lives_on_does_not_hold_up_the_end() -> None:
    start = time.monotonic()
    done = subprocess.run(
        [*PROGRAM, "--", "sh", "-c", "sleep 20 & echo done"], stdout=subprocess.PIPE, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"done\n")
    assert time.monotonic() - start < 15


@pytest.mark.usefixtures("protected")
@pytest.mark.parametrize("stream", [1, 2])
def test_who_stops_reading_an_output_ends_the_child_as_without_us(stream: int) -> None:
    name = "stdout" if stream == 1 else "stderr"
    command = [*PROGRAM, "--env", f"A={ALIAS}", "--", "sh", "-c", f"exec yes >&{stream}"]
    with subprocess.Popen(command, **{name: subprocess.PIPE}) as process:  # type: ignore[call-overload]
        output = getattr(process, name)
        assert output.readline() == b"y\n"
        output.close()
        try:
            assert process.wait(30) == 128 + signal.SIGPIPE
        finally:
            process.kill()


@pytest.mark.usefixtures("protected")
def test_a_child_that_heeds_no_closed_pipe_ends_as_it_likes() -> None:
    program = (
        "import sys\ntry:\n    while True: print('y', flush=True)\n"
        "except BrokenPipeError:\n    sys.stderr.write('told\\n'); sys.stderr.flush(); import os; os._exit(9)"
    )
    with subprocess.Popen([*PROGRAM, *_python(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        try:
            assert process.wait(30) == 9
            assert process.stderr.read() == b"told\n"
        finally:
            process.kill()


@pytest.mark.usefixtures("protected")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_output_that_cannot_be_written_is_a_failure_of_run() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, "echo", "x"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 125
    assert done.stderr == b"error: the output of the command cannot be written: No space left on device\n"


def _on_a_terminal(command: list[str], typed: bytes = b"") -> tuple[bytes, int]:
    """Run a command on a terminal of its own; return what it shows and its exit status."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(command[0], command)  # noqa: S606 - a shell would be in the way
    shown, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        shown += data
        if typed and b"ready" in shown:
            os.write(terminal, typed)
            typed = b""
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.usefixtures("protected")
def test_on_a_terminal_the_child_keeps_a_terminal() -> None:
    program = (
        "import os, sys\n"
        "print([s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)], os.isatty(os.open('/dev/tty', os.O_RDWR)))\n"
        "print('ready', flush=True); print('typed', input(), os.environ['A'])"
    )
    shown, status = _on_a_terminal([*PROGRAM, "--env", f"A={ALIAS}", *_python(program)], typed=b"hello\r")
    assert status == 0
    assert b"[True, True, True] True\r\n" in shown
    assert b"typed hello ****\r\n" in shown
    assert VALUE.encode() not in shown


@pytest.mark.usefixtures("protected")
def test_on_a_terminal_control_c_reaches_the_child() -> None:
    program = (
        "import sys, time\ntry:\n    print('ready', flush=True); time.sleep(30)\n"
        "except KeyboardInterrupt:\n    print('interrupted'); sys.exit(9)"
    )
    shown, status = _on_a_terminal([*PROGRAM, *_python(program)], typed=b"\x03")
    assert b"interrupted" in shown
    assert status == 9


@pytest.mark.usefixtures("protected")
def test_no_secret_and_no_password_stands_in_an_argument() -> None:
    program = (
        "import os, pathlib\nseen = b''\nprocess = os.getpid()\n"
        "while process > 1:\n"
        "    seen += pathlib.Path(f'/proc/{process}/cmdline').read_bytes()\n"
        "    process = int(pathlib.Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[1])\n"
        "    if process == int(os.environ['TOP']): break\n"
        "assert b'ciphertool' in seen\n"
        "assert os.environ['A'].encode() not in seen and b'a keystore ' + b'password' not in seen\n"
    )
    done = _run("--env", f"A={ALIAS}", *_python(program), TOP=str(os.getpid()))
    assert done.returncode == 0, done.stderr
