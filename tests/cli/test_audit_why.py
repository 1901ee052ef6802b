"""`ciphertool audit --why` tells what decided of a place; what cannot work is refused before the audit begins."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from ciphertool.audit import workflow
from tests.cli.terminal import on_a_terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

SECRET = "c4n4ry7Qx2"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory without settings, with a file of every kind of place."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(
        f"a: 1\npassword: {SECRET}\nurl: http://u:{SECRET}@host/\nsmtp_password: ${{env:SMTP}}\n"
        f"# password: {SECRET}\ntoken: yes\ndb_password: '****'\nold: ${{sec:app.old}}\n"
    )
    (tmp_path / "run.sh").write_text(f"echo\ncurl http://u:{SECRET}@host/\n")
    return tmp_path


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("a.yaml:2", ("unprotected", "names/password", "CT003", "declare a target", "allow CT003", "means a secret")),
        ("a.yaml:3", ("unprotected", "kinds/", "CT004", "form of a secret", "declare a target")),
        ("a.yaml:4", ("placeholder", "grammars/", "literal = true")),
        ("a.yaml:5", ("unprotected", "in a comment", "CT005", "remove the secret")),
        ("a.yaml:6", ("not-a-secret", "harmless/", "if it is a secret all the same")),
        ("a.yaml:7", ("example", "harmless/", "neither a mask")),
        ("a.yaml:8", ("unjudged", "it is a reference", "--config")),
        ("run.sh:2", ("unprotected", "without a parser", "CT004")),
        ("a.yaml:1", ("nothing was found", "names that mean a secret", "lines 2, 3, 4, 5, 6, 7, 8")),
        ("run.sh:1", ("nothing was found", "values on line 2")),
    ],
)
@pytest.mark.usefixtures("tree")
def test_it_tells_what_decided_and_what_would_change_that(run: Run, place: str, expected: tuple[str, ...]) -> None:
    outcome = run("audit", "--why", place)
    assert outcome.status == 0
    assert outcome.out.startswith(f"{place}\n")
    assert [text for text in expected if text not in outcome.out] == []
    shown = outcome.out + run("audit", "--why", place, "--json").out
    assert "c4n4ry" not in shown
    assert not re.search(rf"\b{len(SECRET)}\b|entropy|[0-9a-f]{{32}}", shown)


@pytest.mark.usefixtures("tree")
def test_without_a_line_it_tells_of_the_whole_file_and_as_json_too(run: Run) -> None:
    document = json.loads(run("audit", "--why", "a.yaml", "--json").out)
    assert [seen["line"] for seen in document["seen"]] == [2, 3, 4, 5, 6, 7, 8]
    assert document["seen"][0]["rules"] == ["CT003 unprotected-secret (warning)"]
    assert document["seen"][0]["evidence"] == "its name is that of a secret"


def test_it_says_that_a_file_was_not_looked_at_and_why(tree: Path, run: Run) -> None:
    subprocess.run(["git", "init", "-q", tree], check=True)
    (tree / ".gitignore").write_text("out/\n")
    (tree / "out").mkdir()
    (tree / "out/b.yaml").write_text("password: c4n4ry\n")
    (tree / "c.yaml").write_bytes(b"\0\0password: c4n4ry\n")
    assert "this file was skipped: ignored by git" in run("audit", "--why", "out/b.yaml:1").out
    assert "this file was skipped: binary" in run("audit", "--why", "c.yaml").out


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (("--output", "r.xyz"), 2, "--format"),
        (("-o", "r.json", "-o", "r.xyz"), 2, "--format"),
        (("--json", "--format", "csv"), 2, "two formats"),
        (("--write-targets", "--output", "r.json"), 2, "--output"),
        (("--write-targets", "--accept", "so", "--baseline", "b.json"), 2, "--accept"),
        (("--why", "a.yaml", "--format", "csv"), 2, "--format"),
        (("--why", "absent.yaml"), 3, "no such file"),
        (("--why", "a.yaml:99"), 3, "no line 99"),
        (("--baseline", "absent.json"), 3, "absent.json"),
        (("--baseline", "a.yaml"), 3, "is not a baseline"),
        (("--baseline", "a.yaml", "--accept", "so"), 3, "is not a baseline"),
        (("--accept", "so"), 2, "--baseline"),
        (("--fail-on", "grave"), 2, "--fail-on must be one of"),
        (("--jobs", "0"), 2, "--jobs must be a whole number of at least 1"),
    ],
)
def test_options_are_checked_before_the_work(
    tree: Path, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], status: int, word: str
) -> None:
    def begun(*_: object, **__: object) -> None:
        pytest.fail("the audit has begun")

    monkeypatch.setattr(workflow, "audit", begun)
    outcome = run("audit", *arguments)
    assert (outcome.status, word in outcome.err) == (status, True), outcome.err
    assert not (tree / "r.json").exists()


def test_a_terminal_has_colours_and_its_width_unless_somebody_asks_for_none(tree: Path) -> None:
    deep = tree / ("a-long-name/" * 8)
    deep.mkdir(parents=True)
    (deep / "b.yaml").write_text(f"password: {SECRET}\n")
    command = ("audit", str(tree))
    wide = on_a_terminal(command, 140, messages=False)
    plain = on_a_terminal(command, 60, messages=False, NO_COLOR="1")
    assert "\x1b[31munprotected\x1b[0m" in wide
    assert "a-long-name/" * 8 + "b.yaml" in wide
    assert "\x1b" not in plain
    assert "…" in plain
    assert max(map(len, plain.splitlines())) <= 60
