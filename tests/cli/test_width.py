"""What a run shows on a terminal fits it, and breaks no word; a pipe gets everything."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminal import on_a_terminal
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

LONG = "the.alias.of.a.secret.that.somebody.has.given.every.word.that.came.to.mind.and.then.some.more"
DEEP = "conf/a-directory-with-a-long-name/and-another-one-below-it/and-the-last-one/of-them-all/here"
COMMANDS = {
    "protect": ("protect",),
    "protect --dry-run": ("protect", "--dry-run"),
    "check": ("check",),
    "audit": ("audit",),
    "audit --all": ("audit", "--all"),
    "list": ("keystore", "list", "security/primary.p12"),
    "keystore check": ("keystore", "check", "security/primary.p12", "--role", "tls"),
    "an error": ("keystore", "list", f"{DEEP}/nowhere.p12"),
}


@pytest.fixture
def deep(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault with a file that lies deep and an alias that is long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    monkeypatch.delenv("CIPHERTOOL_CONFIG", raising=False)
    assert run("init").status == 0
    (tmp_path / DEEP).mkdir(parents=True)
    (tmp_path / DEEP / "application.yaml").write_text("password: Zq81mmPx3-c4n4ry\n")
    (tmp_path / DEEP / "other.yaml").write_text("db:\n  password: Zq81mmPx4-c4n4ry\n")
    with (tmp_path / "ciphertool.toml").open("a") as settings:
        settings.write(f'\n[[target]]\nfile = "{DEEP}/application.yaml"\nselector = "$.password"\nalias = "{LONG}"\n')
    return tmp_path


def _piped(arguments: tuple[str, ...]) -> str:
    """Return what a run writes to a pipe, its messages as well."""
    command = [sys.executable, "-m", "ciphertool", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def _unbroken(shown: str, whole: str) -> list[str]:
    """Return the words on a terminal that are no words of the whole output, nor parts of its paths, nor shortened."""
    known = set(whole.split())
    parts = {part for word in known for part in re.findall(r"[^/]*/|[^/]+", word)}
    words = (word for word in shown.split() if word not in known and "…" not in word)
    return [word for word in words if not set(re.findall(r"[^/]*/|[^/]+", word)) <= parts]


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("deep")
def test_what_is_shown_fits_the_terminal_and_a_pipe_gets_everything(name: str, columns: int) -> None:
    shown = on_a_terminal(COMMANDS[name], columns, messages=True, TERM="dumb").replace("\r\n", "\n")
    assert shown
    assert [line for line in shown.splitlines() if len(line) > columns] == []
    if name == "protect":
        return  # the second run would be another
    whole = _piped(COMMANDS[name])
    assert "…" not in whole
    assert _unbroken(shown, whole) == []


@pytest.mark.usefixtures("deep")
def test_columns_may_be_stated_and_a_pipe_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow, wide = (
        on_a_terminal(("protect", "--dry-run"), 80, messages=True, TERM="dumb", COLUMNS=columns)
        for columns in ("60", "200")
    )
    assert max(map(len, narrow.splitlines())) <= 60
    assert f"{LONG}  planned" in wide
    assert "…" in narrow
    assert LONG not in narrow
    monkeypatch.setenv("COLUMNS", "40")
    assert f"{LONG}  planned" in _piped(("protect", "--dry-run"))
    assert f"{DEEP}/application.yaml" in _piped(("audit",))


def test_a_secret_that_is_too_long_for_its_column_is_masked(deep: Path) -> None:
    token = "ghp_" + "A1b2C3d4E5f6" * 3
    settings = deep / "ciphertool.toml"
    settings.write_text(settings.read_text().replace(LONG, token))
    shown = on_a_terminal(("protect", "--dry-run"), 40, messages=True, TERM="dumb")
    assert "****" in shown
    assert token[:8] not in shown
