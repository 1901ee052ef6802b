"""A file is edited with its secrets in clear: what changed is encrypted, everything else is as the editor left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import editing
from ciphertool.errors import ConfigSyntaxError, ConflictError
from tests.conftest import APP_YAML, SECRETS, SERVER_XML
from tests.editing.editing import VAULT, XML, YAML, edit, replace, stored, values, work_on

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
    with pytest.raises(ConflictError, match="changed while it was edited"):
        edit(protected, YAML, change)
    assert (protected / YAML).read_text().endswith("# theirs\n")
    assert (protected / VAULT).read_bytes() == vault
