"""Values that are secrets by themselves, and how random a value is. Independent of names.

The table is our own: the best-maintained library requires a network client and judges lines of text, whereas here a
parser has already found the value; `scripts/measure-detection` compares them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.detection import grammars, harmless, hints, tokens
from ciphertool.detection.names import Strength, reads_as_name
from ciphertool.secret import MASK, repr_of

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS: dict[str, str] = {
    "private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    # The same in base64, where " PRIVATE KEY" begins with any of three characters of a group.
    r"|LS0tLS1CRUdJTi[A-Za-z0-9+/]{1,24}(?:FJJVkFURSBLRV|BSSVZBVEUgS0VZ|QUklWQVRFIEtFW)[\w+/]*=*|"
    + tokens.by_kind()["private key"],
    "JSON web token": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
    "authorization header": r"\b(?:[Bb]earer|[Bb]asic) (?=[\w+/.=~-]*\d)[\w+/.~-]{16,}=*",
    **{kind: pattern for kind, pattern in tokens.by_kind().items() if kind != "private key"},
}
COMMAND_LINE, CONNECTION = "password in a command line", "password in a connection string"
COMMAND = "password of a command"
NAMED = (COMMAND_LINE, CONNECTION)
# What stands between a command and its option, and what such an option may have: no port, no other option or item.
_REST = r"[^|;&\n]{0,300}?"
_OPERAND = r"(?!\d[\d:.]*(?:[\s\"']|$)|(?<=[\"'])[,\]])[^\s\"'-][^\s\"']*"
_GAP = r"(?:\s|(?<=[\"']),\s?(?=[\"']))[\"']?"  # between words, or items of a list
CREDENTIALS = {
    "credentials in a URL": r"\b[a-zA-Z][\w+.-]{0,30}://[^\s/:@'\"<>?#]*:(?P<url>[^\s/@\"]+)@(?=[\w\[$%{<#(\\])",
    CONNECTION: r"(?i:(?:^|[?&;,\s(])(?:[\w.-]{0,60}pass(?:word|wd)?|pwd|sharedaccesskey|"
    r"accountkey|[\w-]{0,60}secret|api[_-]?key|access[_-]?token|auth[_-]?token)\s?=(?![=>~|])\s?)(?:\\[\"']|[\"'])?+(?P<parameter>[^;&,\s\"')]+)",
    "password in a JDBC URL": r"jdbc:oracle:\w+:[\w$#.]+/(?P<oracle>[^@\s]+)@",
    COMMAND_LINE: r"(?i:(?:^|\s)(?:--?[\w.-]{0,60}(?:password|passwd|passphrase|passcode|"
    r"pass|pwd|token|secret|(?:api|access|secret|private|signing|encryption|auth)[_-]?key))[= ])"
    r"(?:\\[\"']|[\"'])?+(?P<option>[^\s\"'-][^\s\"']*)",
    COMMAND: rf"\bcurl\b{_REST}{_GAP}(?:-[uU]|--(?:proxy-)?user)[= ]?[\"']?(?:(?<=[\"']){_GAP})?[^\s:\"']{{0,128}}:"
    r"(?P<curl>[^\s\"']+)"
    r"|(?:^|[\s\"'])[\w.-]{1,64}:(?P<chpasswd>[^\s\"':|]+)[\"']?\s*\|\s*(?:sudo\s+)?chpasswd\b"
    rf"|\b(?:mysql(?:dump|admin|import)?|mariadb(?:-dump|-admin)?)\b{_REST}{_GAP}-p[\"']?(?P<mysql>{_OPERAND})"
    rf"|\b(?:sshpass|(?:docker|podman|registry|skopeo|buildah|az|oc)[\"']?{_GAP}login|"
    rf"mongo(?:sh|dump|restore|import|export)?|sqlcmd)\b{_REST}{_GAP}-[pP](?:[\"']?{_GAP}|[\"'])?(?P<login>{_OPERAND})"
    rf"|\bredis-cli\b{_REST}{_GAP}-a[\"']?{_GAP}(?P<redis>{_OPERAND})"
    rf"|\bldap[a-z]+\b{_REST}{_GAP}-w[\"']?{_GAP}(?P<ldap>{_OPERAND})"
    r"|\bhtpasswd\s+-(?=[A-Za-z]*b)(?:(?=[A-Za-z]*n)[A-Za-z]+\s+\S+|[A-Za-z]+\s+\S+\s+\S+)\s+[\"']?(?P<htpasswd>[^\s\"'-][^\s\"']*)",
    "password in SQL": r"(?:\b(?:[Ii]dentified|IDENTIFIED)\s+(?i:(?:with\s+\S{1,64}\s+)?by\s+(?:password\s+)?)|"
    r"\b(?i:user|role|login)\b[^;\n]{0,200}?\s(?:[Pp]assword|PASSWORD)(?:\s?=\s?| ))[Nn]?'(?P<sql>[^'\n]+)'",
}
_BY_ITSELF = re.compile("|".join(f"(?P<k{n}>{p})" for n, p in enumerate(KINDS.values())))
# In a name `_` joins words, and a private key's other lines follow its first.
_IN_NAMES = re.compile(
    _BY_ITSELF.pattern.replace(r"\b", r"(?:(?<![A-Za-z0-9])|(?![A-Za-z0-9]))").replace(
        "(?: BLOCK)?-----|", r"(?: BLOCK)?-----(?s:(?:(?!-----END ).|(?!))*+)(?:-----END [A-Z0-9 ]*-----)?|"
    )
)
_SIGNS = "=@-'|"  # of these each of them has one
_URL_PASSWORD = re.compile(r"[^\s\"]*(?=@)")
_WITHIN = re.compile("|".join(f"(?P<k{n}>{p})" for n, p in enumerate(CREDENTIALS.values())))
# What any secret of a text has: a run of characters, or a sign of an assignment.
_MAY_HOLD = re.compile(r"[\w+/~-]{10}|[@=:$]|KEY| ")
# No token, but what people leave where one belongs.
_WEAK = frozenset(("changeme", "change_me", "change-me", "changeit", "secret", "password", "admin", "root", "letmein"))
_CHANGE = re.compile(r"(?i)(?:please[_-]?)?(?:change[_-]?(?:me|it)[_-]?)+")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z]*(?:[ ._-][A-Za-z]+)*")
_MIXED = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
_DIGIT_OR_MIXED = re.compile(r"\d")


class Held(NamedTuple):
    """A part of a value that can be a secret: its kind, its text and where it begins.

    `is_itself` is True for a token or a key. The password of a URL, a connection string or a command line may also be a
    placeholder, or a text for a person to replace.
    """

    kind: str
    text: str
    start: int
    is_itself: bool

    def __repr__(self) -> str:
        return repr_of(self, "kind")


def held(value: str) -> Iterator[Held]:
    """Yield the parts of a value that can be secrets, whatever its name: tokens and keys first, then credentials."""
    if not hints.is_candidate(value):
        return
    for found in _BY_ITSELF.finditer(value):
        yield Held(_kind(found, KINDS), found[0], found.start(), is_itself=True)
    if any(sign in value for sign in _SIGNS):
        for found in _WITHIN.finditer(value):
            group, secret = next((n, text) for n, text in found.groupdict().items() if text and not n[1:].isdigit())
            yield Held(_kind(found, CREDENTIALS), secret, found.start(group), is_itself=False)


def secrets_in_name(name: str, *, assigned: bool = True) -> list[tuple[int, int, str]]:
    """Return the start, end and kind of each secret in a name, a path, or a text that quotes some.

    Without `assigned`, values that are assigned to a secret's name are ignored, except the password of a URL.
    """
    if not (_MAY_HOLD.search(name) and hints.is_candidate(name, assigned=assigned)):
        return []
    found = [
        (*match.span(), _kind(match, KINDS)) for match in _IN_NAMES.finditer(name) if not harmless.is_example(match[0])
    ]
    within = any(sign in name for sign in _SIGNS) if assigned else "://" in name
    for match in _WITHIN.finditer(name) if within else ():
        group = next(n for n, t in match.groupdict().items() if t and not n[1:].isdigit())
        start, end = match.span(group)
        if group == "url" and (longer := _URL_PASSWORD.match(name, start)):
            end = max(end, longer.end())  # it may hold an @ itself
        if (assigned or group == "url") and _is_secret(name[start:end]):
            found.append((start, end, _kind(match, CREDENTIALS)))
    return sorted(found)


def masked(text: str, *, assigned: bool = True) -> str:
    """Return a text in which `****` replaces every secret that `secrets_in_name` finds."""
    parts: list[str] = []
    position = 0
    for start, end, _ in secrets_in_name(text, assigned=assigned):
        if end > position:
            # A text of lines keeps them.
            parts += text[position:start], MASK, "\n" * text.count("\n", max(start, position), end)
            position = end
    return "".join((*parts, text[position:])) if parts else text


def _is_secret(secret: str) -> bool:
    if (filled := grammars.read(secret)) is not None and not filled.defaults:
        return not reads_as_name(filled.rest)
    return harmless.shape_of(secret, Strength.PASSWORD) is None and harmless.cipher_of(secret) is None


def _kind(found: re.Match[str], table: dict[str, str]) -> str:
    return next(kind for n, kind in enumerate(table) if found[f"k{n}"] is not None)


def looks_like_token(value: str) -> bool:
    """Return whether a value of no harmless shape can be a token: neither short nor a name."""
    if value.lower() in _WEAK or _CHANGE.fullmatch(value):
        return True
    return len(value) >= 6 and not (_IDENTIFIER.fullmatch(value) and entropy(value) < 3.6 and reads_as_name(value))


def is_random(value: str) -> bool:
    """Return whether a value looks generated: one word, long, of mixed characters, of high entropy."""
    if not 16 <= len(value) <= 512 or any(c.isspace() for c in value) or not _DIGIT_OR_MIXED.search(value):
        return False
    hexadecimal = all(c in "0123456789abcdefABCDEF" for c in value)
    return entropy(value) >= (2.8 if hexadecimal else 3.4)


def is_mixed(value: str) -> bool:
    """Return whether a value is one word of letters of both cases and digits, as nobody would spell a name."""
    classes = (str.islower, str.isupper, str.isdigit)
    return (
        _MIXED.fullmatch(value) is not None
        and all(any(map(test, value)) for test in classes)
        and not reads_as_name(value)
    )


def is_distinctive(value: str) -> bool:
    """Return whether a value is unlikely to equal a secret by chance, as a user's or a product's name can."""
    classes = (str.islower, str.isupper, str.isdigit)
    kinds = sum(any(map(test, value)) for test in classes) + (not value.isalnum())
    return len(value) >= 8 and (kinds >= 3 or (kinds == 2 and len(value) >= 14))


def entropy(value: str) -> float:
    """Return Shannon's entropy of a value's characters, in bits per character."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0
