"""An alias on several lines of a repository: no line is right, and the other aliases go on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ciphertool import ProblemsError, Vault
from ciphertool.errors import ConfigError, DecryptionError
from ciphertool.files import Snapshot
from ciphertool.repository import KINDS, Malformed, repository_of
from tests.conftest import SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

TWICE, VAULT = "app.smtp.password", "security/vault.properties"


@pytest.fixture
def repeated(protected: Path) -> Path:
    """A protected project whose repository has one alias on two lines, with the same value."""
    vault = protected / VAULT
    lines = vault.read_text().splitlines()
    vault.write_text("\n".join([*lines, next(line for line in lines if line.startswith(TWICE))]) + "\n")
    return protected


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "toml-secrets"])
def test_the_entry_is_neither_of_them(tmp_path: Path, kind: str) -> None:
    text = b"a=plainText 1\nb=plainText 2\na=plainText 3\na=[4]\n"
    entries = repository_of(kind, Snapshot(tmp_path, tmp_path, text)).entries
    assert list(entries) == ["b", "a"]
    assert entries["a"].stored == Malformed("occurs on lines 1, 3 and 4", "keep only one of them")
    assert entries["b"].stored != entries["a"].stored


@pytest.mark.usefixtures("repeated")
def test_other_aliases_resolve_and_this_one_is_refused() -> None:
    vault = Vault.open()
    for alias, value in SECRETS.items():
        if alias != TWICE:
            assert vault[alias].reveal() == value
    with pytest.raises(DecryptionError, match="occurs on lines 2 and 5"):
        vault[TWICE]
    with pytest.raises(ProblemsError) as reported:
        vault.check()
    (problem,) = reported.value.problems
    assert (problem.hint, problem.line) == ("keep only one of them", 4)


@pytest.mark.parametrize("options", [(), ("--take", "file"), ("--take", "repository")])
@pytest.mark.parametrize("clear", [False, True])
def test_protect_writes_nothing(repeated: Path, run: Run, options: tuple[str, ...], clear: bool) -> None:
    if clear:
        app = repeated / "conf/app.yaml"
        app.write_text(app.read_text().replace(f"${{sec:{TWICE}}}", "c4n4ry-new"))
    before = {path: path.read_bytes() for path in repeated.rglob("*") if path.is_file()}
    outcome = run("protect", *options)
    assert outcome.status == 3
    assert f"error: {VAULT}:5: {TWICE}: occurs on lines 2 and 5\nhint: keep only one of them\n" in outcome.err
    assert {path: path.read_bytes() for path in repeated.rglob("*") if path.is_file()} == before


@pytest.mark.usefixtures("repeated")
def test_an_audit_reports_it_and_judges_the_others(run: Run) -> None:
    report = json.loads(run("audit", "--json").out)
    (finding,) = [found for found in report["findings"] if found["rule"] == "CT009"]
    assert (finding["path"], finding["line"]) == (VAULT, 5)
    assert finding["message"] == f"{TWICE!r}: occurs on lines 2 and 5; keep only one of them"
    assert {value["alias"] for value in report["values"] if value["state"] == "protected"} == set(SECRETS)


@pytest.mark.usefixtures("repeated")
def test_git_shows_the_others(run: Run) -> None:
    shown = dict(line.split(": ", 1) for line in run("textconv", VAULT).out.splitlines())
    assert shown.pop(TWICE) == "malformed, occurs on lines 2 and 5"
    assert shown.keys() == SECRETS.keys() - {TWICE}
    assert all(about.startswith("encrypted, ") for about in shown.values())


def test_a_content_key_on_two_lines_is_refused(project: Path, run: Run) -> None:
    with (project / "ciphertool.toml").open("a") as settings:
        settings.write('[encryption]\nscheme = "envelope"\n')
    assert run("protect").status == 0
    vault = project / VAULT
    lines = vault.read_text().splitlines()
    (key,) = (line for line in lines if line.startswith("{"))
    vault.write_text("\n".join([key, *lines]) + "\n")
    with pytest.raises(ConfigError, match=r"occurs on lines 1 and \d\b"):
        Vault.open()
