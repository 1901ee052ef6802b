"""Judges the primary key and its certificate, as far as they can be read without a password."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ciphertool.audit import rules
from ciphertool.audit.model import KeyCard, Level
from ciphertool.cipher import VaultCipher
from ciphertool.engine import Encryptor, scheme_named
from ciphertool.engine.key_usage import key_usage
from ciphertool.engine.policy import Concern, Policy, check_certificate
from ciphertool.errors import CipherToolError, PasswordNeededError, WrongKeyUsageError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from ciphertool.audit.gather import Gathered
    from ciphertool.settings.model import Settings


def judge(gathered: Gathered, settings: Settings, now: datetime) -> VaultCipher | None:
    """Judge the primary certificate; return a cipher that tells what its key can have made, or None without one."""
    path = settings.keystore.certificate or settings.keystore.path
    if path is None:
        return None
    place = gathered.place(path)
    try:
        alias, certificate = _certificate(settings, path)
    except PasswordNeededError:
        gathered.finding(rules.KEYSTORE_NOT_JUDGED, place, "the certificate in this keystore is encrypted")
        return None
    except CipherToolError as error:
        gathered.finding(rules.KEYSTORE_NOT_JUDGED, place, error.message, level=Level.WARNING)
        return None
    gathered.keys.append(_card(place.path, alias, certificate))
    place = gathered.place(path, selector=alias)
    name = f"the certificate of {alias!r}"
    if origin := _published(certificate):
        gathered.finding(rules.PUBLIC_KEY, place, f"the key of {alias!r} is public: {origin}")
    try:
        checked = check_certificate(certificate, policy=Policy.JAVA, now=now, keystore=path, alias=alias)
    except WrongKeyUsageError as error:
        gathered.finding(rules.KEY_USAGE, place, error.message, level=Level.ERROR)
        key = certificate.public_key()
    except CipherToolError as error:
        gathered.finding(rules.KEYSTORE_NOT_JUDGED, place, error.message, level=Level.WARNING)
        return None
    else:
        key = checked.key
        for warning in checked.warnings:
            usage = warning.concern is Concern.NO_DATA_ENCIPHERMENT
            gathered.finding(
                rules.KEY_USAGE if usage else rules.EXPIRED,
                place,
                f"{name} {warning.reason}",
                level=Level.NOTE if usage else None,
            )
    return _judge_key(gathered, settings, path, alias, key)  # type: ignore[arg-type]  # checked to be RSA


def _judge_key(gathered: Gathered, settings: Settings, path: Path, alias: str, key: RSAPublicKey) -> VaultCipher | None:
    place = gathered.place(path, selector=alias)
    if key.key_size < settings.minimum_bits:
        gathered.finding(
            rules.SHORT_KEY, place, f"the key of {alias!r} has {key.key_size} bits, fewer than {settings.minimum_bits}"
        )
    try:
        scheme = scheme_named(settings.scheme, allow_unpadded=True)
        return VaultCipher(scheme, settings.native, Encryptor(key, scheme, minimum_bits=key.key_size))
    except CipherToolError:
        return None


def _certificate(settings: Settings, path: Path) -> tuple[str, x509.Certificate]:
    from ciphertool.keystore import open_keystore

    keystore = open_keystore(path, None)
    entry = keystore.entry(None if settings.keystore.certificate else settings.keystore.alias)
    return entry.alias, keystore.certificate(entry.alias)


def _published(certificate: x509.Certificate) -> str | None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from ciphertool.keystore.public_keys import origin_of

    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return origin_of(hashlib.sha256(info).hexdigest())


def _card(path: str, alias: str, certificate: x509.Certificate) -> KeyCard:
    from cryptography.hazmat.primitives import hashes

    key = certificate.public_key()
    usage = key_usage(certificate.tbs_certificate_bytes)
    return KeyCard(
        path=path,
        alias=alias,
        subject=certificate.subject.rfc4514_string(),
        algorithm=type(key).__name__.removesuffix("PublicKey").lstrip("_"),
        bits=getattr(key, "key_size", None),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key_usage=usage.usages if usage else None,
        primary=True,
    )
