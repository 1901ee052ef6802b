"""Files are written whole or not at all, and what cannot be replaced is found before."""

from __future__ import annotations

import errno
import os
import stat
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from ciphertool import files
from ciphertool.errors import (
    ConfigError,
    ConflictError,
    WriteError,
)
from ciphertool.files import directories

as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")


def test_a_new_file_takes_the_mode_of_its_sibling_without_write_for_others(tmp_path: Path) -> None:
    sibling = tmp_path / "sibling"
    sibling.touch()
    sibling.chmod(0o777)
    mode = files.read(sibling).mode_beside
    files.write_all([files.Write(files.read_if_there(tmp_path / "new"), b"x", mode)])
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o664


def test_a_new_file_is_private_unless_told(tmp_path: Path) -> None:
    files.write_all([files.Write(files.read_if_there(tmp_path / "new"), b"x")])
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_changed_file_keeps_mode_and_extended_attributes(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(0o640)
    try:
        os.setxattr(path, "user.note", b"kept")
    except (AttributeError, OSError):
        pytest.skip("no extended attributes here")
    files.write_all([files.Write(files.read(path), b"new")])
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.getxattr(path, "user.note") == b"kept"


@as_root
def test_owner_and_group_are_kept_and_a_new_file_has_its_directorys(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    os.chown(tmp_path, 3456, 4567)
    files.write_all([files.Write(files.read(path), b"new"), files.Write(files.read_if_there(tmp_path / "new"), b"x")])
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)
    assert ((tmp_path / "new").stat().st_uid, (tmp_path / "new").stat().st_gid) == (3456, 4567)


def test_a_file_that_changed_is_left_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    writes = [files.Write(files.read(first), b"new 1"), files.Write(files.read(second), b"new 2")]
    second.write_bytes(b"somebody else's")
    with pytest.raises(ConflictError) as caught:
        files.write_all(writes)
    assert f"written: {first}" in caught.value.message
    assert f"unchanged: {second}" in caught.value.message
    assert (first.read_bytes(), second.read_bytes()) == (b"new 1", b"somebody else's")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_a_file_that_appeared_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    write = files.Write(files.read_if_there(tmp_path / "new"), b"x")
    (tmp_path / "new").write_bytes(b"somebody else's")
    with pytest.raises(ConflictError):
        files.write_all([write])
    assert (tmp_path / "new").read_bytes() == b"somebody else's"


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    (tmp_path / f".f.ciphertool-{'0' * 12}").write_bytes(b"left")
    (tmp_path / ".f.ciphertool-notes").write_bytes(b"somebody's")
    files.write_all([files.Write(files.read(path), b"new")])
    assert sorted(p.name for p in tmp_path.iterdir()) == [".f.ciphertool-notes", "f"]


def test_a_hard_link_is_an_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x")
    assert files.obstacle(files.read(path)) is None
    (tmp_path / "g").hardlink_to(path)
    found = files.obstacle(files.read(path))
    assert found is not None
    assert "2 hard links" in found.message


def test_a_missing_directory_is_an_obstacle(tmp_path: Path) -> None:
    found = files.obstacle(files.read_if_there(tmp_path / "absent/f"))
    assert found is not None
    assert "directory does not exist" in found.message


@as_root
def test_a_mount_point_is_an_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "mounted file"
    path.write_bytes(b"x")
    code = (
        "import sys; from pathlib import Path; from ciphertool import files; "
        "print(files.obstacle(files.read(Path(sys.argv[1]))).message)"
    )
    done = subprocess.run(
        [
            "unshare",
            "-m",
            "sh",
            "-c",
            'mount --bind "$1" "$1" && exec "$2" -c "$3" "$1"',
            "-",
            path,
            sys.executable,
            code,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[2])},
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mounts in this container")
    assert "is a mount point" in done.stdout


@as_root
def test_a_directory_that_cannot_be_written_is_an_obstacle() -> None:
    with tempfile.TemporaryDirectory() as directory:  # pytest's own are closed to other users
        path = Path(directory, "f")
        path.write_bytes(b"x")
        path.parent.chmod(0o755)
        process = os.fork()
        if process == 0:
            status = 1
            try:
                os.setgid(65534)
                os.setuid(65534)
                found = files.obstacle(files.read(path))
                status = 0 if found is not None and "no permission" in found.message else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, Path(os.devnull), tmp_path / "pipe"):
        with pytest.raises(ConfigError) as caught:
            files.read(path)
        assert caught.value.path == path
    with pytest.raises(ConfigError):
        files.read(tmp_path / "absent")


def test_two_runs_do_not_write_at_once(tmp_path: Path) -> None:
    with files.lock(tmp_path / "vault"):
        failures: list[Exception] = []

        def other() -> None:
            try:
                with files.lock(tmp_path / "vault", seconds=0.2):
                    pass
            except ConflictError as error:
                failures.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert len(failures) == 1
    with files.lock(tmp_path / "vault", seconds=0.2):
        pass


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_the_place_of_a_directory_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WriteError, match="Not a directory"), files.lock(tmp_path / "pipe/vault"):
        pass


def test_an_error_of_the_system_is_a_write_error(tmp_path: Path) -> None:
    name = "n" * 250
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(WriteError) as caught:
        files.write_all([files.Write(files.read(tmp_path / name), b"y")])
    assert "name too long" in caught.value.message.lower()
    assert (tmp_path / name).read_bytes() == b"x"


def test_set_id_bits_and_the_sticky_bit_are_never_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(0o7755)
    files.write_all([files.Write(files.read(path), b"new")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_a_new_file_takes_no_set_id_bits_of_its_sibling(tmp_path: Path) -> None:
    sibling = tmp_path / "sibling"
    sibling.touch()
    sibling.chmod(0o6755)
    assert files.read(sibling).mode_beside == 0o644
    assert files.read_if_there(tmp_path / "absent").mode_beside == 0o600


def test_what_is_taken_over_is_of_the_file_that_was_read(tmp_path: Path) -> None:
    """Another file of the same content under the name is another file, and gives nothing."""
    path, other = tmp_path / "f", tmp_path / "other"
    path.write_bytes(b"old")
    other.write_bytes(b"old")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    write = files.Write(files.read(path), b"new")
    other.replace(path)
    with pytest.raises(ConflictError):
        files.write_all([write])
    assert path.read_bytes() == b"old"


def test_a_mode_that_was_changed_meanwhile_is_not_undone(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write = files.Write(files.read(path), b"new")
    path.chmod(0o600)
    with pytest.raises(ConflictError):
        files.write_all([write])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@as_root
def test_a_programs_capabilities_are_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
    except OSError:
        pytest.skip("no capabilities of files here")
    files.write_all([files.Write(files.read(path), b"new")])
    assert "security.capability" not in os.listxattr(path)


ACL = "system.posix_acl_access"


def _acl(*entries: tuple[int, int, int]) -> bytes:
    """An ACL as Linux stores it: tag, permissions and id of each entry."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def _set_acl(path: Path, name: str = ACL) -> bytes:
    """Let user 1234 read and write: owner rw, user 1234 rw, group r, mask rw, others nothing."""
    nobody = 0xFFFFFFFF
    value = _acl((1, 6, nobody), (2, 6, 1234), (4, 4, nobody), (0x10, 6, nobody), (0x20, 0, nobody))
    try:
        os.setxattr(path, name, value)
    except (AttributeError, OSError):
        pytest.skip("no access control lists here")
    return value


@pytest.mark.parametrize("unnamed", [True, False], ids=["unnamed", "named"])
def test_an_access_control_list_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool) -> None:
    if not unnamed:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    path = tmp_path / "f"
    path.write_bytes(b"old")
    value = _set_acl(path)
    mode = path.stat().st_mode
    files.write_all([files.Write(files.read(path), b"new")])
    assert path.read_bytes() == b"new"
    assert os.getxattr(path, ACL) == value
    assert path.stat().st_mode == mode
    assert stat.S_IMODE(mode) == 0o660


def test_a_directorys_list_gives_nobody_what_the_file_did_not(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(0o640)
    _set_acl(tmp_path, "system.posix_acl_default")
    files.write_all([files.Write(files.read(path), b"new")])
    assert ACL not in os.listxattr(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_private_file_keeps_no_list(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    _set_acl(path)
    files.write_all([files.Write(files.read(path), b"new", private=True)])
    assert ACL not in os.listxattr(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="no files without a name on this system")
def test_a_system_that_cannot_name_an_unnamed_file_gets_a_named_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(0o640)

    def link(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "not here")

    monkeypatch.setattr(os, "link", link)
    files.write_all([files.Write(files.read(path), b"new"), files.Write(files.read_if_there(tmp_path / "g"), b"new")])
    assert path.read_bytes() == (tmp_path / "g").read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f", "g"]


def test_a_system_without_directories_held_open_writes_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: paths are all there is."""
    monkeypatch.setattr(directories, "_HELD", False)
    for name in ("O_TMPFILE", "listxattr", "setxattr", "removexattr", "fchmod", "fchown"):
        monkeypatch.delattr(os, name, raising=False)
    path = tmp_path / "f"
    path.write_bytes(b"old")
    files.make_directory(tmp_path / "d")
    writes = [files.Write(files.read(path), b"new"), files.Write(files.read_if_there(tmp_path / "d/g"), b"new")]
    assert [files.obstacle(write.before) for write in writes] == [None, None]
    files.write_all(writes)
    assert path.read_bytes() == (tmp_path / "d/g").read_bytes() == b"new"
    assert files.read_if_there(tmp_path / "absent/f").data is None
    found = files.obstacle(files.read_if_there(tmp_path / "absent/f"))
    assert found is not None
    assert "directory does not exist" in found.message
