"""Private files live as long as their run, and no longer; what stands beside them harms nobody."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ciphertool.run.private import private_files

CONTENTS = {Path("a.yaml"): b"one", Path("below/a.yaml"): b"two"}
NOBODY = 65534
_RUN = (
    "import subprocess, sys; from pathlib import Path; from ciphertool.run.private import private_files\n"
    "with private_files({Path('a'): b'x'}) as places:\n"
    "    with subprocess.Popen(['sleep', '60'], close_fds=False) as child:\n"
    "        print(child.pid, places[Path('a')].parent.parent, flush=True)\n"
)


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "memory"
    directory.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    return directory


def test_files_are_ours_alone_and_vanish(memory: Path) -> None:
    with private_files(CONTENTS) as places:
        assert [place.read_bytes() for place in places.values()] == [b"one", b"two"]
        assert {place.name for place in places.values()} == {"a.yaml"}
        (directory,) = memory.iterdir()
        for path in directory.rglob("*"):
            assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        (directory / "made/by the child").mkdir(parents=True)
        (directory / "link").symlink_to(memory.parent)
    assert list(memory.iterdir()) == []
    assert memory.parent.is_dir()


def test_a_run_that_was_killed_leaves_nothing_after_the_next_though_its_child_lives(memory: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _RUN], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        child, directory = run.stdout.readline().decode().split()
        try:
            with private_files(CONTENTS):
                assert Path(directory).is_dir()
            run.kill()
            run.wait()
            os.kill(int(child), 0)
            with private_files(CONTENTS):
                assert not Path(directory).exists()
        finally:
            os.kill(int(child), signal.SIGKILL)
    assert list(memory.iterdir()) == []


def test_a_program_that_ends_does_not_give_the_lock_back(memory: Path) -> None:
    with private_files(CONTENTS) as places:
        subprocess.run(["true"], check=True, close_fds=False)
        with private_files(CONTENTS):
            assert len(list(memory.iterdir())) == 2
        assert all(place.exists() for place in places.values())


def test_runs_that_start_and_end_at_once_keep_their_files(memory: Path) -> None:
    failed: list[object] = []

    def runs() -> None:
        try:
            for _ in range(60):
                with private_files(CONTENTS) as places:
                    failed.extend(place for place in places.values() if not place.exists())
        except Exception as error:  # noqa: BLE001 - a thread's own would be lost
            failed.append(error)

    threads = [threading.Thread(target=runs) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert list(memory.iterdir()) == []


def _hostile(memory: Path, owner: int) -> list[Path]:
    """Names of ours in the shared directory that somebody else has made."""
    bait = memory.parent / "bait"
    bait.mkdir(mode=0o700)
    (bait / "kept").write_text("")
    names = [memory / f"ciphertool-run-{name}" for name in ("fifo", "link", "closed", "dir", "file", "dangling")]
    fifo, link, closed, directory, file, dangling = names
    os.mkfifo(fifo)
    link.symlink_to(bait)
    dangling.symlink_to("nowhere")
    file.write_text("")
    for path in (closed, directory):
        path.mkdir()
        (path / "kept").write_text("")
        path.chmod(0 if path == closed else 0o700)
    for path in names:
        os.chown(path, owner, owner, follow_symlinks=False)
    return [*names, bait / "kept"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
def test_another_users_names_are_not_touched_and_do_no_harm(memory: Path) -> None:
    memory.chmod(0o1777)
    names = _hostile(memory, NOBODY)
    before = [path.lstat() for path in names]
    with private_files(CONTENTS) as places:
        assert all(place.exists() for place in places.values())
    assert [path.lstat().st_ctime_ns for path in names] == [status.st_ctime_ns for status in before]
    assert (memory / "ciphertool-run-dir/kept").exists()
    assert len(list(memory.iterdir())) == len(names) - 1


def test_names_of_ours_that_are_no_private_directory_do_no_harm(memory: Path) -> None:
    names = _hostile(memory, os.geteuid())
    abandoned = [memory / f"ciphertool-run-{number:08d}" for number in range(20)]
    for directory in abandoned:
        (directory / "0").mkdir(parents=True, mode=0o700)
        directory.chmod(0o700)
    with private_files(CONTENTS):
        pass
    assert names[-1].exists()  # what a link points at
    assert not any(directory.exists() for directory in abandoned)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
@pytest.mark.parametrize(("owner", "mode"), [(NOBODY, 0o700), (0, 0o777), (0, 0o770)])
def test_a_directory_in_which_others_could_rename_is_not_used(memory: Path, owner: int, mode: int) -> None:
    os.chown(memory, owner, owner)
    memory.chmod(mode)
    with private_files(CONTENTS) as places:
        assert all(not place.is_relative_to(memory) for place in places.values())


_COMES_AND_GOES = (
    "import os, sys\n"
    "names = [f'{sys.argv[1]}/ciphertool-run-{k:08d}' for k in range(100)]\n"
    "print(flush=True)\n"
    "while True:\n"
    "    for name in names: os.mkdir(name, 0o700)\n"
    "    for name in names: os.rmdir(name)\n"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
def test_names_that_come_and_go_stop_no_run(memory: Path) -> None:
    memory.chmod(0o1777)
    another = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    if another is None:
        pytest.skip("no Python that another user can start")
    for parent in memory.parents[:4]:
        if parent != Path("/tmp"):  # noqa: S108 - nothing is made there
            parent.chmod(0o755)
    command = [another, "-c", _COMES_AND_GOES, str(memory)]
    with subprocess.Popen(command, user=NOBODY, group=NOBODY, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"\n"
        try:
            for _ in range(100):
                with private_files(CONTENTS) as places:
                    assert all(place.exists() for place in places.values())
        finally:
            assert user.poll() is None
            user.kill()


def _can_unshare() -> bool:
    tool = shutil.which("unshare")
    return tool is not None and subprocess.run([tool, "-pf", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _can_unshare(), reason="no PID namespaces here, or no right to make one")
def test_a_run_in_another_pid_namespace_keeps_its_files() -> None:
    absent = next(number for number in range(20_000, 4_000_000) if not Path(f"/proc/{number}").exists())
    script = f'echo {absent - 1} > /proc/sys/kernel/ns_last_pid; "$@"; exit $?'
    command = ["unshare", "-pf", "--mount-proc", "--kill-child", "sh", "-c", script, "sh", sys.executable, "-c", _RUN]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        _, directory = run.stdout.readline().decode().split()
        try:
            with private_files(CONTENTS):
                pass
            assert Path(directory, "0/a").read_bytes() == b"x"
        finally:
            run.kill()
    deadline = time.monotonic() + 30
    while Path(directory).exists():  # the namespace ends after the program that made it
        assert time.monotonic() < deadline
        with private_files(CONTENTS):
            pass
