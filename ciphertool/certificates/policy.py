"""Whether a certificate may encrypt secrets: what Java refuses, and what a strict policy refuses in addition.

The judge finds what is wrong with the certificate; the policy decides what follows from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.certificates import findings as rules
from ciphertool.certificates.facts import certificate_facts
from ciphertool.certificates.judge import judge_certificate
from ciphertool.certificates.roles import Role
from ciphertool.certificates.strictness import Policy
from ciphertool.errors import (
    BadCertificateError,
    BrokenKeyError,
    KeystoreError,
    NotRsaError,
    RefusedCertificateError,
    WrongKeyUsageError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from ciphertool.certificates.facts import CertificateFacts
    from ciphertool.certificates.findings import CertificateFinding


__all__ = ["CONCERNS", "DECIDED", "REFUSALS", "Policy", "Verdict", "check_certificate", "judge_encryption"]

REFUSALS = (rules.UNREADABLE_CERTIFICATE, rules.NOT_RSA, rules.BROKEN_KEY, rules.KEY_USAGE_REFUSED)
"""The rules that make every policy refuse a certificate, in order of precedence."""
CONCERNS = (rules.KEY_USAGE_UNSTATED, rules.EXPIRED, rules.NOT_YET_VALID, rules.WEAK_KEY)
"""The rules that Java's policy warns of and the strict policy refuses."""
DECIDED = frozenset({*REFUSALS, *CONCERNS})
"""The rules that a policy decides; all other findings are only warnings."""


class Verdict(NamedTuple):
    """A policy's decision: the error that refuses the certificate, and the findings behind it.

    These are the reasons for the refusal or, if there is none, the warnings.
    """

    refusal: KeystoreError | None
    findings: tuple[CertificateFinding, ...]


def judge_encryption(
    found: Sequence[CertificateFinding],
    facts: CertificateFacts,
    *,
    policy: Policy,
    keystore: Path,
    alias: str | None = None,
    role: Role = Role.PRIMARY,
) -> Verdict:
    """Return a policy's decision on the findings about a certificate for a role that encrypts.

    `keystore` and `alias` name it in errors; a PEM file has no alias. The refusal is a `WrongKeyUsageError` exactly
    when `Cipher.init(ENCRYPT_MODE, certificate)` reports "Wrong key usage" (for `Role.RECIPIENT`, `WRAP_MODE`),
    `NotRsaError` for another kind of key, `BadCertificateError` for an unreadable certificate, `BrokenKeyError` for a
    key whose values everybody could read, and, under the strict policy, `RefusedCertificateError` when the java policy
    would warn.
    """
    for rule in REFUSALS:
        if against := _by(found, rule):
            return Verdict(_refusal(against, facts, keystore, alias, role), against)
    concerns = tuple(one for rule in CONCERNS for one in _by(found, rule))
    if concerns and policy is Policy.STRICT:
        return Verdict(RefusedCertificateError(keystore, alias, [one.reason for one in concerns]), concerns)
    return Verdict(None, concerns)


def check_certificate(
    data: bytes,
    *,
    policy: Policy,
    now: datetime,
    keystore: Path,
    alias: str | None = None,
    role: Role = Role.PRIMARY,
) -> tuple[CertificateFinding, ...]:
    """Return the warnings about encrypting secrets with a certificate, in DER, at the time `now`.

    Raise the refusal of `judge_encryption` if there is one.
    """
    facts = certificate_facts(data)
    found = judge_certificate(facts, role, now=now)
    verdict = judge_encryption(found, facts, policy=policy, keystore=keystore, alias=alias, role=role)
    if verdict.refusal is not None:
        raise verdict.refusal
    return verdict.findings


def _by(found: Sequence[CertificateFinding], rule: rules.Rule) -> tuple[CertificateFinding, ...]:
    return tuple(one for one in found if one.rule is rule)


def _refusal(
    against: Sequence[CertificateFinding], facts: CertificateFacts, keystore: Path, alias: str | None, role: Role
) -> KeystoreError:
    rule, name = against[0].rule, alias or keystore.name
    if rule is rules.BROKEN_KEY:
        return BrokenKeyError(keystore, alias, [one.reason for one in against])
    if rule is rules.KEY_USAGE_REFUSED:
        usage = facts.key_usage
        needed = "keyEncipherment" if role is Role.RECIPIENT else "dataEncipherment"
        return WrongKeyUsageError(keystore, alias, usage.rfc_names() if usage else None, needed)
    error: KeystoreError
    if rule is rules.NOT_RSA and facts.algorithm is not None:
        error = NotRsaError(name, facts.algorithm)
    else:
        error = BadCertificateError(name, against[0].reason)
    error.at(keystore)
    return error
