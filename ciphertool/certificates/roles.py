"""What a keystore is for, and what its certificate states accordingly."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from ciphertool.errors import UnsupportedKeystoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509


class Role(Enum):
    """What a keystore is for."""

    PRIMARY = "primary"
    """Encrypts the configuration's secrets, each as one RSA block."""
    RECIPIENT = "recipient"
    """Encrypts the content keys under which a vault's envelopes are."""
    TLS = "tls"
    """Serves TLS connections."""
    MESSAGE = "message"
    """Signs and encrypts messages."""


def role_extensions(role: Role, names: Sequence[str]) -> list[tuple[x509.ExtensionType, bool]]:
    """Return the extensions that a role's certificate has, each with whether it is critical."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    usage = x509.KeyUsage(
        digital_signature=role not in (Role.PRIMARY, Role.RECIPIENT),
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=role in (Role.PRIMARY, Role.MESSAGE),
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    extensions: list[tuple[x509.ExtensionType, bool]] = [(usage, True)]
    if role is Role.TLS:
        extensions.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))
    if names:
        extensions.append((x509.SubjectAlternativeName([_general_name(name) for name in names]), False))
    return extensions


def _general_name(name: str) -> x509.GeneralName:
    from ipaddress import ip_address

    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError:
        raise UnsupportedKeystoreError(
            f"{name!r} is not a host name", "write an internationalised name as xn--…"
        ) from None
