"""Exports from a keystore: certificates, signing requests, and private keys on explicit request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.certificates import chains
from ciphertool.certificates.roles import Role, role_extensions
from ciphertool.errors import NoCertificateError, PasswordRefusedError, UnsupportedKeystoreError
from ciphertool.keystore import keys
from ciphertool.keystore.entries import ClearKey, EntryKind, KeyEntry, error_path
from ciphertool.keystore.formats import pem
from ciphertool.keystore.formats.writing import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.keystore.store import Keystore


def export_certificates(keystore: Keystore, alias: str | None = None, *, chain: bool = False) -> bytes:
    """Return an entry's leaf certificate as PEM, or its whole chain, leaf first."""
    return b"".join(pem.block("CERTIFICATE", data) for data in _chain(keystore, alias)[: None if chain else 1])


def export_der(keystore: Keystore, alias: str | None = None) -> bytes:
    """Return an entry's leaf certificate as DER."""
    return _chain(keystore, alias)[0]


def export_private_key(
    keystore: Keystore, alias: str | None = None, *, password: str | None, key_password: str | None = None
) -> bytes:
    """Return an entry's private key and chain as PEM, the key encrypted under `password`.

    A password of None returns the key in the clear: pass it only on purpose.
    """
    entry = keystore.entry(alias)
    pkcs8 = keystore.unseal(entry, key_password)
    with error_path(keystore.path):
        key = keys.load(pkcs8, entry.alias)
        if entry.chain:
            keys.prove_match(key, entry.chain[0], entry.alias)
        if password is None:
            chain = b"".join(pem.block("CERTIFICATE", data) for data in entry.chain)
            return pem.block("PRIVATE KEY", pkcs8) + chain
        if not password:
            raise PasswordRefusedError("it is empty")
        return write("PEM", [KeyEntry(entry.alias, EntryKind.KEY, entry.chain, sealed=ClearKey(pkcs8))], password)


def signing_request(
    keystore: Keystore,
    alias: str | None = None,
    *,
    role: Role,
    names: Sequence[str] = (),
    key_password: str | None = None,
) -> bytes:
    """Return a certificate signing request as PEM: the entry's subject, its key, and the role's extensions."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding

    entry = keystore.entry(alias)
    key = keys.load(keystore.unseal(entry, key_password), entry.alias)
    with error_path(keystore.path):
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise UnsupportedKeystoreError(f"a signing request for {entry.alias!r}, whose key is neither RSA nor EC")
        subject = chains.subject(chains.load(_chain(keystore, alias)[0], entry.alias), entry.alias)
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        for extension, critical in role_extensions(role, names):
            builder = builder.add_extension(extension, critical)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _chain(keystore: Keystore, alias: str | None) -> tuple[bytes, ...]:
    entry = keystore.entry(alias)
    if not entry.chain:
        raise NoCertificateError(entry.alias).at(keystore.path)
    return entry.chain
