"""Judges one certificate: what is wrong with it and its key, for a role, at a time.

Keystore checks, audits and encryption select from these findings by their own rules.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ciphertool.certificates import findings as rules
from ciphertool.certificates.findings import finding
from ciphertool.certificates.key_usage import extended_key_usages, has_names
from ciphertool.certificates.paths import understood
from ciphertool.certificates.public_keys import origin_of
from ciphertool.certificates.roles import Role
from ciphertool.certificates.weak_keys import Severity, weaknesses
from ciphertool.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ciphertool.certificates.facts import CertificateFacts
    from ciphertool.certificates.findings import CertificateFinding

MINIMUM_BITS = 2048
_SOON = timedelta(days=30)
_MINIMUM_EXPONENT = 65_537
_SERVER_AUTH, _ANY_PURPOSE = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
# There is no purpose for messages; these are those of certificates that authenticate somebody to somebody.
_AUTHENTICATES = frozenset({_SERVER_AUTH, _ANY_PURPOSE, "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4"})
SIGNS, TAKES_KEYS = ("digitalSignature",), ("keyEncipherment",)
"""The usages of a key that signs messages, and of one to which they are encrypted."""
_NEEDED = {
    Role.PRIMARY: ("dataEncipherment",),
    Role.RECIPIENT: ("keyEncipherment",),
    Role.TLS: ("digitalSignature",),
    Role.MESSAGE: SIGNS + TAKES_KEYS,
}


def judge_certificate(
    facts: CertificateFacts, role: Role, *, now: datetime, minimum_bits: int = MINIMUM_BITS
) -> list[CertificateFinding]:
    """Return what is wrong with a certificate and its key, for a role, at the time `now` (with a time zone)."""
    return [*judge_key(facts, role, minimum_bits), *judge_usage(facts, role), *judge_validity(facts, role, now)]


def judge_key(facts: CertificateFacts, role: Role, minimum_bits: int = MINIMUM_BITS) -> Iterator[CertificateFinding]:
    """Yield what is wrong with the certificate's public key, or that the certificate cannot be read."""
    if facts.public_key_sha256 is None:
        if facts.algorithm in (None, "RSA") or role is Role.TLS:
            yield finding(rules.UNREADABLE_CERTIFICATE, "the certificate cannot be read", "cannot be read")
        else:
            yield _not_rsa(facts)
        return
    if origin := origin_of(facts.public_key_sha256):
        message = f"anyone can obtain this private key: it is published in {origin}"
        yield finding(rules.PUBLIC_KEY, message, f"is public: {origin}")
    if facts.algorithm != "RSA":
        if role is not Role.TLS:
            yield _not_rsa(facts)
        return
    if facts.bits is not None and facts.bits < minimum_bits:
        reason = f"has {facts.bits} bits, fewer than {minimum_bits}"
        # The other side refuses what such a key signs.
        level = Level.ERROR if role is Role.MESSAGE else None
        yield finding(rules.SHORT_KEY, f"the key {reason}", reason, level=level)
    if facts.modulus is None or facts.exponent is None:
        return
    if facts.exponent < _MINIMUM_EXPONENT:
        message = f"the public exponent is {facts.exponent}, less than {_MINIMUM_EXPONENT}"
        yield finding(rules.SMALL_EXPONENT, message)
    for weakness in weaknesses(facts.modulus, facts.exponent):
        message = f"the public key {weakness.reason}"
        if weakness.severity is Severity.BROKEN:
            yield finding(rules.BROKEN_KEY, message, weakness.reason)
        else:
            yield finding(rules.WEAK_KEY, message, f"is weak: its public key {weakness.reason}")


def _not_rsa(facts: CertificateFacts) -> CertificateFinding:
    if facts.algorithm is None:
        what, reason = "cannot be read", "has a key that cannot be read"
    else:
        what, reason = f"is {facts.algorithm}", f"has a key of type {facts.algorithm}"
    return finding(rules.NOT_RSA, f"the key {what}; only RSA keys can encrypt", reason)


def judge_usage(
    facts: CertificateFacts, role: Role, needed: tuple[str, ...] | None = None
) -> Iterator[CertificateFinding]:
    """Yield what the certificate's KeyUsage lacks of what is `needed`, by default all that the role needs.

    Java respects a KeyUsage for encryption only if it is critical; for messages, any counts (RFC 5280, 4.2.1.3).
    """
    if facts.public_key_sha256 is None:
        return
    usage, needed = facts.key_usage, needed or _NEEDED[role]
    if usage is None:
        message = f"no KeyUsage states {', '.join(needed)}"
        # A TLS certificate without KeyUsage is common and accepted everywhere.
        level = Level.NOTE if role is Role.TLS else None
        yield finding(rules.KEY_USAGE_UNSTATED, message, f"does not state {needed[0]}: it has no KeyUsage", level=level)
        return
    missing = ", ".join(usage.lacks(needed))
    if missing and (usage.critical or role is Role.MESSAGE):
        wrong = "wrong key usage" if role in (Role.PRIMARY, Role.RECIPIENT) else "not usable for this role"
        if usage.usages is None:
            fault = "cannot be read, or occurs twice"
        else:
            fault = f"lacks {missing} and has {', '.join(usage.usages) or 'nothing'}"
        which = "critical KeyUsage" if usage.critical else "KeyUsage"
        yield finding(rules.KEY_USAGE_REFUSED, f"{wrong}: the {which} {fault}", f"has a KeyUsage that {fault}")
    elif usage.usages is None:
        reason = "has a KeyUsage that cannot be read"
        message = "the KeyUsage cannot be read; Java ignores it because it is not critical"
        yield finding(rules.KEY_USAGE_UNSTATED, message, reason)
    elif missing:
        allowed = ", ".join(usage.rfc_names() or ()) or "nothing at all"
        reason = f"does not state {needed[0]}: its KeyUsage, which is not critical, allows {allowed}"
        message = f"the KeyUsage lacks {missing}; Java ignores it because it is not critical"
        yield finding(rules.KEY_USAGE_UNSTATED, message, reason)
    elif not usage.critical:
        message = f"the KeyUsage states {', '.join(needed)}, but is not critical"
        yield finding(rules.KEY_USAGE_NOT_CRITICAL, message)


def judge_server(data: bytes) -> Iterator[CertificateFinding]:
    """Yield what a certificate, in DER, lacks to serve TLS connections."""
    purposes = extended_key_usages(data)
    if purposes is not None and not {_SERVER_AUTH, _ANY_PURPOSE} & purposes:
        yield finding(rules.EXTENDED_KEY_USAGE, "the extended key usage lacks serverAuth; clients reject it")
    if not has_names(data):
        yield finding(rules.NO_HOST_NAMES, "there are no subject alternative names; browsers reject it")


def judge_purpose(data: bytes) -> Iterator[CertificateFinding]:
    """Yield a finding if a certificate, in DER, is for purposes that exclude messages, or has an unknown constraint."""
    purposes = extended_key_usages(data)
    if purposes is not None and not _AUTHENTICATES & purposes:
        reason = "is for other purposes: its extended key usage does not authenticate anyone"
        yield finding(rules.EXTENDED_KEY_USAGE, f"the certificate {reason}", reason)
    if not understood(data):
        reason = "has a critical extension that is not known here"
        yield finding(rules.UNREADABLE_CERTIFICATE, f"the certificate {reason}", reason)


def judge_validity(
    facts: CertificateFacts, role: Role, now: datetime, what: str = "the certificate"
) -> Iterator[CertificateFinding]:
    """Yield a finding if a certificate, called `what` in messages, has expired, is about to, or is not valid yet."""
    # Java encrypts with an expired certificate, but nobody connects to a server, or takes a message, that has one.
    level = Level.ERROR if role in (Role.TLS, Role.MESSAGE) else None
    if facts.not_after is not None and facts.not_after < now:
        reason = f"expired on {facts.not_after:%Y-%m-%d}"
        yield finding(rules.EXPIRED, f"{what} {reason}", reason, level=level)
    elif facts.not_after is not None and facts.not_after < now + _SOON:
        yield finding(rules.EXPIRES_SOON, f"{what} expires on {facts.not_after:%Y-%m-%d}")
    if facts.not_before is not None and facts.not_before > now:
        message = f"{what} is not valid before {facts.not_before:%Y-%m-%d}"
        yield finding(rules.NOT_YET_VALID, message, f"is valid only from {facts.not_before:%Y-%m-%d}", level=level)
