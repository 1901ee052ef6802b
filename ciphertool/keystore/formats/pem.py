"""PEM files: certificates, and a private key, in the clear or encrypted. Aliases come from the file's name."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciphertool.asn1 import der
from ciphertool.certificates import chains
from ciphertool.certificates.quiet import quiet
from ciphertool.errors import (
    BadPrivateKeyError,
    NotAKeystoreError,
    PasswordNeededError,
    UnsupportedKeystoreError,
    WrongKeyPasswordError,
)
from ciphertool.keystore.entries import EntryKind, KeyEntry, StoreContent
from ciphertool.keystore.formats import pbe
from ciphertool.keystore.limits import MAX_ENTRIES, MAX_SEALED_KEY, StoreBudget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_BEGIN = b"-----BEGIN "
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40}+)-----((?:[^-]++|-(?!----)|(?!))*+)-----END \1-----")
_CERTIFICATES = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE"})
_NAME = "PEM"


@dataclass(frozen=True, slots=True)
class PemSealedKey:
    """The PEM block of a private key."""

    alias: str
    label: bytes
    block: bytes = field(repr=False)

    def unseal(self, password: str | None) -> bytes:
        """Return the key as PKCS #8 in the clear."""
        if len(self.block) > 2 * MAX_SEALED_KEY:
            raise StoreBudget(_NAME).malformed("a private key of an implausible size")
        encrypted = self.label.startswith(b"ENCRYPTED") or b"ENCRYPTED" in self.block[:200]
        if encrypted and password is None:
            raise PasswordNeededError(f"the private key of {self.alias!r}")
        if self.label == b"PRIVATE KEY":
            return _decoded(self.block)
        if self.label == b"ENCRYPTED PRIVATE KEY":
            return self._decrypt(password or "")
        return self._convert(password if encrypted else None)

    def _decrypt(self, password: str) -> bytes:
        budget = StoreBudget(_NAME)
        algorithm, ciphertext = der.parse(_decoded(self.block), budget).sequence(2)[:2]
        try:
            plain = pbe.decrypt(algorithm, ciphertext.octets(), password, budget)
        except pbe.BadDecryptError:
            raise WrongKeyPasswordError(self.alias) from None
        if plain[:1] != b"\x30":  # one wrong password in 256 results in a valid padding
            raise WrongKeyPasswordError(self.alias)
        return plain

    def _convert(self, password: str | None) -> bytes:
        """Return PKCS #8 from OpenSSL's older forms, whose key derivation is one round of MD5."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
            load_pem_private_key,
        )

        secret = None if password is None else password.encode("utf-8", "surrogatepass")
        text = b"-----BEGIN %b-----%b-----END %b-----\n" % (self.label, self.block, self.label)
        try:
            with quiet():
                key = load_pem_private_key(text, secret, unsafe_skip_rsa_key_validation=True)
            return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        except (ValueError, TypeError, UnsupportedAlgorithm):
            if secret is not None:
                raise WrongKeyPasswordError(self.alias) from None
            raise BadPrivateKeyError(self.alias, "cannot be read") from None


def looks_like(data: bytes) -> bool:
    """Return whether the data has a PEM block, possibly after other text."""
    return _BEGIN in data and b"\0" not in data[: data.index(_BEGIN)]


def read(data: bytes, password: str | None, path: Path) -> StoreContent:  # noqa: ARG001 - a Reader
    """Read a PEM file: one key entry with its chain if there is a key, and an entry for each other certificate.

    The first is named after the file, the others are numbered. PEM has no integrity check, so it is never verified.
    """
    blocks = _BLOCK.findall(data)
    if len(blocks) != data.count(_BEGIN):
        raise StoreBudget(_NAME).malformed("a block without its end")
    if len(blocks) > MAX_ENTRIES:
        raise StoreBudget(_NAME).malformed(f"more than {MAX_ENTRIES} blocks")
    found = list(dict.fromkeys(_decoded(block) for label, block in blocks if label in _CERTIFICATES))
    keys = [(label, block) for label, block in blocks if label.endswith(b"PRIVATE KEY")]
    if len(keys) > 1:
        raise UnsupportedKeystoreError("a PEM file with several private keys", "put each into a separate file")
    if not keys and not found:
        raise StoreBudget(_NAME).malformed("neither a certificate nor a private key")
    entries = []
    if keys:
        chain = _chain(found)
        found = [data for data in found if data not in chain]
        entries.append(KeyEntry(path.stem, EntryKind.KEY, chain, sealed=PemSealedKey(path.stem, *keys[0])))
    for data in found:
        alias = f"{path.stem}-{len(entries) + 1}" if entries else path.stem
        entries.append(KeyEntry(alias, EntryKind.TRUSTED, (data,)))
    return StoreContent(entries, verified=False)


def read_certificates(data: bytes) -> list[bytes]:
    """Return the certificates, as DER, of a PEM bundle, a PKCS #7 reply in PEM, or a single DER certificate."""
    if chains.names(data) is not None:
        return [data]
    found = []
    for label, block in _BLOCK.findall(data):
        if label in _CERTIFICATES:
            found.append(_decoded(block))
        elif label == b"PKCS7":
            found += _certificates_of_pkcs7(_decoded(block))
    if not found:
        raise NotAKeystoreError("it holds no certificate")
    return found


def _certificates_of_pkcs7(data: bytes) -> list[bytes]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

    try:
        with quiet():
            return [certificate.public_bytes(Encoding.DER) for certificate in load_der_pkcs7_certificates(data)]
    except (ValueError, UnsupportedAlgorithm):
        raise StoreBudget(_NAME).malformed("a PKCS #7 block that cannot be read") from None


def read_der(data: bytes, password: str | None, path: Path) -> StoreContent:  # noqa: ARG001 - a Reader
    """Read a file that is a single certificate in DER."""
    return StoreContent([KeyEntry(path.stem, EntryKind.TRUSTED, (data,))], verified=False)


def write(entries: Sequence[KeyEntry], key_password: str) -> bytes:
    """Return a PEM file: the encrypted key, its chain, then the other certificates."""
    blocks = []
    if sum(entry.sealed is not None for entry in entries) > 1:
        raise UnsupportedKeystoreError("a PEM file cannot hold several private keys")
    for entry in sorted(entries, key=lambda entry: entry.sealed is None):
        if entry.kind is EntryKind.SECRET:
            raise UnsupportedKeystoreError(f"a PEM file cannot hold the secret key {entry.alias!r}")
        if isinstance(entry.sealed, PemSealedKey):
            blocks.append(
                b"-----BEGIN %b-----%b-----END %b-----\n" % (entry.sealed.label, entry.sealed.block, entry.sealed.label)
            )
        elif entry.sealed is not None:
            algorithm, ciphertext = pbe.encrypt(entry.sealed.unseal(key_password), key_password)
            sealed = der.encode(der.SEQUENCE, algorithm, der.encode(der.OCTET_STRING, ciphertext))
            blocks.append(block("ENCRYPTED PRIVATE KEY", sealed))
        blocks += [block("CERTIFICATE", certificate) for certificate in entry.chain]
    return b"".join(blocks)


def block(label: str, data: bytes) -> bytes:
    """Return a PEM block."""
    text = b64encode(data).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode()


def _chain(found: list[bytes]) -> tuple[bytes, ...]:
    """Return the key's chain. Its leaf is the first certificate that issued no other."""
    if not found:
        return ()
    known = [chains.names(data) for data in found]
    issuers = {pair[1] for pair in known if pair and pair[0] != pair[1]}
    leaf = next((data for data, pair in zip(found, known, strict=True) if pair and pair[0] not in issuers), found[0])
    return chains.chains([leaf], found)[0]


def _decoded(block: bytes) -> bytes:
    try:
        return b64decode(b"".join(block.split()), validate=True)
    except ValueError:
        raise StoreBudget(_NAME).malformed("a block that is not base64") from None
