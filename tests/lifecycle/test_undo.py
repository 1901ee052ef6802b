"""`undo`: everything is as before the last command that wrote, or nothing changes; copies open for today's readers."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import Vault, files
from tests.changes.kills import Fault, run_forked
from tests.conftest import APP_YAML, SECRETS, SERVER_XML, contents, strays
from tests.lifecycle.conftest import SETTINGS, VAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.conftest import Outcome
    from tests.lifecycle.conftest import Somebody

    Run = Callable[..., Outcome]

COPIES = f"security/{files.COPIES}"


def _copies(root: Path) -> list[Path]:
    return sorted(path for path in (root / COPIES).glob("*") if path.name != ".gitignore")


@pytest.mark.parametrize(
    "command",
    [
        ("set", "app.smtp.password"),
        ("set", "new"),
        ("remove", "app.smtp.password", "--force"),
        ("unprotect", "app.smtp.password", "--yes"),
        ("add", "conf/app.yaml", "$.datasource.user"),
        ("rename", "server.admin.password", "admin"),
    ],
    ids=" ".join,
)
def test_what_a_command_wrote_is_brought_back(vault: Path, run: Run, command: tuple[str, ...]) -> None:
    assert run("protect").status == 0
    before = contents(vault)
    assert run(*command, stdin=b"x").status == 0
    assert contents(vault) != before
    outcome = run("undo", "--dry-run", "--json")
    assert (outcome.status, json.loads(outcome.out)["command"]) == (0, command[0])
    assert contents(vault) != before
    assert run("undo", "--yes").status == 0
    assert contents(vault) == before
    assert not _copies(vault)
    assert not strays(vault)


def test_plaintext_comes_back_byte_for_byte_and_was_never_kept_in_clear(vault: Path, run: Run) -> None:
    assert run("protect").status == 0
    [copy] = _copies(vault)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert (vault / COPIES).stat().st_mode & 0o777 == 0o700
    assert (vault / COPIES / ".gitignore").read_text() == "*\n"
    assert not any(value.encode() in copy.read_bytes() for value in SECRETS.values())
    outcome = run("undo", "--dry-run")
    assert outcome.status == 0
    assert "would be restored: conf/app.yaml, with app.datasource.password, app.smtp.password in clear" in outcome.err
    assert run("undo", "--yes").status == 0
    assert (vault / "conf/app.yaml").read_text() == APP_YAML
    assert (vault / "conf/server.xml").read_text() == SERVER_XML
    assert (vault / VAULT).read_bytes() == b""
    outcome = run("undo", "--yes")
    assert outcome.status == 3
    assert "nothing is kept that could be undone" in outcome.err
    assert run("protect").status == 0


def test_it_needs_the_private_key_and_a_confirmation(vault: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("protect").status == 0
    before = contents(vault)
    assert run("undo").status == 2
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    assert run("undo", "--yes").status == 4
    assert contents(vault) == before


@pytest.mark.parametrize("name", ["conf/app.yaml", VAULT])
def test_a_file_that_has_changed_since_is_named_and_nothing_is_written(vault: Path, run: Run, name: str) -> None:
    assert run("protect").status == 0
    with (vault / name).open("a") as stream:
        stream.write("# mine\n")
    before = contents(vault)
    outcome = run("undo", "--yes")
    assert outcome.status == 7
    assert ("the vault" if name == VAULT else name) in outcome.err
    assert "changed since `protect`" in outcome.err
    assert contents(vault) == before


def test_several_steps_are_kept_as_many_as_the_settings_say(vault: Path, run: Run) -> None:
    settings = vault / "ciphertool.toml"
    settings.write_text(SETTINGS.replace("[repository]\n", "[repository]\nundo = 2\n"))
    states = []
    for name in ("a", "b", "c"):
        states.append((vault / VAULT).read_bytes() if (vault / VAULT).exists() else b"")
        assert run("set", name, stdin=b"x").status == 0
    assert len(_copies(vault)) == 2
    for state in (states[2], states[1]):
        assert run("undo", "--yes").status == 0
        assert (vault / VAULT).read_bytes() == state
    assert run("undo", "--yes").status == 3
    settings.write_text(SETTINGS.replace("[repository]\n", "[repository]\nundo = 0\n"))
    assert run("set", "d", stdin=b"x").status == 0
    assert not _copies(vault)
    assert "`undo = 0`" in run("undo", "--yes").err
    settings.write_text(SETTINGS.replace("[repository]\n", "[repository]\nundo = -1\n"))
    assert run("list").status == 3


def test_rotate_removes_the_copies(vault: Path, run: Run) -> None:
    assert run("protect").status == 0
    assert _copies(vault)
    assert run("rotate").status == 0
    assert not _copies(vault)
    assert run("undo", "--yes").status == 3


def test_a_recipient_who_is_taken_out_can_read_no_copy(
    vault: Path, people: Mapping[str, Somebody], run: Run, add: Any
) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    assert run("set", "x", stdin=b"x").status == 0
    held = [set(json.loads(path.read_text())["recipients"]) for path in _copies(vault)]
    assert held == [{people["primary"].key, people["ops"].key}]
    assert run("recipients", "remove", "ops").status == 0
    assert not _copies(vault)


def test_a_copy_for_others_than_the_settings_name_goes_with_the_next_change(
    vault: Path, people: Mapping[str, Somebody], run: Run
) -> None:
    (vault / "ciphertool.toml").write_text(SETTINGS.replace("[repository]\n", "[repository]\nundo = 9\n"))
    assert run("protect").status == 0
    [copy] = _copies(vault)
    document = json.loads(copy.read_text())
    document["recipients"][people["ops"].key] = document["recipients"][people["primary"].key]
    copy.write_text(json.dumps(document))
    assert run("set", "x", stdin=b"x").status == 0
    assert len(_copies(vault)) == 1


def test_a_vault_without_envelopes_keeps_nothing_and_says_why(vault: Path, run: Run) -> None:
    with (vault / "ciphertool.toml").open("a") as stream:
        stream.write('[encryption]\nscheme = "RSA-OAEP-256"\n')
    outcome = run("protect")
    assert (outcome.status, "undo" in outcome.err) == (0, False)
    assert not (vault / COPIES).exists()
    outcome = run("undo", "--yes")
    assert outcome.status == 3
    assert "a scheme that has envelopes" in outcome.err


def test_what_is_not_a_copy_of_ours_is_refused(vault: Path, run: Run) -> None:
    assert run("protect").status == 0
    [copy] = _copies(vault)
    kept = copy.read_text()
    for text in ("", "{}", kept.replace('"sealed": "', '"sealed": "x'), '{"ciphertool": 2}'):
        copy.write_text(text)
        assert run("undo", "--yes").status in (3, 5)
    copy.write_text(kept)
    copy.chmod(0o644)
    assert "can be read or changed by others" in run("undo", "--yes").err
    shutil.move(vault / COPIES, vault / "elsewhere")
    (vault / COPIES).symlink_to(vault / "elsewhere")
    assert run("set", "x", stdin=b"x").status == 6
    assert run("undo", "--yes").status == 3


def test_an_audit_and_a_glob_leave_the_copies_alone(vault: Path, run: Run) -> None:
    with (vault / "ciphertool.toml").open("a") as stream:
        stream.write('[[target]]\nfile = "security/**/*.2.1"\nselector = "$..key"\nalias = "{key}"\nformat = "json"\n')
        stream.write("optional = true\n")
    assert run("protect").status == 0
    assert run("set", "x", stdin=b"x").status == 0
    assert [path.name for path in _copies(vault)] == ["vault.properties.2.1"]
    assert run("protect", "--dry-run").status == 0
    found = json.loads(run("audit", ".", "--json").out)
    assert not [one for one in (*found["values"], *found["findings"]) if files.COPIES in one["path"]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("command", ["protect", "rename"])
def test_an_undo_that_is_killed_anywhere_loses_nothing_and_is_completed_by_the_next(
    vault: Path, run: Run, command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    original = contents(vault)
    assert run("protect").status == 0
    if command == "rename":
        original = contents(vault)
        assert run("rename", "server.admin.password", "admin").status == 0
    before = tmp_path_factory.mktemp("before") / "home"
    shutil.copytree(vault, before)
    whole = Fault(1 << 30)
    assert run_forked(vault, ["undo", "--yes"], with_key=True, fault=whole)[0] == 0
    calls, _ = whole.told()
    half = 0
    for number in range(1, calls + 1, 2):
        shutil.rmtree(vault)
        shutil.copytree(before, vault)
        os.chdir(vault)
        assert run_forked(vault, ["undo", "--yes"], with_key=True, fault=Fault(number))[0] == -1
        opened = Vault.open(vault)
        opened.check()
        for name in ("conf/app.yaml", "conf/server.xml"):
            text = opened.resolve_file(vault / name)
            assert text == (APP_YAML if "yaml" in name else SERVER_XML).encode()
        half += contents(vault) not in (original, contents(before))
        status, _, said = run_forked(vault, ["undo", "--yes"], with_key=True)
        assert status in (0, 3), said  # 3: everything was undone
        names = {name for name, data in contents(vault).items() if data or name != VAULT}
        assert {name: contents(vault)[name] for name in names if not name.endswith(files.JOURNAL)} == original
        assert run("set", "y", stdin=b"y").status == 0
        assert not strays(vault)
    assert half


def test_what_an_interrupted_protect_began_is_undone_with_what_completed_it(vault: Path, run: Run) -> None:
    original = contents(vault)
    number = 0
    while not (vault / "security" / files.JOURNAL).exists() or (vault / "conf/app.yaml").read_text() == APP_YAML:
        number += 1
        run_forked(vault, ["protect"], with_key=True, fault=Fault(number))
        if (vault / "conf/app.yaml").read_text() == APP_YAML:
            shutil.rmtree(vault / COPIES, ignore_errors=True)
            for path in (vault / VAULT, vault / "security" / files.JOURNAL):
                path.unlink(missing_ok=True)
    assert run("protect").status == 0
    assert len(_copies(vault)) == 2, "two layers of one step"
    assert run("undo", "--yes").status == 0
    assert {name: data for name, data in contents(vault).items() if name != VAULT} == original
