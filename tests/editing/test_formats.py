"""In every format and encoding: the file reads and resolves as the editor left it, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import Vault, editing
from tests.editing.editing import edit, stored, values, work_on

if TYPE_CHECKING:
    from pathlib import Path

_FORMATS = {
    "app.yaml": ("$..password", 'db:\n  password: "{0}-1" # kept\nmail:\n  password: {0}-2\n', "# more\n"),
    "web.json": (
        "$..password",
        '{{"db": {{"password": "{0}-1"}},\n "mail": {{"password": "{0}-2"}}, "port": 1}}\n',
        " ",
    ),
    "ui.toml": ("$..password", "[db]\npassword = '{0}-1'  # kept\n[mail]\npassword = \"{0}-2\"\n", "# more\n"),
    "a.properties": ("*", "# kept\ndb.password={0}-1\nmail.password : {0}-2\n", "more=1\n"),
    "b.ini": ("*", "[s]\ndb.password = {0}-1\nmail.password={0}-2\n", "; more\n"),
    "c.env": ("*", "export DB_PASSWORD='{0}-1'\nMAIL_PASSWORD={0}-2\n", "# more\n"),
    "server.xml": (
        "//C/@password",
        '<S>\n<C port="1" password="{0}-1"/>\n<C n="2" password="{0}-2"/></S>\n',
        "<!--m-->",
    ),
}
_KEYS = {
    "a.properties": ("db.password", "mail.password"),
    "b.ini": ("s/db.password", "s/mail.password"),
    "c.env": ("DB_PASSWORD", "MAIL_PASSWORD"),
    "server.xml": ("//C[@port]/@password", "//C[@n]/@password"),
}


def _targets(name: str) -> str:
    selectors = _KEYS.get(name, (_FORMATS[name][0],))
    return "".join(
        f'\n[[target]]\nfile = "{name}"\nselector = "{selector}"\nalias = "s{number}.{{key}}"\n'
        for number, selector in enumerate(selectors)
    )


@pytest.fixture
def made(project: Path, run: Any) -> Any:
    def make(name: str, data: bytes, more: str = "") -> Path:
        settings = project / "ciphertool.toml"
        head = settings.read_text().partition("\n[[target]]")[0]
        settings.write_text(head + more + _targets(name))
        (project / name).write_bytes(data)
        assert run("protect").status == 0
        return project

    return make


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("scheme", ["auto", "envelope"])
@pytest.mark.parametrize("name", list(_FORMATS))
def test_a_file_is_as_the_editor_left_it(made: Any, name: str, scheme: str, encoding: str) -> None:
    if encoding == "utf-16" and name not in ("app.yaml", "server.xml"):
        pytest.skip("not an encoding of this format")
    text = _FORMATS[name][1].format("c4n4ry").replace("\n", "\r\n" if encoding == "utf-8-sig" else "\n")
    project = made(name, text.encode(encoding), f'[encryption]\nscheme = "{scheme}"\n')
    before, shown = stored(project), []

    def change(data: bytes) -> bytes:
        shown.append(data)
        edited = data.decode(encoding).replace("c4n4ry-1", "c4n4ry-new") + _FORMATS[name][2]
        return edited.encode(encoding)

    result = editing.edit(work_on(project, name), lambda _, data: change(data))
    assert shown == [text.encode(encoding)]
    assert result is not None
    assert len(result.changed) == 1
    assert b"c4n4ry" not in (project / name).read_bytes().replace(b"\0", b"")
    edited = (text.replace("c4n4ry-1", "c4n4ry-new") + _FORMATS[name][2]).encode(encoding)
    assert Vault.open(project / "ciphertool.toml").resolve_file(project / name) == edited
    assert sorted(values(project).values()) == ["c4n4ry-2", "c4n4ry-new"]
    after = stored(project)
    (kept,) = values(project).keys() - set(result.changed)
    assert before[kept] == after[kept]


def test_a_reference_keeps_its_own_spelling(made: Any) -> None:
    project = made("app.yaml", b"db:\n  password: c4n4ry-1\nmail:\n  password: c4n4ry-2\n")
    own = (project / "app.yaml").read_text().replace("${sec:s0.db.password}", "! '$secret{s0.db.password}'")
    (project / "app.yaml").write_text(own)
    assert edit(project, "app.yaml", lambda text: f"# more\n{text}".replace("c4n4ry-2", "c4n4ry-new")) is not None
    assert (project / "app.yaml").read_text() == f"# more\n{own}"
    assert values(project) == {"s0.db.password": "c4n4ry-1", "s0.mail.password": "c4n4ry-new"}
