"""What is read of a file, up to which size, and what the system says of it."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from ciphertool import files
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

MOST = 256 * 1024 * 1024


def _sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def test_a_file_of_the_most_bytes_is_read_and_one_more_is_too_much(tmp_path: Path) -> None:
    assert len(files.read(_sparse(tmp_path / "f", MOST)).bytes) == MOST
    with pytest.raises(ConfigError, match="larger than 256 MiB"):
        files.read(_sparse(tmp_path / "f", MOST + 1))
    assert files.read(_sparse(tmp_path / "f", 3), most=3).data == b"\0\0\0"
    for read in (files.read, files.read_if_there):
        with pytest.raises(ConfigError, match="larger than 0 MiB"):
            read(tmp_path / "f", most=2)
    with pytest.raises(ConfigError, match="larger than 2 MiB"):
        files.read(_sparse(tmp_path / "f", 3 * 1024 * 1024), most=2 * 1024 * 1024)


def test_the_size_of_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert files.size(_sparse(tmp_path / "f", 5)) == 5
    assert files.size(tmp_path / "absent") == 0
    assert files.size(tmp_path / "f/g") == 0


def test_the_bytes_of_a_file_that_is_not_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    assert files.read(tmp_path / "f").bytes == b"x"
    assert files.read_if_there(tmp_path / "absent").bytes == b""


def test_the_real_path_is_behind_all_links_also_of_a_file_in_no_directory(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "l").symlink_to("d")
    assert files.read_if_there(tmp_path / "l/f").real == tmp_path / "d/f"
    assert files.read_if_there(tmp_path / "l/absent/f").real == tmp_path / "d/absent/f"
    assert files.read_if_there(tmp_path / "l/absent/f").data is None


def test_what_is_no_file_is_called_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "pipe", "not a regular file")):
        with pytest.raises(ConfigError, match=f"cannot be read: {reason}"):
            files.read(path)
    with pytest.raises(ConfigError, match="cannot be read: not a path"):
        files.read(tmp_path / "f\0")
    with pytest.raises(ConfigError, match="no such file"):
        files.read(tmp_path / "absent")


def test_the_facts_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"four")
    path.chmod(0o4751)
    (tmp_path / "g").hardlink_to(path)
    status, facts = path.stat(), files.read(path).facts
    assert facts is not None
    assert facts[:-1] == (
        status.st_dev,
        status.st_ino,
        0o4751,
        status.st_uid,
        status.st_gid,
        2,
        4,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


@pytest.mark.parametrize(("number", "fails"), [(errno.ENOTSUP, False), (errno.ENOSYS, False), (errno.EIO, True)])
def test_a_file_system_without_attributes_has_none_and_one_that_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, fails: bool
) -> None:
    (tmp_path / "f").write_bytes(b"x")

    def listxattr(_: int) -> list[str]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "listxattr", listxattr, raising=False)
    if fails:
        with pytest.raises(ConfigError, match="cannot be read"):
            files.read(tmp_path / "f")
    else:
        facts = files.read(tmp_path / "f").facts
        assert facts is not None
        assert facts.attributes == ()


def test_an_attribute_that_may_not_be_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_bytes(b"x")
    values = {"user.b": b"2", "trusted.a": None, "user.a": b"1", "security.ima": b"of the content"}

    def getxattr(_: int, name: str) -> bytes:
        if (value := values[name]) is None:
            raise PermissionError(errno.EPERM, "not permitted")
        return value

    monkeypatch.setattr(os, "listxattr", lambda _: list(values), raising=False)
    monkeypatch.setattr(os, "getxattr", getxattr, raising=False)
    facts = files.read(tmp_path / "f").facts
    assert facts is not None
    assert facts.attributes == (("user.a", b"1"), ("user.b", b"2"))
