"""What a value is under a name: the strength of the name and the shape of the value, judged apart. Knows no files."""

from __future__ import annotations

from ciphertool import references
from ciphertool.detection import patterns
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.names import Strength
from ciphertool.detection.verdicts import Confidence, Outcome, Verdict


def judge(strong: Strength, value: str, evidence: Evidence = Evidence.NAME) -> Verdict | None:
    """Return what a value is under a name of that strength, or None where neither says anything."""
    if strong >= Strength.TOKEN and not patterns.is_ciphertext(value) and _is_filled_in(value):
        return Verdict(Outcome.PLACEHOLDER, evidence, "something else fills it in", decided_by="grammars/any")
    if (kind := patterns.kind_of(value)) is not None:
        return by_itself(kind)
    return _by_name(strong, value, evidence) if strong is not Strength.NONE else None


def by_itself(kind: str) -> Verdict:
    """Return the verdict on a value that is a secret by itself, of a kind of `patterns`."""
    reason = "the value is a secret by itself"
    return Verdict(Outcome.UNPROTECTED, Evidence.VALUE, reason, kind, f"kinds/{kind}", Confidence.CERTAIN)


def _is_filled_in(value: str) -> bool:
    return references.is_placeholder(value) or patterns.is_template(value)


def _by_name(strong: Strength, value: str, evidence: Evidence) -> Verdict | None:
    if patterns.is_example(value):
        verdict = Verdict(Outcome.EXAMPLE, evidence, "a text for a person to replace", decided_by="harmless/example")
    elif (line := _harmless(strong, value)) is not None:
        verdict = Verdict(Outcome.NOT_A_SECRET, evidence, line, decided_by=f"harmless/{line}")
    else:
        known = evidence is Evidence.KNOWN_PLACE
        reason = "a product keeps a secret here" if known else "its name is that of a secret"
        certain = known or (strong >= Strength.TOKEN and patterns.is_random(value))
        confidence = Confidence.CERTAIN if certain else Confidence.LIKELY
        return Verdict(Outcome.UNPROTECTED, evidence, reason, "", f"names/{strong.name.lower()}", confidence)
    return verdict if strong >= Strength.TOKEN else None


def _harmless(strong: Strength, value: str) -> str | None:
    if not value:
        return "empty"
    if patterns.is_template(value):
        return "template"
    if patterns.is_switch(value):
        return "switch"
    if patterns.is_ciphertext(value):
        return "ciphertext"
    if strong is Strength.PASSWORD:
        return "path" if patterns.is_pointer(value) else None
    shaped = patterns.looks_like_token(value) if strong is Strength.TOKEN else patterns.is_random(value)
    return None if shaped else "not shaped like a token"
