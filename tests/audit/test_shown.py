"""No report shows a secret, wherever a name stood that is one; and nothing that a name spells commands a CI system."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ciphertool.audit import KeyCard, Options, Report, Subject, audit, propose
from ciphertool.audit.model import AuditFinding, Place, SiteState, Skipped, Suppression, Value
from ciphertool.audit.reports import Format, render
from ciphertool.audit.rules import UNPROTECTED_NAME
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.patterns import masked, secrets_in_name
from ciphertool.redaction.visible import visible
from ciphertool.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

NOW = datetime(2026, 2, 3, tzinfo=UTC)
TOKENS = st.sampled_from(
    (
        r"ghp_[A-Za-z0-9]{36}",
        r"github_pat_[A-Za-z0-9]{60}",
        r"AKIA[0-9A-Z]{16}",
        r"sk_live_[A-Za-z0-9]{24}",
        r"glpat-[A-Za-z0-9]{20}",
        r"xoxb-[a-z0-9]{20}",
        r"eyJ[A-Za-z0-9]{12}\.eyJ[A-Za-z0-9]{12}\.[A-Za-z0-9]{12}",
        r"npm_[A-Za-z0-9]{36}",
        r"AIza[A-Za-z0-9]{35}",
    )
).flatmap(
    lambda pattern: st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="ascii")).filter(
        lambda token: "EXAMPLE" not in token and len(set(token)) > 8
    )
)
# Each a file that has a token where a name belongs, and whether something below it makes a finding of its own.
PLACES = {
    "yaml": ("conf/a.yaml", "clients:\n  {}: {{name: bob, password: hunterX9z}}\n"),
    "yaml, nothing below": ("conf/a.yaml", "clients:\n  {}: {{}}\n  b: 1\n"),
    "yaml, escaped": ("conf/a.yaml", 'clients:\n  "{escaped}": {{password: hunterX9z}}\n'),
    "json": ("conf/a.json", '{{"clients": {{"{}": {{"password": "hunterX9z"}}}}}}'),
    "json, escaped": ("conf/a.json", '{{"{escaped}": {{"password": "hunterX9z"}}}}'),
    "toml table": ("conf/a.toml", '["{}"]\npassword = "hunterX9z"\n'),
    "toml key": ("conf/a.toml", '[clients]\n"{}" = "admin"\n'),
    "xml": ("conf/a.xml", '<a><param name="{}" password="hunterX9z"><password>hunterX9z</password></param></a>'),
    "properties": ("conf/a.properties", "{}.password=hunterX9z\n"),
    "properties, alone": ("conf/a.properties", "a=b\n{}\n"),
    "properties, escaped": ("conf/a.properties", "{escaped}.password=hunterX9z\n"),
    "properties, replaced": ("conf/a.properties", "a={}\na=b\n"),
    "env": ("conf/.env", "X_{}_PASSWORD=hunterX9z\n"),
    "ini section": ("conf/a.ini", "[{}]\npassword = hunterX9z\n"),
    "ini key": ("conf/a.ini", "[a]\n{} = hunterX9z\n"),
    "text": ("conf/a.conf", "x = 1\n{} = 2\n"),
    "file": ("conf/{}.yaml", "password: hunterX9z\n"),
    "directory": ("conf/{}/a.yaml", "password: hunterX9z\n"),
    "backup": ("conf/{}.yaml.bak", "password: hunterX9z\n"),
    "repository": ("vault.properties", "{}=[x]\n{}=\nb=[x]\n"),
    "reference": ("conf/a.yaml", "a: ${{sec:{}}}\nb: ${{sec:{}}}\n"),
}
_SETTINGS = '[keystore]\npath = "k.p12"\n[repository]\npath = "vault.properties"\n'


def _written(root: Path, place: str, token: str) -> None:
    name, text = PLACES[place]
    path = root / name.format(token)
    path.parent.mkdir(exist_ok=True, parents=True)
    escaped = f"\\u{ord(token[0]):04x}{token[1:]}"
    path.write_text(text.format(token, token, escaped=escaped))


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=5)
@given(token=TOKENS)
def test_no_report_shows_a_token_that_is_a_name(place: str, token: str) -> None:
    with TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "ciphertool.toml").write_text(_SETTINGS)
        _written(root, place, token)
        report = audit([Subject(root, load(root))], now=NOW, options=Options(suppressions=False))
        for name in Format:
            assert token not in render(report, name), name
        proposal = propose.targets(report)
    assert token not in f"{report}{proposal}"
    assert "****" not in proposal.tables
    if place not in ("repository", "reference", "xml"):
        assert "CT032" in [f.rule.id for f in report.findings] or place == "text"
    if place in ("text", "xml"):  # in a text it is a value as well; in XML it is the value of an attribute
        assert "CT004" in [f.rule.id for f in report.findings]


def test_a_masked_finding_says_where_it_is_and_is_told_from_others(tmp_path: Path) -> None:
    tokens = ("ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", "sk_live_4eC39HqLyjWDarjtT1zdp7dc")
    (tmp_path / "a.yaml").write_text("".join(f"{token}:\n  password: hunterX9z\n" for token in tokens))
    report = audit([Subject(tmp_path)], now=NOW)
    assert [(f.rule.id, f.place.line) for f in report.findings] == [
        ("CT032", 1),
        ("CT003", 2),
        ("CT032", 3),
        ("CT003", 4),
    ]
    assert [value.place.selector for value in report.values] == ["$['****']['password']"] * 2
    assert len({finding.fingerprint for finding in report.findings}) == 4
    proposal = propose.targets(report)
    assert proposal.tables == ""
    assert [reason.partition(" ")[0] for reason in proposal.left_out] == ["a.yaml:2:", "a.yaml:4:"]


def test_what_is_a_value_or_in_a_comment_is_no_name(tmp_path: Path) -> None:
    token = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    for name, text in (
        ("a.yaml", f"a: {token}\nb:\n  - {token}\n# {token}\n"),
        ("b.xml", f"<a><!-- {token} --><b c='{token}'>{token}</b></a>"),
        ("c.properties", f"# {token}\na={token}\n"),
        ("d.toml", f"a = '''\n{token}'''\n"),
        ("e.ini", f"[a]\nb = {token}\n; {token}\n"),
    ):
        (tmp_path / name).write_text(text)
    rules = {finding.rule.id for finding in audit([Subject(tmp_path)], now=NOW).findings}
    assert rules == {"CT004", "CT005"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.x_ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8_y.z", "$.x_****_y.z"),
        ("['https://bob:p@ss/w@host/x']", "['https://bob:****@host/x']"),
        ("a -----BEGIN PRIVATE KEY-----\nMIIc\n-----END PRIVATE KEY----- b", "a ****\n\n b"),
        ("a -----BEGIN RSA PRIVATE KEY-----\\nMIIc", "a ****"),
        ("[Server=a;Password=hunter2]", "[Server=a;Password=****"),
        ("db.password=${sec:a}", "db.password=${sec:a}"),
        ("use --password-file FILE", "use --password-file FILE"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ],
)
def test_a_mask_covers_all_of_a_secret(text: str, expected: str) -> None:
    assert masked(text) == expected
    assert bool(secrets_in_name(text)) == (text != expected)


def test_protect_and_its_messages_mask_names(project: Path, run: Run) -> None:
    token = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    (project / "conf/app.yaml").write_text(f"{token}:\n  password: hunterX9z\n  other: 1\n# {token}\n")
    plain = run("protect", "--dry-run", "--diff")
    told = run("protect", "--dry-run", "--json")
    assert plain.status == told.status == 1
    assert json.loads(told.out)["files"][0]["sites"][0]["selector"] == "$['****']['password']"
    (project / "conf/ref.properties").write_text("x=y\n")
    with (project / "ciphertool.toml").open("a") as file:
        file.write(f'[[target]]\nfile = "conf/ref.properties"\nselector = "{token}"\nalias = "b"\n')
    missing = run("protect")
    assert "****: matches nothing" in missing.err
    assert token not in "".join(o.out + o.err for o in (plain, told, missing))


COMMANDS = (
    "##vso[task.setvariable variable=a]b",
    "##VSO[task.complete]",
    "##[error]x",
    "x ##[group]y",
    "###vso[task.x]",
    "##teamcity[buildStatus status='FAILURE']",
    "#\ufe0f#vso[task.x]",
    "##\ufe0fvso[task.x]",
    "::error file=a::b",
    "  ::set-output name=a::b",
    "::add-mask::b",
    "::Stop-Commands::token",
    "x\n::error::b",
    "x\r::error::b",
    "\u3000::error::b",
)
_AZURE = re.compile(r"(?i)##(?:vso|teamcity)?\[")


def _is_inert(text: str, *, github: bool = False) -> bool:
    """Judge as the runners do: a hash command anywhere in a line, a GitHub command at a line's start."""
    lines = re.split(r"[\n\r]", text)
    old = any(_AZURE.search(re.sub(r"[^\x00-\x7f]", "", line)) for line in lines)
    new = any(re.match(r"::[A-Za-z-]+(?: .*)?::", line.strip()) for line in lines)
    return not old and (github or not new)


def _hostile(name: str) -> Report:
    place = Place(f"{name}/b", 1, name)
    card = KeyCard(name, name, name, "RSA", 2048, "0" * 64, NOW, NOW, None, True, name)
    return Report(
        root=Path("/srv/app"),
        time=NOW,
        values=(Value(place, name, SiteState.UNPROTECTED, Evidence.DECLARED),),
        findings=(
            AuditFinding(UNPROTECTED_NAME, place, name),
            AuditFinding(UNPROTECTED_NAME, place._replace(line=2), name, Suppression("inline", name)),
        ),
        keys=(card,),
        skipped=(Skipped("binary", 1, (name,)),),
        files=1,
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", list(Format))
def test_no_report_commands_a_ci_system(command: str, name: Format) -> None:
    text = render(_hostile(command), name)
    shown = visible(text, keep="\n\t", commands=name is Format.GITHUB)  # as the command line does
    assert _is_inert(shown, github=name is Format.GITHUB), shown
    if name is Format.GITHUB:
        lines = shown.splitlines()
        assert [line.partition(" ")[0] for line in lines] == ["::warning", "::notice"]
    if name is Format.JSON:
        assert json.loads(text)["findings"][0]["selector"] == command
    elif name in (Format.SARIF, Format.CBOM):
        json.loads(text)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_message_commands_a_ci_system(project: Path, run: Run, command: str) -> None:
    with (project / "ciphertool.toml").open("a") as file:
        file.write(f'[[target]]\nfile = "conf/app.yaml"\nselector = {json.dumps(command)}\nalias = "b"\n')
    for arguments in (("protect",), ("protect", "--json"), ("check",), ("audit", "--write-targets")):
        outcome = run(*arguments)
        assert _is_inert(outcome.out), outcome
        assert _is_inert(outcome.err), outcome


@pytest.mark.parametrize("text", ["::1", "fe80::1 and ::", "std::vector", "a ::b:: c", "a [::1]:80", "# [x]", "#[x]"])
def test_what_commands_nobody_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_a_proposed_target_names_a_hostile_file_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "##vso[x].yaml").write_text("password: hunterX9z\n")
    tables = visible(propose.targets(audit([Subject(tmp_path)], now=NOW)).tables, keep="\n")
    assert _is_inert(tables)
    assert tomllib.loads(tables)["target"][0]["file"] == "##vso[[]x].yaml"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\t=", " =", "\n="])
@pytest.mark.parametrize("before", ["", "a;", "a; ", 'a;"', "a;'", "a|"])
def test_no_cell_is_a_formula_in_any_dialect(before: str, sign: str) -> None:
    text = render(_hostile(f"{before}{sign}cmd"), Format.CSV)
    for delimiter in ",;|":
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            assert not [cell for cell in row if re.match(r"[\s\"]*[=+\-@\uff1d]", cell)], row


@pytest.mark.parametrize(
    "text",
    [
        "@octocat",
        "https://evil.example/x",
        "www.evil.example",
        "<img src=x>",
        "#1",
        "a`@b`c",
        "`",
        "a | @b",
        "a\\|<b>",
        "&lt;",
    ],
)
def test_markdown_links_and_mentions_nobody(text: str) -> None:
    report = replace(_hostile(text), skipped=())
    page = render(report, Format.MARKDOWN)
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "code_inline"}
    assert [child.content for child in inline if child.type == "code_inline"].count(text) == 2
    assert text not in [child.content for child in inline if child.type == "text"]


def test_a_secret_in_a_name_is_masked_in_whatever_signs_the_key_is_spelled(tmp_path: Path) -> None:
    (tmp_path / "a.ini").write_text("[postgres://u:c4n4ryHunter2Word@h]\npassword = x9Hunter2\n")
    report = audit([Subject(tmp_path)], now=NOW)
    (message,) = (f.message for f in report.findings if f.rule.id == "CT003")
    assert message == "a value in clear under postgres://u:****@h/password"
    assert "c4n4ry" not in str(report)


def test_a_message_is_whole_after_an_assignment_in_a_name_is_masked(tmp_path: Path) -> None:
    (tmp_path / "a.properties").write_text("password\\ \\=\\ c4n4ryX9z=hunterX9zz\n")
    report = audit([Subject(tmp_path)], now=NOW)
    (message,) = (f.message for f in report.findings if f.rule.id == "CT003")
    assert message == "a value in clear under password = ****"
