"""The way to a file leads through links of root's and of the user's own, through a stranger's only to what is his."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import files
from ciphertool.errors import CipherToolError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STRANGER, OTHER = 65534, 4321
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A directory that every user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory).resolve()
        path.chmod(0o755)
        yield path


def _made(path: Path, owner: int, *, link: Path | None = None, content: bytes | None = None) -> Path:
    """Make a link, a file or a directory of somebody's."""
    if link is not None:
        path.symlink_to(link)
    elif content is not None:
        path.write_bytes(content)
        path.chmod(0o644)
    else:
        path.mkdir()
    os.chown(path, owner, owner, follow_symlinks=False)
    return path


def _as(user: int, act: Callable[[], object]) -> str:
    """Run something as a user; return the message of its error, "" if there is none."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            act()
        except CipherToolError as error:
            os.write(writer, error.message.encode())
        except BaseException as error:  # noqa: BLE001 - the parent reports it
            os.write(writer, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as said:
        text = said.read().decode()
    os.waitpid(process, 0)
    return text


def _open_descriptors() -> int:
    """How many there are, where the system tells."""
    return len(list(Path("/proc/self/fd").glob("*")))


def test_links_of_our_own_are_followed_to_the_real_path(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/f").write_bytes(b"x")
    (tmp_path / "directory").symlink_to("a/../a/b/")
    (tmp_path / "link").symlink_to(tmp_path / "directory/f")
    (tmp_path / "again").symlink_to("link")
    for path in (tmp_path / "again", tmp_path / "directory/../b/f", tmp_path / "a/./b/f"):
        snapshot = files.read(path)
        assert snapshot.data == b"x"
        assert snapshot.real == Path(os.path.realpath(path)) == tmp_path.resolve() / "a/b/f"
    files.write_all([files.Write(files.read(tmp_path / "again"), b"new")])
    assert (tmp_path / "again").is_symlink()
    assert (tmp_path / "a/b/f").read_bytes() == b"new"


def test_a_link_to_nothing_leads_to_where_a_file_would_be(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("there")
    files.write_all([files.Write(files.read_if_there(tmp_path / "link"), b"new")])
    assert (tmp_path / "there").read_bytes() == b"new"


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    for path in (tmp_path / "one", tmp_path / "one/f"):
        with pytest.raises(ConfigError, match="cannot be read"):
            files.read_if_there(path)


def test_a_path_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    for path in (Path("/"), tmp_path / "..", tmp_path / "f/g", tmp_path / "f\0g"):
        with pytest.raises(ConfigError, match="cannot be read"):
            files.read(path)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "l").symlink_to("f")
    (tmp_path / "c").symlink_to("c")
    before = _open_descriptors()
    for _ in range(20):
        files.write_all([files.Write(files.read(tmp_path / "l"), b"x")])
        files.read_if_there(tmp_path / "absent/f")
        files.obstacle(files.read_if_there(tmp_path / "absent"))
        with pytest.raises(ConfigError):
            files.read(tmp_path / "c")
        with pytest.raises(ConfigError):
            files.read(tmp_path)
    assert _open_descriptors() == before


@as_root
def test_root_follows_a_strangers_link_only_to_what_is_that_strangers(tmp_path: Path) -> None:
    home = _made(tmp_path / "home", STRANGER)
    rootly = _made(tmp_path / "rootly", 0)
    _made(rootly / "f", 0, content=b"root's")
    _made(home / "f", STRANGER, content=b"his")
    _made(home / "own", STRANGER, link=home / "f")
    assert files.read(home / "own").data == b"his"
    _made(home / "current", STRANGER, link=home)
    assert files.read(home / "current/f").data == b"his"
    _made(home / "by root", 0, link=rootly / "f")
    assert files.read(home / "by root").data == b"root's"
    for path in (
        _made(home / "file", STRANGER, link=rootly / "f"),
        _made(home / "directory", STRANGER, link=rootly) / "f",
        _made(home / "up", STRANGER, link=Path("..")) / "rootly/f",
        _made(home / "via", 0, link=home / "file"),
        _made(home / "absent", STRANGER, link=rootly / "absent"),
    ):
        with pytest.raises(
            ConfigError, match="belongs to another user and leads to what that user does not own"
        ) as caught:
            files.read_if_there(path)
        assert caught.value.path == path
        assert "without the link" in caught.value.hint
    _made(home / "roots file", 0, content=b"root's, in his directory")
    with pytest.raises(ConfigError, match="leads to what that user does not own"):
        files.read(_made(home / "to it", STRANGER, link=home / "roots file"))


@as_root
def test_others_follow_the_link_of_who_owns_its_directory(open_path: Path) -> None:
    deployed, common = _made(open_path / "deployed", OTHER), _made(open_path / "common", 0)
    common.chmod(0o1777)
    _made(deployed / "release", OTHER)
    _made(deployed / "release/f", 0, content=b"root's, for all")
    _made(deployed / "current", OTHER, link=Path("release"))
    assert _as(STRANGER, lambda: files.read(deployed / "current/f")) == ""
    _made(common / "trap", OTHER, link=deployed / "release/f")
    assert "leads to what that user does not own" in _as(STRANGER, lambda: files.read(common / "trap"))
    _made(common / "mine", STRANGER, link=deployed / "release/f")
    assert _as(STRANGER, lambda: files.read(common / "mine")) == ""


@as_root
def test_a_place_that_a_stranger_prepared_gets_nothing(tmp_path: Path) -> None:
    common, home = _made(tmp_path / "common", 0), _made(tmp_path / "home", STRANGER)
    common.chmod(0o1777)
    _made(common / "file", STRANGER, content=b"")
    _made(common / "link", STRANGER, link=home / "there")
    for audience in (files.Audience.DIRECTORY, files.Audience.OURSELVES):
        for name in ("file", "link"):
            before = files.read_if_there(common / name)
            found = files.obstacle(before, audience)
            assert found is not None
            assert "belongs to another user" in found.message
            with pytest.raises(type(found), match="belongs to another user"):
                files.write_all([files.Write(before, b"x", audience=audience)])
    assert (common / "file").read_bytes() == b""
    assert not (home / "there").exists()


@as_root
def test_a_secret_of_roots_goes_to_no_directory_of_a_strangers_and_a_report_does(tmp_path: Path) -> None:
    home = _made(tmp_path / "home", STRANGER)
    new = files.read_if_there(home / "new")
    found = files.obstacle(new, files.Audience.OURSELVES)
    assert found is not None
    assert "its directory belongs to another user" in found.message
    for content in (b"first", b"second"):
        before = files.destination(home / "new", files.Audience.DIRECTORY)
        files.write_all([files.Write(before, content, 0o644, files.Audience.DIRECTORY)])
    assert (home / "new").read_bytes() == b"second"
    assert (home / "new").stat().st_uid == STRANGER


@as_root
def test_a_secret_of_anybody_elses_is_his_own_wherever_he_can_write(open_path: Path) -> None:
    shared = _made(open_path / "shared", OTHER)
    shared.chmod(0o777)

    def write(name: str) -> None:
        before = files.destination(shared / name, files.Audience.OURSELVES)
        files.write_all([files.Write(before, b"secret", audience=files.Audience.OURSELVES, private=True)])

    assert _as(STRANGER, lambda: write("new")) == ""
    status = (shared / "new").stat()
    assert (status.st_uid, status.st_mode & 0o777) == (STRANGER, 0o600)
    _made(shared / "link", OTHER, link=shared / "elsewhere")
    assert "belongs to another user" in _as(STRANGER, lambda: write("link"))


@as_root
def test_a_directory_is_made_through_no_strangers_link(tmp_path: Path) -> None:
    files.make_directory(tmp_path / "a/b/c")
    files.make_directory(tmp_path / "a/b/c")
    assert (tmp_path / "a/b/c").is_dir()
    home = _made(tmp_path / "home", STRANGER)
    _made(home / "link", STRANGER, link=tmp_path / "a")
    with pytest.raises(ConfigError):
        files.make_directory(home / "link/new")
    assert not (tmp_path / "a/new").exists()
