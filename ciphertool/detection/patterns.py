"""Values that are secrets by themselves, and how random a value is. Knows no names.

The table is our own: of the libraries there are, the best kept asks for a network client and judges lines of text,
where here a parser has the value already; `scripts/measure-detection` compares.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.detection import grammars, harmless
from ciphertool.detection.names import Strength, reads_as_name
from ciphertool.secret import MASK, showing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KINDS: dict[str, str] = {
    "private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|AGE-SECRET-KEY-1[A-Z0-9]{58}",
    "JSON web token": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
    "AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{60,}",
    "GitLab token": r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt|oas)-[\w-]{20,}",
    "Slack token": r"\bxox[abeoprs]-[\w-]{10,}|\bxapp-\d-[\w-]{10,}|hooks\.slack\.com/\w+/T\w+/\w+/\w+",
    "Stripe key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9]{24,}",
    "Google key": r"\bAIza[\w-]{35}|\bGOCSPX-[\w-]{28}|\bya29\.[\w-]{20,}",
    "Azure key": r"\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}|[?&]sig=[A-Za-z0-9%+/]{40,}",
    "mail service key": r"\bSG\.[\w-]{16,}\.[\w-]{32,}|\bkey-[0-9a-f]{32}\b|\bxkeysib-[0-9a-f]{64}",
    "package registry token": r"\bnpm_[A-Za-z0-9]{36}|\bpypi-AgE[\w-]{40,}|\brubygems_[0-9a-f]{48}",
    "cloud token": r"\bdo[opr]_v1_[0-9a-f]{64}|\bdapi[0-9a-f]{32}\b|\bhv[sb]\.[\w-]{24,}|\b\w{14}\.atlasv1\.[\w-]{60,}"
    r"|\bsq[uap]_[0-9a-f]{40}"
    r"|\bgls[ac]_\w{32,}|\bshp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}|\bdp\.(?:pt|st|ct)\.[\w.]{40,}|\bLTAI[A-Za-z0-9]{12,20}\b",
    "model service key": r"\bsk-(?:ant-|proj-|svcacct-)?[\w-]{32,}|\bhf_[A-Za-z0-9]{34}\b",
    "chat bot token": r"\b\d{8,10}:AA[\w-]{33}\b|\b[MNO][\w-]{23}\.[\w-]{6}\.[\w-]{27,}"
    r"|discord(?:app)?\.com/api/webhooks/\d+/\w+"
    r"|\.webhook\.office\.com/webhookb2/[\w@-]{30,}",
    "authorization header": r"(?i:\b(?:bearer|basic) )(?=[\w+/.=~-]*\d)[\w+/.~-]{16,}=*",
}
CREDENTIALS = {
    "credentials in a URL": r"\b[a-zA-Z][\w+.-]{0,30}://[^\s/:@'\"<>?#]*:(?P<url>[^\s/@\"]+)@(?=[\w\[$%{<#(])",
    "password in a connection string": r"(?i:(?:^|[?&;,\s(])(?:[\w.-]{0,60}password|passwd|pwd|sharedaccesskey|"
    r"accountkey|[\w-]{0,60}secret|api[_-]?key|access[_-]?token|auth[_-]?token)\s?=\s?)[\"']?(?P<parameter>[^;&,\s\"')]+)",
    "password in a JDBC URL": r"jdbc:oracle:\w+:[\w$#.]+/(?P<oracle>[^@\s]+)@",
    "password in a command line": r"(?i:(?:^|\s)(?:--?[\w.-]{0,60}(?:password|passwd|passphrase|passcode|"
    r"pass|pwd|token|secret|(?:api|access|secret|private|signing|encryption|auth)[_-]?key))[= ])"
    r"[\"']?(?P<option>[^\s\"'-][^\s\"']*)",
}
_BY_ITSELF = re.compile("|".join(f"(?P<k{n}>{p})" for n, p in enumerate(KINDS.values())))
# In a name `_` joins words, and a private key's other lines follow its first.
_IN_NAMES = re.compile(
    _BY_ITSELF.pattern.replace(r"\b", r"(?:(?<![A-Za-z0-9])|(?![A-Za-z0-9]))").replace(
        "(?: BLOCK)?-----|", r"(?: BLOCK)?-----(?s:(?:(?!-----END ).)*+)(?:-----END [A-Z0-9 ]*-----)?|"
    )
)
_URL_PASSWORD = re.compile(r"[^\s\"]*(?=@)")
_WITHIN = re.compile("|".join(f"(?P<k{n}>{p})" for n, p in enumerate(CREDENTIALS.values())))
# Whatever the patterns above match holds one of these words, or matches one of these patterns (a test proves it): to
# look for them first, in all values of a file at once, costs a twentieth. Each pattern is a character to leap to, since
# it is rare, and what is to stand before it.
_HINT_WORDS = ("PRIVATE KEY", "eyJ", "AKIA", "ASIA", "AIza", "LTAI", "dapi", ":AA", "@")
_NAMES = "word wd phrase code pass secret key token"  # as the names of passwords end
_HINT_PATTERNS = tuple(
    re.compile(f"{mark}(?i:{'|'.join(f'(?<={text}{mark})' for text in before.split())}{after})")
    for mark, before, after in (
        ("_", "gh[pousr] github_pat live test whsec npm rubygems _v1 sq[uap] gls[ac] shpat shpss shpca shppa hf", ""),
        ("-", "gl[drf]t gl(?:pat|cbt|ptt|imt|oas) glsoat glagent xox. xapp gocspx key xkeysib pypi sk age", ""),
        (r"\.", r"hooks\.slack office ya29 sg hv[sb] atlasv1 dp\.[psc]t", r"|[\w-]{6}\.[\w-]{27}"),
        ("/", "webhooks", ""),
        ("=", f"sig {_NAMES}", "|" + "|".join(rf"(?<={name}\s=)" for name in _NAMES.split())),
        (" ", f"bearer basic {_NAMES}", ""),
    )
)
# The same for what is a secret by itself or the password of a URL, where no assignment counts.
_ALONE = re.compile(r"=(?i:(?<=sig=)|(?<=key=))| (?i:(?<=bearer )|(?<=basic ))|://[^\s/:@'\"<>?#]*:[^\s/@\"]+@")
# No token, but what people leave where one belongs.
_WEAK = frozenset(("changeme", "change_me", "change-me", "changeit", "secret", "password", "admin", "root", "letmein"))
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z]*(?:[ ._-][A-Za-z]+)*")
_DIGIT_OR_MIXED = re.compile(r"\d")


def candidates(values: Sequence[str]) -> set[int]:
    """Return the indexes of all values of which `held` may say something, and of few others."""
    text = "\0".join(values)  # between values stands what no pattern matches
    ends = list(accumulate(len(value) + 1 for value in values))
    found: set[int] = set()
    for word in _HINT_WORDS:
        position = text.find(word)
        while position >= 0:
            index = bisect_right(ends, position)
            found.add(index)
            position = text.find(word, ends[index])
    for pattern in _HINT_PATTERNS:
        found.update([bisect_right(ends, match.start()) for match in pattern.finditer(text)])
    return found


def alone(lines: Sequence[str]) -> list[int]:
    """Return the indexes of all lines in which `secrets_in_name` may find something without `assigned`, in order."""
    text = "\0".join(lines)
    ends = list(accumulate(len(line) + 1 for line in lines))
    found = {bisect_right(ends, match.start()) for match in _ALONE.finditer(text)}
    for word in _HINT_WORDS:
        position = text.find(word) if word != "@" else -1
        while position >= 0:
            index = bisect_right(ends, position)
            found.add(index)
            position = text.find(word, ends[index])
    for pattern in _HINT_PATTERNS[:-2]:
        found.update([bisect_right(ends, match.start()) for match in pattern.finditer(text)])
    return sorted(found)


class Held(NamedTuple):
    """What in a value can be a secret: its kind, its text and where it begins.

    It `is_itself` if it is a token or a key. What a URL, a connection string or a command line has for its password
    may as well be a placeholder, or a text for a person to replace.
    """

    kind: str
    text: str
    start: int
    is_itself: bool

    def __repr__(self) -> str:
        return showing(self, "kind")


def held(value: str) -> Iterator[Held]:
    """Yield what in a value can be a secret, whatever it is called: tokens and keys first, then credentials."""
    if len(value) < 8:
        return
    for found in _BY_ITSELF.finditer(value):
        yield Held(_kind(found, KINDS), found[0], found.start(), is_itself=True)
    if "=" in value or "@" in value or "-" in value:
        for found in _WITHIN.finditer(value):
            group, secret = next((n, text) for n, text in found.groupdict().items() if text and not n[1:].isdigit())
            yield Held(_kind(found, CREDENTIALS), secret, found.start(group), is_itself=False)


def secrets_in_name(name: str, *, assigned: bool = True) -> list[tuple[int, int, str]]:
    """Return start, end and kind of each secret in a name, a path, or a text that quotes some.

    Without `assigned`, what is assigned to a secret's name in it is left aside, but for the password of a URL.
    """
    if not (candidates([name]) if assigned else alone([name])):
        return []
    found = [
        (*match.span(), _kind(match, KINDS)) for match in _IN_NAMES.finditer(name) if not harmless.is_example(match[0])
    ]
    within = any(sign in name for sign in "=@-") if assigned else "://" in name
    for match in _WITHIN.finditer(name) if within else ():
        group, secret = next((n, t) for n, t in match.groupdict().items() if t and not n[1:].isdigit())
        start, end = match.span(group)
        if group == "url" and (longer := _URL_PASSWORD.match(name, start)):
            end = max(end, longer.end())  # it may hold an @ itself
        if (assigned or group == "url") and _is_secret(secret):
            found.append((start, end, _kind(match, CREDENTIALS)))
    return sorted(found)


def masked(text: str, *, assigned: bool = True) -> str:
    """Return a text with every secret in it that `secrets_in_name` finds as `****`."""
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
    """Tell whether a value of no harmless shape can be a token: neither short nor a name."""
    if value.lower() in _WEAK:
        return True
    return len(value) >= 6 and not (_IDENTIFIER.fullmatch(value) and entropy(value) < 3.6)


def is_random(value: str) -> bool:
    """Tell whether a value looks made by a generator: one word, long, of mixed characters, of high entropy."""
    if not 16 <= len(value) <= 512 or any(c.isspace() for c in value) or not _DIGIT_OR_MIXED.search(value):
        return False
    hexadecimal = all(c in "0123456789abcdefABCDEF" for c in value)
    return entropy(value) >= (2.8 if hexadecimal else 3.4)


def is_distinctive(value: str) -> bool:
    """Tell whether a value is hardly the same as a secret by chance, as a user name or a product's name can be."""
    classes = (str.islower, str.isupper, str.isdigit)
    kinds = sum(any(test(c) for c in value) for test in classes) + any(not c.isalnum() for c in value)
    return len(value) >= 8 and (kinds >= 3 or (kinds == 2 and len(value) >= 14))


def entropy(value: str) -> float:
    """Return Shannon's entropy of a value's characters, in bits for each."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0
