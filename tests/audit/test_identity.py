"""A finding's identity: what a baseline accepts is that finding and no other, in every format and in text."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ciphertool.audit import Options, Report, Subject, audit, baseline
from ciphertool.audit.identity import mark
from ciphertool.audit.model import Suppression
from ciphertool.audit.reports import Format, render
from ciphertool.audit.rules import STALE
from ciphertool.audit.scope.reading import open_text
from ciphertool.files import read
from ciphertool.findings import Level
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.settings import load
from ciphertool.settings.targets import Reading
from tests.matrix import sample
from tests.projects import PROJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.audit.baseline import Baseline
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

NOW = datetime(2026, 2, 3, tzinfo=UTC)
A, B, C = "kX9tea4two7Lq", "Zq8vN2mK5xWt7", "Another-Secret-99"  # none has the mark of another, see below
KEY = bytes(16)
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA{}\n-----END RSA PRIVATE KEY-----"


_SAME = '\n[[target]]\nfile = "conf/a.yaml"\nselector = "$.{}"\nalias = "same"\n'


class Case(NamedTuple):
    """A file with a secret; a line with another one, and lines that hold none to stand above and below."""

    file: str
    text: str
    second: str
    above: str = "port = 1\n"
    below: str = "host = b\n"


# {0} is the secret, {1} where the second one may stand, {2} and {3} where the lines that hold none may.
CASES = {
    "text": Case("app.conf", "listen 80\n{2}password = {0}\n{1}{3}", "api_password = {}\n"),
    "script": Case(
        "deploy.sh", "#!/bin/sh\n{2}export A=postgres://u:{0}@h/d\n{1}{3}", "export B=postgres://root:{}@prod/d\n"
    ),
    "Dockerfile": Case(
        "Dockerfile",
        "FROM x\n{2}RUN curl https://u:{0}@h/d\n{1}{3}",
        "RUN curl https://root:{}@prod/d\n",
        "RUN echo\n",
        "RUN echo\n",
    ),
    "comment": Case("c.yaml", "a: 1\n{2}# password: {0}\n{1}{3}", "# api_password: {}\n", "b: 1\n", "c: 1\n"),
    "comment in text": Case("c.conf", "a = 1\n{2}# password = {0}\n{1}{3}", "# api_password = {}\n"),
    "comment behind a value": Case(
        "d.yaml", "{2}a: 1 # password: {0}\n{1}{3}", "b: 2 # api_password: {}\n", "x: 1\n", "y: 1\n"
    ),
    "unparsable ini": Case("dup.ini", "[a]\nx=1\n[a]\n{2}password = {0}\n{1}{3}", "db_password = {}\n"),
    "unparsable yaml": Case(
        "list.yml", "login: [\n{2}- password={0}\n{1}{3}", "- db_password={}\n", "- port=1\n", "- host=b\n"
    ),
    "helm": Case(
        "templates/a.yaml",
        "a: {{{{ x }}}}\n  {{{{ y }}}}\nb: |\n  {2}password = {0}\n{1}{3}",
        "  db_password = {}\n",
        "x = 1\n  ",
        "  y = 2\n",
    ),
    "block scalar": Case(
        "m.yaml",
        "k: 1\nx: |\n  {2}postgres://u:{0}@h/d\n{1}{3}",
        "  postgres://root:{}@prod/d\n",
        "nothing\n  ",
        "  less\n",
    ),
    "yaml": Case("a.yaml", "db:\n  {2}password: {0}\n{1}{3}", "  db_password: {}\n", "port: 1\n  ", "  host: b\n"),
    "yaml list": Case(
        "l.yaml", "environment:\n{2}- DB_PASSWORD={0}\n{1}{3}", "- API_PASSWORD={}\n", "- PORT=1\n", "- HOST=b\n"
    ),
    "json": Case(
        "a.json", '{{\n{2}"password": "{0}"\n{1}{3}}}\n', ', "db_password": "{}"\n', '"port": 1,\n', ', "host": "b"\n'
    ),
    "toml": Case("a.toml", "{2}password = '{0}'\n{1}{3}", "db_password = '{}'\n", "port = 1\n", "host = 'b'\n"),
    "properties": Case("a.properties", "{2}password={0}\n{1}{3}", "db.password={}\n"),
    "env": Case(".env", "{2}PASSWORD={0}\n{1}{3}", "DB_PASSWORD={}\n"),
    "ini": Case("a.ini", "[a]\n{2}password = {0}\n{1}{3}", "db_password = {}\n"),
    "xml": Case(
        "a.xml",
        "<a>\n{2}<password>{0}</password>\n{1}{3}</a>\n",
        "<password>{}</password>\n",
        "<port>1</port>\n",
        "<host>b</host>\n",
    ),
    "backup": Case(
        "a.yaml.bak", "db:\n  {2}password: {0}\n{1}{3}", "  db_password: {}\n", "port: 1\n  ", "  host: b\n"
    ),
}


def _write(root: Path, name: str, secret: str = A, second: str = "", *, around: bool = False) -> None:
    case = CASES[name]
    above, below = (case.above, case.below) if around else ("", "")
    path = root / case.file
    path.parent.mkdir(exist_ok=True)
    path.write_text(case.text.format(secret, case.second.format(second) if second else "", above, below))


def _audited(root: Path, accepted: Baseline) -> Report:
    return audit([Subject(root)], now=NOW, options=Options(key=accepted.key))


def _accepting(root: Path) -> Baseline:
    """Accept all that is found, and read the baseline anew."""
    path = root.parent / "accepted.json"
    fresh = baseline.Baseline(path, KEY)
    path.write_text(baseline.written(_audited(root, fresh), fresh, "a demo"))
    accepted = baseline.read(read(path))
    assert accepted.entries
    assert _open(root, accepted) == []
    return accepted


def _open(root: Path, accepted: Baseline) -> list[tuple[str, int | None]]:
    """What is found and not accepted."""
    report = baseline.apply(_audited(root, accepted), accepted)
    return [(finding.rule.id, finding.place.line) for finding in report.active]


def _secrets(found: list[tuple[str, int | None]]) -> list[str]:
    return [rule for rule, _ in found if rule in ("CT003", "CT004", "CT005", "CT023")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "tree"
    directory.mkdir()
    return directory


@pytest.mark.parametrize("name", CASES)
def test_a_second_secret_is_not_accepted_with_the_first(root: Path, name: str) -> None:
    _write(root, name)
    accepted = _accepting(root)
    _write(root, name, A, B)
    assert _secrets(_open(root, accepted))
    if name not in ("block scalar", "backup"):  # of those the whole is one finding
        assert len(_secrets(_open(root, accepted))) == 1


@pytest.mark.parametrize("name", CASES)
def test_a_changed_value_is_noticed(root: Path, name: str) -> None:
    _write(root, name)
    accepted = _accepting(root)
    _write(root, name, B)
    found = _open(root, accepted)
    assert len(_secrets(found)) == 1
    report = baseline.apply(_audited(root, accepted), accepted)
    (told,) = [finding.message for finding in report.findings if finding.rule is STALE]
    assert told.endswith("has changed or is gone")


@pytest.mark.parametrize("name", [name for name in CASES if name != "block scalar"])
def test_lines_above_and_below_keep_what_is_accepted(root: Path, name: str) -> None:
    _write(root, name, A, C)
    accepted = _accepting(root)
    _write(root, name, A, C, around=True)
    assert _open(root, accepted) == []


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_another_name_is_another_place(root: Path, name: str) -> None:
    _write(root, name)
    accepted = _accepting(root)
    (root / "other").mkdir()
    file = root / CASES[name].file
    file.rename(root / "other" / file.name)
    assert len(_secrets(_open(root, accepted))) == 1


@pytest.mark.parametrize("name", CASES)
def test_what_is_gone_is_said_and_is_no_failure(root: Path, name: str) -> None:
    _write(root, name)
    accepted = _accepting(root)
    _write(root, name, "${sec:a}")
    report = baseline.apply(_audited(root, accepted), accepted)
    stale = [finding for finding in report.active if finding.rule is STALE]
    assert len(stale) == 1
    assert CASES[name].file in stale[0].message
    assert not [finding for finding in report.active if finding.rule is not STALE and finding.rule.id != "CT033"]
    assert not report.fails(Level.WARNING)


@pytest.mark.parametrize(
    ("file", "first", "both"),
    [
        ("a.conf", "password = {0}\n", "password = {0}\npassword = {0}\n"),
        ("a.sh", "curl https://u:{0}@h\n", "curl https://u:{0}@h\ncurl https://u:{0}@h\n"),
        ("a.yaml", "# password: {0}\n", "# password: {0}\na: 1\n# password: {0}\n"),
        ("b.yaml", "a:\n- PASSWORD={0}\n", "a:\n- PASSWORD={0}\n- PASSWORD={0}\n"),
        ("a.xml", "<a><password>{0}</password></a>", "<a><password>{0}</password><password>{0}</password></a>"),
    ],
)
def test_of_two_alike_one_acceptance_covers_one(root: Path, file: str, first: str, both: str) -> None:
    (root / file).write_text(first.format(A))
    accepted = _accepting(root)
    (root / file).write_text(both.format(A))
    report = baseline.apply(_audited(root, accepted), accepted)
    assert len(report.findings) == 2
    assert len(report.active) == 1
    assert len({finding.fingerprint for finding in report.findings}) == 2
    assert len(_accepting(root).entries) == 2


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.conf", "password = {}\npassword = {}\n"),
        ("a.yaml", "a:\n- name: DB_PASSWORD\n  value: {}\n- name: DB_PASSWORD\n  value: {}\n"),
        ("b.yaml", "passwords:\n- {}\n- {}\n"),
        ("a.xml", "<a><password>{}</password><password>{}</password></a>"),
    ],
)
def test_a_new_order_keeps_what_is_accepted_and_accepts_no_more(root: Path, file: str, text: str) -> None:
    (root / file).write_text(text.format(A, B))
    accepted = _accepting(root)
    (root / file).write_text(text.format(B, A))
    assert _open(root, accepted) == []
    (root / file).write_text(text.format(B, C))
    assert len(_secrets(_open(root, accepted))) == 1
    (root / file).write_text(text.format(A, A))
    assert len(_secrets(_open(root, accepted))) == 1


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        # The same value, under another name.
        ("a.yaml", "e:\n- name: A_PASSWORD\n  value: {}\n", "e:\n- name: B_PASSWORD\n  value: {}\n"),
        ("a.xml", '<a><p name="a.password">{}</p></a>', '<a><p name="b.password">{}</p></a>'),
        ("a.conf", "[test]\npassword = {}\n[prod]\n", "[test]\n[prod]\npassword = {}\n"),
        ("b.conf", "test\n  password = {}\nprod\n", "test\nprod\n  password = {}\n"),
        ("c.conf", "a_password = {}\n", "b_password = {}\n"),
    ],
)
def test_the_same_value_elsewhere_in_a_file_is_another_finding(root: Path, file: str, before: str, after: str) -> None:
    (root / file).write_text(before.format(A))
    accepted = _accepting(root)
    (root / file).write_text(after.format(A))
    assert len(_secrets(_open(root, accepted))) == 1


@pytest.mark.parametrize("file", ["key.txt", "deploy.sh", "a.yaml", "b.yaml"])
def test_a_key_is_known_by_all_of_its_lines(root: Path, file: str) -> None:
    prefix = {"a.yaml": "x: |\n", "b.yaml": "y: 1\n"}.get(file, "")
    indent = {"a.yaml": "  ", "b.yaml": "# "}.get(file, "")

    def write(body: str) -> None:
        (root / file).write_text(prefix + "".join(f"{indent}{line}\n" for line in PEM.format(body).splitlines()))

    write("Q0Q1Q2Q3Q4Q5Q6Q7")
    accepted = _accepting(root)
    write("R0R1R2R3R4R5R6R7")
    assert len(_secrets(_open(root, accepted))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "password: |\n  {}\n",
        "password: >-\n\n  {}\nport: 1\n",
        '  password: "a\n{}"\n',
        "password = \\\n{}\n",
        "password = aX9\\\n{}\n",
        "# password: |\n#   {}\n",
    ],
)
@pytest.mark.parametrize("before", ["", "a: [\n"])
def test_a_value_is_known_by_all_of_its_lines(root: Path, before: str, text: str) -> None:
    (root / "a.yaml").write_text(before + text.format(A))
    accepted = _accepting(root)
    (root / "a.yaml").write_text(before + text.format(B))
    assert len(_secrets(_open(root, accepted))) == 1


def test_a_line_of_a_value_is_known_by_itself() -> None:
    def stands(first: str, second: str, line: int) -> str:
        opened = open_text(
            Path("a.yaml"), "a.yaml", f"x: |\n  {first}\n  {second}\n".encode(), Reading(), NO_EXTENSIONS
        )
        assert opened.document is not None
        (site,) = opened.document.sites()
        return opened.around.site(site, line)

    assert stands(A, B, 3) == stands(C, B, 3) != stands(A, C, 3)
    assert len({stands(A, B, 1), stands(C, B, 1), stands(A, C, 1)}) == 3  # where no line is known, all of it counts


def test_a_name_that_is_a_secret_is_known_by_all_of_it(root: Path) -> None:
    first, second = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", "ghp_B1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r9"
    (root / "a.yaml").write_text(f"{first}: {{}}\n")
    accepted = _accepting(root)
    (root / "a.yaml").write_text(f"{second}: {{}}\n")
    assert "CT032" in [rule for rule, _ in _open(root, accepted)]
    (root / f"{first}.yaml").write_text("a: 1\n")
    accepted = _accepting(root)
    (root / f"{first}.yaml").rename(root / f"{second}.yaml")
    assert [rule for rule, _ in _open(root, accepted)] == ["CT032", "CT034"]


@pytest.mark.parametrize(
    ("file", "text"),
    [("a.conf", "x\x0cy\npassword = {}\n"), ("a.properties", "# x\x0cy\nb=1\n# password={}\n")],
)
def test_where_readers_differ_in_the_lines_every_change_is_noticed(root: Path, file: str, text: str) -> None:
    (root / file).write_text(text.format(A))
    accepted = _accepting(root)
    (root / file).write_text(text.format(B))
    assert len(_secrets(_open(root, accepted))) == 1


def test_a_comment_allows_a_finding_in_text_too(root: Path) -> None:
    (root / "a.conf").write_text(f"password = {A} # ciphertool: allow CT003 a demo\npassword = {B}\n")
    report = audit([Subject(root)], now=NOW)
    assert [(f.place.line, f.suppression and f.suppression.reason) for f in report.findings] == [
        (1, "a demo"),
        (2, None),
    ]
    accepted = _accepting(root)
    assert len(accepted.entries) == 1  # what a comment allows needs no entry
    (root / "a.conf").write_text(f"password = {A}\n")
    accepted = _accepting(root)
    (root / "a.conf").write_text(f"# ciphertool: allow CT003 a demo\npassword = {A}\n")
    (finding,) = baseline.apply(_audited(root, accepted), accepted).findings
    assert finding.suppression == Suppression("inline", "a demo")


def test_of_two_alike_the_one_that_was_there_is_accepted(root: Path) -> None:
    (root / "b.yaml").write_text(f"passwords:\n- {B}\n- {A}\n")
    accepted = _accepting(root)
    (root / "b.yaml").write_text(f"passwords:\n- {A}\n- {A}\n")
    assert [line for rule, line in _open(root, accepted) if rule == "CT003"] == [2]


def test_a_comment_is_known_apart_from_what_stands_before_it(root: Path) -> None:
    (root / "a.yaml").write_text(f"a: 1 # password: {A}\n")
    accepted = _accepting(root)
    (root / "a.yaml").write_text(f"a: 234 # password: {A}\n")
    assert _open(root, accepted) == []
    (root / "a.yaml").write_text(f"a:\n# password: {A}\n    b: 1\n")
    accepted = _accepting(root)
    (root / "a.yaml").write_text(f"a:\n# password: {A}\n    b: 2\n")
    assert _open(root, accepted) == []


def test_a_report_without_marks_has_nothing_accepted(root: Path) -> None:
    _write(root, "text")
    accepted = _accepting(root)
    former = replace(accepted, entries=[entry._replace(mark="") for entry in accepted.entries])
    for given in (accepted, former):
        report = baseline.apply(audit([Subject(root)], now=NOW), given)
        assert len([finding for finding in report.active if finding.rule is not STALE]) == 1


def test_one_alias_for_more_places_is_another_finding(project: Path) -> None:
    def found() -> Report:
        return audit([Subject(project, load(project))], now=NOW, options=Options(key=KEY))

    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text() + _SAME.format("a") + _SAME.format("b"))
    (project / "conf/a.yaml").write_text(f"a: {A}\nb: {B}\nc: {C}\n")
    fresh = baseline.Baseline(project.parent / "accepted.json", KEY)
    fresh.path.write_text(baseline.written(found(), fresh, "a demo"))
    accepted = baseline.read(read(fresh.path))
    assert baseline.apply(found(), accepted).active == ()
    (project / "conf/a.yaml").write_text(f"\n\na: {A}\nb: {B}\nc: {C}\n")
    assert baseline.apply(found(), accepted).active == ()
    settings.write_text(settings.read_text() + _SAME.format("c"))
    assert "CT019" in [finding.rule.id for finding in baseline.apply(found(), accepted).active]


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
            _write(root, case, secret)
        report = audit([Subject(root)], now=NOW, options=Options(key=KEY))
        assert all(re.fullmatch("[0-9a-f]{3}", finding.mark) for finding in report.findings)
        reports.append(render(report, name))
    assert re.sub(r"urn:uuid:[\w-]+", "", reports[0]) == re.sub(r"urn:uuid:[\w-]+", "", reports[1])


def test_a_fingerprint_stays_when_lines_move(root: Path) -> None:
    def fingerprints() -> list[tuple[str, str, str]]:
        report = audit([Subject(root)], now=NOW)
        return [(f.place.path, f.rule.id, f.fingerprint) for f in report.findings if f.rule.id != "CT024"]

    for case in CASES:
        _write(root, case, A, B)
    before = fingerprints()
    for case in CASES:
        _write(root, case, A, B, around=True)
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
