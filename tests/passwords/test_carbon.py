"""Passwords of Carbon products: how far a relocation leads, what is renamed, and what is said to be read."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from ciphertool.errors import PasswordSourceError
from ciphertool.passwords import (
    CarbonHome,
    MasterKeys,
    Passwords,
)
from ciphertool.passwords import files as password_files

as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")


def _keys(path: Path, store: str | None = None, key: str | None = None, relocation: object = None) -> Path:
    lines = [] if relocation is None else [f"relocation: {relocation}"]
    lines.append("masterKeys:")
    for name, value in (("keyStorePassword", store), ("privateKeyPassword", key)):
        if value is not None:
            lines.append(f"  {name}: !!binary {base64.b64encode(value.encode()).decode()}")
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of settings, and beside it one with somebody else's master keys; neither is the working directory."""
    for name in ("conf/sub", "outside", "working"):
        (tmp_path / name).mkdir(parents=True)
    _keys(tmp_path / "outside/keys.yaml", "from outside")
    monkeypatch.chdir(tmp_path / "working")
    return tmp_path / "conf"


def test_a_relocation_within_a_directory_is_followed_beside_the_file(conf: Path) -> None:
    _keys(conf / "sub/keys.yaml", "within")
    first = _keys(conf / "master-keys.yaml", relocation="sub/keys.yaml")
    assert MasterKeys(first, {}, within=conf).read() == Passwords("within")
    _keys(Path("keys.yaml"), "from the working directory")
    first = _keys(conf / "sub/first.yaml", relocation="keys.yaml")
    assert MasterKeys(first, {}, within=conf).read() == Passwords("within")
    assert MasterKeys(first, {}).read() == Passwords("from the working directory")


@pytest.mark.parametrize(
    "relocation", ["../outside/keys.yaml", "link.yaml", "linked/keys.yaml", "absent.yaml", "sub", "/"]
)
def test_no_relocation_leads_out_of_a_directory(conf: Path, relocation: str) -> None:
    (conf / "link.yaml").symlink_to("../outside/keys.yaml")
    (conf / "linked").symlink_to("../outside")
    for path in (relocation, str(conf / relocation)):
        first = _keys(conf / "master-keys.yaml", "not this", relocation=path)
        with pytest.raises(PasswordSourceError, match="relocates out of") as caught:
            MasterKeys(first, {}, within=conf).read()
        assert caught.value.source == str(first)
        assert "CIPHERTOOL_CONFIG" in caught.value.hint


def test_a_relocation_after_the_first_leads_out_no_more_than_that_one(conf: Path) -> None:
    _keys(conf / "second.yaml", relocation="../outside/keys.yaml")
    first = _keys(conf / "master-keys.yaml", relocation="second.yaml")
    with pytest.raises(PasswordSourceError, match="relocates out of") as caught:
        MasterKeys(first, {}, within=conf).read()
    assert caught.value.source == str(conf / "second.yaml")
    assert MasterKeys(first, {}).read() == Passwords("from outside")


def test_a_variable_alone_needs_no_file_and_no_key_in_it(conf: Path) -> None:
    absent = conf / "absent.yaml"
    assert MasterKeys(absent, {"keyStorePassword": "a", "privateKeyPassword": "b"}).read() == Passwords("a", "b")
    without = _keys(conf / "keys.yaml")
    assert MasterKeys(without, {"keyStorePassword": "a"}).read() == Passwords("a")
    with pytest.raises(PasswordSourceError, match=r"it has no masterKeys\.keyStorePassword"):
        MasterKeys(without, {"privateKeyPassword": "b"}).read()


def test_a_file_that_everybody_reads_is_told_and_one_of_the_way_there_is_not(conf: Path) -> None:
    last = _keys(conf / "last.yaml", "a")
    first = _keys(conf / "master-keys.yaml", relocation="last.yaml")
    first.chmod(0o644)
    assert MasterKeys(first, {}).read() == Passwords("a")
    last.chmod(0o644)
    assert MasterKeys(first, {}).read() == Passwords("a", exposed=last)


def test_a_value_that_is_no_text_is_not_taken_for_none(conf: Path) -> None:
    first = _keys(conf / "keys.yaml", "a")
    for value in ("plain", "''", "0", "false", "!!binary ''"):
        first.write_text(f"masterKeys:\n  keyStorePassword: !!binary YQ==\n  privateKeyPassword: {value}\n")
        with pytest.raises(PasswordSourceError, match=r"masterKeys\.privateKeyPassword is not UTF-8 text"):
            MasterKeys(first, {}).read()
    first.write_text("masterKeys:\n  keyStorePassword: !!binary YQ==\n  privateKeyPassword: null\n")
    assert MasterKeys(first, {}).read() == Passwords("a")


def test_an_empty_relocation_is_none(conf: Path) -> None:
    assert MasterKeys(_keys(conf / "keys.yaml", "a", relocation="''"), {}).read() == Passwords("a")
    assert MasterKeys(_keys(conf / "keys.yaml", "a", relocation="null"), {}).read() == Passwords("a")


def test_sources_say_what_they_read(tmp_path: Path) -> None:
    keys, home = MasterKeys(tmp_path / "k.yaml", {}), CarbonHome(tmp_path)
    assert keys.files == (tmp_path / "k.yaml",)
    assert keys.variables == ("keyStorePassword", "privateKeyPassword")
    assert keys.name == f"the environment variable keyStorePassword and the file {tmp_path / 'k.yaml'}"
    assert home.files == tuple(tmp_path / name for name in ("password", "password-tmp", "password-persist"))
    assert home.variables == ()
    assert home.name == f"the files password, password-tmp, password-persist of {tmp_path}"


@as_root
def test_another_file_than_the_one_that_was_read_is_not_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "password"
    path.write_text("a")
    fstat = os.fstat

    def exchanged(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        if path.exists() and os.path.samestat(status, path.stat()):
            (tmp_path / "new").write_text("another's")
            (tmp_path / "new").replace(path)
        return status

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", exchanged)
        with pytest.raises(PasswordSourceError, match="no longer the file that was read"):
            CarbonHome(tmp_path, consume=True).read()
    assert path.read_text() == "another's"
    assert [one.name for one in tmp_path.iterdir()] == ["password"]


def test_a_file_that_cannot_be_renamed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a")
    (tmp_path / "password-tmp").mkdir()
    with pytest.raises(PasswordSourceError, match="cannot be renamed or deleted: Is a directory"):
        CarbonHome(tmp_path, consume=True).read()
    assert (tmp_path / "password").read_text() == "a"


def test_what_is_read_has_the_permissions_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("hunter2")
    (tmp_path / "p").chmod(0o4640)
    content = password_files.read(tmp_path / "p")
    assert content is not None
    assert (content.mode, content.exposed, "hunter2" in repr(content)) == (0o4640, False, False)
