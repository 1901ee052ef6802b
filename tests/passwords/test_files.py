"""Passwords from files: lengths, modes, credentials, and which files a source says that it reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ciphertool.errors import PasswordSourceError
from ciphertool.passwords import (
    MountedSecret,
    PasswordFile,
    Passwords,
    SystemdCredential,
)

if TYPE_CHECKING:
    from pathlib import Path

MOST = 65_536


def _file(path: Path, content: str, mode: int = 0o600) -> Path:
    path.write_text(content, newline="")
    path.chmod(mode)
    return path


def test_a_file_of_the_most_bytes_is_read_and_one_more_is_too_much(tmp_path: Path) -> None:
    assert PasswordFile(_file(tmp_path / "p", "x" * MOST)).read() == Passwords("x" * MOST)
    with pytest.raises(PasswordSourceError, match="too long"):
        PasswordFile(_file(tmp_path / "p", "x" * MOST + "\n")).read()


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_who_may_do_what_with_a_file(tmp_path: Path) -> None:
    """Everybody's reading exposes it; everybody's writing or running does not show it."""
    for mode, exposed in ((0o604, True), (0o602, False), (0o601, False), (0o677, True), (0o670, False)):
        passwords = PasswordFile(_file(tmp_path / "p", "a", mode)).read()
        assert passwords.exposed == (tmp_path / "p" if exposed else None)
    for mode in (0o600, 0o400, 0o700):
        assert PasswordFile(_file(tmp_path / f"{mode:o}", "a", mode), private=True).read() == Passwords("a")


def test_only_a_final_line_end_is_taken_off_a_mounted_secret(tmp_path: Path) -> None:
    for content, value in (("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\r", "a"), (" a \t\n", " a \t")):
        _file(tmp_path / "store", content)
        assert MountedSecret(tmp_path, "store").read() == Passwords(value)
    for content in ("a\n\n", "a\r\r", "a\rb", "\na", "a\r\n\n"):
        _file(tmp_path / "store", content)
        with pytest.raises(PasswordSourceError, match="not one line"):
            MountedSecret(tmp_path, "store").read()


def test_a_mounted_key_password_that_is_empty_is_an_error(tmp_path: Path) -> None:
    _file(tmp_path / "store", "a")
    _file(tmp_path / "key", "\n")
    with pytest.raises(PasswordSourceError, match="it is empty") as caught:
        MountedSecret(tmp_path, "store", "key").read()
    assert caught.value.source == str(tmp_path / "key")


def test_a_credential_is_that_of_the_services_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _file(tmp_path / "store", "a")
    _file(tmp_path / "key", "b")
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    source = SystemdCredential("store", "key", environment)
    assert source.read() == Passwords("a", "b")
    assert (source.name, source.variables) == ("the systemd credential store", ("CREDENTIALS_DIRECTORY",))
    assert SystemdCredential("absent", "key", environment).read() is None
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert SystemdCredential("store").read() == Passwords("a")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "")
    assert SystemdCredential("store").read() is None


def test_a_source_says_which_files_it_reads(tmp_path: Path) -> None:
    named = PasswordFile(tmp_path / "p")
    assert (named.files, named.name, named.variables) == (
        (tmp_path / "p",),
        f"the password file {tmp_path / 'p'}",
        (),
    )
    mounted = MountedSecret(tmp_path, "store", "key")
    assert mounted.files == (tmp_path / "store", tmp_path / "key")
    assert (mounted.name, mounted.variables) == (f"the mounted secret {tmp_path / 'store'}", ())
    assert MountedSecret(tmp_path, "store").files == (tmp_path / "store",)
