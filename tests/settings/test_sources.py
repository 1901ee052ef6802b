"""`[[password]]` names where passwords come from, and starts programs only where a person named the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciphertool import settings
from ciphertool.errors import CipherToolError, ConfigError, ProblemsError
from ciphertool.passwords import (
    CarbonHome,
    Command,
    Environment,
    Keyring,
    MasterKeys,
    MountedSecret,
    PasswordFile,
    SystemdCredential,
)

MINIMAL = '[keystore]\npath = "a.p12"\n[repository]\npath = "v.properties"\n'


def _write(directory: Path, text: str) -> Path:
    path = directory / "ciphertool.toml"
    path.write_text(MINIMAL + text)
    return path


def test_sources_are_read_in_their_order(tmp_path: Path) -> None:
    text = """
    [[password]]
    from = "environment"
    variable = "APP_STORE"
    [[password]]
    from = "file"
    path = "secret/p"
    [[password]]
    from = "systemd"
    name = "store"
    [[password]]
    from = "mounted"
    name = "store"
    key_name = "key"
    [[password]]
    from = "keyring"
    service = "app"
    user = "store"
    [[password]]
    from = "command"
    command = ["pass", "show", "store"]
    [[password]]
    from = "carbon"
    home = "/opt/wso2"
    consume = true
    [[password]]
    from = "master-keys"
    path = "master-keys.yaml"
    """
    assert settings.load(_write(tmp_path, text)).password_sources == (
        Environment(variable="APP_STORE", key_variable="APP_STORE_KEY"),
        PasswordFile(tmp_path / "secret/p", private=True),
        SystemdCredential("store"),
        MountedSecret(Path("/run/secrets"), "store", "key"),
        Keyring("app", "store"),
        Command(("pass", "show", "store")),
        CarbonHome(Path("/opt/wso2"), consume=True),
        MasterKeys(tmp_path / "master-keys.yaml"),
    )


@pytest.mark.parametrize(
    "table",
    [
        'from = "nowhere"',
        'path = "p"',
        'from = "file"',
        'from = "command"\ncommand = "a b"',
        'from = "systemd"\nnam = "x"',
    ],
)
def test_a_table_that_is_wrong_is_a_problem(tmp_path: Path, table: str) -> None:
    with pytest.raises((ConfigError, ProblemsError)) as e:
        settings.load(_write(tmp_path, f"[[password]]\n{table}\n"))
    problems = e.value.problems if isinstance(e.value, ProblemsError) else [e.value]
    assert all("password 1" in problem.message for problem in problems)


@pytest.mark.parametrize("table", ['from = "command"\ncommand = ["touch", "started"]', 'from = "a-plug-in"'])
def test_a_configuration_that_is_merely_found_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.delenv("CIPHERTOOL_CONFIG", raising=False)
    path = _write(tmp_path, f"[[password]]\n{table}\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    with pytest.raises(CipherToolError, match="only from a configuration that is named"):
        settings.load()
    assert not (tmp_path / "below/started").exists()
    if "command" in table:
        monkeypatch.setenv("CIPHERTOOL_CONFIG", str(path))
        assert settings.load().password_sources == (Command(("touch", "started")),)


def test_the_search_ends_at_a_directory_where_others_can_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_CONFIG", raising=False)
    path = _write(tmp_path, "")
    shared, below = tmp_path / "shared", tmp_path / "shared/below"
    below.mkdir(parents=True)
    assert settings.locate(below) == path
    for mode in (0o777, 0o775, 0o1777):
        shared.chmod(mode)
        with pytest.raises(ConfigError) as e:
            settings.locate(below)
        assert str(shared) in e.value.message
    shared.chmod(0o755)
    assert settings.locate(below) == path
