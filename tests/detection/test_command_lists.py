"""Passwords of commands, however the command is spelled: as a line, as a list in a text, as a list of a document."""

from __future__ import annotations

import json
from pathlib import PurePath

import pytest

from ciphertool.detection import command_lists, comments, patterns
from ciphertool.detection.detector import Detector
from ciphertool.detection.hints import candidates
from ciphertool.rewriters import for_path

# The items of a command, of which the last but those after the password has it, and the password.
COMMANDS = [
    (["mysqladmin", "ping", "-uroot", "-pZx9kQ2"], "Zx9kQ2"),
    (["/usr/bin/mariadb-dump", "-pZx9kQ2", "main"], "Zx9kQ2"),
    (["curl", "-u", "bob:Zx9kQ2", "https://example.com"], "Zx9kQ2"),
    (["curl", "-ubob:Zx9kQ2", "https://example.com"], "Zx9kQ2"),
    (["curl", "--user", "bob:Zx9kQ2"], "Zx9kQ2"),
    (["docker", "login", "-u", "bob", "-p", "Zx9kQ2"], "Zx9kQ2"),
    (["sshpass", "-pZx9kQ2", "ssh", "db"], "Zx9kQ2"),
    (["mongosh", "-u", "bob", "-p", "Zx9kQ2"], "Zx9kQ2"),
    (["redis-cli", "-a", "Zx9kQ2", "ping"], "Zx9kQ2"),
    (["ldapsearch", "-x", "-w", "Zx9kQ2"], "Zx9kQ2"),
]
HARMLESS = [
    ["mysql", "-p", "main"],
    ["mysql", "-p"],
    ["mongo", "-p", "27017"],
    ["curl", "-u", "bob"],
    ["tar", "-pZx9kQ2"],
    ["mysql", "-p${DB_PASSWORD}"],
    ["sh", "-c", "mongo -p $DB_PASSWORD --eval x"],
]
IDS = [" ".join(items) for items, _ in COMMANDS]


def _in_document(path: str, text: str) -> list[str]:
    document = for_path(PurePath(path)).parse(text.encode())
    detector = Detector(path, document.outline(), text)
    sites = document.pick({document.outline().selectors[index] for index in detector.candidates})
    return [found.site.value for found in detector.suspects(sites) if found.verdict.is_secret]


def _in_text(line: str) -> list[bool]:
    return [found.verdict.is_secret for found in comments.in_text(line, bare=True, path="Dockerfile")]


@pytest.mark.parametrize(("items", "password"), COMMANDS, ids=IDS)
def test_a_list_in_a_text_is_read_as_a_command(items: list[str], password: str) -> None:
    spelled = [" ".join(items), f"CMD {json.dumps(items)}", f"CMD {items!r}".replace(", ", ",")]
    for text in spelled:
        assert True in _in_text(text), text
        assert candidates([text]) == {0}
        held = [each.text for each in patterns.held(text) if each.kind == patterns.COMMAND]
        assert held == [password]


@pytest.mark.parametrize(("items", "password"), COMMANDS, ids=IDS)
@pytest.mark.parametrize("path", ["a.json", "a.yaml"])
def test_a_list_of_a_document_is_read_as_a_command(path: str, items: list[str], password: str) -> None:
    text = json.dumps({"name": "-p", "command": ["server", *items], "rest": ["-pZx9kQ2"]})
    assert _in_document(path, text) == [next(item for item in items if password in item)]


def test_a_list_in_a_block_is_read_as_a_command() -> None:
    assert _in_document("a.yaml", "a:\n  - mysqladmin\n  - -uroot\n  - -pZx9kQ2\n  - ping\n") == ["-pZx9kQ2"]


@pytest.mark.parametrize("items", HARMLESS, ids=" ".join)
def test_what_is_no_password_is_none(items: list[str]) -> None:
    text = f"CMD {json.dumps(items)}"
    assert True not in _in_text(text)
    assert not [each for each in patterns.held(text) if each.kind == patterns.COMMAND and each.text in ",]"]
    assert _in_document("a.json", json.dumps({"command": items})) == []


def test_where_a_password_begins() -> None:
    outline = for_path(PurePath("a.json")).parse(b'{"x": ["a"], "a": ["docker", "login", "-p", "Zx9"]}').outline()
    options = command_lists.items_with_option(outline)
    assert options == [3]
    assert list(command_lists.operands(outline, options)) == [(4, 0)]
