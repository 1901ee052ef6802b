"""Judges the primary key and its certificate, as far as they are readable, with or without the password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.audit import rules
from ciphertool.audit.model import KeyCard
from ciphertool.certificates import chains, findings
from ciphertool.certificates.facts import certificate_facts
from ciphertool.certificates.judge import judge_certificate
from ciphertool.certificates.policy import Policy, Verdict, judge_encryption
from ciphertool.engine import Encryptor, scheme_named
from ciphertool.errors import CipherToolError, PasswordNeededError
from ciphertool.findings import Level
from ciphertool.keystore import EntryKind
from ciphertool.vault.cipher import Sealer
from ciphertool.vault.recipients import judging_role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from ciphertool.audit.ledger import Ledger
    from ciphertool.audit.model import Place
    from ciphertool.certificates.facts import CertificateFacts
    from ciphertool.certificates.findings import CertificateFinding
    from ciphertool.keystore import KeyEntry, Keystore
    from ciphertool.settings.model import Settings

_RULES: Mapping[findings.Rule, tuple[rules.Rule, Level | None]] = {
    findings.PUBLIC_KEY: (rules.PUBLIC_KEY, None),
    findings.SHORT_KEY: (rules.SHORT_KEY, None),
    findings.BROKEN_KEY: (rules.BROKEN_KEY, None),
    findings.WEAK_KEY: (rules.BROKEN_KEY, None),
    findings.KEY_USAGE_REFUSED: (rules.KEY_USAGE, Level.ERROR),
    # Java encrypts with it, as with most certificates there are.
    findings.KEY_USAGE_UNSTATED: (rules.KEY_USAGE, Level.NOTE),
    findings.EXPIRED: (rules.EXPIRED, None),
    findings.NOT_YET_VALID: (rules.EXPIRED, None),
}


def judge(
    gathered: Ledger,
    settings: Settings,
    now: datetime,
    opened: Keystore | None,
    held: Mapping[Path, bytes | None],
) -> Sealer | None:
    """Judge the primary certificate; return a sealer, which tells what its key can have made, or None without one.

    `opened` is the vault's keystore where there was a password for it; `held` stands for what its files hold.
    """
    path = settings.keystore.certificate or settings.keystore.path
    if path is None:
        return None
    place = gathered.place(path)
    try:
        keystore, entry = _entry(settings, path, opened, held.get(path))
        if entry.kind is EntryKind.SECRET:
            message = f"the key {entry.alias!r} is a secret key, which has no certificate"
            gathered.finding(rules.KEYSTORE_NOT_JUDGED, place, message)
            return None
        certificate = keystore.certificate(entry.alias)
        place = gathered.place(path, selector=entry.alias)
        facts = certificate_facts(entry.chain[0])
        gathered.keys.append(card_of(facts, place, entry.alias))
        role = judging_role(settings, facts)
        found = judge_certificate(facts, role, now=now, minimum_bits=settings.encryption.minimum_bits)
        _report_key(gathered, place, entry.alias, found)
        verdict = judge_encryption(found, facts, policy=Policy.JAVA, keystore=path, alias=entry.alias, role=role)
        _report(gathered, place, entry.alias, verdict)
        scheme = scheme_named(settings.encryption.block_scheme, allow_unpadded=True)
        key = chains.rsa_public_key(certificate, entry.alias)
        return Sealer(scheme, settings.native, Encryptor(key, scheme, minimum_bits=1), subject=facts.subject)
    except PasswordNeededError:
        gathered.finding(rules.KEYSTORE_NOT_JUDGED, place, "the certificate in this keystore is encrypted")
    except CipherToolError as error:
        gathered.finding(rules.KEYSTORE_NOT_JUDGED, place, error.message, level=Level.WARNING)
    return None


def _entry(settings: Settings, path: Path, opened: Keystore | None, data: bytes | None) -> tuple[Keystore, KeyEntry]:
    from ciphertool.keystore import open_keystore

    if settings.keystore.certificate:
        keystore, alias = open_keystore(path, None, data=data), None
    else:
        keystore = opened or open_keystore(
            settings.keystore_path(),
            None,
            data=data,
            format_name=settings.keystore.format,
            extensions=settings.trust.extensions,
        )
        alias = settings.keystore.alias
    return keystore, keystore.entry(alias)


def card_of(facts: CertificateFacts, place: Place, alias: str, *, primary: bool = True) -> KeyCard:
    """Return what a report shows of a certificate."""
    return KeyCard(
        path=place.path,
        alias=alias,
        subject=facts.subject or "",
        algorithm=facts.algorithm or "unknown",
        bits=facts.bits,
        sha256=facts.sha256,
        not_before=facts.not_before,
        not_after=facts.not_after,
        key_usage=facts.key_usage.usages if facts.key_usage else None,
        primary=primary,
        issuer=facts.issuer,
        public_key_sha256=facts.public_key_sha256,
        signature_oid=facts.signature_oid,
    )


def _report_key(gathered: Ledger, place: Place, alias: str, found: Sequence[CertificateFinding]) -> None:
    for finding in found:
        if finding.rule in (findings.PUBLIC_KEY, findings.SHORT_KEY):
            rule, level = _RULES[finding.rule]
            gathered.finding(rule, place, f"the key of {alias!r} {finding.reason}", level=level)


def _report(gathered: Ledger, place: Place, alias: str, verdict: Verdict) -> None:
    """Report what Java makes of the certificate; raise its refusal if the key is not RSA, or cannot be read."""
    if verdict.refusal is not None:
        if verdict.findings[0].rule not in _RULES:
            raise verdict.refusal
        rule, level = _RULES[verdict.findings[0].rule]
        gathered.finding(rule, place, verdict.refusal.message, level=level)
        return
    for finding in verdict.findings:
        rule, level = _RULES[finding.rule]
        gathered.finding(rule, place, f"the certificate of {alias!r} {finding.reason}", level=level)
