"""Secrets within values: each is a finding at its own line, in documents and texts of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool.audit import Subject, audit, propose

if TYPE_CHECKING:
    from pathlib import Path

CLEAR, COMMENT = ("CT003", "CT004"), ("CT005",)


def lines(directory: Path, name: str, text: str, rules: tuple[str, ...] = CLEAR) -> list[int | None]:
    """Return the lines of the findings of a file."""
    (directory / name).write_text(text, encoding="utf-8")
    report = audit([Subject(directory)], now=datetime.now(UTC))
    return [finding.place.line for finding in report.findings if finding.rule.id in rules]


BLOCK = "host=db\ndb_password=c4n4ry-1\npool=8\nurl=postgres://u:c4n4ry-2@db/x\n"


def indented(text: str, by: str) -> str:
    """Return a text with each line indented."""
    return "".join(f"{by}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.yaml", f"x: 1\nfiles:\n  app.conf: |\n{indented(BLOCK, '    ')}y: 2\n", [5, 7]),
        ("a.yaml", "start: >\n  server\n  --admin-password c4n4ry-1\n  --api-token c4n4ry-2\n", [3, 4]),
        ("a.toml", f"[files]\napp = '''\n{BLOCK}'''\n", [4, 6]),
        ("a.xml", f"<a>\n <script>\n{BLOCK} </script>\n</a>\n", [4, 6]),
        ("a.properties", "a=1\nstart=server \\\n  --admin-password c4n4ry-1 \\\n  --api-token c4n4ry-2\n", [3, 4]),
        ("a.json", '{\n "x": "a=1\\ndb_password=c4n4ry-1\\nredis_password=c4n4ry-2"\n}\n', [2, 2]),
        ("a.yaml", "a: 1\nbody: \"{\\\"user\\\": \\\"a\\\", \\\"password\\\": \\\"kX9-tea4two\\\"}\"\n", [2]),
        ("a.yaml", 'a: |\n  {\n   "user": "bob",\n   "password": "c4n4ry-1"\n  }\n', [4]),
        ("a.json", '{"auths": {"registry.example.com":\n {"auth": "b3JkZXJzOmtYOXRlYWZvcnR3bw=="}}}\n', [2]),
        ("a.yaml", "a:\n  - run: |\n      echo a\n      export PGPASSWORD=\"kX9tea4two\"\n", [4]),
        ("core.conf", "<a>\n <property><name>db.password</name>\n <value>c4n4ry</value></property>\n</a>\n", [3]),
        (".ftpconfig", '{\n "user": "bob",\n "pass": "c4n4ry-1"\n}\n', [3]),
        ("a.yml.j2", "{% if x %}\na:\n  host: {{ h }}\n  password: c4n4ry-1\n{% endif %}\n", [4]),
        ("a.yml.erb", "<% if x %>\nenv:\n  - name: DB_PASSWORD\n    value: c4n4ry-1\n<% end %>\n", [4]),
        ("a.yaml.gotmpl", "{{- if .x }}\nargs:\n  - --api-token\n  - c4n4ry-1\n{{- end }}\n", [4]),
        ("a.plist", "<plist><dict>\n<key>User</key><string>bob</string>\n<key>Password</key>\n<string>c4n4ry</string>"
         "</dict></plist>\n", [4]),
        ("a.service", '[Service]\nEnvironment="LANG=C" "DB_PASSWORD=c4n4ry-1"\n', [2]),
        ("a.yaml", "command: [server, --admin-password, c4n4ry-1]\n", [1]),
        ("a.xml", "<w><env-entry><env-entry-name>dbPassword</env-entry-name>\n<env-entry-value>c4n4ry</env-entry-value>"
         "</env-entry></w>", [2]),
        ("a.yaml", "a: |\n  password: '{{ vault_password }}'\n  user: x\n", []),
        ("a.yaml",
         "key: |\n  -----BEGIN RSA PRIVATE KEY-----\n  MIIEpAIBAAKCAQEA\n  -----END RSA PRIVATE KEY-----\n", [1]),
        ("a.properties", "q=SELECT id FROM sessions WHERE token=:token\n", []),
        ("a.json", '{"secret": "123456", "token": "987654"}', [1]),
        ("a.properties",
         "db.password.west=c4n4ry-1\nGITHUBKEY=yk7Wq3Ie7pO9385B\nslackKey=Zh3QusQd\nmonkey=business\n", [1, 2, 3]),
    ],
)  # fmt: skip
def test_each_secret_has_its_own_line(tmp_path: Path, name: str, text: str, expected: list[int]) -> None:
    assert lines(tmp_path, name, text) == expected


def test_a_comment_within_a_block_is_a_note(tmp_path: Path) -> None:
    text = "files:\n  app.toml: |\n    user = 'bob'\n    # password = 'c4n4ry-1'\n    port = 1\n"
    assert lines(tmp_path, "a.yaml", text, COMMENT) == [4]
    assert lines(tmp_path, "a.yaml", text) == []


def test_an_item_and_a_mapping_get_the_same_rule(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a:\n  - DB_PASSWORD=c4n4ry-1\nb:\n  DB_PASSWORD: c4n4ry-1\n")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    item, mapping = report.findings
    assert item.rule is mapping.rule
    assert item.message.partition(" ")[2] == mapping.message.partition(" ")[2] == "a value in clear"


def test_each_secret_of_a_value_is_proposed_once_as_a_part(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"a: |\n{indented(BLOCK, '  ')}")
    report = audit([Subject(tmp_path)], now=datetime.now(UTC))
    tables = propose.targets(report).tables
    assert [line for line in tables.splitlines() if line.startswith("part")] == [
        'part = "db_password="',
        'part = "url="',
    ]
