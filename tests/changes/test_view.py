"""What is shown of a plan: a diff without secrets, however they are spelled, and where they still stand in clear."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


def _only(project: Path, file: str, text: str, selector: str, more: str = "") -> None:
    settings = (project / "ciphertool.toml").read_text(encoding="utf-8").partition("[[target]]")[0]
    target = f"[[target]]\nfile = '{file}'\nselector = '{selector}'\nalias = 'a'\n{more}\n"
    (project / "ciphertool.toml").write_text(settings + target, encoding="utf-8")
    (project / file).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "text", "selector", "more"),
    [
        ("x.xml", "<a>\n<p>c4n4ry&amp;SECRET</p>\n<q>c4n4ry&amp;SECRET</q>\n</a>\n", "/a/p", ""),
        ("x.xml", "<a>\n<p><![CDATA[c4n4ry&SECRET]]></p>\n<!-- c4n4ry&amp;SECRET -->\n</a>\n", "/a/p", ""),
        ("x.xml", "<a>\n<p>c4n4ry&amp;SECRET</p>\n<q>c4n4&#x72;y&#38;SECRET</q>\n</a>\n", "/a/p", ""),
        ("x.xml", "<a>\n<p>c4n4rySECRET</p>\n<q>c4n4&#x72;ySECRET</q><r>c4n4rySECRET</r>\n</a>\n", "/a/p", ""),
        ("x.json", '{\n"p": "c4n4ry\\"VALUE",\n"q": "see c4n4ry\\u0022VALUE"\n}\n', "$.p", ""),
        (
            "x.properties",
            "u1=postgres://u:c4n%40ry-LONG@h/db\nu2=postgres://u:c4n%40ry-LONG@h/other\n#c4n@ry-LONG\n",
            "u1",
            'part = "password"',
        ),
        ("x.yaml", 'p: "c4n4ry-one\\nc4n4ry-two"\nq: "c4n4ry-one\\nc4n4ry-two"\n# c4n4ry-two\n', "$.p", ""),
    ],
)
def test_no_line_of_a_diff_shows_a_secret_in_any_spelling(
    project: Path, run: Run, file: str, text: str, selector: str, more: str
) -> None:
    _only(project, file, text, selector, more)
    outcome = run("protect", "--dry-run", "--diff")
    assert outcome.status == 1
    assert f"+++ b/{file}" in outcome.out
    assert outcome.out.count("****") >= 2
    assert not re.search("c4n|SECRET|VALUE|LONG|one|two", outcome.out)


def test_a_value_within_others_is_masked_alone(project: Path, run: Run) -> None:
    _only(project, "x.yaml", "p: c4n4ry\nq: conf/c4n4ry.jks\n", "$.p")
    assert " q: conf/****.jks\n" in run("protect", "--dry-run", "--diff").out


def test_a_backup_is_told_of_in_any_spelling(project: Path, run: Run) -> None:
    _only(project, "x.xml", "<a><p><![CDATA[c4n4ry&SECRET]]></p></a>\n", "/a/p")
    (project / "x.xml.bak").write_text("<a><p>c4n4ry&amp;SECRET</p></a>\n")
    assert "this backup holds the clear value of a;" in run("protect").err


def _git(*arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def test_git_s_history_is_named_only_if_it_holds_the_value(project: Path, run: Run) -> None:
    _only(project, "x.yaml", "p: c4n4ry-1\n", "$.p")
    _git("init", "-q")
    _git("add", "x.yaml")
    _git("commit", "-q", "-m", "1")
    assert "x.yaml: git tracks this file, and its history keeps the clear value of a; change" in run("protect").err
    _git("commit", "-q", "-a", "-m", "2")
    (project / "x.yaml").write_text("p: c4n4ry-2\n")
    new = run("protect", "--take", "file")
    assert (new.status, "git's index" in new.err, "git tracks this file" in new.err) == (0, False, False)


@pytest.mark.parametrize("now", ["p: 'c4n4ry''1'\nq: new\n", 'q: 1\np: "c4n4\\u0072y\'1"\n'])
def test_git_s_history_is_searched_for_every_spelling(project: Path, run: Run, now: str) -> None:
    _only(project, "x.yaml", now.replace("new", "old").replace("q: 1", "q: 2"), "$.p")
    _git("init", "-q")
    _git("add", "x.yaml")
    _git("commit", "-q", "-m", "1")
    (project / "x.yaml").write_text(now)
    assert "its history keeps the clear value of a; change" in run("protect").err


def test_many_files_are_not_all_named_in_one_line(project: Path, run: Run) -> None:
    _only(project, "x0.yaml", "p: c4n4ry\n", "$.p")
    settings = (project / "ciphertool.toml").read_text().replace("x0.yaml", "x*.yaml").replace("'a'", "'{stem}'")
    (project / "ciphertool.toml").write_text(settings)
    for number in range(1, 30):
        (project / f"x{number}.yaml").write_text(f"p: c4n4ry-{number}\n")
    assert run("protect").err.endswith(" and 21 more\n")


def test_what_is_wrong_with_a_target_is_not_called_skipped(project: Path, run: Run) -> None:
    _only(project, "x.yaml", "p: https://h/c4n4ry\n", "$.p", 'part = "password"')
    outcome = run("protect")
    assert outcome.status == 3
    assert "its value has no such part" in outcome.err
    assert "skipped" not in outcome.err
