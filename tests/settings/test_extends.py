"""`extends`: the targets of another settings file, and nothing else of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import settings
from ciphertool.errors import CipherToolError, ConfigError, FoundSettingsError
from ciphertool.settings.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

VAULT = '[keystore]\npath = "a.p12"\n[repository]\npath = "v.properties"\n'


def _target(file: str, alias: str, selector: str = "$.a") -> str:
    return f'[[target]]\nfile = "{file}"\nselector = "{selector}"\nalias = "{alias}"\n'


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_targets_are_taken_and_nothing_else(tmp_path: Path) -> None:
    common = '[keystore]\npath = "b.p12"\n[encryption]\nminimum_bits = 4096\n[run]\ninherit = ["X"]\n'
    _write(tmp_path / "ciphertool.toml", common + _target("conf/app.yaml", "{path}.{key}"))
    prod = _write(tmp_path / "env/prod/ciphertool.toml", 'extends = "../../ciphertool.toml"\n' + VAULT)
    loaded = settings.load(prod)
    assert loaded.targets == (Target("../../conf/app.yaml", "$.a", "{path}.{key}", base="../.."),)
    assert loaded.keystore.path == prod.parent / "a.p12"
    assert (loaded.encryption.minimum_bits, loaded.inherit) == (2048, ())


def test_a_nearer_target_wins_over_one_of_the_same_place(tmp_path: Path) -> None:
    _write(tmp_path / "a.toml", _target("x.yaml", "far") + _target("y.yaml", "far.y") + _target("x.yaml", "b", "$.b"))
    _write(tmp_path / "b/b.toml", 'extends = "../a.toml"\n' + _target("../x.yaml", "nearer"))
    own = _write(tmp_path / "c/ciphertool.toml", 'extends = "../b/b.toml"\n' + VAULT + _target("../y.yaml", "own.y"))
    found = [(target.alias, target.file) for target in settings.load(own).targets]
    assert found == [("b", "../x.yaml"), ("nearer", "../b/../x.yaml"), ("own.y", "../y.yaml")]


def _refused(path: Path) -> CipherToolError:
    with pytest.raises(ConfigError) as caught:
        settings.load(path)
    return caught.value


def test_what_cannot_be_extended_is_an_error_with_its_place(tmp_path: Path) -> None:
    own = _write(tmp_path / "ciphertool.toml", 'extends = "absent.toml"\n' + VAULT)
    error = _refused(own)
    assert (error.message, error.path, bool(error.hint)) == ("extends absent.toml: no such file", own, True)
    own.write_text('extends = "ciphertool.toml"\n' + VAULT)
    assert _refused(own).message == "extends ciphertool.toml: extends itself, maybe by others"
    own.write_text('extends = "1.toml"\n' + VAULT)
    _write(tmp_path / "1.toml", 'extends = "ciphertool.toml"\n' + _target("x", "a"))
    error = _refused(own)
    assert (error.message, error.path) == (
        "extends ciphertool.toml: extends itself, maybe by others",
        tmp_path / "1.toml",
    )
    for number in range(1, 7):
        _write(tmp_path / f"{number}.toml", f'extends = "{number + 1}.toml"\n' + _target("x", f"a{number}"))
    error = _refused(own)
    assert (error.message, error.path) == ("extends 6.toml: more than 5 files deep", tmp_path / "5.toml")
    _write(tmp_path / "5.toml", _target("x", "a5"))
    assert [target.alias for target in settings.load(own).targets] == ["a1"]
    _write(tmp_path / "1.toml", VAULT)
    assert (_refused(own).path, _refused(own).message) == (tmp_path / "1.toml", "is extended, but has no [[target]]")
    _write(tmp_path / "1.toml", _target("x", "a b"))
    assert _refused(own).path == tmp_path / "1.toml"
    _write(tmp_path / "1.toml", "no toml")
    assert _refused(own).path == tmp_path / "1.toml"


def test_found_settings_extend_nothing_outside_their_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_CONFIG", raising=False)
    _write(tmp_path / "ciphertool.toml", VAULT + _target("conf/app.yaml", "a"))
    prod = _write(tmp_path / "prod/ciphertool.toml", 'extends = "../ciphertool.toml"\n' + VAULT)
    monkeypatch.chdir(prod.parent)
    with pytest.raises(FoundSettingsError, match=r"settings file ciphertool\.toml leads out of the tree"):
        settings.load()
    (prod.parent / "link.toml").symlink_to("../ciphertool.toml")
    prod.write_text('extends = "link.toml"\n' + VAULT)
    with pytest.raises(FoundSettingsError):
        settings.load()
    assert len(settings.load(prod).targets) == 1
    (prod.parent / "link.toml").unlink()
    _write(prod.parent / "more/link.toml", _target("app.yaml", "a"))
    prod.write_text('extends = "more/link.toml"\n' + VAULT)
    assert [target.file for target in settings.load().targets] == ["more/app.yaml"]
    _write(prod.parent / "beside.toml", _target("app.yaml", "a"))
    prod.write_text('extends = "beside.toml"\n' + VAULT)
    assert [target.file for target in settings.load().targets] == ["app.yaml"]


def test_two_environments_share_files_and_aliases(project: Path, run: Callable[..., Outcome]) -> None:
    text = (project / "ciphertool.toml").read_text().replace("{stem}.{key}", "{path}/{key}")
    (project / "ciphertool.toml").write_text(text)
    vault = '[keystore]\npath = "../security/primary.p12"\n[repository]\npath = "vault.properties"\n'
    _write(project / "prod/ciphertool.toml", 'extends = "../ciphertool.toml"\n' + vault)
    assert run("protect").status == 0
    aliases = {line.partition("=")[0] for line in (project / "security/vault.properties").read_text().splitlines()}
    assert "conf/app.yaml/smtp.password" in aliases
    (project / "prod/vault.properties").write_text("".join(f"{alias}=[prod-{alias}]\n" for alias in sorted(aliases)))
    assert run("protect", "--config", "prod/ciphertool.toml").status == 0
    assert run("check", "--config", "prod/ciphertool.toml").status == 0
    found = run("resolve", "--config", "prod/ciphertool.toml", "conf/app.yaml").out
    assert "prod-conf/app.yaml/smtp.password" in found
