"""What a value is under a name: the name's strength and the value's shape, judged apart; the stronger wins."""

from __future__ import annotations

import re
from typing import NamedTuple

from ciphertool.detection import grammars, harmless, patterns, programs
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.names import Strength, deciding_word, reads_as_name, strength, words
from ciphertool.detection.verdicts import Confidence, Outcome, Verdict

# Words that a field's description has beside its name's.
_DESCRIBING = frozenset(
    ("a", "an", "the", "your", "my", "enter", "new", "old", "current", "confirm", "repeat", "of", "for", "user", "db")
)


# Of a token digits are a count, of a secret they are one.
_SECRETS = ("secret", "client-secret")
_DIGITS = re.compile(r"\d{6,}")


class Name(NamedTuple):
    """The name of a value, its strength, and the evidence for it."""

    text: str
    strong: Strength
    evidence: Evidence = Evidence.NAME

    @property
    def decided_by(self) -> str:
        """The line of a table that makes the name that of a secret."""
        known = self.evidence is Evidence.KNOWN_PLACE
        return "known settings" if known else f"names/{deciding_word(self.text)}"


NAMELESS = Name("", Strength.NONE)
_PASSWORD = Name("", Strength.PASSWORD, Evidence.VALUE)
_NAME_BEFORE = re.compile(r"(?P<name>[^\W\d][\w.\-]*)(?P<sign>\s?[=\s]\s?)(?P<quote>\\?[\"'])?\Z")


def named(text: str) -> Name:
    """Return a name with its strength."""
    return Name(text, strength(text))


def judge(name: Name, value: str, path: str = "") -> Verdict | None:
    """Return what a value of a file is, or None if neither its name nor its shape decides."""
    held = _held(value, path) if name.evidence is not Evidence.VALUE else None
    if held is not None and held.is_secret:
        return held
    if name.strong is Strength.NONE or (held is not None and name.strong <= Strength.TOKEN):
        return held  # a connection string has its password where it has one
    found = _named(name, value, path)
    return found if found.is_secret or name.strong >= Strength.TOKEN else held


def _held(value: str, path: str) -> Verdict | None:
    """Return the verdict on a value by itself: on the secret in it, or on what stands in place of one."""
    other = None
    for kind, secret, start, is_itself in patterns.held(value):
        if is_itself:
            if not (harmless.is_example(secret) or (kind != "private key" and harmless.is_masked(secret))):
                return by_itself(kind)
            reason = "an example in place of a secret"
            other = other or Verdict(Outcome.EXAMPLE, Evidence.VALUE, reason, kind, "harmless/example")
            continue
        verdict = _assigned(value, kind, secret, start, path)
        if verdict is not None and verdict.is_secret and verdict.confidence > Confidence.DOUBTFUL:
            return by_itself(kind)
        other = other or verdict
    return other


def _assigned(value: str, kind: str, secret: str, start: int, path: str) -> Verdict | None:
    """Return the verdict on the credentials in a value; None if they are under the name of something else."""
    if harmless.is_sql(value) and value[start - 1] not in "\"'":  # names of columns, and bind marks
        return none(Evidence.VALUE, "a statement of SQL", "SQL", "harmless/SQL")
    rest = value[start:].strip()
    if (filled := grammars.read(rest, path)) is not None and not filled.defaults and not filled.rest:
        return _placeholder(_PASSWORD, filled.product)
    if (kind == patterns.COMMAND_LINE and harmless.is_operand(secret)) or harmless.is_example(rest):
        return Verdict(Outcome.EXAMPLE, Evidence.VALUE, "it says what to put there", kind, "harmless/operand")
    if kind == patterns.CONNECTION and programs.is_expression(value, start, secret, path):
        return none(Evidence.VALUE, "an expression of a program", "expression", "harmless/expression")
    name = _PASSWORD
    if kind in patterns.NAMED and (before := _NAME_BEFORE.search(value[max(0, start - 128) : start])) is not None:
        strong = strength(before["name"])
        if strong < Strength.TOKEN:
            return None
        secret = secret.removesuffix("\\") if (before["quote"] or "").startswith("\\") else secret
        name = Name(before["name"], strong if programs.is_program(path) else Strength.PASSWORD, Evidence.VALUE)
    return _named(name, grammars.at(value, start) or secret, path)


def _named(name: Name, value: str, path: str) -> Verdict:
    if (tool := harmless.cipher_of(value, path)) is not None:
        return none(name.evidence, "another tool's ciphertext or hash", tool, f"ciphers/{tool}")
    if (filled := grammars.read(value, path)) is not None and (found := _filled(name, filled, path)) is not None:
        return found
    word = deciding_word(name.text)
    strong = Strength.PASSWORD if word in _SECRETS and _DIGITS.fullmatch(value) else name.strong
    if (shape := harmless.shape_of(value, strong, word)) is not None:
        return Verdict(shape.outcome, name.evidence, shape.reason, shape.name, f"harmless/{shape.name}")
    if _describes(value, name.text, word):
        return none(name.evidence, "it says its own name", "label", "harmless/label")
    return _by_name(name, value, path)


def none(evidence: Evidence, reason: str, kind: str, decided_by: str) -> Verdict:
    """Return the verdict that a value is not a secret."""
    return Verdict(Outcome.NOT_A_SECRET, evidence, reason, kind, decided_by)


def by_itself(kind: str) -> Verdict:
    """Return the verdict on a value that is a secret by itself, of a kind of `patterns`."""
    reason = "the value is a secret by itself"
    return Verdict(Outcome.UNPROTECTED, Evidence.VALUE, reason, kind, f"kinds/{kind}", Confidence.CERTAIN)


def _filled(name: Name, filled: grammars.Filled, path: str) -> Verdict | None:
    """Return the verdict on a value with placeholders, or None if it is a value like any other."""
    for default in filled.defaults:
        verdict = judge(name, default, path)
        if verdict is not None and verdict.is_secret:
            return verdict._replace(reason="the default of a placeholder is a secret in clear")
    if filled.rest and not reads_as_name(filled.rest):
        verdict = judge(name, filled.rest, path)
        if verdict is None or verdict.is_secret:
            return verdict and verdict._replace(reason="the text beside a placeholder is a secret in clear")
    return _placeholder(name, filled.product)


def _placeholder(name: Name, product: str) -> Verdict:
    return Verdict(Outcome.PLACEHOLDER, name.evidence, "a product fills it in", product, f"grammars/{product}")


def _describes(value: str, name: str, word: str) -> bool:
    """Return whether a value repeats its name, which `word` decides, as a field's label does, or that of a variable."""
    is_secret = (value.islower() and " " not in value) or "!" in value
    if is_secret and "-" not in word:
        return False
    said = words(value)
    if len(said) > 1 and "-" in word and said == words(name.rpartition(".")[2]):
        return True
    if is_secret:
        return False
    return bool(said) and reads_as_name(value) and {*said} <= {*words(name), *_DESCRIBING}


# A setting of a flat file, or a variable of the environment, has its token itself; others name an object that has it.
_FLAT = re.compile(
    r"\.(?:properties|ini|cfg|conf|cnf|toml|env)\b|(?:^|/)\.env|(?:^|/)(?:application|bootstrap)[\w-]*\.ya?ml\b"
)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_ONE = (
    "token",
    "secret",
    "apikey",
    "api-key",
    "secretkey",
    "secret-key",
    "access-key",
    "accesskey",
    "auth-key",
    "access-token",
)
_SCHEME = re.compile(
    r"(?i)authorization|bearer|basic|cookie|header|token|write|read|inherit|jwt|"
    r"(?:x-)?(?:access|auth|api|refresh|id|csrf|xsrf|session)[_-]?(?:token|key|secret)"
)


def _is_token(name: Name, value: str, path: str) -> bool:
    if name.strong is Strength.TOKEN:
        return patterns.looks_like_token(value) or _is_demo(name, value, path)
    # `slackKey`, `meilisearch-key`: of a key only the service is named.
    return patterns.is_random(value) or (deciding_word(name.text) == "key" and patterns.is_mixed(value))


def _is_demo(name: Name, value: str, path: str) -> bool:
    """Return whether a word is nevertheless a token, as in demos and tests."""
    last = name.text.rpartition(".")[2]
    is_one = _FLAT.search(path) or _VARIABLE.fullmatch(last) or (last == "secret" and path.endswith(".json"))
    if deciding_word(name.text) not in _ONE or not is_one:
        return False
    return len(value) >= 3 and _SCHEME.fullmatch(value) is None


def _by_name(name: Name, value: str, path: str) -> Verdict:
    evidence, decided = name.evidence, name.decided_by
    if name.strong is Strength.PASSWORD:
        if harmless.may_be_place(value) and (
            harmless.is_path(value) or harmless.may_be_path(value) or harmless.is_url(value)
        ):
            reason = "its name is that of a password, its value can be a path or an address"
            return Verdict(Outcome.UNPROTECTED, evidence, reason, "", decided, Confidence.DOUBTFUL)
    elif not _is_token(name, value, path):
        return none(evidence, "its name is that of a token, its value is not", "word", "harmless/no token")
    known = evidence is Evidence.KNOWN_PLACE
    certain = known or (name.strong > Strength.HINT and (patterns.is_distinctive(value) or patterns.is_random(value)))
    reason = "a product keeps a secret here" if known else "its name is that of a secret"
    return Verdict(
        Outcome.UNPROTECTED, evidence, reason, "", decided, Confidence.CERTAIN if certain else Confidence.LIKELY
    )
