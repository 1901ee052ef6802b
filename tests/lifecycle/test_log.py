"""The log: each command that writes leaves one record, whenever it is killed, and never a value."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.changes.kills import Fault, run_forked
from tests.conftest import SECRETS, strays
from tests.lifecycle.conftest import SETTINGS, VAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.conftest import Outcome
    from tests.lifecycle.conftest import Somebody

    Run = Callable[..., Outcome]

LOG = f"{VAULT}.log"
GIVEN = "g1v3n-value"


@pytest.fixture
def logged(vault: Path) -> Path:
    """The vault of a test, with the log on."""
    (vault / "ciphertool.toml").write_text(SETTINGS.replace("[repository]\n", "[repository]\nlog = true\n"))
    return vault


def _records(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / LOG).read_text().splitlines()]


def _changes(record: Mapping[str, Any]) -> dict[str, str]:
    return {one["alias"]: one["change"] for one in record["secrets"]}


def test_without_the_setting_there_is_none(vault: Path, run: Run) -> None:
    assert run("protect").status == 0
    assert not (vault / LOG).exists()
    outcome = run("log")
    assert (outcome.status, outcome.out) == (0, "")
    assert "note: nothing is recorded now: set `log = true` in [repository]\n" in outcome.err


def test_each_command_that_writes_leaves_a_record(logged: Path, people: Mapping[str, Somebody], run: Run) -> None:
    key = people["primary"].key
    commands: tuple[tuple[tuple[str, ...], dict[str, str], list[str]], ...] = (
        (("protect",), dict.fromkeys(SECRETS, "added"), ["conf/app.yaml", "conf/server.xml"]),
        (("set", "x"), {"x": "added"}, []),
        (("set", "x"), {"x": "changed"}, []),
        (("unprotect", "app.smtp.password", "--yes"), {"app.smtp.password": "in clear"}, ["conf/app.yaml"]),
        (("protect",), {}, ["conf/app.yaml"]),
        (("remove", "x"), {"x": "removed"}, []),
        (("rotate",), dict.fromkeys(SECRETS, "changed"), []),
    )
    for arguments, changes, paths in commands:
        assert run(*arguments, stdin=GIVEN.encode()).status == 0
        record = _records(logged)[-1]
        assert (record["command"], _changes(record), record["files"]) == (arguments[0], changes, paths)
        assert {one["key"] for one in record["secrets"]} <= {key, None}
        assert record["user"]
    assert len(_records(logged)) == len(commands)
    assert run("protect").status == 0
    assert run("set", "y", "--dry-run", stdin=b"y").status == 0
    assert len(_records(logged)) == len(commands), "what writes nothing is not recorded"
    assert json.loads(run("log", "--json").out) == _records(logged)
    shown = run("log").out.splitlines()
    assert len(shown) == sum(len(changes) or len(paths) for _, changes, paths in commands)
    text = (logged / LOG).read_text()
    assert not any(value in text for value in (GIVEN, *SECRETS.values()))
    assert (logged / LOG).stat().st_mode == (logged / VAULT).stat().st_mode


def test_a_change_of_recipients_is_recorded(logged: Path, people: Mapping[str, Somebody], run: Run, add: Any) -> None:
    (logged / "ciphertool.toml").write_text(
        (logged / "ciphertool.toml").read_text() + '[encryption]\nscheme = "envelope"\n'
    )
    assert run("protect").status == 0
    assert add("ops").status == 0
    record = _records(logged)[-1]
    assert record["command"] == "recipients add"
    assert set(_changes(record).values()) == {"other recipients"}
    assert record["recipients"] == sorted((people["primary"].key, people["ops"].key))
    assert run("recipients", "remove", "ops").status == 0
    record = _records(logged)[-1]
    assert (record["command"], set(_changes(record).values())) == ("recipients remove", {"changed"})
    assert record["recipients"] == [people["primary"].key]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("command", ["protect", "set"])
def test_a_run_that_is_killed_anywhere_is_recorded_once_if_it_changed_anything(
    logged: Path, run: Run, command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    arguments = ["protect"] if command == "protect" else ["set", "x", "--generate"]
    if command == "set":
        assert run("protect").status == 0
    before = tmp_path_factory.mktemp("before") / "home"
    shutil.copytree(logged, before)
    whole = Fault(1 << 30)
    assert run_forked(logged, arguments, with_key=True, fault=whole)[0] == 0
    calls, _ = whole.told()
    completed = 0
    for number in range(1, calls + 1):
        shutil.rmtree(logged)
        shutil.copytree(before, logged)
        os.chdir(logged)
        old = (logged / VAULT).read_bytes() if command == "set" else b""
        assert run_forked(logged, arguments, with_key=True, fault=Fault(number))[0] == -1
        changed = (logged / VAULT).exists() and (logged / VAULT).read_bytes() != old
        completed += changed
        assert run("protect").status == 0
        assert run("set", "y", stdin=b"y").status == 0
        records = _records(logged)
        assert len({record["id"] for record in records}) == len(records)
        aliases = [alias for record in records for alias, change in _changes(record).items() if change == "added"]
        expected = [*SECRETS, "y"] + (["x"] if changed and command == "set" else [])
        assert sorted(aliases) == sorted(expected), f"after call {number} of {calls}"
        assert not strays(logged)
    assert 0 < completed < calls


def test_a_line_that_a_killed_run_began_spoils_no_other(logged: Path, run: Run) -> None:
    assert run("protect").status == 0
    with (logged / LOG).open("a") as stream:
        stream.write('{"time": "2026-')
    assert run("set", "x", stdin=b"x").status == 0
    outcome = run("log", "--json")
    assert [record["command"] for record in json.loads(outcome.out)] == ["protect", "set"]
    assert "1 lines are not records; they are skipped" in outcome.err


def test_a_record_that_cannot_be_written_is_written_by_the_next_run(logged: Path, run: Run) -> None:
    (logged / LOG).mkdir()
    outcome = run("protect")
    assert outcome.status == 6
    assert f"{LOG}: cannot be written: Is a directory" in outcome.err
    (logged / LOG).rmdir()
    assert run("protect").status == 0
    assert run("protect").status == 0
    assert [_changes(record) for record in _records(logged)] == [dict.fromkeys(SECRETS, "added")]


def test_a_link_in_its_place_is_not_followed(logged: Path, run: Run) -> None:
    (logged / LOG).symlink_to(logged / "elsewhere")
    assert run("protect").status == 6
    assert not (logged / "elsewhere").exists()


def test_an_audit_does_not_judge_it(logged: Path, run: Run) -> None:
    (logged / LOG).write_text("db.password = hunter2-hunter2\n")
    found = json.loads(run("audit", ".", "--json").out)
    assert not [one for one in found["values"] if one["path"] == LOG]
    assert not [one for one in found["findings"] if one["path"] == LOG]
