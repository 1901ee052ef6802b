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
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = [sys.executable, "-m", "ciphertool", "run"]
ALIAS, VALUE = "app.datasource.password", "c4n4ry-yaml-1"


def _run(
    *arguments: str, stdin: bytes = b"", given: Mapping[str, str] | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **(given or {}), **environment},
        timeout=60,
        check=False,
    )


def _python(program: str, *arguments: str) -> list[str]:
    return ["--", sys.executable, "-c", program, *arguments]


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "memory"
    directory.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    return directory


@pytest.mark.usefixtures("protected")
def test_the_child_gets_secrets_by_alias_by_file_and_by_reference(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"URL='db://app:$secret{{{ALIAS}}}@h'\nPLAIN=\"a b\"\nEMPTY\n")
    shown = _run(
        "--env", f"A={ALIAS}", "--env-file", ".env", "--inherit", "B",
        *_python("import os; print([os.environ.get(n, '') for n in ('A', 'URL', 'PLAIN', 'B', 'EMPTY')])"),
        B=f"${{sec:{ALIAS}}}!",
    )  # fmt: skip
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout == b"['****', 'db://app:****@h', 'a b', '****!', '']\n"
    program = f"import os; v = {VALUE!r}; assert [os.environ[n] for n in 'AB'] == [v, v + '!'], 1"
    assert _run("--env", f"A={ALIAS}", "--inherit=B", *_python(program), B=f"${{sec:{ALIAS}}}!").returncode == 0


@pytest.mark.usefixtures("protected")
def test_the_childs_environment_holds_nothing_of_ciphertool() -> None:
    done = _run(
        *_python("import os; print([n for n in os.environ if n.startswith('CIPHERTOOL')])"), CIPHERTOOL_X="$secret{no}"
    )
    assert (done.returncode, done.stdout) == (0, b"[]\n")


_SHOW = "import os, sys; print([os.environ.get(n) for n in sys.argv[1:]])"


@pytest.mark.usefixtures("protected")
def test_a_strangers_text_is_passed_on_and_told_once_by_its_names() -> None:
    inherited = {"BRANCH": f"x${{sec:{ALIAS}}}", "TITLE": "$secret{no.such.alias}"}
    done = _run(*_python(_SHOW, "BRANCH", "TITLE"), given=inherited)
    assert (done.returncode, done.stdout.decode()) == (0, f"{list(inherited.values())}\n")
    assert done.stderr.decode() == (
        "warning: references in these inherited variables are not resolved: BRANCH, TITLE; to resolve one,"
        " name it with --inherit NAME or in [run] inherit\n"
    )


def test_the_settings_name_what_is_resolved_and_the_option_adds_to_it(protected: Path) -> None:
    config = protected / "ciphertool.toml"
    config.write_text(config.read_text() + '[run]\ninherit = ["A"]\n')
    reference = f"${{sec:{ALIAS}}}"
    done = _run("--no-masking", "--inherit", "B", *_python(_SHOW, *"ABC"), A=reference, B=reference, C=reference)
    assert done.stdout.decode() == f"{[VALUE, VALUE, reference]}\n"
    assert b"are not resolved: C; to" in done.stderr
    for wrong in ("inherit = 'A'", "inherit = ['']", "inherit = ['A=B']", "inherits = []"):
        config.write_text(f"{config.read_text().partition('[run]')[0]}[run]\n{wrong}\n")
        assert _run("true").returncode == 125


def test_the_child_gets_no_variable_that_a_password_is_read_from(protected: Path) -> None:
    config = protected / "ciphertool.toml"
    config.write_text(config.read_text() + '[[password]]\nfrom = "environment"\nvariable = "APP_STORE"\n')
    password = os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"]
    given = {
        "APP_STORE": password,
        "APP_STORE_KEY": password,
        "APP_STORES": "other",
        "CIPHERTOOL_KEYSTORE_PASSWORD": "",
    }
    (protected / ".env").write_text(f"APP_STORE='{password}'\nCIPHERTOOL_KEYSTORE_PASSWORD='{password}'\n")
    for options in ([], ["--env-file", ".env"], ["--inherit", "APP_STORE"]):
        done = _run("--no-masking", *options, "env", given=given)
        assert done.returncode == 0, done.stderr
        assert b"APP_STORES=other\n" in done.stdout
        assert password.encode() not in done.stdout
    keep = ["--keep-environment", "APP_STORE", "--no-masking"]
    kept = _run(*keep, *_python(_SHOW, "APP_STORE", "APP_STORE_KEY"), given=given)
    assert kept.stdout.decode() == f"{[password, None]}\n"
    refused = _run("--env", f"APP_STORE={ALIAS}", "true", given=given)
    assert refused.returncode == 125
    assert b"--keep-environment APP_STORE" in refused.stderr


def test_the_child_gets_no_master_key_of_carbon_5(protected: Path) -> None:
    config = protected / "ciphertool.toml"
    config.write_text(config.read_text() + '[[password]]\nfrom = "master-keys"\npath = "absent.yaml"\n')
    password = os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"]
    names = ("keyStorePassword", "privateKeyPassword")
    given = {**dict.fromkeys(names, password), "CIPHERTOOL_KEYSTORE_PASSWORD": ""}
    done = _run("--no-masking", "--env", f"A={ALIAS}", *_python(_SHOW, "A", *names), given=given)
    assert done.stdout.decode() == f"{[VALUE, None, None]}\n", done.stderr


def test_the_password_of_a_url_is_encoded_as_it_is_when_a_file_is_resolved(protected: Path) -> None:
    env = protected / "app.env"
    env.write_text('URL="db://app:p@ss/word@${HOST}/x"\n')
    config = protected / "ciphertool.toml"
    target = '[[target]]\nfile = "app.env"\nselector = "URL"\nalias = "url"\npart = "://app:(?P<secret>.*)@[$]"\n'
    config.write_text(config.read_text() + target)
    subprocess.run(
        [sys.executable, "-m", "ciphertool", "protect", "--config", "ciphertool.toml"], check=True, capture_output=True
    )
    verbatim = env.read_text().partition("=")[2].strip().strip('"')
    assert "{ciphertool-verbatim:url}" in verbatim
    url = verbatim.replace("{ciphertool-verbatim:url}", "$secret{url}")
    for reference, password in ((verbatim, "p@ss/word"), (url, "p%40ss%2Fword")):
        env.write_text(f'HOST=h\nURL="{reference}"\n')
        expected = f"db://app:{password}@h/x"
        shown = _python(_SHOW, "URL", "B")
        done = _run("--no-masking", "--inherit", "B", "--env-file", "app.env", *shown, B=reference)
        assert done.stdout.decode() == f"{[expected, expected.replace('@h', '@${HOST}')]}\n", done.stderr


def test_an_env_file_that_is_read_differently_is_refused_before_anything_starts(protected: Path) -> None:
    (protected / ".env").write_text("HOST=h\nURL=http://$HOST/\n")
    done = _run("--env-file", ".env", "touch", "started")
    assert done.returncode == 125
    assert b"error: URL of .env:2: holds a $ that" in done.stderr
    assert not (protected / "started").exists()


def test_a_config_file_whose_name_tells_no_format_is_read_as_it_is_said(protected: Path) -> None:
    (protected / "my.unknown").write_text(f"[client]\npassword = $secret{{{ALIAS}}}\n")
    command = ["--no-masking", "--config-file", "F=my.unknown", "sh", "-c", 'cat "$F"']
    assert _run(*command).returncode == 125
    done = _run("--format", "ini", *command)
    assert (done.returncode, done.stdout.decode()) == (0, f"[client]\npassword = {VALUE}\n")
    assert _run("--format", "nonsense", *command).returncode == 125
    assert _run("--format", "ini", "true").returncode == 125


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
    assert b"not masked because shorter than 4 characters: app.password" in done.stderr
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
    done = _run("--env", "A=no.a", "--inherit", "B", "touch", "started", B="$secret{no.b}")
    assert done.returncode == 125
    assert b"--env A: unknown secret alias: " in done.stderr
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
