"""What a target matches is the secret itself for every reader of the file, or is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _named(request: pytest.FixtureRequest) -> None:
    if "project" in request.fixturenames:
        request.getfixturevalue("named")


TARGET = '\n[[target]]\nfile = "app.env"\nselector = "PASSWORD"\nalias = "app"\n'
TEXTS = [
    ('PASSWORD="c4n4ry$HOME"\n', ""),
    ('PASSWORD="key=c4n4ry$HOME;x"\n', "part = 'key=(?P<secret>[^;]+)'\n"),
    ('PASSWORD="$HOME;key=c4n4ry$USER"\n', "part = 'key=(?P<secret>.+)'\n"),
]


def _one(project: Path, text: str, more: str) -> None:
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    (project / "ciphertool.toml").write_text(settings + TARGET + more)
    (project / "app.env").write_text(text)


@pytest.mark.parametrize(("text", "part"), TEXTS)
def test_what_some_readers_would_expand_is_refused(project: Path, run: Run, text: str, part: str) -> None:
    _one(project, text, part)
    outcome = run("protect")
    assert outcome.status == 3
    assert "app.env:1: PASSWORD: holds a $ or ` that a shell or compose expands" in outcome.err
    assert "c4n4ry" not in outcome.out + outcome.err
    assert (project / "app.env").read_text() == text


@pytest.mark.parametrize(("text", "part"), TEXTS)
def test_it_is_protected_if_the_text_itself_is_the_secret(project: Path, run: Run, text: str, part: str) -> None:
    _one(project, text, part + "literal = true\n")
    assert run("protect").status == 0
    assert "c4n4ry" not in (project / "app.env").read_text()
    assert run("resolve", "app.env").out == text


def test_only_the_part_that_is_the_secret_must_be_certain(project: Path, run: Run) -> None:
    _one(project, 'PASSWORD="$HOME;key=c4n4ry;$USER"\n', "part = 'key=(?P<secret>[^;]+)'\n")
    assert run("protect").status == 0
    assert (project / "app.env").read_text() == 'PASSWORD="$HOME;key={ciphertool:app};$USER"\n'


@pytest.mark.parametrize(("text", "noted"), [("v: one\n  two\n", True), ("v: one two\n", False)])
def test_a_value_that_comes_back_on_one_line_is_noted_once(project: Path, run: Run, text: str, noted: bool) -> None:
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    settings += "[encryption]\nscheme = 'RSA-OAEP-256'\n"  # an envelope keeps the lines
    (project / "ciphertool.toml").write_text(f"{settings}[[target]]\nfile = 'u.yaml'\nselector = '$.v'\nalias = 'u'\n")
    (project / "u.yaml").write_text(text)
    assert ("u.yaml:1: u: " in run("protect").err) is noted
    assert "u.yaml:1: u: " not in run("protect").err
    assert run("resolve", "u.yaml").out == "v: one two\n"
