"""Judges the primary key and its certificate, as far as they can be read with the password or without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.audit import rules
from ciphertool.audit.model import KeyCard
from ciphertool.certificates.facts import certificate_facts
from ciphertool.certificates.policy import Concern, Policy, check_certificate
from ciphertool.engine import Encryptor, scheme_named
from ciphertool.errors import BrokenKeyError, CipherToolError, PasswordNeededError, WrongKeyUsageError
from ciphertool.findings import Level
from ciphertool.keystore import EntryKind
from ciphertool.vault.cipher import Sealer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from cryptography.x509 import Certificate

    from ciphertool.audit.ledger import Gathered
    from ciphertool.audit.model import Place
    from ciphertool.keystore import Entry, Keystore
    from ciphertool.settings.model import Settings

_CONCERNS = {
    # Java encrypts with it, as with most certificates there are.
    Concern.NO_DATA_ENCIPHERMENT: (rules.KEY_USAGE, Level.NOTE),
    Concern.EXPIRED: (rules.EXPIRED, None),
    Concern.NOT_YET_VALID: (rules.EXPIRED, None),
    Concern.WEAK_KEY: (rules.BROKEN_KEY, None),
}


def judge(
    gathered: Gathered,
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
        _judge_key(gathered, place, entry, settings.encryption.minimum_bits)
        _judge_usage(gathered, path, place, entry.alias, certificate, now)
        scheme = scheme_named(settings.scheme, allow_unpadded=True)
        key = certificate.public_key()
        encryptor = Encryptor(key, scheme, minimum_bits=1)  # type: ignore[arg-type]  # RSA
        return Sealer(scheme, settings.native, encryptor, subject=certificate_facts(entry.chain[0]).subject)
    except PasswordNeededError:
        gathered.finding(rules.KEYSTORE_NOT_JUDGED, place, "the certificate in this keystore is encrypted")
    except CipherToolError as error:
        gathered.finding(rules.KEYSTORE_NOT_JUDGED, place, error.message, level=Level.WARNING)
    return None


def _entry(settings: Settings, path: Path, opened: Keystore | None, data: bytes | None) -> tuple[Keystore, Entry]:
    from ciphertool.keystore import open_keystore

    if settings.keystore.certificate:
        keystore, alias = open_keystore(path, None, data=data), None
    else:
        keystore = opened or open_keystore(
            path, None, data=data, format_name=settings.keystore.format, extensions=settings.trust.extensions
        )
        alias = settings.keystore.alias
    return keystore, keystore.entry(alias)


def _judge_key(gathered: Gathered, place: Place, entry: Entry, minimum_bits: int) -> None:
    from ciphertool.certificates.public_keys import origin_of

    facts = certificate_facts(entry.chain[0])
    card = KeyCard(
        path=place.path,
        alias=entry.alias,
        subject=facts.subject or "",
        algorithm=facts.algorithm or "unknown",
        bits=facts.bits,
        sha256=facts.sha256,
        not_before=facts.not_before,
        not_after=facts.not_after,
        key_usage=facts.key_usage.usages if facts.key_usage else None,
        primary=True,
        issuer=facts.issuer,
        public_key_sha256=facts.public_key_sha256,
        signature_oid=facts.signature_oid,
    )
    gathered.keys.append(card)
    if origin := origin_of(facts.public_key_sha256 or ""):
        gathered.finding(rules.PUBLIC_KEY, place, f"the key of {entry.alias!r} is public: {origin}")
    if facts.bits is not None and facts.bits < minimum_bits:
        message = f"the key of {entry.alias!r} has {facts.bits} bits, fewer than {minimum_bits}"
        gathered.finding(rules.SHORT_KEY, place, message)


def _judge_usage(
    gathered: Gathered, path: Path, place: Place, alias: str, certificate: Certificate, now: datetime
) -> None:
    """Judge key usage and validity; raise `KeystoreError` for a key that is not RSA."""
    try:
        checked = check_certificate(certificate, policy=Policy.JAVA, now=now, keystore=path, alias=alias)
    except WrongKeyUsageError as error:
        gathered.finding(rules.KEY_USAGE, place, error.message, level=Level.ERROR)
        return
    except BrokenKeyError as error:
        gathered.finding(rules.BROKEN_KEY, place, error.message)
        return
    for warning in checked.warnings:
        rule, level = _CONCERNS[warning.concern]
        gathered.finding(rule, place, f"the certificate of {alias!r} {warning.reason}", level=level)
