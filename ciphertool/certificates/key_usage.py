"""What a certificate declares its key to be for: KeyUsage, extended key usage, host names. Reads only its DER.

`cryptography` parses all extensions or none, so one malformed extension of a real certificate would hide the
KeyUsage, which Java finds.
"""

from __future__ import annotations

from typing import NamedTuple

from ciphertool.asn1 import der
from ciphertool.asn1.limits import Budget
from ciphertool.certificates import chains
from ciphertool.errors import MalformedStructureError

_KEY_USAGE, _EXTENDED_KEY_USAGE, _ALTERNATIVE_NAMES = "2.5.29.15", "2.5.29.37", "2.5.29.17"
# X.509, section 9.2.2.3: the bits in order. RFC 5280 has an older name for the second.
_USAGES = (
    "digitalSignature",
    "contentCommitment",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
_RFC_NAMES = {"contentCommitment": "nonRepudiation"}


class KeyUsage(NamedTuple):
    """A KeyUsage extension: its usages by their X.509 names, None if unreadable, and whether it is critical."""

    usages: tuple[str, ...] | None
    critical: bool

    def lacks(self, needed: tuple[str, ...]) -> tuple[str, ...]:
        """Return the needed usages that it does not allow; all of them if it cannot be read."""
        return tuple(usage for usage in needed if usage not in (self.usages or ()))

    def rfc_names(self) -> tuple[str, ...] | None:
        """Return the usages by their names in RFC 5280, which Java's users know and refusals use."""
        if self.usages is None:
            return None
        return tuple(_RFC_NAMES.get(usage, usage) for usage in self.usages)


_UNREADABLE = KeyUsage(None, critical=True)


def key_usage(data: bytes) -> KeyUsage | None:
    """Return the KeyUsage of a certificate in DER, or None if it has none. Other extensions may be malformed.

    A duplicate KeyUsage, and that of an unreadable certificate, counts as critical and unreadable: Java accepts no such
    certificate.
    """
    try:
        found = [extension for extension in chains.extensions(data) if extension.oid == _KEY_USAGE]
    except MalformedStructureError:
        return _UNREADABLE
    if len(found) > 1:
        return _UNREADABLE
    return KeyUsage(_usages(found[0].value), found[0].critical) if found else None


def extended_key_usages(data: bytes) -> frozenset[str] | None:
    """Return the identifiers of a certificate's extended key usages, or None if it has no such extension."""
    try:
        for extension in chains.extensions(data):
            if extension.oid == _EXTENDED_KEY_USAGE:
                purposes = der.parse(extension.value, Budget("certificate")).sequence()
                return frozenset(purpose.oid() for purpose in purposes)
    except MalformedStructureError:
        pass
    return None


def has_names(data: bytes) -> bool:
    """Return whether a certificate has subject alternative names."""
    try:
        return any(extension.oid == _ALTERNATIVE_NAMES for extension in chains.extensions(data))
    except MalformedStructureError:
        return False


def _usages(value: bytes) -> tuple[str, ...] | None:
    try:
        return der.parse_all(value, Budget("certificate")).named_bits(_USAGES)
    except MalformedStructureError:
        return None
