"""A secret is found again wherever it has moved, or the edit is refused: no two are ever exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from ciphertool.errors import CipherToolError
from tests.editing.editing import edit, values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

USERS = """\
users:
  - name: bob
    password: c4n4ry-bob
  - name: eve
    password: c4n4ry-eve
"""
PLAIN = """\
keys:
  - c4n4ry-one
  - c4n4ry-two
"""
BY_NAME = [("$.users[?@.name=='bob'].password", "bob"), ("$.users[?@.name=='eve'].password", "eve")]
BY_POSITION = [("$.keys[0]", "one"), ("$.keys[1]", "two")]


class Vaulted(NamedTuple):
    """A protected file."""

    project: Path
    name: str

    def text(self) -> str:
        return (self.project / self.name).read_text()


@pytest.fixture
def vaulted(project: Path, run: Run) -> Callable[..., Vaulted]:
    """Protect one file by targets: selectors and aliases."""

    def make(name: str, text: str, targets: list[tuple[str, str]], more: str = "") -> Vaulted:
        settings = project / "ciphertool.toml"
        head = settings.read_text().partition("\n[[target]]")[0]
        tables = (f'\n[[target]]\nfile = "{name}"\nselector = "{by}"\nalias = "{alias}"\n' for by, alias in targets)
        settings.write_text(head + more.join([*tables, ""]))
        (project / name).write_text(text)
        assert run("protect").status == 0
        return Vaulted(project, name)

    return make


def _pair(first: str, second: str) -> str:
    return f"keys:\n  - {first}\n  - {second}\n"


@pytest.mark.parametrize("with_key", [True, False])
def test_entries_with_names_may_move(vaulted: Callable[..., Vaulted], with_key: bool) -> None:
    """Another entry above, the two exchanged, and a new value at once."""
    file = vaulted("users.yaml", USERS, BY_NAME)
    new = "c4n4ry-eve" if with_key else "${sec:eve}"

    def change(text: str) -> str:
        head, bob, eve = text.split("  - ")
        return "  - ".join([head, "name: zoe\n    role: none\n", eve.replace(new, "c4n4ry-new"), bob])

    before = file.text()
    made = edit(file.project, file.name, change, with_key=with_key)
    assert made is not None
    assert (made.changed, made.added, made.removed) == (("eve",), (), ())
    head, bob, eve = before.split("  - ")
    assert file.text() == "  - ".join([head, "name: zoe\n    role: none\n", eve, bob])
    assert values(file.project) == {"bob": "c4n4ry-bob", "eve": "c4n4ry-new"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_pair("c4n4ry-one", "c4n4ry-two"), "keys:\n  - c4n4ry-new\n  - c4n4ry-one\n  - c4n4ry-two\n"),
        (_pair("c4n4ry-one", "c4n4ry-two"), _pair("c4n4ry-two", "c4n4ry-one")),
        (_pair("c4n4ry-one", "c4n4ry-two"), _pair("c4n4ry-two", "c4n4ry-new")),
        (_pair("c4n4ry-one", "c4n4ry-two"), _pair("c4n4ry-new", "c4n4ry-one")),
        (_pair("c4n4ry-one", "c4n4ry-two"), "keys:\n  - c4n4ry-two\n"),
        (_pair("c4n4ry-one", "c4n4ry-two"), "keys:\n  - c4n4ry-new\n  - c4n4ry-newer\n  - c4n4ry-two\n"),
        (_pair("c4n4ry-same", "c4n4ry-same"), "keys:\n  - c4n4ry-new\n  - c4n4ry-same\n  - c4n4ry-same\n"),
        (_pair("c4n4ry-same", "c4n4ry-same"), "keys:\n  - c4n4ry-same\n"),
    ],
)
def test_entries_without_names_that_have_moved_are_refused(vaulted: Callable[..., Vaulted], old: str, new: str) -> None:
    """Their targets are positions, which now name other values."""
    file = vaulted("keys.yaml", old, BY_POSITION)
    before, kept = file.text(), values(file.project)
    with pytest.raises(CipherToolError):
        edit(file.project, file.name, lambda _: new)
    assert file.text() == before
    assert values(file.project) == kept


@pytest.mark.parametrize("with_key", [True, False])
def test_entries_without_names_may_change_in_their_places(vaulted: Callable[..., Vaulted], with_key: bool) -> None:
    file = vaulted("keys.yaml", PLAIN, BY_POSITION)
    before = file.text()
    old = "c4n4ry-two" if with_key else "${sec:two}"
    made = edit(file.project, file.name, lambda text: f"{text.replace(old, 'c4n4ry-new')}more: 1\n", with_key=with_key)
    assert made is not None
    assert made.changed == ("two",)
    assert file.text() == f"{before}more: 1\n"
    assert values(file.project) == {"one": "c4n4ry-one", "two": "c4n4ry-new"}


def test_one_more_entry_behind_is_left_to_its_target(vaulted: Callable[..., Vaulted]) -> None:
    file = vaulted("keys.yaml", PLAIN, BY_POSITION)
    before = file.text()
    made = edit(file.project, file.name, lambda text: f"{text}  - c4n4ry-three\n")
    assert made is not None
    assert (made.changed, made.added) == ((), ())
    assert file.text() == f"{before}  - c4n4ry-three\n"


def test_of_several_places_of_a_secret_all_change_or_none(vaulted: Callable[..., Vaulted]) -> None:
    text = "a: {password: c4n4ry-one}\nb: {password: c4n4ry-one}\n"
    file = vaulted("two.yaml", text, [("$..password", "both")])
    before = file.text()
    with pytest.raises(CipherToolError, match=r"both: several values, on lines 1, 2"):
        edit(file.project, file.name, lambda text: text.replace("c4n4ry-one", "c4n4ry-new", 1))
    assert file.text() == before
    made = edit(file.project, file.name, lambda text: text.replace("c4n4ry-one", "c4n4ry-new"))
    assert made is not None
    assert file.text() == before
    assert values(file.project) == {"both": "c4n4ry-new"}


def test_a_secret_within_a_value(vaulted: Callable[..., Vaulted]) -> None:
    text = "url: https://app:c4n4ry%2Fone@db.example.com/x  # kept\n"
    file = vaulted("url.yaml", f"{text}a: 1\n", [("$.url", "db")], 'part = "password"\n')
    before = file.text()
    assert values(file.project) == {"db": "c4n4ry/one"}
    assert edit(file.project, file.name, lambda text: text.replace("db.example.com", "other"))
    assert file.text() == before.replace("db.example.com", "other")
    made = edit(file.project, file.name, lambda text: text.replace("c4n4ry%2Fone", "c4n4ry%2Ftwo"))
    assert made is not None
    assert made.changed == ("db",)
    assert file.text() == before.replace("db.example.com", "other")
    assert values(file.project) == {"db": "c4n4ry/two"}
    with pytest.raises(CipherToolError, match="the text around it have changed"):
        edit(file.project, file.name, lambda _: "url: https://app:c4n4ry-three@third/x  # kept\na: 1\n")
    assert values(file.project) == {"db": "c4n4ry/two"}
