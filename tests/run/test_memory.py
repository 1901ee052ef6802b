"""Where private files lie, and what becomes of a directory that is not ours alone."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool.errors import WriteError
from ciphertool.run.private import private_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to play another user")
NOBODY, OTHER = 65534, 4321
CONTENTS = {Path("a/b.conf"): b"c4n4ry"}


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that every user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "memory")
        path.parent.chmod(0o755)
        path.mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
        yield path


def _as(user: int, act: Callable[[], bool]) -> bool:
    """Tell what something gives that a user does."""
    process = os.fork()
    if process == 0:
        status = 2
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            status = 0 if act() else 1
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert status in (0, 1)
    return status == 0


def _lies_in(memory: Path) -> bool:
    with private_files(CONTENTS) as places:
        (place,) = places.values()
        assert place.read_bytes() == b"c4n4ry"
        assert place.name == "b.conf"
        return memory in place.parents


@as_root
@pytest.mark.parametrize(
    ("owner", "mode", "fit"),
    [
        (0, 0o1777, True),
        (NOBODY, 0o700, True),
        (NOBODY, 0o755, True),
        (0, 0o755, False),
        (OTHER, 0o1777, False),
        (NOBODY, 0o775, False),
        (NOBODY, 0o757, False),
        (NOBODY, 0o1777, True),
        (NOBODY, 0o500, False),
        (NOBODY, 0o600, False),
    ],
)
def test_a_directory_is_fit_for_a_user_where_only_root_or_he_can_rename(
    memory: Path, owner: int, mode: int, fit: bool
) -> None:
    os.chown(memory, owner, owner)
    memory.chmod(mode)
    assert _as(NOBODY, lambda: _lies_in(memory)) is fit
    assert list(memory.iterdir()) == []


def test_what_is_no_directory_or_is_not_there_is_passed_over(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (memory / "file").write_bytes(b"")
    (memory / "file").chmod(0o700)
    for name in ("file", "absent"):
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(memory / name))
        assert not _lies_in(memory)


def test_no_content_makes_no_directory(memory: Path) -> None:
    with private_files({}) as places:
        assert places == {}
        assert list(memory.iterdir()) == []


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(memory: Path) -> None:
    long = Path("n" * 300)
    with pytest.raises(WriteError, match="cannot be written: File name too long"), private_files({long: b"c4n4ry"}):
        pass
    assert list(memory.iterdir()) == []


def test_files_of_one_name_are_kept_apart_and_all_is_private_in_spite_of_the_umask(memory: Path) -> None:
    before = os.umask(0)
    try:
        with private_files({Path("a/f"): b"1", Path("b/f"): b"2"}) as places:
            assert [place.read_bytes() for place in places.values()] == [b"1", b"2"]
            for place in places.values():
                for path, mode in ((place, 0o600), (place.parent, 0o700), (place.parent.parent, 0o700)):
                    assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)
    assert list(memory.iterdir()) == []


@pytest.mark.parametrize("mode", [0o710, 0o701, 0o770, 0o755])
def test_a_directory_of_that_name_that_others_can_enter_is_not_removed(memory: Path, mode: int) -> None:
    """It is none that a run has made."""
    odd = memory / "ciphertool-run-odd"
    odd.mkdir()
    odd.chmod(mode)
    other = memory / "other-run-00000000"
    other.mkdir(mode=0o700)
    with private_files(CONTENTS):
        pass
    assert sorted(memory.iterdir()) == [odd, other]
