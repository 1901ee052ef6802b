"""What a write does in which order, what it refuses at the last moment, and what it takes over."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ciphertool import files
from ciphertool.errors import (
    ConfigError,
    ConflictError,
    WriteError,
)

as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
STRANGER = 65534


def _file(path: Path, content: bytes = b"old", mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_link_that_leads_elsewhere_by_now_is_a_change(tmp_path: Path) -> None:
    """Neither place has a file: what was read of both is the same."""
    link = tmp_path / "link"
    link.symlink_to("meant")
    write = files.Write(files.read_if_there(link), b"secret")
    link.unlink()
    link.symlink_to("another")
    with pytest.raises(ConflictError) as caught:
        files.write_all([write])
    assert "changed during processing" in caught.value.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link"]


@as_root
def test_a_file_that_a_strangers_link_leads_to_by_now_is_a_change(tmp_path: Path) -> None:
    path = _file(tmp_path / "f")
    write = files.Write(files.read(path), b"new")
    path.unlink()
    path.symlink_to(_file(tmp_path / "root's"))
    os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    with pytest.raises(ConflictError):
        files.write_all([write])
    assert (tmp_path / "root's").read_bytes() == b"old"


@pytest.mark.parametrize("unnamed", [True, False], ids=["unnamed", "named"])
def test_content_is_on_the_disk_before_its_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool
) -> None:
    path, done = _file(tmp_path / "f"), list[str]()
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        done.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        assert path.read_bytes() == (b"new" if done[-1] == "directory" else b"old")
        fsync(descriptor)

    def replaced(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        done.append("name")
        replace(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    if not unnamed:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    files.write_all([files.Write(files.read(path), b"new")])
    assert done == ["file", "name", "directory"]


def test_the_number_of_files_that_are_written_is_told_after_each(tmp_path: Path) -> None:
    told: list[tuple[int, list[bytes]]] = []
    paths = [_file(tmp_path / name) for name in "abc"]
    writes = [files.Write(files.read(path), b"new") for path in paths]
    files.write_all(writes, lambda number: told.append((number, [path.read_bytes() for path in paths])))
    assert told == [
        (1, [b"new", b"old", b"old"]),
        (2, [b"new", b"new", b"old"]),
        (3, [b"new", b"new", b"new"]),
    ]


def test_the_first_that_fails_says_that_nothing_was_written(tmp_path: Path) -> None:
    first, second = _file(tmp_path / "a"), _file(tmp_path / "b")
    writes = [files.Write(files.read(path), b"new") for path in (first, second)]
    _file(first, b"somebody else's")
    with pytest.raises(ConflictError) as caught:
        files.write_all(writes)
    assert f"written: nothing; unchanged: {first}, {second}" in caught.value.message
    assert second.read_bytes() == b"old"


@pytest.mark.parametrize("unnamed", [True, False], ids=["unnamed", "named"])
def test_what_fails_amid_the_work_leaves_no_file_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed: bool
) -> None:
    path = _file(tmp_path / "f")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if not unnamed:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left"):
        files.write_all([files.Write(files.read(path), b"new")])
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("f", b"old")]


def test_a_temporary_file_is_private_for_as_long_as_it_has_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, modes = _file(tmp_path / "f", mode=0o666), list[int]()
    fsync = os.fsync

    def synced(descriptor: int) -> None:
        if stat.S_ISREG((status := os.fstat(descriptor)).st_mode):
            modes.append(stat.S_IMODE(status.st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    umask = os.umask(0)
    try:
        files.write_all([files.Write(files.read(path), b"new")])
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
        files.write_all([files.Write(files.read(path), b"newer")])
    finally:
        os.umask(umask)
    assert modes == [0o600, 0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_another_file_appears_where_a_new_one_is_about_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, link = tmp_path / "new", os.link

    def late(source: str, target: str, *, dst_dir_fd: int) -> None:
        _file(path, b"somebody else's")
        link(source, target, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "link", late)
    write = files.Write(files.read_if_there(path), b"new")
    if hasattr(os, "O_TMPFILE"):
        with pytest.raises(ConflictError):
            files.write_all([write])
        assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("new", b"somebody else's")]


@as_root
def test_extended_attributes_of_the_system_that_cannot_be_set_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _file(tmp_path / "f")
    try:
        os.setxattr(path, "trusted.label", b"the system's")
        os.setxattr(path, "user.note", b"a person's")
    except OSError:
        pytest.skip("no extended attributes here")
    setxattr, refused = os.setxattr, {"trusted.label"}

    def refuse(file: int, name: str, value: bytes) -> None:
        if name in refused:
            raise PermissionError(errno.EPERM, "not permitted")
        setxattr(file, name, value)

    monkeypatch.setattr(os, "setxattr", refuse)
    files.write_all([files.Write(files.read(path), b"new")])
    assert (path.read_bytes(), os.getxattr(path, "user.note")) == (b"new", b"a person's")
    refused.add("user.note")
    with pytest.raises(WriteError, match="not permitted"):
        files.write_all([files.Write(files.read(path), b"newer")])
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize(("number", "fails"), [(errno.ENODATA, False), (errno.ENOTSUP, False), (errno.EACCES, True)])
def test_a_list_that_cannot_be_removed_is_an_error_unless_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, fails: bool
) -> None:
    path = _file(tmp_path / "f")

    def removexattr(_file: int, _name: str) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "removexattr", removexattr, raising=False)
    if fails:
        with pytest.raises(WriteError, match="Permission denied"):
            files.write_all([files.Write(files.read(path), b"new")])
    else:
        files.write_all([files.Write(files.read(path), b"new")])
    assert path.read_bytes() == (b"old" if fails else b"new")


@as_root
@pytest.mark.parametrize("new", [False, True])
def test_an_owner_that_cannot_be_given_is_an_error_for_a_file_that_had_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: bool
) -> None:
    """A new file is then ours; one that is changed stays as it was."""
    path = tmp_path / "f"
    os.chown(tmp_path, 3456, 4567)
    if not new:
        os.chown(_file(path), 1234, 2345)

    def refuse(*_: int) -> None:
        raise PermissionError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    write = files.Write(files.read_if_there(path), b"new")
    if new:
        files.write_all([write])
        assert (path.read_bytes(), path.stat().st_uid) == (b"new", 0)
    else:
        with pytest.raises(WriteError, match="not permitted"):
            files.write_all([write])
        assert path.read_bytes() == b"old"


@as_root
def test_a_group_alone_is_taken_over(tmp_path: Path) -> None:
    os.chown(_file(tmp_path / "f"), 0, 2345)
    files.write_all([files.Write(files.read(tmp_path / "f"), b"new")])
    assert (tmp_path / "f").stat().st_gid == 2345


def test_leftovers_of_other_files_and_other_names_are_kept(tmp_path: Path) -> None:
    kept = [f".g.ciphertool-{'0' * 12}", f".f.ciphertool-{'0' * 13}", f"xf.ciphertool-{'0' * 12}", ".f.ciphertool-x"]
    for name in (*kept, f".f.ciphertool-{'0a' * 6}"):
        _file(tmp_path / name)
    files.write_all([files.Write(files.read(_file(tmp_path / "f")), b"new")])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "f"])


def test_a_leftover_that_cannot_be_removed_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / f".f.ciphertool-{'0' * 12}").mkdir()
    files.write_all([files.Write(files.read(_file(tmp_path / "f")), b"new")])
    assert (tmp_path / "f").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("path", "inside"), [("d/f", True), ("d", True), ("e", False), ("d/../e", False), ("l/f", False)]
)
def test_what_lies_in_a_directory(tmp_path: Path, path: str, inside: bool) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "e").mkdir()
    (tmp_path / "l").symlink_to("e")
    assert files.lies_in(tmp_path / path, tmp_path / "d") is inside
    assert files.lies_in(tmp_path / f"{path}\0", tmp_path / "d") is False


def test_a_directory_that_is_there_is_as_good_as_made_and_a_file_is_none(tmp_path: Path) -> None:
    files.make_directory(Path("/"))
    files.make_directory(tmp_path)
    _file(tmp_path / "f")
    with pytest.raises(WriteError, match="cannot be created: Not a directory") as caught:
        files.make_directory(tmp_path / "f/new")
    assert caught.value.path == tmp_path / "f/new"


def test_a_destination_is_what_is_there_or_an_error(tmp_path: Path) -> None:
    assert files.destination(_file(tmp_path / "f"), files.Audience.OURSELVES).data == b"old"
    assert files.destination(tmp_path / "new", files.Audience.OURSELVES).data is None
    with pytest.raises(WriteError, match="its directory does not exist"):
        files.destination(tmp_path / "absent/f", files.Audience.OWNER)
    (tmp_path / "g").hardlink_to(tmp_path / "f")
    with pytest.raises(WriteError, match="2 hard links"):
        files.destination(tmp_path / "f", files.Audience.OWNER)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc on this system")
def test_a_file_that_a_process_has_open_is_no_place_for_output(tmp_path: Path) -> None:
    descriptor = os.open(_file(tmp_path / "f"), os.O_RDWR)
    try:
        link = Path(f"/proc/self/fd/{descriptor}")
        for audience in (files.Audience.DIRECTORY, files.Audience.OURSELVES):
            with pytest.raises(WriteError, match="stands for an open file of a process"):
                files.destination(link, audience)
        assert files.destination(link, files.Audience.OWNER).real == tmp_path / "f"
    finally:
        os.close(descriptor)


@as_root
@pytest.mark.parametrize("audience", [files.Audience.DIRECTORY, files.Audience.OURSELVES])
def test_a_link_that_a_stranger_puts_there_meanwhile_gets_nothing(tmp_path: Path, audience: files.Audience) -> None:
    """It leads to the very place that was meant, so that only its maker tells."""
    (tmp_path / "d").mkdir()
    os.chown(tmp_path / "d", STRANGER, STRANGER)
    (tmp_path / "link").symlink_to("d/new")
    before = files.read_if_there(tmp_path / "link")
    os.chown(tmp_path / "link", STRANGER, STRANGER, follow_symlinks=False)
    with pytest.raises(WriteError, match="belongs to another user"):
        files.write_all([files.Write(before, b"secret", audience=audience)])
    assert not (tmp_path / "d/new").exists()


@as_root
def test_only_what_is_neither_ours_nor_the_directorys_is_a_strangers(tmp_path: Path) -> None:
    """A report may replace a file of the user who owns the directory, a secret may not."""
    os.chown(tmp_path, STRANGER, STRANGER)
    theirs, ours = _file(tmp_path / "theirs"), _file(tmp_path / "ours")
    os.chown(theirs, STRANGER, STRANGER)
    assert files.obstacle(files.read(theirs), files.Audience.DIRECTORY) is None
    assert files.obstacle(files.read(ours), files.Audience.DIRECTORY) is None
    found = files.obstacle(files.read(theirs), files.Audience.OURSELVES)
    assert found is not None
    assert found.message == "belongs to another user, who could read the output"


_OBSTACLES = """
import sys
from pathlib import Path
from ciphertool import files

if sys.argv[1] == "no /proc":
    def unreadable(*_, **__):
        raise FileNotFoundError
    Path.read_text = unreadable
print([getattr(files.obstacle(files.read(Path(path))), "message", None) for path in sys.argv[2:]])
"""


@as_root
@pytest.mark.parametrize("system", ["/proc", "no /proc"])
def test_what_is_mounted_by_itself_is_told_from_its_neighbour(tmp_path: Path, system: str) -> None:
    mounted, neighbour, bound = _file(tmp_path / "mounted"), _file(tmp_path / "neighbour"), Path("/dev/shm/bound")  # noqa: S108 - of a mount of its own
    script = 'touch "$1"; mount --bind "$1" "$2" && shift 2 && exec "$@"; exit 99'
    command: list[str | Path] = [
        "unshare",
        "-m",
        "sh",
        "-c",
        f"mount -t tmpfs none /dev/shm; {script}",
        "sh",
        bound,
        mounted,
    ]
    program: list[str | Path] = [sys.executable, "-c", _OBSTACLES, system, mounted, neighbour]
    done = subprocess.run([*command, *program], capture_output=True, text=True, check=False)
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip("no mounts in this container")
    assert done.stdout.splitlines() == ["['is a mount point and cannot be replaced', None]"], done.stderr


def test_a_lock_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    with files.lock(tmp_path / "vault"):
        begun = time.monotonic()
        with pytest.raises(ConflictError, match="another ciphertool"), files.lock(tmp_path / "vault", seconds=0.3):
            pass
        assert 0.3 <= time.monotonic() - begun < 5
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    timer = threading.Timer(0.3, os.close, (held,))
    timer.start()
    begun = time.monotonic()
    with files.lock(tmp_path / "vault"):
        assert 0.2 < time.monotonic() - begun < 5
    timer.join()


def test_a_lock_ends_with_what_it_was_for(tmp_path: Path) -> None:
    with pytest.raises(KeyError), files.lock(tmp_path / "vault"):
        raise KeyError
    with files.lock(tmp_path / "vault", seconds=0):
        other = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EINVAL])
def test_a_file_system_without_locks_is_an_error_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(_file: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(WriteError, match="cannot be locked"), files.lock(tmp_path / "vault", seconds=0):
        pass


def test_an_error_of_a_link_on_the_way_is_no_internal_one(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    found = files.obstacle(files.Snapshot(tmp_path / "circle", tmp_path / "circle", None))
    assert found is not None
    assert found.message.startswith("cannot be written: Too many levels")
    with pytest.raises(WriteError, match="Too many levels"):
        files.write_all([files.Write(files.Snapshot(tmp_path / "circle", tmp_path / "circle", None), b"x")])
    with pytest.raises(ConfigError):
        files.read(tmp_path / "circle")
