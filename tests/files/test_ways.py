"""The way to a file: how many links, where they lead, and what a directory does that is held open."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from ciphertool.errors import ConfigError
from ciphertool.files import directories
from ciphertool.files.directories import reach

as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
STRANGER = 65534


@pytest.fixture(params=[True, False], ids=["held", "by path"])
def held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the system can hold directories open."""
    if not request.param:
        monkeypatch.setattr(directories, "_HELD", False)
    return bool(request.param)


def _chain(directory: Path, links: int) -> Path:
    (directory / "0").write_bytes(b"x")
    for number in range(links):
        (directory / str(number + 1)).symlink_to(str(number))
    return directory / str(links)


def test_as_many_links_are_followed_as_the_system_follows(tmp_path: Path) -> None:
    assert _chain(tmp_path, 40).read_bytes() == b"x"
    with reach(tmp_path / "40") as way:
        assert way.real == tmp_path / "0"
    (tmp_path / "41").symlink_to("40")
    with pytest.raises(OSError, match="Too many") as caught, reach(tmp_path / "41"):
        pass
    assert caught.value.errno == errno.ELOOP


@pytest.mark.usefixtures("held")
def test_a_link_at_the_end_is_the_file_unless_it_is_followed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "l").symlink_to("d/f")
    (tmp_path / "e").symlink_to("d")
    with reach(tmp_path / "l") as way:
        assert (way.path, way.real, way.name) == (tmp_path / "l", tmp_path / "d/f", "f")
    with reach(tmp_path / "e/../l", follow=False) as way:
        assert (way.real, way.name) == (tmp_path / "l", "l")
    with reach(tmp_path / "e/f", follow=False) as way:
        assert way.real == tmp_path / "d/f"


@pytest.mark.usefixtures("held")
def test_a_missing_directory_on_the_way_is_said_to_be_missing(tmp_path: Path) -> None:
    for path in (tmp_path / "absent/f", tmp_path / "absent/absent/f"):
        with pytest.raises(FileNotFoundError) as caught, reach(path):
            pass
        assert caught.value.errno == errno.ENOENT


def test_what_ends_in_a_directory_is_no_file(tmp_path: Path) -> None:
    for path in (Path("/"), tmp_path / ".."):
        with pytest.raises(IsADirectoryError) as caught, reach(path):
            pass
        assert caught.value.errno == errno.EISDIR


@pytest.mark.usefixtures("held")
def test_a_directory_makes_renames_and_removes_names_of_its_own(tmp_path: Path) -> None:
    with reach(tmp_path / "f") as way:
        directory = way.directory
        assert directory.status().st_ino == tmp_path.stat().st_ino
        with os.fdopen(directory.open("f", os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(b"x")
        assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600
        with pytest.raises(FileExistsError):
            directory.open("f", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        directory.make("d")
        directory.make("d")
        assert (tmp_path / "d").is_dir()
        assert sorted(directory.names()) == ["d", "f"]
        directory.replace("f", "g")
        assert (tmp_path / "g").read_bytes() == b"x"
        (tmp_path / "l").symlink_to("g")
        assert directory.leads_to("l", (tmp_path / "g").stat())
        assert not directory.leads_to("d", (tmp_path / "g").stat())
        with pytest.raises(OSError, match="Too many"):
            directory.open("l", os.O_RDONLY)
        directory.remove("g")
        directory.remove("g")
        directory.sync()
        assert directory.writable()
        assert sorted(directory.names()) == ["d", "l"]


def test_a_directory_that_is_held_is_not_lost_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with reach(tmp_path / "d/f") as way:
        (tmp_path / "d").rename(tmp_path / "e")
        (tmp_path / "d").mkdir()
        way.directory.make("here")
    assert (tmp_path / "e/here").is_dir()
    assert list((tmp_path / "d").iterdir()) == []


@as_root
def test_a_directory_is_writable_for_who_may_write_and_enter_it(tmp_path: Path) -> None:
    process = os.fork()
    if process == 0:
        wrong = 1
        try:
            found = []
            for mode in (0o777, 0o755, 0o766, 0o744, 0o733):
                path = tmp_path / f"{mode:o}"
                path.mkdir()
                path.chmod(mode)
                with reach(path / "f") as way:
                    os.setresuid(STRANGER, STRANGER, 0)
                    found.append(way.directory.writable())
                    os.setresuid(0, 0, 0)
            wrong = 0 if found == [True, False, False, False, True] else 2
        finally:
            os._exit(wrong)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


UNABLE = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.EPERM, errno.EXDEV)


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="no files without a name on this system")
@pytest.mark.parametrize("number", [*UNABLE, errno.ENOSPC])
def test_a_file_without_a_name_is_done_without_or_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    with reach(tmp_path / "f") as way:
        descriptor = way.directory.open_unnamed()
        assert descriptor is not None
        assert os.fstat(descriptor).st_nlink == 0
        assert stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o600
        with monkeypatch.context() as patched:
            patched.setattr(os, "link", refuse)
            patched.setattr(os, "open", refuse)
            if number in UNABLE:
                assert way.directory.link(descriptor, "f") is False
                assert way.directory.open_unnamed() is None
            else:
                with pytest.raises(OSError, match="No space"):
                    way.directory.link(descriptor, "f")
                with pytest.raises(OSError, match="No space"):
                    way.directory.open_unnamed()
        assert way.directory.link(descriptor, "f") is True
        with pytest.raises(FileExistsError):
            way.directory.link(descriptor, "f")
        os.close(descriptor)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_without_calls_for_it_no_file_is_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories, "_HELD", False)
    with reach(tmp_path / "f") as way:
        assert way.directory.open_unnamed() is None


@as_root
def test_what_is_strange_on_the_way_is_told_with_who_made_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, STRANGER, STRANGER)
    link = home / "link"
    link.symlink_to(home / "f")
    with reach(link) as way:
        assert (way.strange, way.magic, dict(way.makers)) == (None, None, {})
    os.chown(link, STRANGER, STRANGER, follow_symlinks=False)
    with reach(link) as way:
        assert (way.strange, dict(way.makers)) == (link, {STRANGER: link})
        way.refuse_unless_of(STRANGER)
        with pytest.raises(ConfigError, match="leads to what that user does not own"):
            way.refuse_unless_of(0)
    with reach(home / "f") as way:
        assert (way.strange, dict(way.makers)) == (None, {})


@as_root
def test_a_directorys_owner_may_lead_others_through_it_and_not_to_the_end(tmp_path: Path) -> None:
    """For anybody but root: such a link on the way binds nothing, one at the end is no place for output."""
    for path in (tmp_path, *(each for each in tmp_path.parents if each.name.startswith(("pytest-", "popen-")))):
        path.chmod(0o755)
    home = tmp_path / "home"
    (home / "d").mkdir(parents=True)
    (home / "way").symlink_to("d")
    (home / "end").symlink_to("d/f")
    for path in (home, home / "d", home / "way", home / "end"):
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    process = os.fork()
    if process == 0:
        status = 1
        try:
            os.setgid(4321)
            os.setuid(4321)
            with reach(home / "way/f") as way:
                through = (way.strange, dict(way.makers))
            with reach(home / "end") as way:
                end = (way.strange, dict(way.makers))
            status = 0 if (through, end) == ((None, {}), (home / "end", {})) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def test_a_link_amid_the_way_that_is_no_directory_is_the_systems_error(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    (tmp_path / "l").symlink_to("f")
    for path in (tmp_path / "f/g", tmp_path / "l/g"):
        with pytest.raises(NotADirectoryError), reach(path):
            pass


@as_root
@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="a link cannot be held open on this system")
def test_a_link_that_is_exchanged_while_it_is_read_is_one_of_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's target under root's name would be followed as root's own."""
    (tmp_path / "root's").symlink_to("f")
    (tmp_path / "link").symlink_to("g")
    os.chown(tmp_path / "link", STRANGER, STRANGER, follow_symlinks=False)
    for name in ("f", "g"):
        (tmp_path / name).write_bytes(b"")
        os.chown(tmp_path / name, STRANGER, STRANGER)
    os.chown(tmp_path, STRANGER, STRANGER)
    readlink = os.readlink

    def late(name: str, *, dir_fd: int) -> str:
        if (tmp_path / "root's").is_symlink():
            (tmp_path / "root's").replace(tmp_path / "link")
        return readlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "readlink", late)
    with reach(tmp_path / "link") as way:
        assert (way.name, way.strange) == ("g", tmp_path / "link")


@as_root
def test_a_links_maker_is_the_links_owner_also_where_it_cannot_be_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_PATH", raising=False)
    (tmp_path / "f").write_bytes(b"")
    (tmp_path / "link").symlink_to("f")
    os.chown(tmp_path / "link", STRANGER, STRANGER, follow_symlinks=False)
    with pytest.raises(ConfigError, match="belongs to another user"), reach(tmp_path / "link"):
        pass
    os.chown(tmp_path / "link", 0, 0, follow_symlinks=False)
    os.chown(tmp_path / "f", STRANGER, STRANGER)
    with reach(tmp_path / "link") as way:
        assert (way.name, way.strange) == ("f", None)


def test_a_descriptor_is_closed_also_if_it_is_the_first_one(tmp_path: Path) -> None:
    """As in a daemon, whose standard input is closed."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            os.close(0)
            with reach(tmp_path / "f"):
                pass
            status = 0 if os.open(os.devnull, os.O_RDONLY) == 0 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
