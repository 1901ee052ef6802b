"""Key stores of known formats that are not read here: their names, and how to convert them. Reads nothing else."""

from __future__ import annotations

from typing import NamedTuple

from ciphertool.asn1 import der
from ciphertool.asn1.limits import Budget
from ciphertool.errors import MalformedStructureError

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_SIGNATURE = 0xA0


class ForeignFormat(NamedTuple):
    """A format by its name, and how to make a store from it that is read."""

    name: str
    conversion: str


BCFKS = ForeignFormat(
    "a BCFKS store (Bouncy Castle FIPS)",
    "convert it to PKCS #12 with Bouncy Castle's bc-fips.jar: keytool -importkeystore -srckeystore STORE"
    " -srcstoretype BCFKS -providerclass org.bouncycastle.jcajce.provider.BouncyCastleFipsProvider"
    " -providerpath bc-fips.jar -destkeystore STORE.p12 -deststoretype PKCS12",
)
KDB = ForeignFormat(
    "a KDB store (IBM CMS key database)",
    "convert it to PKCS #12 with IBM's tool: runmqakm (or gskcapicmd) -cert -export -db STORE -stashed -label LABEL"
    " -target STORE.p12 -target_type pkcs12",
)
PKCS7 = ForeignFormat(
    "a PKCS #7 file, which holds only certificates",
    "convert it to PEM: openssl pkcs7 -inform DER -in FILE -print_certs -out FILE.pem",
)
PRIVATE_KEY = ForeignFormat(
    "a private key in DER without its certificate",
    "convert it to PKCS #12: openssl pkcs12 -export -inkey KEY -in CERTIFICATE.pem -out STORE.p12",
)
NSS = ForeignFormat(
    "an SQLite file, perhaps an NSS key database",
    "convert it to PKCS #12 with NSS's tool: pk12util -d DIRECTORY -n NAME -o STORE.p12",
)


def foreign_format(data: bytes) -> ForeignFormat | None:
    """Return the known format of a file that no reader takes; None if it is not one of these."""
    if data[:2] == b"7H" and data[8:12] == b"X509":
        return KDB
    if data.startswith(b"SQLite format 3\0"):
        return NSS
    try:
        parts = der.parse(data, Budget("file")).sequence(1)
        if parts[0].tag == der.OID and parts[0].oid() == _SIGNED_DATA:
            return PKCS7
        if _is_key(parts):
            return PRIVATE_KEY
        return BCFKS if _is_bcfks(parts) else None
    except MalformedStructureError:
        return None


def _is_key(parts: list[der.Element]) -> bool:
    """Return whether these are the parts of a PKCS #8 key, encrypted or not, or of an RSA key by itself."""
    if parts[0].tag == der.INTEGER:
        return len(parts) >= 9 or (len(parts) >= 3 and parts[2].tag == der.OCTET_STRING)
    return _is_encrypted(parts)


def _is_bcfks(parts: list[der.Element]) -> bool:
    """Return whether these are encrypted data and a proof of their integrity: a MAC or a signature."""
    return (
        len(parts) == 2
        and parts[0].tag == der.SEQUENCE
        and parts[1].tag in (der.SEQUENCE, _SIGNATURE)
        and _is_encrypted(parts[0].sequence(1))
    )


def _is_encrypted(parts: list[der.Element]) -> bool:
    return len(parts) == 2 and _is_algorithm(parts[0]) and parts[1].tag == der.OCTET_STRING


def _is_algorithm(element: der.Element) -> bool:
    return element.tag == der.SEQUENCE and element.sequence(1)[0].tag == der.OID
