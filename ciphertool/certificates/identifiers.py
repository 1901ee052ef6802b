"""How messages name a certificate: its issuer and serial number, its subject key identifier, its thumbprint."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1
from typing import TYPE_CHECKING

from ciphertool.asn1 import der
from ciphertool.asn1.limits import Budget
from ciphertool.certificates import chains
from ciphertool.certificates.quiet import quiet
from ciphertool.errors import BadCertificateError, MalformedStructureError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUBJECT_KEY_IDENTIFIER = "2.5.29.14"


@dataclass(frozen=True, slots=True)
class Identifiers:
    """The names of one certificate. `key_identifier` is None if it states none."""

    certificate: bytes
    issuer: str
    serial: int
    key_identifier: bytes | None
    thumbprint: bytes
    """The SHA-1 of its DER: WS-Security knows no other, and looks certificates up by it, no more."""


def identifiers(data: bytes, alias: str = "") -> Identifiers:
    """Return the names of a certificate in DER; raise `BadCertificateError` if it cannot be read."""
    certificate = chains.load(data, alias)
    try:
        with quiet():
            issuer, serial = certificate.issuer.rfc4514_string(), certificate.serial_number
    except (ValueError, TypeError):
        raise BadCertificateError(alias, "has an issuer that cannot be read") from None
    return Identifiers(data, issuer, serial, _key_identifier(data), sha1(data, usedforsecurity=False).digest())


def by_issuer(known: Sequence[Identifiers], issuer: str, serial: int) -> bytes | None:
    """Return the certificate of an issuer and a serial number, or None.

    Programs differ in how they spell a name, so it decides only between certificates with the same serial number.
    """
    found = [one for one in known if one.serial == serial]
    if len(found) > 1:
        found = [one for one in found if _plain(one.issuer) == _plain(issuer)]
    return found[0].certificate if len(found) == 1 else None


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


def _key_identifier(data: bytes) -> bytes | None:
    try:
        for extension in chains.extensions(data):
            if extension.oid == _SUBJECT_KEY_IDENTIFIER:
                return der.parse(extension.value, Budget("certificate")).octets()
    except MalformedStructureError:
        pass
    return None
