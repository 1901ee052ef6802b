"""Command lines that are wrong: what is reported, with which status, and that no argument is repeated."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from ciphertool.cli import console
from ciphertool.cli.commands import COMMANDS, GROUPS
from ciphertool.cli.help_text import STATUSES
from tests.walk import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

CANARY = "c4n4ry-S3cret!"
ALL = [[name] for name in COMMANDS if name not in GROUPS]
ALL += [[group, name] for group, commands in GROUPS.items() for name in commands]
_WITH_FINDINGS = [["protect"], ["check"], ["audit"], ["rotate"], ["keystore", "check"]]
_WITH_FINDINGS += [["recipients", name] for name in ("check", "add", "remove")]


@pytest.fixture(autouse=True)
def volume() -> Iterator[None]:
    yield
    console.volume.set(0)


@pytest.mark.parametrize("command", [[], *([group] for group in GROUPS), *ALL], ids=" ".join)
@pytest.mark.usefixtures("project")
def test_no_word_that_is_refused_is_repeated(run: Run, command: list[str]) -> None:
    opaque = {
        "run",
        "resolve",
        "audit",
        "init",
        "protect",
        "check",
    }  # their argument is a command, or a path that they look for
    wrong = [[f"--{CANARY}"], [f"--{CANARY}={CANARY}"], [f"-{CANARY}"], ["--format", CANARY], ["--json=" + CANARY]]
    wrong += [] if opaque & set(command) else [[CANARY] * 9]
    for arguments in wrong:
        outcome = run(*command, *arguments)
        # As many aliases as anybody likes.
        unknown = command in (["remove"], ["unprotect"]) and arguments == [CANARY] * 9
        assert outcome.status in ((5,) if unknown else (2, 125)), outcome
        assert "c4n4ry" not in outcome.err + outcome.out, arguments
        assert outcome.err.startswith("error: ")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["encrypt", CANARY], 2),
        (["decrypt", CANARY], 2),
        (["get", CANARY, "--config", "ciphertool.toml"], 5),
        (["get", "app.smtp.password", CANARY], 2),
        (["explain", CANARY], 2),
        (["protect", "--take", CANARY], 2),
        (["protect", "--define", CANARY], 2),
        (["protect", "--jobs", CANARY], 2),
        (["run", "--env", CANARY, "--", "true"], 125),
        (["run", "--env", f"A={CANARY}", "--", "true"], 125),
        (["run", "--env", f"A={CANARY}", "--env", f"B={CANARY}2", "--", "true"], 125),
        (["keystore", CANARY], 2),
        (["keystore", "create", "new.p12", CANARY], 2),
        (["keystore", "create", "new.p12", "--bits", CANARY], 2),
        (["keystore", "list", "security/primary.p12", CANARY], 2),
        (["keystore", "check", "security/primary.p12", "--role", CANARY], 2),
    ],
)
@pytest.mark.usefixtures("protected")
def test_a_secret_typed_as_an_argument_is_not_repeated(run: Run, arguments: list[str], status: int) -> None:
    outcome = run(*arguments)
    assert (outcome.status, outcome.out) == (status, "")
    assert "c4n4ry" not in outcome.err
    assert outcome.err.startswith("error: ")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["encrypt", "x"], "an argument too many", "a secret is never an argument: pass it on standard input or"),
        (
            ["check", "conf/app.yml"],
            "conf/app.yml: no target names this file",
            "did you mean 'conf/app.yaml'? `ciphertool audit --write-targets`",
        ),
        (["protect", "--dryrun"], "there is no such option", "did you mean --dry-run?"),
        (["audit", "--format", "jsn"], "--format must be one of table, json,", "did you mean json?"),
        (["protct"], "there is no such command", "did you mean protect?"),
        (["keystore", "lst"], "there is no such command", "did you mean list?"),
        (["change"], "there is no command `change`", "`ciphertool set ALIAS` changes a value"),
        (["version"], "there is no command `version`", "ciphertool --version"),
        (["get"], "ALIAS is missing", "`ciphertool get --help`"),
        (["get", "--config"], "--config needs a value", ""),
        (["get", "--show=1"], "--show takes no value", ""),
        (["get", "app.smtp.pasword"], "security/vault.properties has no such entry", "did you mean app.smtp.password?"),
        (["--config", "a", "explain"], "ciphertool explain opens no vault, so --config means nothing", ""),
    ],
)
@pytest.mark.usefixtures("protected")
def test_what_is_wrong_and_what_to_do(run: Run, arguments: list[str], message: str, hint: str) -> None:
    error, *hints = run(*arguments).err.splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert hint in "".join(hints)
    assert all(line.startswith("hint: ") for line in hints)


def test_settings_are_named_before_or_after_the_command(protected: Path, run: Run) -> None:
    (protected / "ciphertool.toml").rename(protected / "other.toml")
    for arguments in (("--config", "other.toml", "get", "app.smtp.password"), ("get", "app.smtp.password", "--config")):
        ending = () if arguments[0] == "--config" else ("other.toml",)
        assert run(*arguments, *ending).out == "c4n4ry'yaml-2\n"
    assert run("--config", "absent.toml", "get", "app.smtp.password", "--config", "other.toml").status == 0
    assert run("--config", "other.toml", "check", "--home", ".").status == 2
    assert run("--home", "absent", "audit").status == 3


@pytest.mark.usefixtures("protected")
def test_quiet_and_verbose_before_or_after_the_command(run: Run) -> None:
    for arguments in (("-q", "check"), ("check", "--quiet")):
        assert run(*arguments).err == ""
        console.volume.set(0)
    assert "all resolve" in run("check").err
    for arguments in (("-v", "check"), ("check", "--verbose")):
        said = run(*arguments).err
        assert "note: settings: ciphertool.toml (found), of kind native" in said
        assert "note: keystore: security/primary.p12\nnote: repository: security/vault.properties" in said
        console.volume.set(0)


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_every_help_has_the_exit_statuses(run: Run, command: list[str]) -> None:
    text = " ".join(run(*command, "-h").out.split())
    assert "Exit status: " in text
    if command == ["run"]:
        assert "125 it was not started" in text
        return
    for status in STATUSES.keys() - {1}:
        assert f"{status} {STATUSES[status]}" in text
    assert ("; 1 " in text) == (command in _WITH_FINDINGS)


def test_the_readme_has_the_exit_statuses() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert "Exit status: " + " · ".join(f"{status} {meaning}" for status, meaning in STATUSES.items()) in text


def test_options_are_where_they_can_matter(run: Run) -> None:
    for name in ("get", "resolve", "check", "run", "decrypt"):
        text = run(name, "--help").out
        assert "--repository" in text
        assert "--policy" not in text
        assert "--minimum-bits" not in text
    assert "--policy" in run("protect", "--help").out


def _at_a_prompt(project: Path, *, key: bytes) -> tuple[int, str]:
    """Press a key at the password prompt; return the exit status and what the terminal shows."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(project)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CIPHERTOOL")}
        os.execvpe(sys.executable, [sys.executable, "-m", "ciphertool", "check"], environment)  # noqa: S606 - on the terminal
    shown = b""
    while True:
        try:
            data = os.read(terminal, 65_536)
        except OSError:
            break
        shown += data
        if data.endswith(b": "):
            time.sleep(0.1)
            os.write(terminal, key)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode().replace("\r", "")


def test_a_prompt_that_is_closed_is_a_missing_password(protected: Path) -> None:
    status, shown = _at_a_prompt(protected, key=b"\x04")
    assert status == 4
    assert re.search(r"password: \n.*error:.*\sit\s+was\s+closed\s+without\s+an\s+answer", shown, re.DOTALL)


def test_an_interrupt_at_a_prompt_ends_its_line(protected: Path) -> None:
    status, shown = _at_a_prompt(protected, key=b"\x03")
    assert status == 128 + signal.SIGINT
    assert re.search(r"password: (\^C)?\n+interrupted\n", shown)


@pytest.mark.usefixtures("protected")
def test_on_a_terminal_the_help_is_laid_out_by_rich() -> None:
    code = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-m', 'ciphertool', *sys.argv[1:]]))"
    for command in ([], ["get"], ["audit"], ["run"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *command, "--help"],
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "─" in done.stdout
        assert "\\[" not in done.stdout
    assert "[run] inherit" in done.stdout
