"""The beginning: a vault without a secret, and settings that have only targets so far."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ciphertool import settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

TARGET = '# mine\n[[target]]\nfile = "app.yaml"\nselector = "$.password"\nalias = "app.password"'


def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "a keystore password")
    monkeypatch.delenv("CIPHERTOOL_CONFIG", raising=False)


def test_a_new_vault_has_no_secrets_yet(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _empty(tmp_path, monkeypatch)
    assert run("init").status == 0
    outcome = run("check")
    assert outcome.status == 0
    assert outcome.err.startswith("note: no secrets yet: protecting the first one creates security/vault.properties\n")
    assert json.loads(run("check", "--json").out) == {"problems": [], "references": 0, "files": 0, "unused": 0}
    (tmp_path / "app.yaml").write_text("password: c4n4ry-Xk9vQ2\n")
    outcome = run("check")
    assert (outcome.status, "an audit lists 1 in clear" in outcome.err) == (1, True)
    with (tmp_path / "ciphertool.toml").open("a") as config:
        config.write(TARGET)
    outcome = run("check")
    assert (outcome.status, "no such secret repository" in outcome.err) == (3, True)


def test_settings_with_targets_alone_are_completed(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _empty(tmp_path, monkeypatch)
    (tmp_path / "app.yaml").write_text("password: c4n4ry-Xk9vQ2\n")
    config = tmp_path / "ciphertool.toml"
    config.write_text(TARGET)
    config.chmod(0o640)
    outcome = run("init")
    assert (outcome.status, "completed ciphertool.toml\n" in outcome.err) == (0, True)
    assert config.read_text().startswith(f"{TARGET}\n\n")
    assert config.stat().st_mode & 0o777 == 0o640
    assert [target.alias for target in settings.load(config).targets] == ["app.password"]
    assert run("protect").status == 0
    assert run("check").status == 0


def test_an_audit_writes_the_first_settings(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell has made the file when `audit --write-targets >> ciphertool.toml` begins."""
    _empty(tmp_path, monkeypatch)
    (tmp_path / "app.yaml").write_text("password: c4n4ry-Xk9vQ2\n")
    config = tmp_path / "ciphertool.toml"
    config.touch()
    config.write_text(run("audit", "--write-targets").out)
    assert [target.selector for target in _completed(run, config).targets] == ["$.password"]
    assert run("protect").status == 0
    assert "c4n4ry" not in (tmp_path / "app.yaml").read_text()


def _completed(run: Run, config: Path) -> settings.Settings:
    """Return the settings after the one command that other commands ask for until then."""
    for command in ("protect", "check", "audit"):
        outcome = run(command)
        assert (outcome.status, outcome.out) == (3, "")
        assert "ciphertool.toml: names targets, but neither a keystore nor a repository\n" in outcome.err
        assert "hint: `ciphertool init` completes it" in outcome.err
    assert run("init").status == 0
    return settings.load(config)


def test_other_settings_are_left_alone(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _empty(tmp_path, monkeypatch)
    config = tmp_path / "ciphertool.toml"
    for text in ("[encryption]\nminimum_bits = 3072\n" + TARGET, "not toml"):
        config.write_text(text)
        outcome = run("init")
        assert outcome.status == 3
        assert "ciphertool.toml" in outcome.err
        assert config.read_text() == text
        assert not (tmp_path / "security").exists()
