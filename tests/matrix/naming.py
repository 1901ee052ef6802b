"""Names that mean a secret, in the spellings that people give them. Knows no values and no formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

PASSWORDS = ("password", "passwd", "passphrase", "pwd", "pass", "passcode")
TOKENS = (
    "secret",
    "client secret",
    "secret key",
    "api key",
    "token",
    "access token",
    "auth token",
    "private key",
    "signing key",
    "encryption key",
)
SERVICE_KEYS = ("slack key", "gitlab key", "github key", "meilisearch key", "searchbox key", "webflow encryption key")
"""Keys of which only the service is named."""
NOUNS = (*PASSWORDS, *TOKENS, *SERVICE_KEYS)

_BEFORE = ("db", "mail", "ldap", "redis", "orders", "billing", "admin", "replica", "smtp", "portal", "root", "kiosk")
_AFTER = ("primary", "prod", "west", "next", "v2", "dr")

STYLES: dict[str, Callable[[list[str]], str]] = {
    "camel": lambda words: words[0] + "".join(word.capitalize() for word in words[1:]),
    "Pascal": lambda words: "".join(word.capitalize() for word in words),
    "snake": "_".join,
    "kebab": "-".join,
    "dotted": ".".join,
    "UPPER": lambda words: "_".join(words).upper(),
    "glued": "".join,
    "GLUED": lambda words: "".join(words).upper(),
}


AFFIXES = ("alone", "before", "after")


class Name(NamedTuple):
    """A name: what it means, how it is spelled, on which side it has another word, the name itself."""

    noun: str
    style: str
    affix: str
    text: str


def name(random: Random, noun: str, style: str, affix: str) -> Name:
    """Return a name for that noun, alone or with a word before or after it."""
    words = noun.split()
    if affix == "before":
        words = [random.choice(_BEFORE), *words]
    elif affix == "after":
        words = [*words, random.choice(_AFTER)]
    return Name(noun, style, affix, STYLES[style](words))
