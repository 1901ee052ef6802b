"""What a secret stands in: a URL, a connection string, a JAAS line, a command line, JSON within a string, comments.

A function of `CONTENTS` returns the setting that holds it, or None if such a string cannot hold the value.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from tests.matrix.writing import EXPRESSIONS, shell_word

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.matrix.naming import Name


class Setting(NamedTuple):
    """A key, as words, and what stands there."""

    key: str
    content: str


def userinfo(value: str) -> str:
    """Return the value as a password of a URL."""
    return quote(value, safe="!$&'()*+,;=")


def _url(random: Random, _: Name, value: str, __: str) -> Setting:
    scheme = random.choice(("postgres", "amqp", "redis", "https", "mongodb+srv", "ldaps"))
    key = random.choice(("upstream", "broker", "endpoint_uri", "database_url"))
    return Setting(key, f"{scheme}://orders:{userinfo(value)}@db.example.com/main")


def _url_filled(_: Random, __: Name, value: str, format_name: str) -> Setting:
    host = EXPRESSIONS.get(format_name, "${DB_HOST}")
    return Setting("database_url", f"postgres://orders:{userinfo(value)}@{host}:5432/main")


def _connection(random: Random, _: Name, value: str, __: str) -> Setting | None:
    kind = random.randrange(3)
    if kind == 0:
        if re.search(r"[;\"']", value):
            return None
        word = f'"{value}"' if re.search(r"[\s={}]", value) else value
        return Setting("main_db", f"Server=db.example.com;Database=main;User Id=orders;Password={word};Encrypt=true")
    if kind == 1:
        word = "'" + re.sub(r"([\\'])", r"\\\1", value) + "'" if re.search(r"[\s\\']", value) else value
        return Setting("main_db", f"host=db.example.com user=orders password={word} dbname=main")
    return Setting("jdbc_url", f"jdbc:postgresql://db.example.com/main?user=orders&password={userinfo(value)}")


def _jaas(_: Random, __: Name, value: str, ___: str) -> Setting:
    word = re.sub(r'(["\\])', r"\\\1", value)
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    return Setting("sasl.jaas.config", f'{module} required username="orders" password="{word}";')


def option(name: Name) -> str:
    """Return the command-line option for a name: `--admin-password`."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W_A-Z]+|[A-Z]", name.text)
    return "--" + "-".join(words).lower()


def _command(random: Random, name: Name, value: str, _: str) -> Setting | None:
    word = shell_word(value)
    if word is None or word.startswith("'-"):
        return None
    return Setting("start", f"server --listen :8080 {option(name)}{random.choice(' =')}{word} --verbose")


def _json(_: Random, name: Name, value: str, __: str) -> Setting:
    return Setting("settings", json.dumps({"user": "orders", name.text: value, "port": 5432}, ensure_ascii=False))


def login(value: str) -> str:
    """Return the `auth` of a container registry's login."""
    return base64.b64encode(f"orders:{value}".encode()).decode()


CONTENTS: dict[str, Callable[[Random, Name, str, str], Setting | None]] = {
    "name": lambda _random, name, value, _format: Setting(name.text, value),
    "url": _url,
    "url, host filled in": _url_filled,
    "connection string": _connection,
    "JAAS": _jaas,
    "command line": _command,
    "JSON in a string": _json,
}
"""By place: what an assignment of each format can hold."""
