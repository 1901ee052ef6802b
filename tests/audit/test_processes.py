"""Files judged in several processes: the same report, and no process or part of a report is lost."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ciphertool import settings
from ciphertool.audit import Options, Report, Subject, audit, batch, workers
from ciphertool.audit.rules import RULES
from ciphertool.audit.workers import in_order
from ciphertool.errors import WorkerError

SET = Path(__file__).parents[1] / "vectors" / "detection" / "files"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool also for a small tree."""
    monkeypatch.setattr(batch, "_WORTHWHILE", 0)
    monkeypatch.setattr(batch, "_BATCH", 4096)


def _with_and_without(subject: Subject) -> tuple[Report, Report]:
    alone, together = (audit([subject], now=NOW, options=Options(processes=number)) for number in (1, 2))
    return alone, together


@pytest.mark.usefixtures("small_batches")
def test_the_report_is_the_same() -> None:
    alone, together = _with_and_without(Subject(SET))
    assert together == alone
    assert len(together.findings) > 100


@pytest.mark.usefixtures("small_batches")
@pytest.mark.corpus
def test_the_report_of_a_home_is_the_same(corpus: Path) -> None:
    home = corpus / "carbon-4.4.3-home"
    alone, together = _with_and_without(Subject(home, settings.load(home)))
    assert together == alone


@pytest.mark.usefixtures("small_batches")
def test_progress_is_told_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []
    options = Options(progress=lambda *step: told.append(step))
    report = audit([Subject(SET)], now=NOW, options=options)
    assert told[-1] == ("files", report.files, report.files)
    assert len(told) > 5
    assert told == sorted(told)
    monkeypatch.setattr(workers, "in_order", None)  # not to be called for a small tree
    monkeypatch.setattr(batch, "_WORTHWHILE", 8 << 20)
    assert audit([Subject(SET)], now=NOW, options=Options(processes=8)).files == report.files


def _slow_at_first(number: int) -> int:
    time.sleep(0.5 if number == 0 else 0)
    return number


def test_results_come_in_order() -> None:
    assert list(in_order(_slow_at_first, range(9), 3)) == list(range(9))
    assert multiprocessing.active_children() == []


def test_a_process_that_dies_is_an_error() -> None:
    with pytest.raises(WorkerError):
        list(in_order(os._exit, [0, 0, 0], 2))
    assert multiprocessing.active_children() == []


def test_work_that_fails_fails_as_it_does_here(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="c4n4ry"):
        list(in_order(int, ["1", "c4n4ry"], 2))
    assert capfd.readouterr().err == ""
    assert multiprocessing.active_children() == []


def test_a_rule_stays_the_one_it_is() -> None:
    assert all(pickle.loads(pickle.dumps(rule)) is rule for rule in RULES)  # noqa: S301 - our own


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="asks Linux for a process's children")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_no_process_is_left_when_the_program_ends(tmp_path: Path, number: signal.Signals, status: int) -> None:
    line = "service.url = https://example.org/a/b\n"
    for name in range(12):
        (tmp_path / f"{name}.properties").write_text(line * (1_000_000 // len(line)))
    arguments = [sys.executable, "-m", "ciphertool", "audit", "--jobs", "2", str(tmp_path)]
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
