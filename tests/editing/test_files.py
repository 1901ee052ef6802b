"""A file is edited with its secrets in clear: what changed is encrypted, everything else is as the editor left it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import editing, settings
from ciphertool.errors import ConfigError, ConfigSyntaxError, ConflictError
from tests.conftest import APP_YAML, SECRETS, SERVER_XML
from tests.editing.editing import VAULT, XML, YAML, edit, keys_of, replace, stored, values, work_on

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("name", "text"), [(YAML, APP_YAML), (XML, SERVER_XML)])
def test_what_is_edited_is_the_file_as_it_was_before_it_was_protected(protected: Path, name: str, text: str) -> None:
    assert work_on(protected, name).text == text.encode()
    assert work_on(protected, name, with_key=False).text == (protected / name).read_bytes()


def test_a_changed_value_alone_is_encrypted(protected: Path) -> None:
    before, vault = (protected / YAML).read_bytes(), stored(protected)
    made = edit(protected, YAML, replace("c4n4ry-yaml-1", "c4n4ry-new"))
    assert made is not None
    assert (made.changed, made.added, made.removed) == (("app.datasource.password",), (), ())
    assert (protected / YAML).read_bytes() == before
    after = stored(protected)
    assert {alias for alias in vault if vault[alias] != after[alias]} == {"app.datasource.password"}
    assert values(protected) == {**SECRETS, "app.datasource.password": "c4n4ry-new"}


def test_a_changed_value_keeps_a_spelling_only_if_it_would_come_back_otherwise(protected: Path) -> None:
    edit(protected, YAML, replace("c4n4ry-yaml-1", "c4n4ry-new"))
    assert not stored(protected)["app.datasource.password"].startswith("ENC[JWE")
    edit(protected, YAML, replace('"c4n4ry-new"', r'"c4n4ry-o\u0077n"'))
    assert stored(protected)["app.datasource.password"].startswith("ENC[JWE")


def test_nothing_changed_writes_nothing(protected: Path) -> None:
    before = {name: (protected / name).stat().st_mtime_ns for name in (YAML, XML, VAULT)}
    assert edit(protected, YAML, lambda text: text) is None
    assert {name: (protected / name).stat().st_mtime_ns for name in before} == before


@pytest.mark.parametrize("with_key", [True, False])
def test_everything_else_is_as_the_editor_left_it(protected: Path, with_key: bool) -> None:
    before, vault = (protected / YAML).read_text(), (protected / VAULT).read_bytes()
    change = replace("user: app  # Ünïcödé\n", "user: other   # ß\r\n  port: 25\n")
    made = edit(protected, YAML, change, with_key=with_key)
    assert made is not None
    assert made.changed == ()
    assert (protected / YAML).read_bytes() == change(before).encode()
    assert (protected / VAULT).read_bytes() == vault


def test_without_the_private_key_a_value_in_the_place_of_a_reference_is_encrypted(protected: Path) -> None:
    before = (protected / YAML).read_bytes()
    made = edit(protected, YAML, replace("${sec:app.datasource.password}", "c4n4ry-new"), with_key=False)
    assert made is not None
    assert made.changed == ("app.datasource.password",)
    assert (protected / YAML).read_bytes() == before
    assert values(protected) == {**SECRETS, "app.datasource.password": "c4n4ry-new"}


@pytest.mark.parametrize("with_key", [True, False])
def test_a_new_target_is_protected(protected: Path, with_key: bool) -> None:
    before = (protected / YAML).read_text()
    made = edit(protected, YAML, lambda text: f'{text}ldap:\n  password: "c4n4ry-ldap"\n', with_key=with_key)
    assert made is not None
    assert (made.changed, made.added) == ((), ("app.ldap.password",))
    assert (protected / YAML).read_text() == f'{before}ldap:\n  password: "${{sec:app.ldap.password}}"\n'
    assert values(protected) == {**SECRETS, "app.ldap.password": "c4n4ry-ldap"}


def test_a_secret_that_is_no_longer_used_stays_in_the_vault(protected: Path) -> None:
    made = edit(protected, YAML, lambda text: text[: text.index("smtp:")])
    assert made is not None
    assert made.removed == ("app.smtp.password",)
    assert any("app.smtp.password" in str(note) and "stays in the vault" in str(note) for note in made.notes)
    assert values(protected) == SECRETS


def test_a_broken_file_is_edited_again_or_dropped(protected: Path) -> None:
    before = (protected / YAML).read_bytes()
    with pytest.raises(ConfigSyntaxError):
        edit(protected, YAML, replace("smtp:", "smtp"))
    assert (protected / YAML).read_bytes() == before
    given, asked = [], []

    def editor(name: str, text: bytes) -> bytes:
        given.append((name, text))
        return text.replace(b"smtp:", b"smtp") if len(given) == 1 else text.replace(b"smtp {", b"mail: {")

    def again(error: Exception) -> bool:
        asked.append(error)
        return len(asked) < 3

    made = editing.edit(work_on(protected, YAML), editor, again=again)
    assert made is not None
    assert (made.changed, made.added, made.removed) == ((), ("app.mail.password",), ("app.smtp.password",))
    assert len(asked) == 1
    assert [name for name, _ in given] == ["app.yaml", "app.yaml"]
    assert b"smtp {" in given[1][1], "the edits are there"
    assert b"mail: {password: '${sec:app.mail.password}'" in (protected / YAML).read_bytes()


def test_a_file_that_changed_meanwhile_is_not_overwritten(protected: Path) -> None:
    def change(text: str) -> str:
        (protected / YAML).write_bytes((protected / YAML).read_bytes() + b"# theirs\n")
        return text.replace("c4n4ry-yaml-1", "c4n4ry-new")

    vault = (protected / VAULT).read_bytes()
    with pytest.raises(ConflictError, match="was changed meanwhile"):
        edit(protected, YAML, change)
    assert (protected / YAML).read_text().endswith("# theirs\n")
    assert (protected / VAULT).read_bytes() == vault


def test_after_a_conflict_the_edit_goes_on_from_the_new_file(protected: Path) -> None:
    before = (protected / YAML).read_bytes()
    given: list[bytes] = []

    def editor(_: str, text: bytes) -> bytes:
        given.append(text)
        if len(given) == 1:
            (protected / YAML).write_bytes(before + b"# theirs\n")
            return b"# mine\n" + text.replace(b"c4n4ry-yaml-1", b"c4n4ry-new")
        return text

    made = editing.edit(work_on(protected, YAML), editor, again=lambda error: isinstance(error, ConflictError))
    assert made is not None
    assert len(given) == 2
    assert (protected / YAML).read_bytes() == b"# mine\n" + before + b"# theirs\n"
    assert values(protected) == {**SECRETS, "app.datasource.password": "c4n4ry-new"}


def test_a_secret_that_changed_meanwhile_is_not_overwritten(protected: Path, run: Any) -> None:
    def change(text: str) -> str:
        assert run("set", "app.smtp.password", stdin=b"theirs").status == 0
        return text.replace("c4n4ry-yaml-1", "c4n4ry-new")

    assert edit(protected, YAML, change) is not None, "another one may have"
    with pytest.raises(ConflictError, match=r"app\.smtp\.password was changed meanwhile"):
        edit(protected, YAML, lambda text: change(text).replace("theirs", "mine"))
    assert values(protected)["app.smtp.password"] == "theirs"


def test_what_stays_in_clear_is_said(protected: Path) -> None:
    """What an audit would call a secret, and the value of a secret of the file; not what was there before."""
    made = edit(
        protected,
        XML,
        lambda text: text.replace("<Admin>", '<LDAP secret="Zk4-x8Lm2Qw"/><Copy>c4n4ry-xml-1</Copy><Admin>'),
    )
    assert made is not None
    notes = [str(note) for note in made.notes]
    assert len(notes) == 2, notes
    assert all(f"{XML}:4: " in note and "in clear" in note for note in notes)
    assert "server.keystore.password" in notes[1]
    assert not any("Zk4" in note or "c4n4ry" in note for note in notes)
    made = edit(protected, XML, lambda text: f"{text}<!-- more -->")
    assert made is not None
    assert made.notes == ()


def test_other_files_of_a_changed_secret_are_named(protected: Path) -> None:
    (protected / "conf/more.yaml").write_text("password: ${sec:app.smtp.password}\n")
    with (protected / "ciphertool.toml").open("a") as stream:
        stream.write('[[target]]\nfile = "conf/more.yaml"\nselector = "$.password"\nalias = "app.smtp.password"\n')
    made = edit(protected, YAML, replace("c4n4ry''yaml-2", "c4n4ry-new"))
    assert made is not None
    (note,) = made.notes
    assert "app.smtp.password has its new value in other files too: " in str(note)
    assert "conf/more.yaml:1" in str(note)
    assert values(protected)["app.smtp.password"] == "c4n4ry-new"


def test_a_secret_that_cannot_be_read_stands_as_its_reference(protected: Path) -> None:
    vault = (
        (protected / VAULT)
        .read_text()
        .replace("app.smtp.password=ENC[RSA-OAEP-256,", "app.smtp.password=ENC[RSA-OAEP-256,0")
    )
    (protected / VAULT).write_text(vault)
    work = work_on(protected, YAML)
    assert b"c4n4ry-yaml-1" in work.text
    assert b"${sec:app.smtp.password}" in work.text
    (note,) = work.notes
    assert "app.smtp.password stands as a reference: " in str(note)


def test_a_secret_that_reads_as_a_reference_is_not_shown(protected: Path, run: Any) -> None:
    assert run("set", "app.smtp.password", stdin=b"${sec:app.datasource.password}").status == 0
    with pytest.raises(ConfigError, match="would be read as a reference"):
        work_on(protected, YAML)
    assert work_on(protected, YAML, with_key=False).text == (protected / YAML).read_bytes()


def test_somebody_may_type_a_reference(protected: Path) -> None:
    """It is judged as `protect` judges it: a target has its own alias."""
    before = (protected / YAML).read_bytes()
    made = edit(protected, YAML, replace('"c4n4ry-yaml-1"', '"${sec:app.datasource.password}"'))
    assert made is not None
    assert made.changes.writes == ()
    assert (protected / YAML).read_bytes() == before
    with pytest.raises(ConfigError, match=r"refers to 'server\.admin\.password'"):
        edit(protected, YAML, replace('"c4n4ry-yaml-1"', '"${sec:server.admin.password}"'))


def test_what_would_keep_an_edit_from_being_written_is_said_before(protected: Path) -> None:
    journal = protected / "security/.ciphertool-journal"
    journal.write_text(
        '{"ciphertool": 1, "repository": "vault.properties", "identity": null, "entries": {}, "files": {}}\n'
    )
    journal.chmod(0o600)
    with pytest.raises(ConflictError, match="an interrupted run has left this journal"):
        work_on(protected, YAML)
    with pytest.raises(ConflictError, match="an interrupted run has left this journal"):
        editing.SecretsWork(settings.load(protected), keys_of(protected))


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_value_that_git_keeps_in_clear_is_reported(project: Path) -> None:
    """It was in clear before the edit, and was never protected."""
    for command in (
        ["init", "--quiet"],
        ["add", "conf"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm1"],
    ):
        subprocess.run(["git", *command], cwd=project, check=True)
    made = edit(project, YAML, lambda text: f"{text}# more\n")
    assert made is not None
    assert made.added == ("app.datasource.password", "app.smtp.password")
    (note,) = [str(note) for note in made.notes if "git tracks" in str(note)]
    assert "app.datasource.password, app.smtp.password" in note
    assert "c4n4ry" not in note
