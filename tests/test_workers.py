"""Work spread over processes: results in order, state that stays where it is, and no process that is lost or left."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import workers
from ciphertool.errors import ConfigError, WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Worker:
    """Remembers what it was given; some of it is slow, fails or kills it."""

    def __init__(self) -> None:
        self.home = os.getpid()
        self.kept: dict[int, int] = {}

    def keep(self, number: int) -> int:
        time.sleep(0.5 if number == 0 else 0)
        self.kept[number] = number * number
        return os.getpid()

    def give(self, number: int) -> tuple[int, int]:
        return os.getpid(), self.kept.pop(number)

    def read(self, text: str) -> int:
        return int(text)

    def give_at_home(self, number: int) -> int:
        if os.getpid() != self.home:
            raise RuntimeError
        return self.kept.pop(number)

    def lazily(self, number: int) -> Iterator[int]:
        return iter(self.kept.get(n, n) for n in range(number))

    def die(self, status: int) -> None:
        os._exit(status)


@pytest.fixture(autouse=True)
def worthwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes also for a few tasks."""
    monkeypatch.setattr(workers, "_SHARE", 1)


def test_results_come_in_order_and_what_is_kept_is_found_again() -> None:
    with workers.crew(Worker(), 3, 9, 9) as crew:
        had = list(crew.in_order(Worker.keep, range(9)))
        found = list(crew.again(Worker.give, range(9)))
    assert found == [(pid, number * number) for number, pid in enumerate(had)]
    assert len(set(had)) == 3
    assert os.getpid() not in had
    assert had[1:].count(had[0]) == 0  # it was slow, and others took the rest
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("processes", "tasks", "size"), [(1, 9, 9), (8, 1, 9), (8, 9, 1)])
def test_one_process_is_this_one(processes: int, tasks: int, size: int) -> None:
    with workers.crew(Worker(), processes, tasks, size) as crew:
        assert set(crew.in_order(Worker.keep, range(1, tasks + 1))) == {os.getpid()}
        assert next(crew.again(Worker.give, range(1, tasks + 1))) == (os.getpid(), 1)


def test_a_process_that_dies_is_an_error() -> None:
    with pytest.raises(WorkerError), workers.crew(Worker(), 2, 3, 3) as crew:
        list(crew.in_order(Worker.die, [0, 0, 0]))
    assert multiprocessing.active_children() == []


def test_work_that_fails_fails_as_it_does_here(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="c4n4ry"), workers.crew(Worker(), 2, 2, 2) as crew:
        list(crew.in_order(Worker.read, ["1", "c4n4ry"]))
    assert capfd.readouterr().err == ""
    assert multiprocessing.active_children() == []


def test_what_fails_only_elsewhere_is_done_here_from_its_start() -> None:
    with workers.crew(Worker(), 2, 2, 2) as crew:
        list(crew.in_order(Worker.keep, [1, 2]))
        assert list(crew.again(Worker.give_at_home, [1, 2])) == [1, 4]


def test_what_cannot_cross_is_done_here(capfd: pytest.CaptureFixture[str]) -> None:
    with workers.crew(Worker(), 2, 2, 2) as crew:
        assert list(map(list, crew.in_order(Worker.lazily, [1, 2]))) == [[0], [0, 1]]
    assert capfd.readouterr().err == ""


def test_items_are_batched_by_size() -> None:
    half = workers._BATCH // 2
    assert workers.batches("abcdef", [half, half, 3 * half, 0, half, half]) == [["a", "b"], ["c"], ["d", "e", "f"]]
    assert workers.batches("", []) == []


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="asks Linux for a process's children")
@pytest.mark.parametrize(
    ("command", "number", "status"),
    [("audit", signal.SIGKILL, -signal.SIGKILL), ("audit", signal.SIGINT, 130), ("protect", signal.SIGINT, 130)],
)
def test_no_process_is_left_when_the_program_ends(
    project: Path, command: str, number: signal.Signals, status: int
) -> None:
    line = "service.url = https://example.org/a/b\n"
    for name in range(12):
        (project / f"{name}.properties").write_text("password = c4n4ry\n" + line * (1_000_000 // len(line)))
    with (project / "ciphertool.toml").open("a") as settings:
        settings.write('[[target]]\nfile = "*.properties"\nselector = "password"\nalias = "{stem}"\n')
    (project / "security/primary.p12").chmod(0o600)  # or a warning is shown
    arguments = [sys.executable, "-m", "ciphertool", command, "--jobs", "2"]
    program = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    children = Path(f"/proc/{program.pid}/task/{program.pid}/children")
    while len(pids := children.read_text().split()) < 3:  # multiprocessing has a process of its own
        assert program.poll() is None
        time.sleep(0.01)
    os.kill(program.pid, number) if number is signal.SIGKILL else os.killpg(program.pid, number)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == status
    assert number is signal.SIGKILL or errors == b""  # a process that has just begun may miss its parent
    deadline = time.monotonic() + 60
    while any(map(_lives, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""  # that of a process nobody has waited for is empty
    except OSError:
        return False


def _items(count: int) -> dict[str, int]:
    return {f"a{number}": number for number in range(count)}


def test_threads_yield_results_and_errors_in_order() -> None:
    def work(_: str, item: int) -> int:
        if item % 7 == 3:
            raise ConfigError(f"no {item}")
        return item * item

    told: list[tuple[int, int]] = []
    found = list(workers.on_all_cores("x", work, _items(200), lambda _, done, total: told.append((done, total))))
    assert [alias for alias, _ in found] == list(_items(200))
    assert [str(one) if isinstance(one, ConfigError) else one for _, one in found] == [
        f"no {n}" if n % 7 == 3 else n * n for n in range(200)
    ]
    assert told == [(done, 200) for done in range(1, 201)]


def test_another_error_of_a_thread_is_raised_and_no_thread_is_left() -> None:
    def work(_: str, item: int) -> int:
        return 1 // (item - 150)

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(workers.on_all_cores("x", work, _items(200), workers.no_progress))
    some = workers.on_all_cores("x", lambda _, item: item, _items(200), workers.no_progress)
    assert next(some) == ("a0", 0)
    some.close()  # type: ignore[attr-defined]  # it is a generator
    assert threading.active_count() == before
