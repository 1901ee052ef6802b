"""Values that are not secrets in clear, whatever their names: the table of their shapes. Knows no files.

Each line states up to which strength of a name it applies; a stronger name overrules it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.detection.names import Strength, names_a_secret, reads_as_label, reads_as_name
from ciphertool.detection.verdicts import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable


class Shape(NamedTuple):
    """One line of the table: values of this shape are not secrets under names of up to this strength."""

    name: str
    reason: str
    upto: Strength
    fits: Callable[[str], object]
    """Returns something true for the values of this shape."""
    outcome: Outcome = Outcome.NOT_A_SECRET
    words: frozenset[str] = frozenset()
    """If not empty, one of these words must be what makes the name mean a secret."""


def _full(pattern: str, flags: int = re.IGNORECASE | re.DOTALL) -> Callable[[str], re.Match[str] | None]:
    return re.compile(pattern, flags).fullmatch


# A text for a person to replace. Text between brackets is one only if it reads as words.
_PHRASE = re.compile(
    r"(?i)(?:your|enter|insert|put|type|specify|redacted|masked)(?:[ _-][a-z]++)*"
    r"[ _-]?(?:here|password|passwd|secret|token|key|value|credentials?|placeholder)"
    r"|(?:your|the)(?=.*(?:password|secret|token|key))(?:[_-][a-z]++){3,}"
    r"|(?:[a-z\d]++[_-])+?your(?:[_-][a-z]++)+"
    r"|(?:[a-z]+[ _-]|(?!))*+(?:password|passwd|secret|token|key|value)[ _-]here"
    r"|(?:to[ _-]?be[ _-]?)?(?:filled|replaced?|provided|defined|set)(?:[ _-](?P<rest>.*))?"
    r"|replace[ _-]?(?:me|with(?P<with>.*))|fill[ _-]?(?:me[ _-]?)?in|fixme|todo|tbd|n/?a|none|null|nil|undefined"
    r"|placeholder|redacted|hidden|masked|sanitized"
)
# A word for it: under the name of a token only that, under that of a password one that people set.
_MENTION = (
    r"(?:my|the|a|some|example|dummy)[ _-](?:[a-z]++[ _-])*?(?:password|passwd|secret|token|key|value|credentials?)"
)
_FRAMED = re.compile(r"([!*#~=])\1+ ?(?P<inside>[\w -]*\w) ?\1{2,}")
_BRACKETED = re.compile(r"<+(?P<angle>[^<>]*)>+|\[(?P<square>[^\[\]]*)\]", re.DOTALL)
_SWITCHES = (
    r"true|false|yes|no|on|off|none|null|enabled?|disabled?|auto|required|optional|never|always|inherit|plain|plaintext"
)
_ROOTS = (
    r"etc|run|var|opt|usr|home|mnt|srv|tmp|secrets?|config|conf|data|app|root|vault|keys|certs|ssl|proc|dev|workspace|"
    r"Users"
)
_SUFFIXES = (
    r"jks|jceks|p12|pfx|pem|key|crt|cer|csr|der|asc|gpg|json|ya?ml|properties|xml|txt|conf|cfg|ini|env|toml|keystore|"
    r"truststore|keytab|kdbx?|bcfks|pub|age|enc|sh|py|php|rb|js|ts|html?|ps1|bat|cmd|jar|war|tf|htpasswd|pwd?|pass(?:wd|word)?|creds?|secret|token"
)
_FOLDER = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:|file:)?(?:(?:[/\\]+[\w .@$<>{}:+-]+)+[/\\]?|[\w.-]+(?:[/\\][\w .@-]+)+)")
_ROOTED = re.compile(rf"(?:~|\.{{1,2}}|[A-Za-z]:|file:)[/\\].*|[/\\]+(?:{_ROOTS})[/\\].*", re.DOTALL)
_NAMED_FILE = re.compile(rf"[\w./\\~ @${{}}:+-]*[\w}}-]\.(?:{_SUFFIXES})", re.IGNORECASE)
_URL = re.compile(
    r"(?:(?:(?:jdbc|r2dbc):)?[a-z][a-z0-9+.-]*://|jdbc:[a-z]+:|mailto:)[\w\[$%{<~.-][^\s]*|urn:[\w-]+:\S*",
    re.IGNORECASE,
)
_PLACE = re.compile(r"[/\\.:]")
_ALGORITHM = (
    r"(?>PBEWith\w+|PBKDF2\w*|RSA|DSA|ECDSA|ECB|EC|EdDSA|Ed25519|X25519|AES|DESede|DES|3DES|Blowfish|"
    r"ChaCha20(?:-?Poly1305)?|SSHA|SHA|MD5|Hmac\w+|HMAC|(?:HS|RS|ES|PS)\d{3}|bcrypt|scrypt|argon2\w{0,2}|crypt|"
    r"SunX509|PKIX|PKCS|JKS|GCM|CBC|OAEP\w*|NoPadding|Poly1305|secp\d+[rk]1|prime256v1|P-\d{3})"
)
_SQL = re.compile(
    r"(?i)\s*(?:select\b.+\bfrom\b|insert\s+into\b|update\b.+\bset\b|delete\s+from\b|merge\s+into\b|call\s+\w+\(|"
    r"alter\s+(?:user|role)\b|with\b.+\bselect\b).*",
    re.DOTALL,
)


def may_be_place(value: str) -> bool:
    """Return whether a value has a sign that each path and URL has one of."""
    return _PLACE.search(value) is not None


def is_path(value: str) -> bool:
    """Return whether a value is certainly a path: under a known directory, or with a known ending, of words."""
    if _ROOTED.fullmatch(value) or _NAMED_FILE.fullmatch(value):
        return reads_as_name(re.sub(r"[${}\\~]", "/", value))
    return False


def may_be_path(value: str) -> bool:
    """Return whether a value can be a path as well as a secret: words with slashes between them."""
    found = _FOLDER.fullmatch(value)
    return (
        found is not None and len(re.findall(r"[/\\]+\w", value)) > 1 and reads_as_name(re.sub(r"[\\<>]", "/", value))
    )


def is_sql(value: str) -> bool:
    """Return whether a value is a statement of SQL."""
    return _SQL.fullmatch(value) is not None


def is_operand(value: str) -> bool:
    """Return whether the value of a command-line option is a word for it, or the properties of a mounted secret."""
    return (value.isupper() and reads_as_name(value)) or re.match(r"(?:id|type|src|source)=", value) is not None


def is_url(value: str) -> bool:
    """Return whether a value is a URL."""
    return _URL.fullmatch(value) is not None


def is_example(value: str) -> bool:
    """Return whether a value is a text for a person to replace: `<password>`, `your-token-here`."""
    if (found := _PHRASE.fullmatch(value)) is not None:
        return reads_as_name(found["rest"] or found["with"] or "")
    if (found := _BRACKETED.fullmatch(value)) is not None:
        inside = (found["angle"] if found["angle"] is not None else found["square"]).strip()
        if found["angle"] is not None:
            return reads_as_label(inside)
        return is_example(inside) or inside.isupper() or (" " in inside and reads_as_name(inside))
    if (found := _FRAMED.fullmatch(value)) is not None:
        return " " in found["inside"] and reads_as_name(found["inside"])
    return "EXAMPLE" in value


def is_masked(value: str) -> bool:
    """Return whether a text only shows the form of a token."""
    return re.search(r"([xX*.])\1{7}", value) is not None


def is_variable(value: str) -> bool:
    """Return whether a value is the name of a secret's variable, or the word SECRET in place of the secret."""
    return _VARIABLE.fullmatch(value) is not None and reads_as_name(value) and names_a_secret(value)


_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
# What a search pattern has and no password: a repetition.
_REPEATED = re.compile(r"(?:\[\^?[^\]]{1,64}\]|\\[wWsSdDbB]|\([?][:=!<i][^()]{1,64}\)|\.)[+*](?!\w)")


def _is_digest(value: str) -> bool:
    return re.fullmatch(r"(?:sha\d+-\S+|[0-9a-fA-F]+)", value) is not None and (
        len(value) in (32, 40, 56, 64, 96, 128) or value[:3] == "sha"
    )


_ALL, _TOKEN, _HINT = Strength.PASSWORD, Strength.TOKEN, Strength.HINT

SHAPES: tuple[Shape, ...] = (
    Shape("empty", "it is empty", _ALL, lambda value: not value or value in ("''", '""')),
    Shape("mask", "a mask stands for it", _ALL, _full(r"([*•xX.#?_-])\1{2,}|[*•…]+"), Outcome.EXAMPLE),
    Shape("example", "a text for a person to replace", _ALL, is_example, Outcome.EXAMPLE),
    Shape("cut short", "a text cut short", _ALL, _full(r".*(?:\.\.\.|…)"), Outcome.EXAMPLE),
    Shape("mention", "a word for it", _TOKEN, _full(_MENTION), Outcome.EXAMPLE),
    Shape("variable", "the name of a variable", _ALL, is_variable, Outcome.EXAMPLE),
    Shape("pattern", "a search pattern", _ALL, _REPEATED.search),
    Shape("pointer", "a pointer into a document", _ALL, _full(r"[\w./:-]*#/[\w/.~-]+|\$(?:\.[\w*-]+|\[[^\[\]]*\])+")),
    Shape("switch", "a word that switches", _ALL, _full(_SWITCHES)),
    Shape("type", "the type of a value", _ALL,
          _full(r"string|str|integer|int|boolean|bool|number|object|array|bytes|any|text|varchar(?:\(\d+\))?")),
    Shape("public key", "a public key or a certificate", _ALL,
          _full(r"(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+) .*|\s*-----BEGIN (?:[A-Z0-9]+ )*(?:PUBLIC KEY|CERTIFICATE|"
                r"CERTIFICATE REQUEST)-----.*|pk_(?:live|test)_\w+|LS0tLS1CRUdJTiBDRVJUSUZJQ0FUR\S*", re.DOTALL)),
    Shape("bind mark", "a bind mark", _ALL, _full(r"\?\d?|%[sd]|\{\d\}|\?::?\w+|\$\d")),
    Shape("sign", "a sign, and no text", _ALL, _full(r"[^\w\s\\|>]")),
    Shape("range of versions", "a range of versions", _ALL, _full(r"[~^]\d+(?:\.\d+)+")),
    Shape("date", "a date", _ALL, _full(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?|\d\d?[/.]\d\d?[/.]\d{4}")),
    Shape("count", "a count", _ALL,
          _full(r"\d{1,2}|\d{1,6} ?(?:ms|s|m|h|d|w|kb|mb|gb|%|days?|hours?|minutes?|seconds?)")),
    Shape("algorithm", "the name of an algorithm", _ALL,
          _full(rf"{_ALGORITHM}(?:[-_/]?(?:{_ALGORITHM}|with|and|in|\d++)|(?!))*+|caching_sha2_password|"
                r"mysql_native_password|scram-sha-256")),
    Shape("SQL", "a statement of SQL", _ALL, _SQL.fullmatch),
    Shape("mounted secret", "it says where a secret is mounted", _ALL,
          _full(r"(?:file:(?://)?)?/(?:var/)?(?:run|etc|mnt|vault)/secrets?(?:-store)?/[\w./-]+")),
    Shape("path", "it says where a file lies", _TOKEN, is_path),
    Shape("number", "a number", _TOKEN,
          _full(r"[+-]?[\d.,_]+(?:ms|s|m|h|d|w|y|kb|mb|gb|%|px|r?em|pt)?|#[0-9a-f]{3,8}")),
    Shape("version", "a version", _TOKEN, _full(r"[\^~<>=v ]*\d+(?:\.[\dx*]+)+(?:[-+][\w.+-]+)?(?: .*)?|latest|\*")),
    Shape("coordinates", "the coordinates of a library", _TOKEN, _full(r"[a-z][\w.-]*:[a-z][\w.-]*:[\w.$-]+")),
    Shape("host and port", "an address without credentials", _TOKEN, _full(r"[a-z][a-z.-]*\d{0,3}:\d{2,5}", re.NOFLAG)),
    Shape("words", "words", _TOKEN, lambda value: value.count(" ") > 2 or (" " in value and reads_as_label(value))),
    Shape("class name", "the name of a class", _TOKEN, _full(r"[A-Za-z_]\w*(?:[.$][A-Za-z_]\w*){2,}")),
    Shape("list of words", "a list of words", _TOKEN,
          lambda value: "," in value and all(part and reads_as_name(part) for part in value.split(","))),
    Shape("connection string", "a connection string without a password", _TOKEN,
          _full(r"(?:[a-z][\w .]*=[^=;]*(?:;|\Z)){2,}")),
    Shape("URL", "an address without credentials", _TOKEN, _URL.fullmatch),
    Shape("name of a secret", "it names a secret that is kept elsewhere", _TOKEN,
          _full(r"[a-z]+\d*(?:-[a-z]+\d*)+-(?:secrets?|credentials?|creds)", re.NOFLAG)),
    Shape("path of words", "it says where something lies", _TOKEN, may_be_path),
    Shape("settings of a connection", "a connection without a password", _TOKEN,
          _full(r"(?:jdbc:|&|[\w.-]+:\d|[a-z][\w .]*=[^=]).*"),
          words=frozenset(("dsn", "connstr", "connectionstring", "connection-string", "conn-string"))),
    Shape("document", "a document, in which each value is judged", _TOKEN, _full(r"\{\s*\".*\}|\[\s*[\"{].*\]")),
    Shape("indexed name", "a name with an index", _HINT, _full(r"[a-z][\w.]*\[[^\[\]]*\]")),
    Shape("name", "words", _HINT, lambda value: not value.isalnum() and reads_as_name(value)),
    Shape("digest", "a digest", _HINT, _is_digest,
          words=frozenset(("hash", "sig"))),
    Shape("identifier", "an identifier", _HINT,
          _full(r"(?:[\w-]{1,20}-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-\w{1,8})?")),
)  # fmt: skip


class Cipher(NamedTuple):
    """One way in which another tool spells a ciphertext or a hash, in files whose path matches."""

    tool: str
    files: str
    spelled: str


CIPHERS: tuple[Cipher, ...] = (
    Cipher("sops", "", r"ENC\[AES256_GCM,.*\]"),
    Cipher("eyaml", "", r"ENC\[(?:PKCS7|GPG|KMS|GKMS|TWOFAC|VAULT\w*),.*\]|DEC(?:::\w+|\(\d+\)::\w+)\[\]!"),
    Cipher("ansible-vault", "", r"\$ANSIBLE_VAULT;.*"),
    Cipher("jasypt", "", r"ENC\([A-Za-z0-9+/=_\s-]{12,}\)"),
    Cipher("ciphertool", "", r"ENC\[[A-Z0-9-]+(?:[,:;].*)?\]"),
    Cipher("spring cloud", "", r"'?\{cipher\}.*"),
    Cipher("maven", r"(?:^|/)settings[\w.-]*\.xml\b", r"\{(?:[\w+/]{4}){5,}(?:[\w+/]{4}|[\w+/]{3}=|[\w+/]{2}==)\}"),
    Cipher("jenkins", r"\.xml\b", r"\{AQAAABAAAA[A-Za-z0-9+/]+={0,2}\}"),
    Cipher("wso2 secure vault", r"(?:^|/)(?:deployment\.toml|cipher-text\.properties)", r"[A-Za-z0-9+/=\s]{128,}"),
    Cipher("weblogic, websphere", "", r"\{(?:AES(?:256)?|xor|aes|3DES)\}.*"),
    Cipher("wildfly", "", r"CRYPT:.*|VAULT::.*"),
    Cipher("vault transit", "", r"vault:v\d+:.*|v\d+:aes.*"),
    Cipher("aws kms", "", r"AQICA[A-Za-z0-9+/=]{20,}"),
    Cipher("ejson", "", r"EJ\[\d:.*\]"),
    Cipher("dotenvx", "", r"encrypted:[A-Za-z0-9+/=]{40,}"),
    Cipher("mule", "", r"!\[[A-Za-z0-9+/=]{12,}\]"),
    Cipher("pgp, age", "", r"\s*-----BEGIN (?:PGP MESSAGE|AGE ENCRYPTED FILE)-----.*"),
    Cipher("crypt", "", r"\$(?:2[abxy]|5|6|7|y|1|apr1|argon2\w*|pbkdf2[\w-]*|scrypt)\$.*|[$*][05A-Z]\$[0-9A-F]{20,}"),
    Cipher("ldap", "", r"\{S?(?:SHA|MD5|CRYPT|PBKDF2|bcrypt|SSHA)[\w-]*\}.*"),
    Cipher("django, werkzeug", "", r"(?:pbkdf2|scrypt|argon2|bcrypt)(?:_sha\d+)?[:$].*"),
    Cipher("postgresql", "", r"md5[0-9a-f]{32}|SCRAM-SHA-\d+\$.*"),
    Cipher("mysql", "", r"\*[0-9A-F]{40}"),
    Cipher("digest with its name", "", r"sha(?:1|224|256|384|512)[:$-].*"),
)
_ANY_CIPHER = re.compile("|".join(f"(?:{cipher.spelled})" for cipher in CIPHERS), re.DOTALL | re.IGNORECASE)
_CIPHERS = [(each, re.compile(each.files), re.compile(each.spelled, re.DOTALL | re.IGNORECASE)) for each in CIPHERS]


def cipher_of(value: str, path: str = "") -> str | None:
    """Return the name of the other tool that encrypted or hashed a value, judging by its spelling, or None."""
    for cipher, files, spelled in _CIPHERS if _ANY_CIPHER.fullmatch(value) else ():
        if spelled.fullmatch(value) and files.search(path):
            return cipher.tool
    return None


_UPTO = {strong: [shape for shape in SHAPES if strong <= shape.upto] for strong in Strength}


def shape_of(value: str, strong: Strength, word: str = "") -> Shape | None:
    """Return the first line of the table that fits a value under a name of this strength and `word`, or None."""
    for shape in _UPTO[strong]:
        if (not shape.words or word in shape.words) and shape.fits(value):
            return shape
    return None
