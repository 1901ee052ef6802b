"""What a person sees: places, hints, colours, bars, columns, and the command line that names the settings."""

from __future__ import annotations

import json
import os
import pty
import sys
import time
from pathlib import Path

import pytest

from ciphertool.changes.plan import Note
from ciphertool.cli import console
from ciphertool.errors import (
    ConfigError,
    FoundSettingsError,
    NoMatchError,
    ProblemsError,
    UnknownAliasError,
)
from ciphertool.workers import no_progress

TOKEN = "ghp_" + "A1b2C3d4E5f6" * 3
"""A secret by itself, wherever it stands."""

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


class Terminal:
    """A stream that says it is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_a_message_has_its_label_and_no_colour_but_on_a_terminal(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.say("error", "what")
    console.say("note", "  plain", label=False)
    assert capsys.readouterr() == ("", "error: what\n  plain\n")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    console.say("error", "what")
    console.say("note", "all", label=False)
    assert terminal.text == "\x1b[31merror:\x1b[0m what\n\x1b[2mall\x1b[0m\n"
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        terminal.text = ""
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            console.say("error", "what")
        assert terminal.text == "error: what\n"
    for name, value in (("NO_COLOR", ""), ("TERM", "xterm")):
        terminal.text = ""
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            console.say("hint", "x")
        assert terminal.text == "\x1b[36mhint:\x1b[0m x\n"


def test_a_secret_and_what_steers_a_terminal_are_not_shown(capsys: Captured) -> None:
    console.say("warning", f"\x1b[2J {TOKEN}")
    console.out(f"a\tb {TOKEN}")
    console.out()
    console.out_json({"a": [TOKEN, {"b": (TOKEN, 1, None)}], TOKEN: True})
    out, err = capsys.readouterr()
    assert TOKEN not in err
    assert "\x1b" not in err
    assert "****" in err
    line, empty, rest = out.split("\n", 2)
    assert (line.startswith("a\tb "), TOKEN in line, "****" in line, empty) == (True, False, True, "")
    data = json.loads(rest)
    assert data[TOKEN] is True, "a key is a name"
    assert TOKEN not in json.dumps(data["a"])
    assert data["a"][1]["b"][1:] == [1, None]
    assert rest.startswith('{\n  "a": [\n    "')


def test_a_text_is_written_as_it_is_but_for_control_characters(capsys: Captured) -> None:
    console.out_raw(f"{TOKEN}\n\ta\x1b]0;x\x07\n")
    out = capsys.readouterr().out
    assert out.startswith(f"{TOKEN}\n\ta")
    assert "\x1b" not in out
    assert "\x07" not in out
    console.out_raw("::warning::x\n")
    kept = capsys.readouterr().out
    console.out_raw("::warning::x\n", commands=True)
    assert (kept != "::warning::x\n", capsys.readouterr().out) == (True, "::warning::x\n")


def test_a_path_is_shown_from_the_working_directory(tmp_path: Path) -> None:
    assert console.display_path(tmp_path / "a/b") == "a/b"
    assert console.display_path(tmp_path.parent / "c") == str(tmp_path.parent / "c")
    assert console.display_path(Path("a")) == "a"


def test_an_error_has_its_place_and_each_hint_once(capsys: Captured, tmp_path: Path) -> None:
    here = ConfigError("one", hint="do this", path=tmp_path / "f", line=3)
    whole = ConfigError("two", hint="do this", path=tmp_path / "g")
    nowhere = ConfigError("three", hint="or that")
    console.show_error(ProblemsError([here, whole, nowhere, ConfigError("four")]))
    assert capsys.readouterr().err == (
        "error: f:3: one\nerror: g: two\nerror: three\nerror: four\nhint: do this\nhint: or that\n"
    )
    console.show_error(nowhere)
    assert capsys.readouterr().err == "error: three\nhint: or that\n"
    console.show_note("note", Note("said", tmp_path / "f", 2))
    console.show_note("warning", Note("said"))
    assert capsys.readouterr().err == "note: f:2: said\nwarning: said\n"


def test_problems_are_counted_and_the_first_gives_the_status(capsys: Captured) -> None:
    alias, match = UnknownAliasError("a", Path("v")), NoMatchError("$.a", "no such key")
    assert console.show_problems([alias], "nothing was written") == 5
    assert capsys.readouterr().err.splitlines()[-1] == "error: 1 problem: nothing was written"
    assert console.show_problems([match, alias], "nothing was written") == 3
    assert capsys.readouterr().err.splitlines()[-1] == "error: 2 problems: nothing was written"
    assert console.status(ProblemsError([])) == console.BUG == 70
    assert console.FINDINGS == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["check"], "ciphertool check --config c.toml"),
        (["check", "--json", "a b"], "ciphertool check --config c.toml --json 'a b'"),
        (["run", "--env", "A=b", "--", "sh", "-c", "secret"], "ciphertool run --config c.toml --env A=b -- …"),
        (["run", "--", "x"], "ciphertool run --config c.toml -- …"),
        ([], "ciphertool '' --config c.toml"),
    ],
)
def test_the_command_line_that_names_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], named: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["ciphertool", *arguments])
    assert console.naming(tmp_path / "c.toml") == named
    (tmp_path / "home").mkdir()
    assert console.naming(tmp_path / "home") == named.replace("--config c.toml", "--home home")


def test_the_hint_of_found_settings_is_this_run_with_them_named(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ciphertool", "check", "--keep", "--drop", "x"])
    assert console.naming(tmp_path / "c.toml", {"--drop"}) == "ciphertool check --config c.toml --keep x"
    console.show_error(FoundSettingsError("keystore", "lies outside", tmp_path / "c.toml", tmp_path / "k"))
    hint = capsys.readouterr().err.splitlines()[-1]
    assert hint == ("hint: if you trust these settings, name them: ciphertool check --config c.toml --keep --drop x")


def test_a_bug_is_shown_by_its_kind_and_places_alone(capsys: Captured) -> None:
    def deep(left: int, secret: str) -> None:
        if not left:
            raise RuntimeError(secret)
        deep(left - 1, secret)

    try:
        deep(10, "c4n4ry")
    except RuntimeError as error:
        console.show_bug(error)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "error: a bug in ciphertool: RuntimeError; nothing more was written"
    assert len(lines) == 7
    assert all(line.startswith("  test_console.py:") and line.endswith(" in deep") for line in lines[1:])


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [["a", "long cell", "x"], ["bbb", "c", ""]]
    assert console.columns(rows, sys.stdout) == ["a    long cell  x", "bbb  c"]
    assert console.columns([], sys.stdout) == []
    assert console.columns([["a\x1b[2J", "b"]], sys.stdout)[0].endswith("  b")
    assert "\x1b" not in console.columns([["a\x1b[2J", "b"]], sys.stdout)[0]


def test_without_a_terminal_there_is_no_bar() -> None:
    with console.progress() as told:
        assert told is no_progress


@pytest.mark.parametrize(("seconds", "drawn"), [(0.0, False), (0.8, True)])
def test_a_bar_is_drawn_when_work_lasts(seconds: float, drawn: bool) -> None:
    child, terminal = pty.fork()
    if child == 0:
        status = 1
        try:
            os.environ["TERM"] = "xterm"
            sys.stderr = os.fdopen(2, "w", closefd=False)
            with console.progress() as tell:
                tell("reading", 1, 4)
                time.sleep(seconds)
                for done in (2, 3, 4):
                    tell("reading", done, 4)
                time.sleep(0.3 if drawn else 0)
            status = 0
        finally:
            os._exit(status)
    shown = b""
    while True:
        try:
            if not (data := os.read(terminal, 65_536)):
                break
        except OSError:
            break
        shown += data
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (b"reading" in shown) is drawn
    assert shown.count(b"100%") == 0 or drawn
