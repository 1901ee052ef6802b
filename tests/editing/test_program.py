"""`ciphertool edit`: what a person is asked, what stays after a signal, what the command prints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import SECRETS
from tests.editing.conftest import PROGRAM, environment, script
from tests.editing.editing import VAULT, YAML, values
from tests.editing.typing import type_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

_ASK = b"Go on with the edit?"


@pytest.fixture(autouse=True)
def _no_other_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)


def _tree(project: Path) -> dict[str, bytes]:
    return {str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_what_was_done_is_said_without_a_value(
    protected: Path, memory: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "sed -i -e s/c4n4ry-yaml-1/c4n4ry-new/ -e '$a ldap: {password: c4n4ry-ldap}'")
    shown = run("edit", YAML, "--dry-run")
    assert (shown.status, shown.out) == (0, "")
    assert "would be changed: app.datasource.password\nwould be protected: app.ldap.password\n" in shown.err
    assert f"to write: {VAULT}, {YAML}\n" in shown.err
    assert values(protected) == SECRETS
    done = run("edit", YAML, "--json")
    assert json.loads(done.out) == {
        "written": True,
        "path": YAML,
        "changed": ["app.datasource.password"],
        "added": ["app.ldap.password"],
        "removed": [],
    }
    assert "c4n4ry" not in shown.err + done.err + done.out
    assert values(protected)["app.ldap.password"] == "c4n4ry-ldap"
    assert list(memory.iterdir()) == []


def test_nothing_changed_is_said(protected: Path, memory: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "sed -i s/nothing/new/")
    before = _tree(protected)
    outcome = run("edit", YAML)
    assert outcome.err.endswith("nothing changed; nothing was written\n")
    assert _tree(protected) == before
    assert list(memory.iterdir()) == []


@pytest.mark.parametrize(("answer", "status"), [(b"n\n", 3), (b"\x04", 3), (b"\x03", 130), (b"\n", 0), (b"y\n", 0)])
def test_a_broken_file_leads_back_to_the_editor_or_out(
    protected: Path, memory: Path, home: Path, answer: bytes, status: int
) -> None:
    before = _tree(protected)
    first, second = "sed -i -e s/yaml-1/new/ -e s/smtp:/smtp/", "sed -i s/smtp/smtp:/"
    script(home / "sed", f'if [ -e {home}/again ]; then {second} "$1"; else {first} "$1"; fi; touch {home}/again')
    done, shown = type_at([*PROGRAM, "edit", YAML], [(_ASK, answer)], environment(home, f"{home}/sed"), protected)
    assert done == status, shown
    assert "not well-formed YAML" in shown
    assert "c4n4ry" not in shown
    if status:
        assert _tree(protected) == before
        assert ("the edits are dropped; nothing was written" in shown) == (status == 3)
    else:
        assert values(protected) == {**SECRETS, "app.datasource.password": "c4n4ry-new"}
    assert list(memory.iterdir()) == []


def test_an_editor_that_fails_keeps_what_was_saved(protected: Path, memory: Path, home: Path) -> None:
    script(home / "sed", f'[ -e {home}/again ] || {{ sed -i s/yaml-1/new/ "$1"; touch {home}/again; exit 4; }}')
    steps = [(_ASK, b"\n")]
    status, shown = type_at([*PROGRAM, "edit", YAML], steps, environment(home, f"{home}/sed"), protected)
    assert status == 0, shown
    assert "sed failed with status 4\n" in shown
    assert values(protected)["app.datasource.password"] == "c4n4ry-new"
    assert list(memory.iterdir()) == []


def _begin(protected: Path, home: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start an edit, and return it and the process of its editor, once that has changed the file and waits."""
    script(
        home / "sed",
        f'sed -i s/yaml-1/new/ "$1"; echo $$ > {home}/pid.new; mv {home}/pid.new {home}/pid; exec sleep 60',
    )
    (home / "pid").unlink(missing_ok=True)
    process = subprocess.Popen(
        [*PROGRAM, "edit", YAML], cwd=protected, env=environment(home, f"{home}/sed"), stderr=subprocess.DEVNULL
    )
    for _ in range(600):
        if (home / "pid").exists():
            return process, int((home / "pid").read_text())
        time.sleep(0.1)
    raise AssertionError("the editor was not started")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_nothing_stays(protected: Path, memory: Path, home: Path, number: int) -> None:
    before = _tree(protected)
    process, editor = _begin(protected, home)
    assert [path for path in memory.rglob("*") if path.is_file()], "the text is in memory"
    process.send_signal(number)
    assert process.wait(30) == -number
    assert not _is_alive(editor)
    assert list(memory.iterdir()) == []
    assert _tree(protected) == before


def test_an_interrupt_is_the_editor_s(protected: Path, memory: Path, home: Path) -> None:
    """As with git: one that its terminal sends to both ends the edit only if it ends the editor."""
    before = _tree(protected)
    process, editor = _begin(protected, home)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    os.kill(editor, signal.SIGINT)
    assert process.wait(30) == 3
    assert list(memory.iterdir()) == []
    assert _tree(protected) == before


def test_what_a_killed_edit_leaves_in_memory_the_next_one_removes(
    protected: Path, memory: Path, home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _tree(protected)
    process, editor = _begin(protected, home)
    process.kill()
    process.wait()
    os.kill(editor, signal.SIGKILL)
    assert _tree(protected) == before
    assert b"c4n4ry" not in b"".join(before.values())
    (left,) = memory.iterdir()
    assert left.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in left.rglob("app.yaml")} == {0o600}
    monkeypatch.setenv("EDITOR", "sed -i s/nothing/new/")
    assert run("edit", YAML).status == 0
    assert list(memory.iterdir()) == []


def test_without_a_directory_in_memory_it_asks_for_a_decision(
    protected: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from ciphertool.run import private

    monkeypatch.setattr(private, "_MOUNTS", tmp_path / "none")
    monkeypatch.setenv("EDITOR", "sed -i s/c4n4ry-yaml-1/c4n4ry-new/")
    outcome = run("edit", YAML)
    assert outcome.status == 3
    assert "there is no directory in memory" in outcome.err
    assert "--on-disk" in outcome.err
    assert values(protected) == SECRETS
    assert run("edit", YAML, "--on-disk").status == 0
    assert values(protected)["app.datasource.password"] == "c4n4ry-new"


@pytest.mark.usefixtures("protected")
def test_the_editor_gets_no_password(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    script(home / "sed", f"env > {home}/env")
    monkeypatch.setenv("EDITOR", f"{home}/sed")
    monkeypatch.setenv("KEPT", "yes")
    assert run("edit", YAML).status == 0
    seen = (home / "env").read_text()
    assert "KEPT=yes" in seen
    assert "CIPHERTOOL" not in seen


def test_without_the_password_references_are_shown(
    certified: Path, run: Run, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    assert run("protect").status == 0
    script(home / "sed", f'cp "$1" {home}/shown')
    monkeypatch.setenv("EDITOR", f"{home}/sed")
    assert run("edit", YAML).status == 0
    assert "c4n4ry-yaml-1" in (home / "shown").read_text()
    assert run("edit", YAML, "--references").status == 0
    assert (home / "shown").read_bytes() == (certified / YAML).read_bytes()
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    outcome = run("edit", YAML)
    assert outcome.status == 0
    assert "note: secrets stand as references: " in outcome.err
    assert (home / "shown").read_bytes() == (certified / YAML).read_bytes()


def test_an_edit_is_undone(protected: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: (protected / name).read_bytes() for name in (YAML, VAULT)}
    monkeypatch.setenv("EDITOR", "sed -i -e s/c4n4ry-yaml-1/c4n4ry-new/ -e 's/user: app/user: other/'")
    assert run("edit", YAML).status == 0
    assert values(protected)["app.datasource.password"] == "c4n4ry-new"
    outcome = run("undo", "--yes")
    assert outcome.status == 0, outcome.err
    assert {name: (protected / name).read_bytes() for name in before} == before
    assert values(protected) == SECRETS


def test_an_editor_that_keeps_copies_is_used_if_it_is_trusted(
    protected: Path, home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _tree(protected)
    script(home / "code", 'shift; sed -i s/c4n4ry-yaml-1/c4n4ry-new/ "$1"')
    monkeypatch.setenv("EDITOR", f"{home}/code --wait")
    outcome = run("edit", YAML)
    assert outcome.status == 3
    assert "code may keep copies of what it edits" in outcome.err
    assert "--trust-editor" in outcome.err
    assert _tree(protected) == before
    assert run("edit", YAML, "--trust-editor").status == 0
    assert values(protected)["app.datasource.password"] == "c4n4ry-new"
