"""What the shells are offered on Tab: values of the vault at hand, without a password, a plug-in or a complaint."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ciphertool.keystore import convert, open_keystore
from tests.conftest import PASSWORD, SECRETS

BASH = shutil.which("bash")
ALIASES = sorted(SECRETS)


def _asked(variables: dict[str, str], program: tuple[str, ...] = ("-m", "ciphertool")) -> str:
    """Return the answer to a shell that has no password and no standard input; assert that nothing else is printed."""
    inherited = {name: value for name, value in os.environ.items() if name != "CIPHERTOOL_KEYSTORE_PASSWORD"}
    done = subprocess.run(
        [sys.executable, *program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**inherited, **variables},
    )
    assert done.stderr == ""
    return done.stdout


def _completed(*words: str) -> list[str]:
    """Return what Bash gets when the cursor stands behind the last word."""
    given = {"COMP_WORDS": "\n".join(("ciphertool", *words)), "COMP_CWORD": str(len(words))}
    return _asked({**given, "_CIPHERTOOL_COMPLETE": "complete_bash"}).split()


@pytest.mark.usefixtures("protected")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ke"], ["keystore"]),
        (["keystore", "ch"], ["check", "change-password"]),
        (["keystore", "create", "--fo"], ["--format"]),
        (["recipients", "re"], ["remove"]),
        (["recipients", "add", "--al"], ["--algorithm"]),
        (["get", ""], ALIASES),
        (["get", "app.s"], ["app.smtp.password"]),
        (["--config", "ciphertool.toml", "get", "app.s"], ["app.smtp.password"]),
        (["get", "--config", "other.toml", ""], []),
        (["decrypt", "--secret-alias", "app.s"], ["app.smtp.password"]),
        (["run", "--env", "PGPASSWORD", "=", "app.d"], ["app.datasource.password"]),
        (["run", "--env", "PGPASSWORD", "="], ALIASES),
        (["run", "--env", "=", "PGPASSWORD", "=", "app.d"], ["app.datasource.password"]),
        (["run", "--env", "PG"], []),
        (["run", "--no"], ["--no-masking"]),
        (["run", "ls", "--"], []),
        (["explain", "CT01"], [f"CT01{n}" for n in range(10)]),
        (["explain", "clear-"], ["clear-beside-reference"]),
        (["get", "--config", ""], ["ciphertool.toml"]),
        (["--config", "./c"], ["./ciphertool.toml"]),
        (
            ["resolve", "--format", ""],
            ["xml", "yaml", "toml", "json", "properties", "env", "ini", "quoted-ini", "systemd", "hcl", "lines"],
        ),
        (["resolve", "--format", "=", "y"], ["yaml"]),
        (["audit", "--format", "s"], ["sarif"]),
        (["protect", ""], ["conf/app.yaml", "conf/server.xml"]),
        (["check", "conf/app.yaml", "./conf/s"], ["./conf/server.xml"]),
        (["resolve", "conf/s"], ["conf/server.xml"]),
        (["--version", "ke"], ["keystore"]),
        (["nosuch", "--co"], ["--config"]),
    ],
    ids=" ".join,
)
def test_words_complete(words: list[str], offered: list[str]) -> None:
    assert _completed(*words) == offered


@pytest.mark.usefixtures("protected")
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_whole_words(shell: str) -> None:
    def given(line: str) -> str:
        action = {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        return _asked({"_TYPER_COMPLETE_ARGS": line, "_CIPHERTOOL_COMPLETE": f"complete_{shell}", **action})

    assert "app.smtp.password" in given("ciphertool get ")
    assert given("ciphertool run --env A=app.s").strip(" _arguments'*:()\"\n") == "A=app.smtp.password"
    assert given("ciphertool run --env=A=app.s").strip(" _arguments'*:()\"\n") == "--env=A=app.smtp.password"
    assert "declared-in-clear" in given("ciphertool explain CT001"), "the rule's name explains its id"


def test_nothing_is_offered_or_reported_without_a_vault(project: Path) -> None:
    assert _completed("get", "") == [], "there is no repository yet"
    (project / "ciphertool.toml").write_text("[keystore\n")
    assert _completed("get", "") == []
    (project / "ciphertool.toml").unlink()
    assert _completed("get", "") == []
    (project / "ciphertool.toml").mkdir()
    assert _completed("get", "") == _completed("get", "--config", "") == []
    wrong = {"COMP_WORDS": "ciphertool\nget\n", "COMP_CWORD": "x", "_CIPHERTOOL_COMPLETE": "complete_bash"}
    assert _asked(wrong) == ""


def test_the_keys_of_a_store_that_shows_them_without_a_password(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_keystore(project / "security/primary.p12", PASSWORD)
    (project / "security/shown.jks").write_bytes(convert(opened, "JKS", PASSWORD))
    assert _completed("get", "--key-alias", "") == [], "this store needs its password"
    assert _completed("get", "--keystore", "security/shown.jks", "--key-alias", "p") == ["primary"]
    assert _completed("keystore", "check", "security/shown.jks", "--alias", "") == ["primary"]
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("primary.p12", "shown.jks"))
    assert _completed("get", "--key-alias", "") == ["primary"]
    assert _completed("keystore", "check", "--alias", "") == ["primary"]
    (project / "inner").mkdir()
    inner = project / "inner/ciphertool.toml"
    inner.write_text(settings.read_text().replace('"security/', '"../security/'))
    assert _completed("keystore", "check", "--config", str(inner), "--alias", "") == ["primary"], "named, they may"
    monkeypatch.chdir(project / "inner")
    assert _completed("get", "--key-alias", "") == []


def test_found_settings_reach_nothing_beyond_their_tree(protected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, inner = protected / "ciphertool.toml", protected / "inner"
    inner.mkdir()
    (inner / "ciphertool.toml").write_text(settings.read_text().replace('"security/', '"../security/'))
    words = ["get", "app.s"]
    monkeypatch.chdir(inner)
    assert _completed(*words) == []
    assert _completed("--config", "ciphertool.toml", *words) == ["app.smtp.password"], "named, they may"
    monkeypatch.chdir(protected / "conf")
    assert _completed("resolve", "s") == ["server.xml"]
    assert _completed("resolve", f"{protected}/conf/s") == [f"{protected}/conf/server.xml"]


def test_no_password_source_is_started(protected: Path) -> None:
    with (protected / "ciphertool.toml").open("a") as settings:
        settings.write('\n[[password]]\nfrom = "command"\ncommand = ["touch", "started"]\n')
    assert _completed("--config", "ciphertool.toml", "get", "") == ALIASES
    assert not (protected / "started").exists()


def test_names_that_a_shell_would_run_and_secrets_are_not_offered(protected: Path) -> None:
    (protected / "x;id.toml").write_text("")
    (protected / "conf" / "x;id.env").write_text("A=b\n")
    with (protected / "ciphertool.toml").open("a") as settings:
        settings.write('\n[[target]]\nfile = "conf/*.env"\nselector = "A"\nalias = "a"\n')
    repository = protected / "security" / "vault.properties"
    name, value = repository.read_text().splitlines()[0].split("=", 1)
    bad = ["a;id", "$(id)", "`id`", "a'b", 'a"b', "a&b", "a|b", "--show", "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"]
    repository.write_text("".join(f"{alias}={value}\n" for alias in [name, *bad]))
    assert _completed("get", "") == [name]
    assert _completed("get", "--config", "") == ["ciphertool.toml"]
    assert _completed("protect", "") == ["conf/app.yaml", "conf/server.xml"]


@pytest.mark.usefixtures("project")
def test_completing_a_command_imports_none() -> None:
    program = (
        "import sys\nfrom ciphertool.cli import main\nsys.argv = ['ciphertool']\n"
        "try: main()\nexcept SystemExit: print(*sys.modules)"
    )
    given = {"COMP_WORDS": "ciphertool\n", "COMP_CWORD": "1", "_CIPHERTOOL_COMPLETE": "complete_bash"}
    *commands, modules = _asked(given, ("-c", program)).splitlines()
    assert "keystore" in commands
    own = {name.removeprefix("ciphertool.cli.") for name in modules.split() if name.startswith("ciphertool.cli.")}
    assert own == {"app", "commands", "completion", "help_text", "misuse", "streams"}


@pytest.mark.usefixtures("protected")
@pytest.mark.skipif(BASH is None, reason="needs bash")
def test_tab_completes_in_bash() -> None:
    """In an interactive Bash on a terminal of its own, with the script that `--show-completion` prints."""
    assert BASH is not None
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    terminal, side = pty.openpty()
    child = subprocess.Popen(
        [BASH, "--norc", "--noprofile", "-i"],
        stdin=side,
        stdout=side,
        stderr=side,
        env={"PATH": path, "TERM": "dumb", "HOME": "/nonexistent"},
        start_new_session=True,
    )
    os.close(side)
    try:
        os.write(terminal, b"set +o history; eval \"$(ciphertool --show-completion)\"; echo rea''dy\n")
        assert b"ready" in _read_until(terminal, b"ready")
        os.write(terminal, b": ; ciphertool run --env A=app.s\t")
        assert b"A=app.smtp.password" in _read_until(terminal, b"A=app.smtp.password")
    finally:
        os.close(terminal)
        child.wait(30)


def _read_until(terminal: int, wanted: bytes) -> bytes:
    """Return what a terminal shows until it shows something, for at most half a minute."""
    shown, end = b"", time.monotonic() + 30
    while wanted not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096)
    return shown
