"""Files judged in several processes: the same report. The processes themselves are tests/test_workers.py's."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ciphertool import settings, workers
from ciphertool.audit import Options, Report, Subject, audit
from ciphertool.audit.rules import RULES

SET = Path(__file__).parents[1] / "vectors" / "detection" / "files"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool also for a small tree."""
    monkeypatch.setattr(workers, "_SHARE", 1)
    monkeypatch.setattr(workers, "_BATCH", 4096)


def _with_and_without(subject: Subject) -> tuple[Report, Report]:
    alone, together = (audit([subject], now=NOW, options=Options(processes=number, key=bytes(16))) for number in (1, 2))
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
    monkeypatch.setattr(workers, "_serve", None)  # not to be started for a small tree
    monkeypatch.setattr(workers, "_SHARE", 4 << 20)
    assert audit([Subject(SET)], now=NOW, options=Options(processes=8)).files == report.files


def test_a_rule_stays_the_one_it_is() -> None:
    assert all(pickle.loads(pickle.dumps(rule)) is rule for rule in RULES)  # noqa: S301 - our own
