"""`protect` limited to some files: what it changes, what it leaves, and what it says of that."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ciphertool import protection, settings
from ciphertool.errors import CipherToolError, ConfigError, ProblemsError
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.protection import Plan, PlanState
from ciphertool.vault.opening import VaultAccess
from tests.conftest import APP_YAML, SERVER_XML

APP, SERVER = Path("conf/app.yaml"), Path("conf/server.xml")


def _plan(*only: Path, write: bool = False) -> Plan:
    loaded = settings.load(Path("ciphertool.toml"))
    access = VaultAccess(loaded, PasswordChain((Environment(),)))
    sealer, _ = access.to_seal(now=datetime.now(UTC))
    plan = protection.plan(loaded, access.repository(), sealer, only=only)
    if write:
        assert plan.problems == ()
        protection.apply(loaded, plan)
    return plan


def test_only_the_named_file_is_protected(project: Path) -> None:
    (project / "conf/link.yaml").symlink_to("app.yaml")
    plan = _plan(Path("conf/link.yaml"), write=True)
    assert [one.before.path.name for one in plan.files] == ["app.yaml"]
    assert {site.state for one in plan.files for site in one.sites} == {PlanState.PLANNED}
    assert [note.message for note in plan.notes] == ["1 of 2 files looked at; the others are left as they are"]
    assert "${sec:app.smtp.password}" in APP.read_text()
    assert SERVER.read_text() == SERVER_XML
    stored = (project / "security/vault.properties").read_text()
    assert {line.partition("=")[0] for line in stored.splitlines()} == {"app.datasource.password", "app.smtp.password"}
    assert _plan(APP).empty
    assert [one.name for one in (w.before.path for w in _plan().writes)] == ["vault.properties", "server.xml"]


@pytest.mark.usefixtures("project")
def test_other_files_do_not_stop_it(project: Path) -> None:
    SERVER.write_text("<broken")
    with (project / "security/vault.properties").open("w") as repository:
        repository.write("server.admin.password=[not yet]\nother=ENC[broken\n")
    assert len(_plan().problems) >= 2
    _plan(APP, write=True)
    assert "server.admin.password=[not yet]\nother=ENC[broken\n" in (project / "security/vault.properties").read_text()
    (project / "conf/app.yaml").write_text("a: [")
    assert [problem.path for problem in _plan(APP).problems] == [project / "conf/app.yaml"]


def test_a_file_without_a_target_is_refused(project: Path) -> None:
    (project / "conf/other.yaml").write_text("a: b\n")
    with pytest.raises(ConfigError) as caught:
        _plan(APP, Path("conf/other.yaml"))
    assert (caught.value.message, caught.value.path) == ("no target names this file", Path("conf/other.yaml"))
    assert "--write-targets" in caught.value.hint
    with pytest.raises(CipherToolError) as several:
        _plan(Path("conf/app.yml"), Path("absent"))
    assert isinstance(several.value, ProblemsError)
    assert several.value.problems[0].hint.startswith("did you mean 'conf/app.yaml'? ")
    assert APP.read_text() == APP_YAML


def test_one_alias_for_two_values_is_seen_beyond_the_file(project: Path) -> None:
    (project / "conf/copy.yaml").write_text("password: another\n")
    target = '[[target]]\nfile = "conf/copy.yaml"\nselector = "$.password"\nalias = "app.smtp.password"\n'
    with (project / "ciphertool.toml").open("a") as config:
        config.write(target)
    problems = _plan(APP).problems
    assert any("app.smtp.password" in problem.message for problem in problems)
    assert not _plan(SERVER).problems
    (project / "conf/copy.yaml").write_text('password: "c4n4ry\'yaml-2"\n')
    _plan(APP, write=True)
    assert "c4n4ry" in (project / "conf/copy.yaml").read_text()
    _plan(write=True)
    assert (project / "conf/copy.yaml").read_text() == 'password: "${sec:app.smtp.password}"\n'


def test_a_place_that_moved_from_another_file_is_seen(project: Path) -> None:
    _plan(write=True)
    (project / "conf/new.yaml").write_text("password: quite another\n")
    text = (project / "ciphertool.toml").read_text()
    target = '[[target]]\nfile = "conf/new.yaml"\nselector = "$.password"\nalias = "app.smtp.password"\n'
    (project / "ciphertool.toml").write_text(text + target)
    (problem,) = _plan(Path("conf/new.yaml")).problems
    assert "the reference to 'app.smtp.password' stands at" in problem.message
