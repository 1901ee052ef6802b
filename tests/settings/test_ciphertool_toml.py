"""`ciphertool.toml` is read strictly, and found only where it can be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciphertool import settings
from ciphertool.certificates.policy import Policy
from ciphertool.errors import ConfigError, ProblemsError
from ciphertool.settings.model import FOUND, NAMED, Overrides, Target

MINIMAL = '[keystore]\npath = "a.p12"\n[repository]\npath = "v.properties"\n'


def _write(directory: Path, text: str) -> Path:
    path = directory / "ciphertool.toml"
    path.write_text(text)
    return path


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    loaded = settings.load(_write(tmp_path, MINIMAL))
    assert loaded.keystore.path == tmp_path / "a.p12"
    assert loaded.repository == tmp_path / "v.properties"
    assert (loaded.kind, loaded.scheme, loaded.encryption.policy, loaded.encryption.minimum_bits) == (
        "native",
        "auto",
        Policy.JAVA,
        2048,
    )


def test_targets_are_read(tmp_path: Path) -> None:
    text = MINIMAL + '[[target]]\nfile = "f"\nselector = "s"\nalias = "{stem}.a"\noptional = true\n'
    assert settings.load(_write(tmp_path, text)).targets == (Target("f", "s", "{stem}.a", optional=True),)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = (
        '[keystore]\npth = "x"\nfingerprint = "abc"\n[encryption]\npolicy = "lax"\nminimum_bits = "many"\n'
        '[[target]]\nfile = ""\nselector = 3\nalias = "a b"\n[typo]\n'
    )
    with pytest.raises(ProblemsError) as caught:
        settings.load(_write(tmp_path, text))
    told = "\n".join(problem.message for problem in caught.value.problems)
    for part in (
        "pth",
        "fingerprint",
        "path is missing",
        "policy",
        "minimum_bits",
        "file",
        "selector",
        "alias",
        "typo",
    ):
        assert part in told
    assert all(problem.path == tmp_path / "ciphertool.toml" for problem in caught.value.problems)


def test_a_glob_that_is_none_is_told(tmp_path: Path) -> None:
    target = '[[target]]\nfile = "conf/**.yaml"\nselector = "$.a"\nalias = "a"\n'
    with pytest.raises(ConfigError) as caught:
        settings.load(_write(tmp_path, MINIMAL + target))
    assert "** matches directories" in str(caught.value)


def test_a_syntax_error_is_told_without_the_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load(_write(tmp_path, 'password = "c4n4ry\n'))
    assert "line 1" in caught.value.message
    assert "c4n4ry" not in str(caught.value)


def test_the_command_line_goes_over_the_settings(tmp_path: Path) -> None:
    overrides = Overrides(
        keystore=Path("k"), key_alias="x", repository=Path("r"), policy=Policy.STRICT, minimum_bits=4096
    )
    loaded = settings.load(_write(tmp_path, MINIMAL), overrides)
    assert (loaded.keystore.path, loaded.keystore.alias, loaded.repository) == (Path("k"), "x", Path("r"))
    assert (loaded.encryption.policy, loaded.encryption.minimum_bits) == (Policy.STRICT, 4096)


def test_the_nearest_configuration_upwards_is_found(tmp_path: Path) -> None:
    path = _write(tmp_path, MINIMAL)
    (tmp_path / "a/b").mkdir(parents=True)
    assert settings.locate(tmp_path / "a/b", {}) == path
    assert settings.locate(tmp_path / "a/b", {"CIPHERTOOL_CONFIG": "/elsewhere"}) == Path("/elsewhere")


def test_the_search_does_not_pass_a_directory_that_others_can_write(tmp_path: Path) -> None:
    _write(tmp_path, MINIMAL)
    below = tmp_path / "shared/below"
    below.mkdir(parents=True)
    below.parent.chmod(0o777)
    with pytest.raises(ConfigError) as caught:
        settings.locate(below, {})
    assert str(below.parent) in caught.value.message


def test_settings_that_were_found_are_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path, MINIMAL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIPHERTOOL_CONFIG", raising=False)
    assert settings.load().trust == FOUND
    assert settings.load(path).trust == NAMED
    monkeypatch.setenv("CIPHERTOOL_CONFIG", str(path))
    assert settings.load().trust == NAMED


def test_a_key_of_too_many_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not valid TOML: nested too deeply"):
        settings.load(_write(tmp_path, MINIMAL + ".".join("a" * 100_000) + " = 1"))
