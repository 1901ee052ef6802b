"""Targets that are proposed: only certain secrets are live, each by name and with its part, under a person's alias."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from ciphertool.audit import Subject, audit, propose
from tests.audit.test_shown import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ciphertool.audit.propose import Proposal
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


def _proposed(root: Path, **files: str) -> Proposal:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return propose.targets(audit([Subject(root)], now=NOW))


def _live(proposal: Proposal) -> list[dict[str, str]]:
    found = tomllib.loads(proposal.tables).get("target", [])
    assert len(found) == proposal.certain
    return [{key: value for key, value in each.items() if key != "file"} for each in found]


@pytest.mark.parametrize(
    ("file", "text", "selector", "alias", "part"),
    [
        (
            "compose_yaml",
            "services: {db: {environment: [A=1, MYSQL_PASSWORD=kX9tea77]}}",
            "$.services.db.environment[?match(@, 'MYSQL_PASSWORD=.*')]",
            "compose.db.MYSQL_PASSWORD",
            "MYSQL_PASSWORD=",
        ),
        ("a_yaml", "db: {url: 'postgres://app:kX9tea77@h/d'}", "$.db.url", "a.db.url", "password"),
        (
            "a_json",
            '{"ConnectionStrings": {"Main": "Server=h;Password=kX9tea77;x=1"}}',
            "$.ConnectionStrings.Main",
            "a.Main",
            "password",
        ),
        (
            "s_properties",
            'sasl.jaas.config=x.PlainLoginModule required username="u" password="kX9tea77";\n',
            "sasl.jaas.config",
            "s.jaas.config",
            "password",
        ),
        (
            "c_yaml",
            "command: [run, --db-password, kX9tea77]",
            "$.command['--db-password']",
            "c.command.db-password",
            None,
        ),
        (
            "w_xml",
            "<C><add name='Old' connectionString='Server=h;Password=kX9tea77;'/></C>",
            "/C/add[@name='Old']/@connectionString",
            "w.Old.connectionString",
            "password",
        ),
    ],
)
def test_a_target_names_the_secret_alone(
    tmp_path: Path, file: str, text: str, selector: str, alias: str, part: str | None
) -> None:
    wanted = {"selector": selector, "alias": alias, **({"part": part} if part else {})}
    assert _live(_proposed(tmp_path, **{file: text})) == [wanted]


def test_what_may_be_none_is_commented_out_with_the_reason(tmp_path: Path) -> None:
    proposal = _proposed(tmp_path, a_yaml="db_password: orders\nsmtp_password: kX9tea77\n")
    assert [each["alias"] for each in _live(proposal)] == ["a.smtp_password"]
    assert proposal.doubtful == 1
    assert "# a.yaml:1: its name is that of a secret, and its value may be a word\n# [[target]]\n" in proposal.tables
    shown = "\n".join(line.removeprefix("# ") for line in proposal.tables.splitlines() if "a.yaml:1" not in line)
    assert len(tomllib.loads(shown)["target"]) == 2


def test_a_word_is_certain_where_a_product_keeps_a_secret(tmp_path: Path) -> None:
    text = '[identity.auth_framework.endpoint]\napp_password = "dashboard"\n'
    (wanted,) = _live(_proposed(tmp_path, deployment_toml=text))
    assert wanted["selector"] == "$.identity.auth_framework.endpoint.app_password"


@pytest.mark.parametrize("file", ["yarn_lock", "package-lock_json", "infra__terraform_tfstate", "locales__nb_json"])
def test_nothing_is_proposed_from_what_tools_write(tmp_path: Path, file: str) -> None:
    proposal = _proposed(tmp_path, **{file: '{"a": {"url": "https://u:kX9tea77@h/", "password": "kX9!tea77"}}'})
    assert proposal.certain == 0


def test_what_protect_refuses_is_commented_out(tmp_path: Path) -> None:
    proposal = _proposed(tmp_path, a_json='{"password": 8471936205, "b": {"password": "kX9tea77"}}')
    assert [each["alias"] for each in _live(proposal)] == ["a.b.password"]
    assert "`protect` refuses it" in proposal.tables or proposal.doubtful == 0


def test_what_no_target_can_name_is_said(tmp_path: Path) -> None:
    proposal = _proposed(tmp_path, nginx_conf="db_password = kX9tea77\n", a_yaml="a: 1  # password: kX9tea78\n")
    assert proposal.tables == ""
    assert [reason.partition(" ")[0] for reason in proposal.left_out] == ["a.yaml:", "nginx.conf:"]
    assert "kX9" not in "".join(proposal.left_out)


def test_aliases_are_as_short_as_tells_them_apart(tmp_path: Path) -> None:
    text = "spring: {datasource: {password: kX9tea77}}\n---\nspring: {datasource: {password: kX9tea78}}\n"
    proposal = _proposed(
        tmp_path, a__app_yaml="db: {password: kX9tea77}", b__app_yaml="db: {password: kX9tea78}", m_yaml=text
    )
    assert [each["alias"] for each in _live(proposal)] == [
        "app.a.db.password",
        "app.b.db.password",
        "m.doc0.spring.datasource.password",
        "m.doc1.spring.datasource.password",
    ]
    assert [each["selector"] for each in _live(proposal)][2:] == [
        "doc[0]$.spring.datasource.password",
        "doc[1]$.spring.datasource.password",
    ]


@pytest.mark.parametrize("command", [("protect",), ("protect", "--dry-run"), ("check",)])
def test_where_nothing_is_declared_there_is_no_success(project: Path, run: Run, command: tuple[str, ...]) -> None:
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().partition("[[target]]")[0])
    (project / "security").mkdir(exist_ok=True)
    (project / "security/vault.properties").write_text("")
    outcome = run(*command)
    assert outcome.status == 1
    assert "nothing is declared" in outcome.err
    assert "in clear, in 2 of" in outcome.err
    assert "--write-targets >> ciphertool.toml" in outcome.err
    assert "nothing to do" not in outcome.err
    for path in (project / "conf").iterdir():
        path.write_text("" if path.suffix != ".xml" else "<a/>")
    outcome = run(*command)
    assert (outcome.status, "no value in clear" in outcome.err) == (0, True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "v: |\n  x=1\n  db.password=kX9tea77\n  y: 2\nb: 1\n"),
        ("a.yaml", "v: >-\n  x=1\n  db.password=kX9tea77\n  z\n"),
        ("a.yaml", 'v: "x y\n  db.password=kX9tea77\n  z"\n'),
        ("a.properties", "v=x=1 \\\n   db.password=kX9tea77 \\\n   z\n"),
    ],
)
def test_a_part_of_several_lines_comes_back_to_the_byte(project: Path, run: Run, name: str, text: str) -> None:
    (project / name).write_text(text)
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    selector = "$.v" if name.endswith("yaml") else "v"
    settings += f'[[target]]\nfile = "{name}"\nselector = "{selector}"\nalias = "a"\npart = "db.password="\n'
    (project / "ciphertool.toml").write_text(settings)
    assert run("protect").status == 0
    protected = (project / name).read_text()
    assert "kX9" not in protected
    assert len(protected.splitlines()) == len(text.splitlines())
    assert run("resolve", name).out == text


def test_a_value_of_several_lines_is_noted(project: Path, run: Run) -> None:
    (project / "a.yaml").write_text("v: |\n  kX9tea77\n  more\n")
    with (project / "ciphertool.toml").open("a") as settings:
        settings.write('[[target]]\nfile = "a.yaml"\nselector = "$.v"\nalias = "a"\n')
    assert "spelled otherwise" not in run("protect", "--dry-run").err  # an envelope keeps the spelling
    with (project / "ciphertool.toml").open("a") as settings:
        settings.write('\n[encryption]\nscheme = "RSA-OAEP-256"\n')
    outcome = run("protect")
    assert "note: a.yaml:1: a: `resolve` gives the same value back" in outcome.err
    assert run("resolve", "a.yaml").out == 'v: "kX9tea77\\nmore\\n"\n'


def test_what_kubernetes_encodes_is_proposed_decoded(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Secret\ndata:\n  password: WngnOWtRMm1tVDdhYQ==\n  bin_token: /////////////w==\n"
    found = _live(_proposed(tmp_path, s_yaml=text))
    assert found == [
        {"selector": "$.data.password", "alias": "s.password", "decode": "base64"},
        {"selector": "$.data.bin_token", "alias": "s.bin_token"},
    ]
