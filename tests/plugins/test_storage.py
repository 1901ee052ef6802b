"""A vault in a storage that is no file, from settings to audit; who writes meanwhile, and what a killed run leaves."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import Vault, audit, protection, settings
from ciphertool.audit import SiteState
from ciphertool.errors import (
    ConfigError,
    ConflictError,
    FoundSettingsError,
    PluginError,
    ProblemsError,
    UnknownAliasError,
    WriteError,
)
from ciphertool.keystore import open_keystore
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.plugins import ALL_EXTENSIONS
from ciphertool.storage.base import StoredBytes
from ciphertool.storage.registry import storage_named
from ciphertool.testing import StorageContract
from ciphertool.vault.opening import VaultAccess
from tests.conftest import APP_YAML, PASSWORD, SECRETS, SERVER_XML
from tests.plugins.example import CANARY, MemoryStorage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ciphertool.protection import Plan
    from ciphertool.storage.base import Storage
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

TOKEN = "c4n4ry-token"
NAME = "memory prod at https://memory.example/v1"
ALIAS = "app.datasource.password"
CONFIGURATION = {"conf/app.yaml": APP_YAML, "conf/server.xml": SERVER_XML}


class TestTheExampleAlone(StorageContract):
    """As its author would run the suite."""

    credentials = (TOKEN,)

    def open(self, place: Path) -> Storage:
        return MemoryStorage(place, vault=place.name, token=TOKEN)

    def open_obstructed(self, place: Path) -> Storage:
        self.open(place).replace(b"a=[x]\n", None)
        return MemoryStorage(place, vault=place.name, closed=True)


@pytest.mark.usefixtures("installed")
class TestTheExampleInstalled(StorageContract):
    """As the program uses it."""

    credentials = (TOKEN,)

    def open(self, place: Path, **options: Any) -> Storage:
        options = {"vault": place.name, "token": TOKEN, **options}
        return storage_named("memory", place, options, extensions=ALL_EXTENSIONS)

    def open_obstructed(self, place: Path) -> Storage:
        self.open(place).replace(b"a=[x]\n", None)
        return self.open(place, closed=True)


class _Killed(BaseException):
    """The end of the process."""


def _kill() -> None:
    raise _Killed


@pytest.fixture
def memory(installed: None) -> type[MemoryStorage]:  # noqa: ARG001 - it makes the module importable
    """The plug-in's class as the program imports it."""
    import ciphertool_example  # type: ignore[import-not-found]

    found: type[MemoryStorage] = ciphertool_example.MemoryStorage
    return found


@pytest.fixture
def config(project: Path, memory: type[MemoryStorage]) -> Path:  # noqa: ARG001 - settings name it
    """The project, whose vault is in memory; the certificate is enough to protect it."""
    path = project / "ciphertool.toml"
    keystore = open_keystore(project / "security/primary.p12", PASSWORD)
    (project / "security/primary.pem").write_text(DER_cert_to_PEM_cert(keystore.entry("primary").chain[0]))
    text = path.read_text().replace('path = "security/vault.properties"', f'vault = "prod"\ntoken = "{TOKEN}"')
    path.write_text(
        text.replace("[repository]", 'certificate = "security/primary.pem"\n[repository]\nstorage = "memory"')
    )
    return path


def _plan(config: Path) -> tuple[settings.Settings, Plan]:
    loaded = settings.load(config)
    access = VaultAccess(loaded, PasswordChain((Environment(),)))
    sealer, _ = access.to_seal(now=datetime.now(UTC))
    return loaded, protection.plan(loaded, access.repository(), sealer)


def _protect(config: Path) -> Plan:
    loaded, plan = _plan(config)
    assert plan.problems == ()
    protection.apply(loaded, plan)
    return plan


def _files(project: Path) -> dict[str, str]:
    return {name: (project / name).read_text(encoding="utf-8") for name in CONFIGURATION}


def _journal(project: Path) -> bool:
    return (project / ".ciphertool-journal").exists()


def test_a_whole_vault(project: Path, config: Path, memory: type[MemoryStorage], run: Run) -> None:
    with pytest.raises(ConfigError, match="no such secret repository") as nothing:
        Vault.open(config)
    assert nothing.value.path == NAME
    _, planned = _plan(config)
    assert [write.where for write in planned.writes] == [NAME, project / "conf/app.yaml", project / "conf/server.xml"]
    _protect(config)
    assert memory.held["prod"].version == 1
    assert set(_files(project).values()).isdisjoint(CONFIGURATION.values())
    assert not _journal(project)
    assert not (project / "security/vault.properties").exists()
    assert _plan(config)[1].empty
    with Vault.open(config) as vault:
        assert {alias: vault[alias].reveal() for alias in vault} == SECRETS
        assert vault.check() == len(SECRETS)
        assert vault.resolve_file(project / "conf/app.yaml").decode() == APP_YAML
        assert NAME in repr(vault)
    report = audit.audit([audit.Subject(project, settings.load(config))], now=datetime.now(UTC))
    states = {value.alias: value.state for value in report.values if value.alias}
    assert states == dict.fromkeys(SECRETS, SiteState.PROTECTED)
    assert [finding for finding in report.findings if finding.place.path.startswith("memory")] == []
    for command in (["protect"], ["check"], ["audit", "--json"], ["protect", "--dry-run", "-v"], ["get", ALIAS]):
        outcome = run(*command, "--config", str(config))
        assert (outcome.status, TOKEN in outcome.out + outcome.err) == (0, False), command
    assert f"repository: {NAME}" in run("check", "-v", "--config", str(config)).err


def test_findings_and_errors_name_the_storage(config: Path, memory: type[MemoryStorage], run: Run) -> None:
    _protect(config)
    data, version = memory.held["prod"]
    memory.held["prod"] = StoredBytes(data + b"clear=[c4n4ry-clear]\nbad=ENC[x]\n", version)
    outcome = run("audit", "--json", "--config", str(config))
    assert outcome.status == 1
    assert f'"path": "{NAME}"' in outcome.out
    with pytest.raises(UnknownAliasError) as unknown:
        Vault.open(config).resolve("nowhere")
    assert unknown.value.repository == NAME
    refused = run("protect", "--config", str(config))
    assert (refused.status, f"{NAME}:6: " in refused.err) == (3, True)
    assert "c4n4ry" not in outcome.out + outcome.err + refused.out + refused.err


def test_an_application_follows_its_vault(config: Path, memory: type[MemoryStorage]) -> None:
    _protect(config)
    vault = Vault.open(config, watch=0)
    before = vault[ALIAS].reveal()
    data, _ = memory.held["prod"]
    lines = data.decode().splitlines(keepends=True)
    memory.held["prod"] = StoredBytes("".join([*lines, "new=[x]\n"]).encode(), 2)
    assert (vault[ALIAS].reveal(), "new" in vault) == (before, True)
    del memory.held["prod"]
    with pytest.warns(UserWarning, match="no such secret repository"):
        assert vault[ALIAS].reveal() == before


@pytest.mark.parametrize("earlier", [b"", b"mine=[x]\n"], ids=["none", "some"])
def test_a_writer_in_the_meantime_wins_and_nothing_is_written(
    project: Path, config: Path, memory: type[MemoryStorage], earlier: bytes
) -> None:
    if earlier:
        memory.held["prod"] = StoredBytes(earlier, 1)
    loaded, plan = _plan(config)
    memory.held["prod"] = StoredBytes(b"theirs=[c4n4ry-theirs]\n", 2)
    with pytest.raises(ConflictError) as conflict:
        protection.apply(loaded, plan)
    assert f"written: nothing; unchanged: {NAME}, " in conflict.value.message
    assert _files(project) == CONFIGURATION
    assert memory.held["prod"].data == b"theirs=[c4n4ry-theirs]\n"
    assert not _journal(project)
    _protect(config)
    assert Vault.open(config)["theirs"].reveal() == "c4n4ry-theirs"
    assert Vault.open(config).check() == len(SECRETS)


def test_a_writer_while_the_files_are_written_is_not_overwritten(
    project: Path, config: Path, memory: type[MemoryStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the files of another machine: the next run finds both."""

    def write_too() -> None:
        data, version = memory.held["prod"]
        memory.held["prod"] = StoredBytes(data + b"theirs=[c4n4ry-theirs]\n", int(str(version)) + 1)
        (project / "conf/app.yaml").write_text(APP_YAML + "# by hand\n", encoding="utf-8")

    monkeypatch.setattr(memory, "after", staticmethod(write_too))
    loaded, plan = _plan(config)
    with pytest.raises(ConflictError):
        protection.apply(loaded, plan)
    assert _journal(project)
    monkeypatch.setattr(memory, "after", staticmethod(lambda: None))
    _protect(config)
    assert not _journal(project)
    vault = Vault.open(config)
    assert (vault["theirs"].reveal(), vault.check()) == ("c4n4ry-theirs", len(SECRETS))


def test_what_was_killed_before_the_swap_is_as_if_it_had_never_been(
    project: Path, config: Path, memory: type[MemoryStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    monkeypatch.setattr(memory, "before", staticmethod(_kill))
    with pytest.raises(_Killed):
        _protect(config)
    assert (_journal(project), memory.held) == (True, {})
    assert _files(project) == CONFIGURATION
    monkeypatch.setattr(memory, "before", staticmethod(lambda: None))
    (project / "conf/app.yaml").write_text(APP_YAML.replace("yaml-1", "other"), encoding="utf-8")
    _protect(config)
    assert not _journal(project)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    assert Vault.open(config)[ALIAS].reveal() == "c4n4ry-other"
    assert Vault.open(config).check() == len(SECRETS)


def test_what_was_killed_after_the_swap_is_completed_without_a_private_key(
    project: Path, config: Path, memory: type[MemoryStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    monkeypatch.setattr(memory, "after", staticmethod(_kill))
    with pytest.raises(_Killed):
        _protect(config)
    saved = memory.held["prod"]
    assert (_journal(project), saved.version) == (True, 1)
    assert _files(project) == CONFIGURATION
    plan = _protect(config)
    assert plan.encrypted == ()
    assert memory.held["prod"] == saved
    assert not _journal(project)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    assert Vault.open(config).check() == len(SECRETS)


def test_what_the_storage_has_lost_is_not_put_back_from_a_journal(
    project: Path, config: Path, memory: type[MemoryStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a file it would be. An engine has other writers, one of whom may have removed it on purpose."""
    monkeypatch.setattr(memory, "after", staticmethod(_kill))
    with pytest.raises(_Killed):
        _protect(config)
    monkeypatch.setattr(memory, "after", staticmethod(lambda: None))
    (project / "conf/app.yaml").write_text(APP_YAML.replace('"c4n4ry-yaml-1"', '"${sec:' + ALIAS + '}"'), "utf-8")
    data = memory.held["prod"].data.splitlines(keepends=True)
    memory.held["prod"] = StoredBytes(b"".join(line for line in data if not line.startswith(ALIAS.encode())), 2)
    _, plan = _plan(config)
    assert [(type(problem), problem.path) for problem in plan.problems] == [
        (UnknownAliasError, project / "conf/app.yaml")
    ]


def test_a_journal_of_another_vault_is_not_taken_for_ones_own(
    project: Path, config: Path, memory: type[MemoryStorage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "after", staticmethod(_kill))
    with pytest.raises(_Killed):
        _protect(config)
    config.write_text(config.read_text().replace('vault = "prod"', 'vault = "test"'))
    with pytest.raises(ConflictError, match="belongs to another repository in this directory"):
        _plan(config)
    assert _journal(project)


def test_an_obstacle_stops_a_run_before_it_writes(project: Path, config: Path, memory: type[MemoryStorage]) -> None:
    config.write_text(config.read_text().replace('vault = "prod"', 'vault = "prod"\nclosed = true'))
    _, plan = _plan(config)
    assert [(type(problem), problem.path) for problem in plan.problems] == [(WriteError, NAME)]
    assert memory.held == {}
    assert _files(project) == CONFIGURATION


@pytest.mark.usefixtures("memory")
def test_only_settings_that_a_person_named_may_have_another_storage_than_a_file(
    project: Path, config: Path, run: Run
) -> None:
    with pytest.raises(FoundSettingsError) as refused:
        settings.load()
    assert "storage 'memory'" in refused.value.message
    assert run("check").status == 3
    assert run("check", "--repository", "security/other.properties", "--config", str(config)).status == 3
    found = run("audit", str(project), "--json")
    assert "storage 'memory'" in found.out


@pytest.mark.usefixtures("memory")
def test_what_settings_say_of_a_storage_is_checked(config: Path) -> None:
    text = config.read_text()
    for old, new, message in (
        ('storage = "memory"', 'storage = "nowhere"', "storage must be one of file, broken, broken-read, memory"),
        ('storage = "memory"', 'storage = "memory"\nkind = "carbon4"', "storage must be file: the product of"),
    ):
        config.write_text(text.replace(old, new))
        with pytest.raises(ConfigError) as wrong:
            settings.load(config)
        assert message in wrong.value.message
    config.write_text(text.replace('storage = "memory"', 'storage = "file"\npath = "v"').replace("token", "tokens"))
    with pytest.raises(ProblemsError) as unknown:  # a file takes no other keys
        settings.load(config)
    assert [str(problem.message) for problem in unknown.value.problems] == [
        f"[repository] {key} is not known here" for key in ("vault", "tokens")
    ]
    config.write_text(text)
    loaded = settings.load(config)
    assert TOKEN not in repr(loaded)
    with pytest.raises(ConfigError):
        _ = loaded.repository


@pytest.mark.parametrize("lines", ['storage = "broken"', 'storage = "broken-read"', 'storage = "memory"\nwrong = 1'])
def test_a_broken_storage_stops_a_run_and_shows_nothing(project: Path, config: Path, run: Run, lines: str) -> None:
    config.write_text(config.read_text().replace('storage = "memory"', lines))
    for command in ("protect", "check", "audit"):
        outcome = run(command, "--config", str(config))
        assert outcome.status != 0
        assert "plug-in" in outcome.err + outcome.out
        assert not [text for text in (CANARY, TOKEN) if text in outcome.err + outcome.out]
    assert _files(project) == CONFIGURATION
    with pytest.raises(PluginError):
        Vault.open(config)


def test_a_plug_ins_kind_in_a_plug_ins_storage(config: Path, memory: type[MemoryStorage]) -> None:
    """The kind gets a file's snapshot, as ever."""
    config.write_text(config.read_text().replace('storage = "memory"', 'storage = "memory"\nkind = "json-vault"'))
    _protect(config)
    assert memory.held["prod"].data.startswith(b"{")
    assert Vault.open(config).check() == len(SECRETS)
    memory.held["prod"] = StoredBytes(b"{", 2)
    with pytest.raises(ConfigError, match="not JSON") as damaged:
        Vault.open(config)
    assert "memory prod at" in str(damaged.value.path)
    assert "ciphertool_example" in sys.modules
