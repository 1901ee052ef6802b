"""What somebody may have meant is suggested: of aliases, selectors, files, settings and keys, and never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import UnknownAliasError, Vault
from ciphertool.errors import CipherToolError, NoSuchKeyAliasError
from ciphertool.nearest import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("pasword", ["user", "password", "passphrase"], "password"),
        ("keystorepass", ["keystorePass", "keystoreFile"], "keystorePass"),
        ("app.yml", ["app.yaml", "app.yml.bak", "server.xml"], "app.yaml"),
        ("selecter", ["file", "selector", "alias"], "selector"),
        ("same", ["same"], None),
        ("port", ["password", "user"], None),
        ("", ["a"], None),
        ("a" * 500, ["a" * 499], None),
    ],
)
def test_the_nearest_name_is_found(name: str, known: list[str], expected: str | None) -> None:
    assert nearest(name, known) == expected


def test_a_hint_begins_with_the_question() -> None:
    assert did_you_mean("pasword", ["password"], "look it up") == "did you mean 'password'? look it up"
    assert did_you_mean("pasword", ["password"]) == "did you mean 'password'?"
    assert did_you_mean("x", ["password"], "look it up") == "look it up"


def test_an_unknown_alias_has_the_nearest_one(protected: Path, run: Run) -> None:
    vault = Vault.open(protected)
    with pytest.raises(UnknownAliasError) as caught:
        vault["app.smtp.pasword"]
    assert caught.value.hint.startswith("did you mean 'app.smtp.password'? ")
    assert "hint: did you mean app.smtp.password?" in run("get", "app.smtp.pasword").err
    (protected / "conf/other.yaml").write_text("a: ${sec:app.Smtp.password}\n")
    with pytest.raises(CipherToolError) as other:
        vault.resolve_file("conf/other.yaml")
    assert other.value.hint.startswith("did you mean 'app.smtp.password'? ")
    with pytest.raises(UnknownAliasError) as far:
        vault["nothing.like.it"]
    assert "did you mean" not in far.value.hint


def test_a_line_that_is_no_entry_is_not_suggested(protected: Path) -> None:
    with (protected / "security/vault.properties").open("a") as repository:
        repository.write("app.smtp.passwor d4nger\n")
    with pytest.raises(UnknownAliasError) as caught:
        Vault.open(protected)["app.smtp.passwor_d4nger"]
    assert "d4nger" not in caught.value.hint


SELECTORS = [
    ("conf/app.yaml", "$..pasword", "$..password"),
    ("conf/app.yaml", "$.datasorce.password", "$.datasource.password"),
    ("conf/app.yaml", "$['smtp']['Password']", "$['smtp']['password']"),
    ("conf/app.yaml", "$.smtp.host", None),
    ("conf/app.yaml", "$.datasource.port", None),  # of smtp: nothing of the file is there
    ("conf/server.xml", "//Connector/@keystorepass", "//Connector/@keystorePass"),
    ("conf/server.xml", "/server/Admin/pasword", "/Server/Admin/Password"),
    ("conf/a.properties", "db.pasword", "db.password"),
    ("conf/a.ini", "databse/password", "database/password"),
    ("conf/a.env", "DB_PASWORD", "DB_PASSWORD"),
    ("conf/a.toml", "$.db.passwrd", "$.db.password"),
]


@pytest.mark.parametrize(("file", "selector", "meant"), SELECTORS)
def test_a_selector_that_matches_nothing_has_one_that_matches(
    project: Path, run: Run, file: str, selector: str, meant: str | None
) -> None:
    for name, text in {
        "a.properties": "db.password=c4n4ry-1\n",
        "a.ini": "[database]\npassword = c4n4ry-2\n",
        "a.env": "DB_PASSWORD=c4n4ry-3\n",
        "a.toml": 'db.password = "c4n4ry-4"\n',
    }.items():
        (project / "conf" / name).write_text(text)
    target = f'[[target]]\nfile = "{file}"\nselector = """{selector}"""\nalias = "new-{{key}}"\n'
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    (project / "ciphertool.toml").write_text(settings + target)
    outcome = run("protect")
    assert outcome.status == 3
    assert f"{selector}: matches nothing" in outcome.err
    hints = [line for line in outcome.err.splitlines() if line.startswith("hint: ")]
    assert hints == ([f"hint: did you mean {meant}?"] if meant else [])
    assert "c4n4ry" not in outcome.err


def test_a_missing_file_has_the_nearest_of_its_directory(project: Path, run: Run) -> None:
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("conf/app.yaml", "conf/app.yml").replace("server.xml", "absent"))
    outcome = run("protect")
    assert "conf/app.yml: $..password: no such file" in outcome.err
    assert [line for line in outcome.err.splitlines() if line.startswith("hint")] == [
        "hint: did you mean conf/app.yaml?"
    ]
    settings.write_text(settings.read_text().replace("conf/app.yml", "../app.yml"))
    (project.parent / "app.yaml").write_text("")
    assert "app.yaml" not in run("protect").err  # found settings list no directory above theirs
    assert "did you mean ../app.yaml?" in run("protect", "--config", "ciphertool.toml").err


def test_unknown_settings_have_the_nearest_key(project: Path, run: Run) -> None:
    settings = project / "ciphertool.toml"
    settings.write_text(
        settings.read_text().replace("selector = ", "selecter = ", 1).replace("[keystore]", "[Keystore]")
    )
    outcome = run("check")
    assert outcome.status == 3
    assert "hint: did you mean 'selector'?" in outcome.err
    assert "hint: did you mean 'keystore'?" in outcome.err
    settings.write_text(settings.read_text().replace("[[target]]", "[[targets]]"))
    assert "targets is not known here\n" in (err := run("check").err)
    assert "hint: did you mean 'target'?" in err


def test_an_unknown_key_alias_has_the_nearest_one(protected: Path) -> None:
    settings = protected / "ciphertool.toml"
    settings.write_text(settings.read_text().replace('alias = "primary"', 'alias = "primry"'))
    with pytest.raises(NoSuchKeyAliasError) as caught:
        Vault.open(protected)["app.smtp.password"]
    assert caught.value.hint == "did you mean 'primary'? name one of them as the key alias"


def test_an_unknown_rule_has_the_nearest_one(run: Run) -> None:
    outcome = run("explain", "in-git-histry")
    assert outcome.status == 2
    assert "did you mean 'in-git-history'?" in " ".join(outcome.err.replace("│", " ").split())
