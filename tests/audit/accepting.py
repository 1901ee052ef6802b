"""Files with secrets in each format and in text, what accepts them, and what is then still open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.audit import Options, Report, Subject, audit, baseline
from ciphertool.files import read

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.audit.baseline import Baseline

NOW = datetime(2026, 2, 3, tzinfo=UTC)
A, B, C = "kX9tea4two7Lq", "Zq8vN2mK5xWt7", "Another-Secret-99"  # none has the mark of another, see below
KEY = bytes(16)
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA{}\n-----END RSA PRIVATE KEY-----"


SAME = '\n[[target]]\nfile = "conf/a.yaml"\nselector = "$.{}"\nalias = "same"\n'


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


def write(root: Path, name: str, secret: str = A, second: str = "", *, around: bool = False) -> None:
    case = CASES[name]
    above, below = (case.above, case.below) if around else ("", "")
    path = root / case.file
    path.parent.mkdir(exist_ok=True)
    path.write_text(case.text.format(secret, case.second.format(second) if second else "", above, below))


def audited(root: Path, accepted: Baseline) -> Report:
    return audit([Subject(root)], now=NOW, options=Options(key=accepted.key))


def accepting(root: Path) -> Baseline:
    """Accept all that is found, and read the baseline anew."""
    path = root.parent / "accepted.json"
    fresh = baseline.Baseline(path, KEY)
    path.write_text(baseline.written(audited(root, fresh), fresh, "a demo"))
    accepted = baseline.read(read(path))
    assert accepted.entries
    assert still_open(root, accepted) == []
    return accepted


def still_open(root: Path, accepted: Baseline) -> list[tuple[str, int | None]]:
    """What is found and not accepted."""
    report = baseline.apply(audited(root, accepted), accepted)
    return [(finding.rule.id, finding.place.line) for finding in report.active]


def secrets(found: list[tuple[str, int | None]]) -> list[str]:
    return [rule for rule, _ in found if rule in ("CT003", "CT004", "CT005", "CT023")]
