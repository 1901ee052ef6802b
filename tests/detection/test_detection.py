"""How well secrets in clear are found: on the labelled set, and case by case."""

from __future__ import annotations

import csv
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.audit import Level, SiteState, Subject, audit
from ciphertool.audit.model import IN_A_BACKUP
from ciphertool.audit.rules import COMMENTED_OUT, UNPROTECTED_NAME, UNPROTECTED_VALUE
from ciphertool.detection.comments import in_comments, in_text
from ciphertool.detection.harmless import is_example
from ciphertool.detection.hints import candidates
from ciphertool.detection.judgement import NAMELESS, judge, named
from ciphertool.detection.patterns import CREDENTIALS, KINDS, is_random
from ciphertool.rewriters import by_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

SET = Path(__file__).parents[1] / "vectors" / "detection"


def test_the_labelled_set_is_found_as_well_as_the_documentation_says() -> None:
    with (SET / "labels.tsv").open(encoding="utf-8", newline="") as file:
        labels = {(row["path"], int(row["line"])): row["label"] for row in csv.DictReader(file, delimiter="\t")}
    assert len(labels) >= 300
    report = audit([Subject(SET / "files")], now=datetime.now(UTC))
    live = {(f.place.path, f.place.line) for f in report.findings if f.rule in (UNPROTECTED_NAME, UNPROTECTED_VALUE)}
    secrets = {spot for spot, label in labels.items() if label == "secret"}
    assert len(live & secrets) / len(secrets) >= 0.98
    assert len(live & secrets) / len(live) >= 0.98
    comments = {(f.place.path, f.place.line) for f in report.findings if f.rule is COMMENTED_OUT}
    assert comments == {spot for spot, label in labels.items() if label == "comment"}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("password: hunter2", SiteState.UNPROTECTED),
        ("password: password", SiteState.UNPROTECTED),
        ("password: ${env:PW}", SiteState.PLACEHOLDER),
        ("password: '{{ vault_pw }}'", SiteState.PLACEHOLDER),
        ("token: vault:secret/data/app#token", SiteState.PLACEHOLDER),
        ("password: ''", SiteState.NOT_A_SECRET),
        ("password: '****'", SiteState.EXAMPLE),
        ("password: <your password>", SiteState.EXAMPLE),
        ("password: /run/secrets/db", SiteState.NOT_A_SECRET),
        ("password: $2b$12$abcdefghijklmnopqrstuv", SiteState.NOT_A_SECRET),
        ("passwordPolicy: strict", None),
        ("token: 3600", SiteState.NOT_A_SECRET),
        ("token: q8Zr1LmX0vTb", SiteState.UNPROTECTED),
        ("pair: {name: DB_PASSWORD, value: hunter2}", SiteState.UNPROTECTED),
        ("env: [DB_PASSWORD=hunter2]", SiteState.UNPROTECTED),
        ("url: jdbc:mysql://db/x?user=a&password=hunter2", SiteState.UNPROTECTED),
        ("url: jdbc:mysql://db/x?user=a&password=$secret{a}", SiteState.UNJUDGED),
        ("salt: 8f14e45fceea167a5a36dedd4bea2543", SiteState.UNPROTECTED),
        ("salt: sea", None),
        ("services: {app: {secrets: [db_password]}}", SiteState.NOT_A_SECRET),
        ("token: {secretKeyRef: {name: app, token: Zq81mmPw0a}}", SiteState.NOT_A_SECRET),
    ],
)
def test_one_value(tmp_path: Path, text: str, state: SiteState | None) -> None:
    (tmp_path / "a.yaml").write_text(text + "\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert [value.state for value in report.values] == ([] if state is None else [state])


@pytest.mark.parametrize(
    "hostile",
    [
        "a" * 50_000,
        "<a" * 20_000,
        "<a>" + " " * 50_000,
        "your" + " a" * 20_000,
        "a.-" * 20_000,
        "password" * 8_000,
        "://:" * 9_000,
    ],
)
def test_hostile_text_costs_no_time(hostile: str) -> None:
    start = time.process_time()
    judge(NAMELESS, hostile)
    judge(named("password"), hostile)
    is_example(hostile)
    is_random(hostile)
    list(in_text(hostile, bare=True))
    assert time.process_time() - start < 2


@pytest.mark.parametrize("pattern", [*KINDS.values(), *CREDENTIALS.values()])
@given(data=st.data())
def test_every_value_that_is_a_secret_by_itself_is_a_candidate(pattern: str, data: st.DataObject) -> None:
    value = data.draw(st.from_regex(pattern))
    assert 1 in candidates(["a", value, "b"]) or judge(NAMELESS, value) is None


def test_candidates_are_told_from_their_neighbours() -> None:
    url = "https://user:hunter2@host/"
    assert candidates(["password=", "plain", url, "pass", "work=x", "-", url, ""]) == {0, 2, 6}
    assert candidates([]) == set()


def test_a_comment_is_told_by_its_line() -> None:
    text = "# password=hunter2\n\na=b # token: q8Zr1LmX0vTb\n\t;; secret = q8Zr1LmX0vTb\r\na=#password=hunter2\n"
    assert [found.line for found in in_comments(by_name("properties"), text)] == [1, 3, 4]
    xml = "<a>\n<!-- <password>hunter2</password>\n --><!-- text --><!--\n<p password='hunter2'/>--></a>"
    assert [found.line for found in in_comments(by_name("xml"), xml)] == [2, 4]


@pytest.mark.parametrize("inside", ["a." * 20_000 + "=", "a='b'\n" * 100_000], ids=["name", "lines"])
def test_a_long_comment_is_read_once(inside: str) -> None:
    before = time.process_time()
    assert list(in_comments(by_name("xml"), f"<a><!-- {inside} --></a>")) == []
    assert time.process_time() - before < 3  # a name read from each dot, lines counted from the first: 13 s


@pytest.mark.parametrize(
    ("value", "state"), [("{jh8VNyubaCstdt}", SiteState.UNPROTECTED), ("{oauth2Token}", SiteState.PLACEHOLDER)]
)
def test_a_word_in_braces_is_a_placeholder_if_it_can_be_a_name(tmp_path: Path, value: str, state: SiteState) -> None:
    (tmp_path / "a.yaml").write_text(f"token: '{value}'\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert [value.state for value in report.values] == [state]


def test_a_file_that_cannot_be_parsed_is_said_and_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [\npassword: c4n4ry-1\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert {finding.rule.id for finding in report.findings} == {"CT003", "CT024"}


_TWICE = {
    "a.json": '{"db": {"password": "c4n4ry-1"},\n"db": {"password": "c4n4ry-2"}}',
    "b.json": '{"password": "c4n4ry-1",\n"password": "c4n4ry-2"}',
    "a.properties": "password=c4n4ry-1\npassword=c4n4ry-2\n",
    "b.properties": "password=c4n4ry-1\n#---\npassword=${X}\nother.password=c4n4ry-2\n",
    ".env": "DB_PASSWORD='c4n4ry-1'\nDB_PASSWORD=c4n4ry-2\n",
    "a.ini": "[a]\npassword=c4n4ry-1\npassword=c4n4ry-2\n",
    "a.yaml": "password: c4n4ry-1\npassword: c4n4ry-2\n",
    "a.toml": "password = 'c4n4ry-1'\npassword = 'c4n4ry-2'\n",
}


@pytest.mark.parametrize("name", _TWICE)
def test_every_occurrence_of_a_repeated_key_is_judged(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(_TWICE[name])
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    clear = [value for value in report.values if value.state is SiteState.UNPROTECTED]
    lines = [number for number, line in enumerate(_TWICE[name].splitlines(), 1) if "c4n4ry" in line]
    assert [value.place.line for value in clear] == lines
    assert [f.place.line for f in report.findings if f.rule is UNPROTECTED_NAME] == lines
    # Where no selector tells one of several from the others, no target is proposed for the first.
    assert clear[0].place.selector == {"a.ini": "a/password[0]", "b.properties": "doc[0]password"}.get(name)


def test_the_secrets_of_a_deployment_toml_are_judged_wherever_it_lies(tmp_path: Path) -> None:
    lines = ["[secrets]", 'a = "[c4n4ry-1]"', 'b = "c4n4ry-2"', f'c = "{"Zx9k" * 64}"', "[database]"]
    (tmp_path / "deployment.toml").write_text("\n".join([*lines, 'password = "$secret{a}"', ""]))
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert [(value.place.line, value.state) for value in report.values] == [
        (2, SiteState.UNPROTECTED),
        (3, SiteState.UNPROTECTED),
        (4, SiteState.NOT_A_SECRET),
        (6, SiteState.UNJUDGED),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"a": 1, // password: "c4n4ry-1"\n"b": "//x"}'),
        ("a.jsonc", '{"a": 1 /* x\n password = c4n4ry-1 */}'),
        ("a.yaml", "a: 1  # password: c4n4ry-1\n"),
        ("a.toml", "# password = 'c4n4ry-1'\na = 1\n"),
        ("a.ini", "[a]\n; password = c4n4ry-1\n"),
        ("a.xml", "<a><!-- <password>c4n4ry-1</password> --></a>"),
        ("a.conf", "#password = c4n4ry-1\n"),
        ("b.conf", "# url = postgres://u:c4n4ry-1@db/x\n"),
        ("run.sh", "  # curl https://u:c4n4ry-1@host/\n"),
        ("main.hcl", "// password = 'c4n4ry-1'\n"),
        ("a.pp", "-- password = 'c4n4ry-1'\n"),
    ],
)
def test_a_secret_in_a_comment_is_a_note_in_every_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert [finding.rule for finding in report.findings] == [COMMENTED_OUT]
    assert report.findings[0].message.startswith("in a comment: ")
    assert not report.fails(Level.WARNING)


def test_what_is_not_assigned_in_a_text_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("password =\nadmin_password =   \ntoken: the token of the service\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert report.findings == ()
    assert [value.reason for value in report.values] == ["it is empty", "it is empty"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("messages_es.properties", "login.password=Contraseña\n"),
        ("i18n/nb.json", '{"repeat_password": "Gjenta passord", "apiKey": "API-nøkkel"}'),
        ("a.yaml", "API_PASSWORD: API password\npassword: Password\nDB_TOKEN: DB_TOKEN\n"),
        ("k.yaml", "kind: Secret\ndata:\n  username: b3JkZXJz\n  tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURQ==\n"),
        ("c.yaml", "password: !Ref AdminPassword\ntoken: !reference [.defaults, secret]\n"),
        ("nginx.conf", "fastcgi_pass php-handler;\nproxy_pass http://app;\n"),
        ("checkstyle.xml", '<a><property name="tokens" value="METHOD_DEF,CTOR_DEF"/></a>'),
        ("d.yaml", "environment:\n- DB_PASSWORD=/run/secrets/db\n- DB_PASSWORD=${DB_PASSWORD}\n"),
        ("e.yaml", "password_expires_at: 2031-04-05\nmax_tokens: 4096\nTOKEN_KEY_SPEC: RSA_4096\n"),
    ],
)
def test_what_is_no_secret_fails_nothing(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert [finding.message for finding in report.findings] == []


def test_a_message_catalogue_with_a_password_in_it_is_found(tmp_path: Path) -> None:
    (tmp_path / "messages.properties").write_text("db.password=Zx9kQ2mmT\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert [value.state for value in report.values] == [SiteState.UNPROTECTED]


def test_a_backup_is_reported_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml.bak").write_text("a: {password: x1, token: Zq81mmPw0a}\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    assert [(f.rule.id, f.message) for f in report.findings] == [("CT023", "a backup with 2 secrets in clear")]
    assert [(value.state, value.where) for value in report.values] == [(SiteState.UNPROTECTED, IN_A_BACKUP)] * 2


def test_the_parts_of_a_total_add_up(tmp_path: Path) -> None:
    """Each finding of a secret in clear is one unprotected value, in files of whatever kind."""
    (tmp_path / "a.yaml").write_text("password: c4n4ry-1\n# password: c4n4ry-2\n")
    (tmp_path / "b.conf").write_text("password = c4n4ry-3\ntoken = ${T}\n")
    (tmp_path / "c.yaml").write_text("a: [\npassword: c4n4ry-4\nurl: http://u:c4n4ry-5@host/\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    found = sorted((f.place.path, f.place.line) for f in report.findings if f.rule.id in ("CT003", "CT004", "CT005"))
    clear = [value for value in report.values if value.state is SiteState.UNPROTECTED]
    assert sorted((value.place.path, value.place.line) for value in clear) == found
    assert sorted(value.where for value in clear) == ["", "comment", "text", "text", "text"]
    assert sum(map(report.count, SiteState)) == len(report.values) == 6


def test_a_reference_is_unjudged_where_no_repository_was_read(protected: Path, run: Callable[..., Outcome]) -> None:
    """A damaged repository is one error; what refers to it does not dangle."""
    (protected / "security/vault.properties").write_bytes(b"\xff\xfe\xff")
    outcome = run("audit", "--json")
    report = json.loads(outcome.out)
    assert outcome.status == 1
    assert report["counts"]["unjudged"] == 4
    assert report["counts"]["dangling"] == report["counts"]["protected"] == 0
    levels = {(f["rule"], f["level"]) for f in report["findings"]}
    assert {("CT024", "error"), ("CT033", "note")} <= levels
    assert "CT006" not in {rule for rule, _ in levels}


@pytest.mark.parametrize("line", ["secret: aK9mQ2 xR7vTz", "db.password = Zx9kQ2 w", "token: nQ7xRz2 mK4tVw9p"])
def test_two_generated_words_are_a_value_in_a_comment_and_in_a_text(line: str) -> None:
    assert [each.verdict.is_secret for each in in_comments(by_name("yaml"), f"a: 1\n# {line}\n")] == [True]
    assert [each.verdict.is_secret for each in in_text(f"a = 1\n{line}\n", bare=True)] == [True]


@pytest.mark.parametrize(
    "line",
    [
        *("password: see RFC2617 there", "password: see RFC2617", "secret: an OAuth2Token"),
        *("password: ask Bob", "key: RSA 2048", "password: x y"),
    ],
)
def test_prose_after_a_secret_s_name_is_no_value(line: str) -> None:
    assert not any(each.verdict.is_secret for each in in_comments(by_name("yaml"), f"a: 1\n# {line}\n"))
    assert not any(each.verdict.is_secret for each in in_text(f"{line}\n", bare=True))


@pytest.mark.parametrize(
    "line", ["ldap_pass umruRoYzpdg=", "passwd 2b8QnuTQ6:wJw9hwAH", "api_key uk6QofI0BVeCt0G4=w0Y0tyAg7"]
)
def test_the_word_after_a_secret_s_name_is_its_value_whatever_its_signs(line: str) -> None:
    assert [each.verdict.decided_by.startswith("names/") for each in in_text(f"{line}\n", bare=True)] == [True]


@pytest.mark.parametrize(
    "line", ["password user:name", "Password Manager:", "token host=db.example.com", "local timeout=Zx9kQ2"]
)
def test_a_setting_after_a_secret_s_name_is_none_of_its_values(line: str) -> None:
    assert not any(each.verdict.is_secret for each in in_text(f"{line}\n", bare=True))
