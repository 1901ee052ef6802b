"""Text of no known grammar: one line, one place in it, and every byte back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import expressions
from ciphertool.rewriters.base import Change, Edit, Site, rewrite
from ciphertool.rewriters.text_lines import TextDocument, TextRewriter
from ciphertool.testing import RewriterContract
from ciphertool.vault.resolver import reference_sites

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

REWRITER = TextRewriter()


class TestContract(RewriterContract):
    rewriter = REWRITER
    documents = (
        b"export A='b c'\n\n# c\nx",
        b"\xef\xbb\xbfENV A=b\r\n\r\n\tw\xc3\xb6rd \r\n",
        b"{{ if .x }}\r\na\rb: c\n  {{ end }}\n",
    )
    damaged = (b"c4n4ry-7d1f \xff", b"\xff\xfea")

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        lines = data.decode("utf-8-sig").split("\n")
        values = [line[:-1] if line.endswith("\r") else line for line in lines]
        return {f"line[{number}]": line for number, line in enumerate(values, 1) if line}


# What stands in each file, the expression, and the secret's bytes.
SHAPES = {
    "setenv.sh": (
        b"#!/bin/sh\nexport DB_PASSWORD='pa$$ w\\0rd'  # c\n",
        "^export DB_PASSWORD='(?P<secret>[^']*)'",
        b"pa$$ w\\0rd",
    ),
    ".envrc": (
        b'export TOKEN="$(cat x)y"\nexport KEY="a\\"b`c`"\n',
        r'^export KEY="(?P<secret>(?:[^"\\]|\\.)*)"',
        b'a\\"b`c`',
    ),
    "Dockerfile": (
        b"FROM x\r\nENV A=1 DB_PASS=hunter2\\ x B=2\r\n",
        r"\bDB_PASS=(?P<secret>(?:\\.|\S)+)",
        b"hunter2\\ x",
    ),
    "crontab": (
        b"0 5 * * * curl -u me:s%3Ccret https://u:p%40x@h/\n",
        "-u me:(?P<secret>[^ ]+)",
        b"s%3Ccret",
    ),
    "crontab2": (
        b"0 5 * * * curl https://u:p%40x@h/\n",
        "://u:(?P<secret>[^@]+)@",
        b"p%40x",
    ),
    ".pgpass": (
        b"# c\nh:5432:db:app:a\\:b\\\\c\nh2:*:*:u:other",
        "^h:5432:db:app:(?P<secret>.*)$",
        b"a\\:b\\\\c",
    ),
    ".netrc": (
        b"machine a login b password c#d\nmachine e\n\tpassword f\n",
        r"^machine a .*password (?P<secret>\S+)",
        b"c#d",
    ),
    "secret.yaml": (
        b"{{- if .Values.x }}\npassword: {{ .y | quote }}\ntoken: 'it''s'\n{{- end }}",
        "^token: '(?P<secret>.*)'$",
        b"it''s",
    ),
    "db.yml.j2": (
        b'{% if x %}\npass: "a{{ y }}"\nkey: "Zx9\\u00e9"\n{% endif %}\n',
        '^key: "(?P<secret>[^"]*)"',
        b"Zx9\\u00e9",
    ),
    "database.erb": (
        b"<% if x %>\n  password: <%= ENV['X'] || 'Zx9kQ' %>\n<% end %>\n",
        r"ENV\['X'\] \|\| '(?P<secret>[^']*)'",
        b"Zx9kQ",
    ),
    "nginx.conf": (
        b'server {\n  proxy_set_header Authorization "Basic dXNlcjpwdw==";\n}\n',
        'Authorization "Basic (?P<secret>[^"]+)"',
        b"dXNlcjpwdw==",
    ),
    "redis.conf": (
        b'bind ::1\nrequirepass "foo\\xff bar"\n',
        '^requirepass "(?P<secret>.*)"$',
        b"foo\\xff bar",
    ),
    "latin.sh": (
        b"export A=p\xe4\x80\xdf\n",
        "A=(?P<secret>.*)",
        b"p\xe4\x80\xdf",
    ),
}


def _protected(project: Path, run: Run, name: str) -> tuple[Path, bytes]:
    data, selector, _ = SHAPES[name]
    path = project / name
    path.write_bytes(data)
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    encoding = 'encoding = "windows-1252"\n' if name.startswith("latin") else ""
    target = f"[[target]]\nfile = '{name}'\nformat = 'lines'\nalias = 'a'\n{encoding}selector = '''{selector}'''\n"
    (project / "ciphertool.toml").write_text(settings + target)
    assert run("protect", "--config", "ciphertool.toml").status == 0
    return path, data


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_gives_its_bytes_back(project: Path, run: Run, name: str) -> None:
    path, data = _protected(project, run, name)
    secret = SHAPES[name][2]
    assert path.read_bytes() == data.replace(secret, b"{ciphertool-verbatim:a}")
    again = json.loads(run("protect", "--config", "ciphertool.toml", "--json").out)
    assert [site["state"] for file in again["files"] for site in file["sites"]] == ["already-protected"]
    assert path.read_bytes() == data.replace(secret, b"{ciphertool-verbatim:a}")
    assert run("check", "--config", "ciphertool.toml").status == 0
    assert run("check").status == 0
    codec = "windows-1252" if name.startswith("latin") else "utf-8"
    assert run("get", "a").out == f"{secret.decode(codec)}\n"
    assert run("resolve", name, "--output", "back").status == 0
    assert (project / "back").read_bytes() == data


def test_an_audit_finds_references_and_what_is_left_in_the_text(project: Path, run: Run) -> None:
    path, _ = _protected(project, run, "setenv.sh")
    path.write_bytes(path.read_bytes() + b"export SMTP_PASSWORD=Zx9kQ2mmT7\nexport B={ciphertool:gone}\n")
    report = run("audit", ".", "--config", "ciphertool.toml", "--format", "csv").out
    found = [line for line in report.splitlines() if "setenv.sh" in line]
    assert [line for line in found if ",2," in line] == []
    assert len([line for line in found if "CT003" in line and ",3," in line]) == 1
    assert len([line for line in found if "'gone' is not in the secret repository" in line]) == 1
    values = json.loads(run("audit", ".", "--config", "ciphertool.toml", "--format", "json").out)["values"]
    named = [(each["line"], each["state"], each["evidence"]) for each in values if each["alias"] == "a"]
    assert named == [(2, "protected", "declared")]


def _site(text: bytes, selector: str) -> tuple[TextDocument, Site]:
    document = REWRITER.parse(text)
    found = document.locate([selector])[0]
    assert isinstance(found, tuple), found
    return document, found[0]


@pytest.mark.parametrize(
    ("text", "selector", "reason", "line"),
    [
        (b"x=1\nx=2\n", "^x=(?P<secret>.)", "matches 2 times, on lines 1, 2", 2),
        (b"a=1 a=2\n", "a=(?P<secret>.)", "matches 2 times, on lines 1, 1", 1),
        (b"a=1\n", "b=(?P<secret>.)", "matches nothing", None),
        (b"a=\n", "a=(?P<secret>.*)", "its group matches nothing", 1),
        (b"a=1\n", "a=(?P<secret>x)?1", "its group matches nothing", 1),
        (b"a=b\r\r\n", "a=(?P<secret>.*)", "its group ends with a carriage return", 1),
        (b"a=1;b\n", "a=(?P<secret>.)(?<=1);b", "would not match with a reference in the place of the secret", 1),
        (b"a=1\n", "a=1", "a regular expression must have a group (?P<secret>…)", None),
        (b"a=1\n", "line[2]", "matches nothing", None),
        (b"a=1\nb=2", "=(?P<secret>1\nb)", "matches nothing", None),
    ],
)
def test_what_is_refused(text: bytes, selector: str, reason: str, line: int | None) -> None:
    found = REWRITER.parse(text).locate([selector])[0]
    assert isinstance(found, SelectorError)
    assert (found.reason, found.line) == (reason, line)


def test_a_slow_expression_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expressions, "SECONDS", 0.1)
    document = REWRITER.parse(b"a" * 60 + b"!\n")
    slow, quick = document.locate(["^(a|aa)+(?P<secret>$)", "(?P<secret>!)"])
    assert isinstance(slow, SelectorError)
    assert slow.reason == "has an expression that takes more than 0.1 s of processor time"
    assert isinstance(quick, tuple)


def test_no_match_is_the_error_of_a_missing_value() -> None:
    """So that `optional` applies to it."""
    assert isinstance(REWRITER.parse(b"a").locate(["(?P<secret>b)"])[0], NoMatchError)


@pytest.mark.parametrize("value", ["a\nb", "a\r", "half \ud83d"])
def test_a_value_that_would_end_its_line_is_refused(value: str) -> None:
    document, site = _site(b"a=b\n", "line[1]")
    with pytest.raises(UnrepresentableValueError):
        rewrite(REWRITER, document, [Change(site, f"a={value}", (Edit(2, 3, value),))])


def test_a_changed_line_end_is_not_proved() -> None:
    before = REWRITER.parse(b"a\r\nb\r\n")
    change = Change(next(before.sites()), Reference("x", Syntax.INERT_VERBATIM))
    assert REWRITER.parse(b"{ciphertool-verbatim:x}\r\nb\r\n").proves(before, [change])
    for other in (
        b"{ciphertool-verbatim:x}\nb\r\n",
        b"{ciphertool-verbatim:x}\r\nb\r\n\r\n",
        b"a\r\nb\r\n",
        b"x\r\nb\r\n",
    ):
        assert not REWRITER.parse(other).proves(before, [change])


@given(st.lists(st.sampled_from(["a=", "s3", "\n", "\r\n", "\r", " ", "é", "'", "{ciphertool:b}", "$x", "\\"])))
def test_any_line_gives_its_bytes_back(pieces: list[str]) -> None:
    data = ("".join(pieces) + "\nKEY=s3cret;x").encode()
    document, site = _site(data, "^KEY=(?P<secret>[^;]+)")
    reference = str(Reference("k", Syntax.INERT_VERBATIM))
    protected = rewrite(REWRITER, document, [Change(site, f"KEY={reference};x", (Edit(4, 10, reference),))])
    after = REWRITER.parse(protected)
    *_, (again, (found,)) = reference_sites(after)
    assert found.alias == "k"
    back = Change(again, "KEY=s3cret;x", (Edit(found.start, found.end, "s3cret"),))
    assert rewrite(REWRITER, after, [back]) == data


def test_load_gives_the_text() -> None:
    assert REWRITER.load(b"a {ciphertool-verbatim:x}\r\nb\n", lambda found: found.alias.upper()) == "a X\r\nb\n"
