"""A plan as values, and what targets name: lists in messages, notes, alias patterns, parts side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from ciphertool.changes.changeset import ChangeSet
from ciphertool.changes.plan import (
    Note,
    Plan,
    PlanState,
    SitePlan,
    join_names,
)
from ciphertool.files import Snapshot
from ciphertool.rewriters import by_name
from ciphertool.settings.model import Target
from ciphertool.targets.matching import expand_alias
from ciphertool.workers import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


def _settings(project: Path, *targets: str) -> None:
    text = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    (project / "ciphertool.toml").write_text(text + "".join(f"[[target]]\n{target}\n" for target in targets))


def test_names_are_listed_as_far_as_they_fit_a_line() -> None:
    names = [f"n{number}" for number in range(1012)]
    assert join_names(names[:1]) == "n0"
    assert join_names(names[:10]) == "n0, n1, n2, n3, n4, n5, n6, n7, n8, n9"
    assert join_names(names[:11]) == "n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 1 more"
    assert join_names(names, most=2) == "n0, n1 and 1,010 more"
    assert join_names([]) == ""
    no_progress("reading", 1, 2)


def test_a_note_says_where_if_it_is_somewhere() -> None:
    assert str(Note("said")) == "said"
    assert str(Note("said", Path("f"))) == "f: said"
    assert str(Note("said", Path("f"), 3)) == "f:3: said"


def test_a_plan_without_writes_is_empty() -> None:
    assert Plan((), (), ChangeSet(), (), (Note("said"),)).empty is True
    assert SitePlan(Target("f", "a", "b"), "b", PlanState.SKIPPED).site is None


@pytest.mark.parametrize(
    ("pattern", "alias"),
    [
        ("{stem}.{key}", "app.db_password"),
        ("{path}", "conf/my_app.properties"),
        ("plain", "plain"),
        ("{key}-{key}", "db_password-db_password"),
    ],
)
def test_an_alias_pattern_is_filled(pattern: str, alias: str) -> None:
    root = Path("/project")
    path = root / ("conf/my app.properties" if "path" in pattern else "conf/app.properties")
    (site,) = by_name("properties").parse(b"db\\ password=x\n").sites()
    assert expand_alias(pattern, root, Snapshot(path, path, b""), site, 0) == alias
    outside = expand_alias("{path}", Path("/other"), Snapshot(path, path, b""), site, 0)
    assert outside.startswith("/project/conf/")


@pytest.mark.usefixtures("named")
def test_parts_side_by_side_are_two_secrets_and_parts_that_share_a_character_none(project: Path, run: Run) -> None:
    (project / "a.properties").write_text("url=abcd\n")
    one = 'file = "a.properties"\nselector = "url"\nalias = "first"\npart = "^(?P<secret>ab)"'
    two = 'file = "a.properties"\nselector = "url"\nalias = "second"\npart = "(?P<secret>cd)$"'
    over = 'file = "a.properties"\nselector = "url"\nalias = "third"\npart = "(?P<secret>bcd)$"'
    before = (project / "a.properties").read_bytes()
    for targets in ((one, over), (over, one), (one, two, over)):
        _settings(project, *targets)
        outcome = run("protect")
        assert (outcome.status, (project / "a.properties").read_bytes()) == (3, before)
        assert "two targets call it" in outcome.err
    _settings(project, two, one)
    assert run("protect").status == 0
    text = (project / "a.properties").read_text()
    assert text.count("$secret{") == 2
    vault = Vault.open(project)
    assert (vault["first"].reveal(), vault["second"].reveal()) == ("ab", "cd")
    assert vault.load(project / "a.properties") == {"url": "abcd"}


def test_one_alias_by_two_targets_is_one_secret(project: Path, run: Run) -> None:
    (project / "a.properties").write_text("a=c4n4ry\n")
    same = 'file = "a.properties"\nselector = "a"\nalias = "s"'
    _settings(project, same, same)
    outcome = run("protect", "--json")
    assert outcome.status == 0
    assert [site["alias"] for site in json.loads(outcome.out)["files"][0]["sites"]] == ["s"]


@pytest.mark.parametrize(
    ("value", "secret"),
    [("db://u:p%40ss@h/x", "p@ss"), ("db://h/x?password=p%20w", "p w"), ("db://u:a+b@h/x", "a+b")],
)
@pytest.mark.usefixtures("named")
def test_the_password_of_a_url_is_kept_without_its_encoding_and_put_back_with_it(
    project: Path, run: Run, value: str, secret: str
) -> None:
    (project / "a.properties").write_text(f"url={value}\n")
    part = "u:(?P<secret>[^@]*)@" if "u:" in value else "password=(?P<secret>.*)"
    _settings(project, f'file = "a.properties"\nselector = "url"\nalias = "s"\npart = "{part}"')
    assert run("protect").status == 0
    assert Vault.open(project)["s"].reveal() == secret
    assert Vault.open(project).load(project / "a.properties")["url"] == value
    assert run("set", "s", stdin=b"a+b c").status == 0
    assert "a%2Bb%20c" in Vault.open(project).load(project / "a.properties")["url"]


@pytest.mark.parametrize("value", ["db://h/x?password=a+b", "db://u:%ff@h/x"])
@pytest.mark.usefixtures("named")
def test_an_encoding_that_cannot_be_put_back_for_certain_is_refused(project: Path, run: Run, value: str) -> None:
    (project / "a.properties").write_text(f"url={value}\n")
    part = "u:(?P<secret>[^@]*)@" if "u:" in value else "password=(?P<secret>.*)"
    _settings(project, f'file = "a.properties"\nselector = "url"\nalias = "s"\npart = "{part}"')
    outcome = run("protect")
    assert outcome.status == 3
    assert "percent-encoding that is not UTF-8" in outcome.err or "which some readers take for a space" in outcome.err
    assert (project / "a.properties").read_text() == f"url={value}\n"


@pytest.mark.parametrize(("value", "hidden"), [("abc", False), ("abcd", True)])
def test_a_short_value_is_masked_where_it_stands_alone_and_a_long_one_everywhere(
    project: Path, run: Run, value: str, hidden: bool
) -> None:
    (project / "a.properties").write_text(f"password={value}\nother=x{value}x\nalone=<{value}>\n")
    _settings(project, 'file = "a.properties"\nselector = "password"\nalias = "s"')
    shown = run("protect", "--dry-run", "--diff").out
    assert f"x{value}x" not in shown if hidden else f"x{value}x" in shown
    assert f"<{value}>" not in shown
    assert "<****>" in shown
    assert f"password={value}" not in shown
