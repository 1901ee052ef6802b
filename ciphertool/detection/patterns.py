"""Values that are secrets by themselves, and values that are none whatever they are called. Knows no names.

The table is our own: of the libraries there are, the best kept asks for a network client and judges lines of text,
where here a parser has the value already; `scripts/measure-detection` compares.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from ciphertool.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS: dict[str, str] = {
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
_CREDENTIALS = {
    "credentials in a URL": r"\b[a-zA-Z][\w+.-]{0,30}://[^\s/:@'\"<>?#]*:(?P<url>[^\s/@'\"<>]+)@(?=[\w\[])",
    "password in a connection string": r"(?i:(?:^|[?&;,\s(])(?:[\w.-]{0,60}password|passwd|pwd|sharedaccesskey|"
    r"accountkey|[\w-]{0,60}secret|api[_-]?key|access[_-]?token|auth[_-]?token)\s?=\s?)[\"']?(?P<parameter>[^;&,\s\"')]+)",
    "password in a JDBC URL": r"jdbc:oracle:\w+:[\w$#.]+/(?P<oracle>[^@\s]+)@",
    "password in a command line": r"(?i:(?:^|\s)(?:--?[\w.-]{0,60}(?:password|passwd|token|secret|api-?key))[= ])"
    r"[\"']?(?P<option>[^\s\"'-][^\s\"']*)",
}
_BY_ITSELF = re.compile("|".join(f"(?P<k{n}>{p})" for n, p in enumerate(_KINDS.values())))
# In a name `_` joins words, and a private key's other lines follow its first.
_IN_NAMES = re.compile(
    _BY_ITSELF.pattern.replace(r"\b", r"(?:(?<![A-Za-z0-9])|(?![A-Za-z0-9]))").replace(
        "(?: BLOCK)?-----|", r"(?: BLOCK)?-----(?s:(?:(?!-----END ).)*+)(?:-----END [A-Z0-9 ]*-----)?|"
    )
)
_URL_PASSWORD = re.compile(r"[^\s'\"<>]*(?=@)")
_WITHIN = re.compile("|".join(f"(?P<k{n}>{p})" for n, p in enumerate(_CREDENTIALS.values())))
# Whatever the patterns above match holds one of these words, or matches one of these patterns (a test proves it): to
# look for them first, in all values of a file at once, costs a twentieth. Each pattern is a character to leap to, since
# it is rare, and what is to stand before it.
_HINT_WORDS = ("PRIVATE KEY", "eyJ", "AKIA", "ASIA", "AIza", "LTAI", "dapi", ":AA", "@")
_NAMES = "password passwd pwd secret key token"
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
_ALONE = re.compile(r"=(?i:(?<=sig=)|(?<=key=))| (?i:(?<=bearer )|(?<=basic ))|://[^\s/:@'\"<>?#]*:[^\s/@'\"<>]+@")
# Something that a person or a template is to fill in, or a mask.
_EXAMPLE = re.compile(
    r"(?i)[*•xX.#?_-]{3,}|<[^<>]*>|\[[a-z][^\[\]]*\]|%[A-Z_]+%|@[\w.-]+@|__\w+__"
    r"|(?:your|my|the|a|enter|insert|put|example|dummy|redacted|masked)(?:[ _-][a-z]+)*"
    r"[ _-]?(?:here|password|passwd|secret|token|key|value|credentials?|placeholder)"
    r"|(?:to[ _-]?be[ _-]?)?(?:filled|replaced?|provided|defined|set)(?:[ _-].*)?|replace[ _-]?(?:me|with.*)"
    r"|fixme|todo|tbd|n/?a|none|null|nil|undefined|placeholder|redacted|hidden|masked"
)
_TEMPLATE = re.compile(
    r"\$\{|\$\(|\$[A-Za-z_]|\{\{|\{%|<%|#\{|%\(\w+\)s|\$(?:env|sys|ref|secret)\{|^\$\w+$|^%[\w.]+%$|^!(?:vault|secret|Ref|Sub)\b"
    r"|^\{[\w.-]+\}$"
)
_LOOKUP = re.compile(
    r"(?i)^(?:(?:vault|secretsmanager|ssm|op|kms|gcpsm|azurekeyvault|ref\+\w+|awssm|file|env|k8s)://?|vault:(?!v\d)\w"
    r"|arn:aws|\{wso2:vault-lookup\(|wso2:vault-lookup\(|projects/[\w-]+/secrets/|@Microsoft\.KeyVault\()"
)
_CIPHERTEXT = re.compile(
    r"^(?:ENC\(|ENC\[|\{cipher\}|\$ANSIBLE_VAULT;|DEC::|\{AES\}|\{xor\}|\{aes\}|CRYPT:|v\d+:aes|vault:v\d+:|AQICAHh|sops:|SCRAM-SHA-\d+\$)"
)
_HASHED = re.compile(
    r"^(?:\$(?:2[abxy]|5|6|7|y|1|apr1|argon2\w*|pbkdf2[\w-]*|scrypt)\$|\{S?(?:SHA|MD5|CRYPT|PBKDF2|bcrypt)[\w-]*\}|pbkdf2[_:]|md5[0-9a-f]{32}$"
    r"|\*[0-9A-F]{40}$|sha(?:1|256|512)[:$])",
    re.IGNORECASE,
)
# No token, but what people leave where one belongs.
_WEAK = frozenset(("changeme", "change_me", "change-me", "changeit", "secret", "password", "admin", "root", "letmein"))
_PUBLIC = ("pk_live_", "pk_test_", "ssh-rsa ", "ssh-ed25519 ")
_SWITCHES = (
    "true|false|yes|no|on|off|none|null|enabled|disabled|auto|required|optional|never|always|inherit|plain|plaintext"
)
_SWITCH = frozenset(_SWITCHES.split("|"))
_NUMBER = re.compile(r"[+-]?[\d.,_]+(?:ms|s|m|h|d|w|y|kb|mb|gb|%)?", re.IGNORECASE)
_PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w .@${}:+-]+(?:[/\\][\w .@${}:+-]+)*[/\\]?|[\w.-]+(?:/[\w.-]+)+\.\w{1,6}"
    r"|[\w-]+\.(?:jks|p12|pfx|pem|key|crt|cer|json|ya?ml|properties|xml|txt|conf|env|keystore|der|asc)"
)
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://|urn:|mailto:|arn:)\S*", re.IGNORECASE)
_CLASS = re.compile(r"[A-Za-z_]\w*(?:[.$][A-Za-z_]\w*){2,}")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z]*(?:[ ._-][A-Za-z]+)*")
_DIGIT_OR_MIXED = re.compile(r"\d")


def candidates(values: Sequence[str]) -> set[int]:
    """Return the indexes of all values of which `kind_of` may say something, and of few others."""
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


def kind_of(value: str) -> str | None:
    """Return what kind of secret a value is by itself, or holds, or None."""
    if len(value) < 8:
        return None
    if (found := _BY_ITSELF.search(value)) and not is_example(found[0]):
        return _kind(found, _KINDS)
    if "=" in value or "@" in value or "-" in value:
        for found in _WITHIN.finditer(value):
            secret = next(text for name, text in found.groupdict().items() if text and not name[1:].isdigit())
            if _is_secret(secret):
                return _kind(found, _CREDENTIALS)
    return None


def secrets_in_name(name: str, *, assigned: bool = True) -> list[tuple[int, int, str]]:
    """Return start, end and kind of each secret in a name, a path, or a text that quotes some.

    Without `assigned`, what is assigned to a secret's name in it is left aside, but for the password of a URL.
    """
    if not (candidates([name]) if assigned else alone([name])):
        return []
    found = [(*match.span(), _kind(match, _KINDS)) for match in _IN_NAMES.finditer(name) if not is_example(match[0])]
    within = any(sign in name for sign in "=@-") if assigned else "://" in name
    for match in _WITHIN.finditer(name) if within else ():
        group, secret = next((n, t) for n, t in match.groupdict().items() if t and not n[1:].isdigit())
        start, end = match.span(group)
        if group == "url" and (longer := _URL_PASSWORD.match(name, start)):
            end = max(end, longer.end())  # it may hold an @ itself
        if (assigned or group == "url") and _is_secret(secret):
            found.append((start, end, _kind(match, _CREDENTIALS)))
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
    return not (is_example(secret) or _TEMPLATE.search(secret) or is_ciphertext(secret) or secret.lower() in _SWITCH)


def _kind(found: re.Match[str], table: dict[str, str]) -> str:
    return next(kind for n, kind in enumerate(table) if found[f"k{n}"] is not None)


def is_example(value: str) -> bool:
    """Tell whether a value is a mask or a text for a person to replace: `****`, `<password>`, `your-token-here`."""
    return _EXAMPLE.fullmatch(value) is not None or "EXAMPLE" in value


def is_template(value: str) -> bool:
    """Tell whether something else fills the value in, at least in part, or looks it up elsewhere."""
    return _TEMPLATE.search(value) is not None or _LOOKUP.match(value) is not None


def is_ciphertext(value: str) -> bool:
    """Tell whether a value is encrypted or hashed by another tool, by its spelling."""
    return _CIPHERTEXT.match(value) is not None or _HASHED.match(value) is not None


def is_switch(value: str) -> bool:
    """Tell whether a value is a boolean or another word that switches."""
    return value.lower() in _SWITCH


def is_pointer(value: str) -> bool:
    """Tell whether a value says where a secret lies: a path, a file's name, a URL without credentials."""
    return _PATH.fullmatch(value) is not None or re.match(r"[a-z][a-z0-9+.-]*://", value) is not None


def looks_like_token(value: str) -> bool:
    """Tell whether a value can be a token: not a number, path, plain URL, class name, or words."""
    if value.lower() in _WEAK:
        return True
    if len(value) < 6 or _NUMBER.fullmatch(value) or _PATH.fullmatch(value) or _URL.fullmatch(value):
        return False
    if _CLASS.fullmatch(value) or " " in value.strip():
        return False
    return not (_IDENTIFIER.fullmatch(value) and entropy(value) < 3.6)


def is_random(value: str) -> bool:
    """Tell whether a value looks made by a generator: one word, long, of mixed characters, of high entropy."""
    if value.startswith(_PUBLIC):
        return False
    if len(value) < 16 or len(value) > 512 or any(c.isspace() for c in value) or not _DIGIT_OR_MIXED.search(value):
        return False
    if _NUMBER.fullmatch(value) or _PATH.fullmatch(value) or _URL.fullmatch(value) or _CLASS.fullmatch(value):
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
