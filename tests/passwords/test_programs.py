"""Passwords from programs and plug-ins: how a command is started, and what a plug-in may say of itself."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool.errors import PasswordSourceError, PluginError
from ciphertool.passwords import (
    Command,
    Keyring,
    Passwords,
)
from ciphertool.passwords import programs as password_programs
from ciphertool.passwords.plugin import PluginSource

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_has_no_input_and_no_shell_and_its_complaints_are_seen(capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; print(repr(sys.stdin.read())); print(sys.argv[1]); print('why', file=sys.stderr)"
    assert Command((sys.executable, "-c", program, "$HOME *")).read() == Passwords("''", "$HOME *")
    assert capfd.readouterr().err == "why\n"


def test_a_command_that_prints_one_line_gives_no_key_password() -> None:
    assert Command(("printf", "a\\n\\n")).read() == Passwords("a")
    assert Command(("printf", "a\\nb\\nc\\n")).read() == Passwords("a", "b")
    with pytest.raises(PasswordSourceError, match="printed nothing on its first line"):
        Command(("printf", "\\nb\\n")).read()


def test_a_command_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert password_programs._SECONDS == 60
    monkeypatch.setattr(password_programs, "_SECONDS", 0.3)
    with pytest.raises(PasswordSourceError, match=r"did not end within 0\.3 seconds"):
        Command(("sleep", "20")).read()
    monkeypatch.setattr(password_programs, "_SECONDS", 10)
    assert Command(("sh", "-c", "sleep 0.5; echo a")).read() == Passwords("a")
    assert list(tmp_path.iterdir()) == []


def test_a_command_may_dump_core_as_it_would_without_us() -> None:
    """What keeps ciphertool itself from it is given back to what it starts."""
    limit = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    program = (
        "import resource, sys; from ciphertool import core_dumps; from ciphertool.passwords import Command\n"
        "most = resource.getrlimit(resource.RLIMIT_CORE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (most, most)); core_dumps.forbid()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0], most)\n"
        "print(Command((sys.executable, '-c', sys.argv[1])).read().keystore)"
    )
    done = subprocess.run([sys.executable, "-c", program, limit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours, most, given = done.stdout.split()
    assert (ours, given) == ("0", most)


def test_the_names_of_programs() -> None:
    command, keyring = Command(("pass", "show", "c4n4ry"), ("PASS_DIR",)), Keyring("app", "store", None, ("BUS",))
    assert (command.name, command.variables) == ("the command pass", ("PASS_DIR",))
    assert (keyring.name, keyring.variables) == ("the keyring entry app/store", ("BUS",))
    assert Command(("pass",)).variables == Keyring("app", "store").variables == ()


class Declared:
    """A plug-in's source that says which variables it reads."""

    name = "its own name"

    def __init__(self, variables: Any) -> None:
        self.variables = variables

    def read(self) -> Passwords | None:
        return Passwords("a") if self.variables else None


def test_what_a_plug_in_says_of_its_variables_is_taken_if_it_is_names() -> None:
    for said, taken in ((["A", "B"], ("A", "B")), (("A",), ("A",)), ((), ())):
        source = PluginSource("mine", Declared(said))
        assert (source.variables, source.name) == (taken, "the plug-in mine")
    for wrong in ("AB", [1], ["A", None], None, 5):
        source = PluginSource("mine", Declared(wrong))
        with pytest.raises(PluginError):
            _ = source.variables


def test_a_plug_in_gives_what_it_has() -> None:
    assert PluginSource("mine", Declared(("A",))).read() == Passwords("a")
    assert PluginSource("mine", Declared(())).read() is None
