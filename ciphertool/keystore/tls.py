"""Keystores and truststores as `ssl.SSLContext`, for an application's own connections."""

from __future__ import annotations

import os
import secrets
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ciphertool.errors import BadCertificateError, NoCertificateError
from ciphertool.keystore.entries import error_path
from ciphertool.keystore.exports import export_private_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ciphertool.keystore.store import Keystore


def server_context(
    keystore: Keystore, alias: str | None = None, *, key_password: str | None = None, truststore: Keystore | None = None
) -> ssl.SSLContext:
    """Return a context that serves TLS 1.2 and later with an entry's key and chain.

    With a truststore, clients must present a certificate that it trusts.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_key(context, keystore, alias, key_password)
    if truststore is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        _load_trust(context, truststore)
    return context


def client_context(
    truststore: Keystore, keystore: Keystore | None = None, alias: str | None = None, *, key_password: str | None = None
) -> ssl.SSLContext:
    """Return a context that connects only to servers whose certificates the truststore trusts.

    With a keystore, its entry is the client certificate for servers that request one.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_trust(context, truststore)
    if keystore is not None:
        _load_key(context, keystore, alias, key_password)
    return context


def _load_trust(context: ssl.SSLContext, truststore: Keystore) -> None:
    # A truststore may hold a server's own certificate or its issuer, without the root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    loaded = 0
    for entry in truststore.entries:
        if entry.chain and entry.sealed is None:
            try:
                context.load_verify_locations(cadata=entry.chain[0])
            except (ssl.SSLError, ValueError):
                continue  # a malformed certificate is skipped: it does not affect the others
            loaded += 1
    if not loaded:
        raise NoCertificateError("a trusted entry").at(truststore.path)


def _load_key(context: ssl.SSLContext, keystore: Keystore, alias: str | None, key_password: str | None) -> None:
    entry = keystore.entry(alias)
    with error_path(keystore.path):
        if not entry.chain:
            raise NoCertificateError(entry.alias)
        password = secrets.token_urlsafe(32)
        pem = export_private_key(keystore, alias, password=password, key_password=key_password)
        try:
            with _file_of(pem) as path:
                context.load_cert_chain(path, password=password)
        except ssl.SSLError as error:
            raise BadCertificateError(entry.alias, f"does not serve TLS: {error.reason or 'it is refused'}") from None


@contextmanager
def _file_of(pem: bytes) -> Iterator[str]:
    """Yield the encrypted key as a file, the only form that OpenSSL takes: in memory if possible, else mode 0600."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(pem)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(pem)
        file.flush()
        yield file.name
