"""How each format spells a value. A writer returns the spelling, or None if the format has none for this value."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

EXPRESSIONS = {
    "j2": "{{ db_host }}",
    "gotmpl": "{{ .Values.db.host }}",
    "erb": "<%= @db_host %>",
    "hcl": "${var.db_host}",
    "inventory": "{{ db_host }}",
}
"""What a file of a format says for a host that something else fills in; elsewhere `${DB_HOST}`."""
_BARE = re.compile(r"[\w./+=:@%!^~-]+", re.ASCII)


def _reads_as(text: str, value: str) -> bool:
    try:
        read = YAML(typ="safe", pure=False).load(io.StringIO(f"a:\n  - b: {text}\n"))
    except YAMLError:
        return False
    return bool(read == {"a": [{"b": value}]})


def yaml(random: Random, value: str) -> str | None:
    """Return a YAML scalar: plain where that is possible, or in quotes of either kind."""
    quoted = ["'" + value.replace("'", "''") + "'", json.dumps(value, ensure_ascii=False)]
    random.shuffle(quoted)
    return value if random.randrange(3) and _reads_as(value, value) else quoted[0]


def quoted(_: Random, value: str) -> str | None:
    """Return a string in double quotes with backslash escapes, as JSON and HCL have it."""
    return json.dumps(value, ensure_ascii=False)


def toml(random: Random, value: str) -> str | None:
    """Return a TOML string, literal or basic."""
    if "'" not in value and "\n" not in value and random.randrange(2):
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def xml(_: Random, value: str) -> str | None:
    """Return the value for an attribute in double quotes, or for text."""
    return escape(value, {'"': "&quot;"})


def properties(_: Random, value: str) -> str | None:
    """Return the value as `java.util.Properties` reads it, in ASCII."""
    return "".join(
        "\\\\" if c == "\\" else c if c.isascii() else "".join(f"\\u{unit:04x}" for unit in _utf16(c)) for c in value
    )


def _utf16(character: str) -> list[int]:
    data = character.encode("utf-16-be")
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


def ini(_: Random, value: str) -> str | None:
    """Return the value as it is, unless some reader takes a part of it for a comment."""
    return None if re.search(r"(?:^|\s)[#;]|^['\"]|\n", value) else value


def env(_: Random, value: str) -> str | None:
    """Return the value bare or in quotes in which no reader finds anything to expand."""
    if _BARE.fullmatch(value):
        return value
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    return None if re.search(r'["\\$`]', value) else f'"{value}"'


def shell(random: Random, value: str) -> str | None:
    """Return a word of a POSIX shell."""
    if _BARE.fullmatch(value) and random.randrange(2):
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'(["\\$`])', r"\\\1", value) + '"'


def conf(random: Random, value: str) -> str | None:
    """Return the value bare, or in double quotes without escapes."""
    if _BARE.fullmatch(value) and random.randrange(2):
        return value
    return None if re.search(r'["\\]', value) else f'"{value}"'


def npmrc(_: Random, value: str) -> str | None:
    """Return the value as npm reads it."""
    return None if re.search(r"[#;\"'\\]|^\[", value) else value


def netrc(_: Random, value: str) -> str | None:
    """Return a word of a `.netrc`."""
    return None if re.search(r"[\s\"'\\]|^#", value) else value


def pgpass(_: Random, value: str) -> str | None:
    """Return a field of a `.pgpass`."""
    return re.sub(r"([\\:])", r"\\\1", value)


def php(_: Random, value: str) -> str | None:
    """Return a PHP string in single quotes."""
    return "'" + re.sub(r"([\\'])", r"\\\1", value) + "'"


def systemd(_: Random, value: str) -> str | None:
    """Return the inside of a quoted assignment of a unit."""
    return re.sub(r'(["\\])', r"\\\1", value).replace("%", "%%")


def inventory(_: Random, value: str) -> str | None:
    """Return a word of an Ansible inventory."""
    return shell_word(value)


def shell_word(value: str) -> str | None:
    """Return a word without escapes: bare or in one pair of quotes."""
    if _BARE.fullmatch(value):
        return value
    return None if "'" in value else f"'{value}'"


def template(format_name: str, mark: str) -> Callable[[Random, str], str | None]:
    """Return a writer for YAML in a template language, in which `mark` begins an expression."""

    def write(random: Random, value: str) -> str | None:
        return None if mark in value.replace(EXPRESSIONS[format_name], "") else yaml(random, value)

    return write
