"""What an acceptance takes for the same finding, and what for another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ciphertool.audit import Options, Report, Subject, audit, baseline
from ciphertool.audit.model import Suppression
from ciphertool.audit.rules import STALE
from ciphertool.audit.scope.reading import open_text
from ciphertool.files import read
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.settings import load
from ciphertool.settings.targets import Reading
from tests.audit.accepting import KEY, NOW, PEM, SAME, A, B, C, accepting, audited, secrets, still_open, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "tree"
    directory.mkdir()
    return directory


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
    accepted = accepting(root)
    (root / file).write_text(both.format(A))
    report = baseline.apply(audited(root, accepted), accepted)
    assert len(report.findings) == 2
    assert len(report.active) == 1
    assert len({finding.fingerprint for finding in report.findings}) == 2
    assert len(accepting(root).entries) == 2


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
    accepted = accepting(root)
    (root / file).write_text(text.format(B, A))
    assert still_open(root, accepted) == []
    (root / file).write_text(text.format(B, C))
    assert len(secrets(still_open(root, accepted))) == 1
    (root / file).write_text(text.format(A, A))
    assert len(secrets(still_open(root, accepted))) == 1


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
    accepted = accepting(root)
    (root / file).write_text(after.format(A))
    assert len(secrets(still_open(root, accepted))) == 1


@pytest.mark.parametrize("file", ["key.txt", "deploy.sh", "a.yaml", "b.yaml"])
def test_a_key_is_known_by_all_of_its_lines(root: Path, file: str) -> None:
    prefix = {"a.yaml": "x: |\n", "b.yaml": "y: 1\n"}.get(file, "")
    indent = {"a.yaml": "  ", "b.yaml": "# "}.get(file, "")

    def write(body: str) -> None:
        (root / file).write_text(prefix + "".join(f"{indent}{line}\n" for line in PEM.format(body).splitlines()))

    write("Q0Q1Q2Q3Q4Q5Q6Q7")
    accepted = accepting(root)
    write("R0R1R2R3R4R5R6R7")
    assert len(secrets(still_open(root, accepted))) == 1


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
    accepted = accepting(root)
    (root / "a.yaml").write_text(before + text.format(B))
    assert len(secrets(still_open(root, accepted))) == 1


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
    accepted = accepting(root)
    (root / "a.yaml").write_text(f"{second}: {{}}\n")
    assert "CT032" in [rule for rule, _ in still_open(root, accepted)]
    (root / f"{first}.yaml").write_text("a: 1\n")
    accepted = accepting(root)
    (root / f"{first}.yaml").rename(root / f"{second}.yaml")
    assert [rule for rule, _ in still_open(root, accepted)] == ["CT032", "CT034"]


@pytest.mark.parametrize(
    ("file", "text"),
    [("a.conf", "x\x0cy\npassword = {}\n"), ("a.properties", "# x\x0cy\nb=1\n# password={}\n")],
)
def test_where_readers_differ_in_the_lines_every_change_is_noticed(root: Path, file: str, text: str) -> None:
    (root / file).write_text(text.format(A))
    accepted = accepting(root)
    (root / file).write_text(text.format(B))
    assert len(secrets(still_open(root, accepted))) == 1


def test_a_comment_allows_a_finding_in_text_too(root: Path) -> None:
    (root / "a.conf").write_text(f"password = {A} # ciphertool: allow CT003 a demo\npassword = {B}\n")
    report = audit([Subject(root)], now=NOW)
    assert [(f.place.line, f.suppression and f.suppression.reason) for f in report.findings] == [
        (1, "a demo"),
        (2, None),
    ]
    accepted = accepting(root)
    assert len(accepted.entries) == 1  # what a comment allows needs no entry
    (root / "a.conf").write_text(f"password = {A}\n")
    accepted = accepting(root)
    (root / "a.conf").write_text(f"# ciphertool: allow CT003 a demo\npassword = {A}\n")
    (finding,) = baseline.apply(audited(root, accepted), accepted).findings
    assert finding.suppression == Suppression("inline", "a demo")


def test_of_two_alike_the_one_that_was_there_is_accepted(root: Path) -> None:
    (root / "b.yaml").write_text(f"passwords:\n- {B}\n- {A}\n")
    accepted = accepting(root)
    (root / "b.yaml").write_text(f"passwords:\n- {A}\n- {A}\n")
    assert [line for rule, line in still_open(root, accepted) if rule == "CT003"] == [2]


def test_a_comment_is_known_apart_from_what_stands_before_it(root: Path) -> None:
    (root / "a.yaml").write_text(f"a: 1 # password: {A}\n")
    accepted = accepting(root)
    (root / "a.yaml").write_text(f"a: 234 # password: {A}\n")
    assert still_open(root, accepted) == []
    (root / "a.yaml").write_text(f"a:\n# password: {A}\n    b: 1\n")
    accepted = accepting(root)
    (root / "a.yaml").write_text(f"a:\n# password: {A}\n    b: 2\n")
    assert still_open(root, accepted) == []


def test_a_report_without_marks_has_nothing_accepted(root: Path) -> None:
    write(root, "text")
    accepted = accepting(root)
    former = replace(accepted, entries=[entry._replace(mark="") for entry in accepted.entries])
    for given in (accepted, former):
        report = baseline.apply(audit([Subject(root)], now=NOW), given)
        assert len([finding for finding in report.active if finding.rule is not STALE]) == 1


def test_one_alias_for_more_places_is_another_finding(project: Path) -> None:
    def found() -> Report:
        return audit([Subject(project, load(project))], now=NOW, options=Options(key=KEY))

    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text() + SAME.format("a") + SAME.format("b"))
    (project / "conf/a.yaml").write_text(f"a: {A}\nb: {B}\nc: {C}\n")
    fresh = baseline.Baseline(project.parent / "accepted.json", KEY)
    fresh.path.write_text(baseline.written(found(), fresh, "a demo"))
    accepted = baseline.read(read(fresh.path))
    assert baseline.apply(found(), accepted).active == ()
    (project / "conf/a.yaml").write_text(f"\n\na: {A}\nb: {B}\nc: {C}\n")
    assert baseline.apply(found(), accepted).active == ()
    settings.write_text(settings.read_text() + SAME.format("c"))
    assert "CT019" in [finding.rule.id for finding in baseline.apply(found(), accepted).active]
