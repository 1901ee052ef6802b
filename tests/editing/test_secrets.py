"""The vault's secrets are edited as a list: changed, added, removed, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import editing, settings
from ciphertool.editing.listing import KEPT, Line, read, spell
from ciphertool.errors import CipherToolError, ConflictError, ReferencesStandError, UnknownAliasError
from tests.conftest import SECRETS
from tests.editing.editing import YAML, keys_of, replace, stored, values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ciphertool.editing import SecretsEdit
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


def _edit(project: Path, change: Callable[[str], str], *, with_key: bool = True) -> SecretsEdit | None:
    work = editing.SecretsWork(settings.load(project), keys_of(project, with_key=with_key))
    return editing.edit(work, lambda _, text: change(text.decode()).encode())


def _shown(project: Path, *, with_key: bool = True) -> str:
    return editing.SecretsWork(settings.load(project), keys_of(project, with_key=with_key)).text.decode()


def test_each_secret_has_a_line(protected: Path, tmp_path: Path) -> None:
    found = read(_shown(protected).encode(), tmp_path)
    assert {alias: typed.value for alias, typed in found.items()} == SECRETS
    without = _shown(protected, with_key=False)
    assert "c4n4ry" not in without
    assert {alias: typed.value for alias, typed in read(without.encode(), tmp_path).items()} == dict.fromkeys(SECRETS)


@pytest.mark.parametrize("with_key", [True, False])
def test_what_changed_alone_is_encrypted(protected: Path, with_key: bool) -> None:
    before = stored(protected)
    old = '"c4n4ry-yaml-1"' if with_key else KEPT
    change = replace(
        f"app.datasource.password: {old}\n", "app.datasource.password: c4n4ry-new\nzz.key: 'c4n4ry-more'\n"
    )
    made = _edit(protected, change, with_key=with_key)
    assert made is not None
    assert (made.changed, made.added, made.removed) == (("app.datasource.password",), ("zz.key",), ())
    assert [str(note) for note in made.notes] == ["no configured file refers to zz.key"]
    assert values(protected) == {**SECRETS, "app.datasource.password": "c4n4ry-new", "zz.key": "c4n4ry-more"}
    after = stored(protected)
    assert {alias for alias in before if before[alias] != after[alias]} == {"app.datasource.password"}
    assert _edit(protected, lambda text: text, with_key=with_key) is None
    made = _edit(protected, lambda text: text[: text.index("zz.key")], with_key=with_key)
    assert made is not None
    assert made.removed == ("zz.key",)
    assert "zz.key" not in values(protected)


def test_a_comment_alone_writes_nothing(protected: Path) -> None:
    before = stored(protected)
    made = _edit(protected, lambda text: f"# mine\n{text}")
    assert made is not None
    assert (made.changed, made.added, made.removed) == ((), (), ())
    assert stored(protected) == before


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda text: text[: text.index("server.admin")], ReferencesStandError),
        (lambda text: f"{text}zz.key: {KEPT}\n", UnknownAliasError),
        (lambda text: f"{text}zz.key:\n", CipherToolError),
        (lambda text: f"{text}zz.key: !c4n4ry\n", CipherToolError),
        (lambda text: f"{text}zz.key: &c4n4ry\n", CipherToolError),
        (lambda text: f"{text}zz.key: &c4n4ry x\nother.key: *c4n4ry\n", CipherToolError),
        (lambda text: f"{text}more: {{key: c4n4ry}}\n", CipherToolError),
        (lambda text: f"{text}zz.key: [c4n4ry]\n", CipherToolError),
        (lambda text: f"{text}'more key': c4n4ry\n", CipherToolError),
        (lambda text: f"{text}zz.key: 'c4n4ry\n", CipherToolError),
        (lambda text: f"{text}app.datasource.password: c4n4ry\n", CipherToolError),
        (lambda text: f"{text}---\nzz.key: c4n4ry\n", CipherToolError),
        (lambda _: "", ReferencesStandError),
    ],
)
def test_what_cannot_be_taken_writes_nothing(
    protected: Path, change: Callable[[str], str], error: type[CipherToolError]
) -> None:
    before = stored(protected)
    with pytest.raises(error) as raised:
        _edit(protected, change)
    assert "c4n4ry" not in str(raised.value)
    assert stored(protected) == before


@pytest.mark.parametrize(
    "value",
    ["x", "0", "true", "a\n ",
      "a b", " a ", "#a", "a: b", 'a"b\\c', "Ünïcödé 🔑", "a\nb", "a\nb\n", "\n", "a\n\nb", " a\nb",
     "\t", "a\r\nb", "a\tb\n\tc", "\x00\x7f\x85\u2028", "!kept", "${sec:a}", "-", "|", "a\nb\n\n", "*a", "%a", "~"],
)  # fmt: skip
def test_every_value_is_read_as_it_was_shown(tmp_path: Path, value: str) -> None:
    lines = [Line("a.b", value), Line("true", value), Line("c d", value), Line("z", None, f"why: {value}")]
    found = read(spell(lines, "security/vault\n.properties"), tmp_path)
    assert {alias: typed.value for alias, typed in found.items()} == {line.alias: line.value for line in lines}


def test_somebody_else_s_change_is_kept(protected: Path, run: Run) -> None:
    """Of the same secret it is a conflict; of another one it is not."""

    def change(text: str) -> str:
        assert run("set", "app.smtp.password", stdin=b"theirs").status == 0
        return text.replace("c4n4ry-yaml-1", "c4n4ry-new")

    assert _edit(protected, change) is not None
    assert values(protected) == {**SECRETS, "app.datasource.password": "c4n4ry-new", "app.smtp.password": "theirs"}
    with pytest.raises(ConflictError):
        _edit(protected, lambda text: change(text).replace('"theirs"', '"mine"'))
    assert values(protected)["app.smtp.password"] == "theirs"


def test_after_a_conflict_the_edit_goes_on_from_what_is_there_now(protected: Path, run: Run) -> None:
    given: list[str] = []

    def editor(_: str, data: bytes) -> bytes:
        given.append(data.decode())
        if len(given) == 1:
            assert run("set", "app.smtp.password", stdin=b"theirs").status == 0
            assert run("set", "zz.key", stdin=b"more").status == 0
            return data.replace(b"c4n4ry-yaml-1", b"new").replace(b'"c4n4ry\'yaml-2"', b'"mine"')
        if len(given) == 3:
            return data.replace(b"<<<<<<< your edit\n", b"").partition(b"=======\n")[0] + data.partition(b"now\n")[2]
        return data

    work = editing.SecretsWork(settings.load(protected), keys_of(protected))
    made = editing.edit(work, editor, again=lambda _: len(given) < 4)
    assert made is not None
    assert "<<<<<<< your edit\n" in given[1]
    assert given[2] == given[1], "what is not settled is not taken"
    assert values(protected) == {
        **SECRETS, "app.datasource.password": "new", "app.smtp.password": "mine", "zz.key": "more",
    }  # fmt: skip


def test_the_command(protected: Path, memory: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i -e s/c4n4ry-yaml-1/c4n4ry-new/ -e '$a zz.key: c4n4ry-more'")
    before = (protected / YAML).read_bytes()
    outcome = run("edit")
    assert outcome.status == 0
    assert "changed: app.datasource.password\nadded: zz.key\nwritten: security/vault.properties\n" in outcome.err
    assert "c4n4ry" not in outcome.err
    assert (protected / YAML).read_bytes() == before
    monkeypatch.setenv("EDITOR", "sed -i /zz.key/d")
    outcome = run("edit")
    assert "removed: zz.key\n" in outcome.err
    assert "still hold what was removed" in outcome.err
    monkeypatch.setenv("EDITOR", "sed -i /smtp/d")
    outcome = run("edit")
    assert outcome.status == 3
    assert "still in use: app.smtp.password (" in outcome.err
    assert list(memory.iterdir()) == []
