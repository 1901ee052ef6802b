"""A finding's identity: what a baseline accepts is that finding and no other, in every format and in text."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ciphertool.audit import Options, Report, Subject, audit, baseline
from ciphertool.audit.identity import mark
from ciphertool.audit.reports import Format, render
from ciphertool.audit.rules import STALE
from ciphertool.findings import Level
from tests.audit.accepting import CASES, KEY, NOW, A, B, C, accepting, audited, secrets, still_open, write
from tests.matrix import sample
from tests.projects import PROJECTS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "tree"
    directory.mkdir()
    return directory


@pytest.mark.parametrize("name", CASES)
def test_a_second_secret_is_not_accepted_with_the_first(root: Path, name: str) -> None:
    write(root, name)
    accepted = accepting(root)
    write(root, name, A, B)
    assert secrets(still_open(root, accepted))
    if name not in ("block scalar", "helm", "backup"):  # there, what stands beside it is a part of what was accepted
        assert len(secrets(still_open(root, accepted))) == 1


@pytest.mark.parametrize("name", CASES)
def test_a_changed_value_is_noticed(root: Path, name: str) -> None:
    write(root, name)
    accepted = accepting(root)
    write(root, name, B)
    found = still_open(root, accepted)
    assert len(secrets(found)) == 1
    report = baseline.apply(audited(root, accepted), accepted)
    (told,) = [finding.message for finding in report.findings if finding.rule is STALE]
    assert told.endswith("has changed or is gone")


@pytest.mark.parametrize("name", [name for name in CASES if name != "block scalar"])
def test_lines_above_and_below_keep_what_is_accepted(root: Path, name: str) -> None:
    write(root, name, A, C)
    accepted = accepting(root)
    write(root, name, A, C, around=True)
    assert still_open(root, accepted) == []


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_another_name_is_another_place(root: Path, name: str) -> None:
    write(root, name)
    accepted = accepting(root)
    (root / "other").mkdir()
    file = root / CASES[name].file
    file.rename(root / "other" / file.name)
    assert len(secrets(still_open(root, accepted))) == 1


@pytest.mark.parametrize("name", CASES)
def test_what_is_gone_is_said_and_is_no_failure(root: Path, name: str) -> None:
    write(root, name)
    accepted = accepting(root)
    write(root, name, "${sec:a}")
    report = baseline.apply(audited(root, accepted), accepted)
    stale = [finding for finding in report.active if finding.rule is STALE]
    assert len(stale) == 1
    assert CASES[name].file in stale[0].message
    assert not [finding for finding in report.active if finding.rule is not STALE and finding.rule.id != "CT033"]
    assert not report.fails(Level.WARNING)


def test_a_mark_is_12_bits_under_the_key() -> None:
    marks = Counter(mark(KEY, str(number)) for number in range(20_000))
    assert all(re.fullmatch("[0-9a-f]{3}", each) for each in marks)
    assert len(marks) > 4000
    assert mark(KEY, A) != mark(b"another", A)
    assert mark(b"", A) == ""
    assert mark(KEY, "a\r\nb") == mark(KEY, "a\nb") != mark(KEY, "ab")
    assert len({mark(KEY, each) for each in (A, B, C)}) == 3
    assert mark(KEY, A) not in hashlib.sha256(A.encode()).hexdigest()[:3]


@pytest.mark.parametrize("name", list(Format))
def test_no_report_has_a_mark_and_its_fingerprints_are_of_no_value(root: Path, name: Format) -> None:
    reports = []
    for secret in (A, B):
        for case in CASES:
            write(root, case, secret)
        report = audit([Subject(root)], now=NOW, options=Options(key=KEY))
        assert all(re.fullmatch("[0-9a-f]{3}", finding.mark) for finding in report.findings)
        reports.append(render(report, name))
    assert re.sub(r"urn:uuid:[\w-]+", "", reports[0]) == re.sub(r"urn:uuid:[\w-]+", "", reports[1])


def test_a_fingerprint_stays_when_lines_move(root: Path) -> None:
    def fingerprints() -> list[tuple[str, str, str]]:
        report = audit([Subject(root)], now=NOW)
        return [(f.place.path, f.rule.id, f.fingerprint) for f in report.findings if f.rule.id != "CT024"]

    for case in CASES:
        write(root, case, A, B)
    before = fingerprints()
    for case in CASES:
        write(root, case, A, B, around=True)
    assert fingerprints() == before
    assert len({fingerprint for _, _, fingerprint in before}) == len(before)


def _results(report: Report) -> list[str]:
    (run,) = json.loads(render(report, Format.SARIF))["runs"]
    return [result["partialFingerprints"]["ciphertool/v2"] for result in run["results"]]


def test_no_two_sarif_results_share_a_fingerprint(tmp_path: Path) -> None:
    for number, case in enumerate(sample.sample()):
        path = tmp_path / f"{number % 20}" / case.file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:  # one after the other: some can be parsed no more
            file.write(case.text)
    for tree, least in ((PROJECTS, 30), (tmp_path, 1000)):
        results = _results(audit([Subject(tree)], now=NOW))
        assert len(results) > least
        assert [result for result, count in Counter(results).items() if count > 1] == []
