"""TLS handshakes on loopback with contexts made of keystores and truststores."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool.errors import BadPrivateKeyError, NoCertificateError, NoPrivateKeyError, WrongKeyPasswordError
from ciphertool.keystore import CertificateRequest, EntryKind, KeyEntry, Keystore, Role, create_keystore, open_keystore
from ciphertool.keystore.formats.writing import write
from ciphertool.keystore.tls import client_context, server_context

from .vectors import KEY_PASSWORD, PASSWORD, vector

if TYPE_CHECKING:
    from ciphertool.keystore import Keystore

# OpenSSL reads the clock, so that these certificates start today.
_NOW = datetime.now(UTC)


def made(name: str, role: Role, format_name: str) -> Keystore:
    request = CertificateRequest(f"CN={name}", role, 30, 2048, (name,))
    data = create_keystore(request, name, PASSWORD, now=_NOW, format_name=format_name)
    return open_keystore(Path(f"{name}.store"), PASSWORD, data=data)


def trusting(*stores: Keystore) -> Keystore:
    entries = [KeyEntry(str(n), EntryKind.TRUSTED, store.entries[0].chain[:1]) for n, store in enumerate(stores)]
    return open_keystore(Path("trust.store"), PASSWORD, data=write("PKCS12", entries, PASSWORD))


@pytest.fixture(scope="module")
def server() -> Keystore:
    return made("localhost", Role.TLS, "PKCS12")


@pytest.fixture(scope="module")
def client() -> Keystore:
    # A certificate of the role tls is for servers alone.
    return made("client.example", Role.MESSAGE, "JKS")


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """Connect over loopback, pass a word each way, and return the TLS version."""
    failures: list[Exception] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            try:
                connection, _ = listener.accept()
                with server.wrap_socket(connection, server_side=True) as secured:
                    secured.sendall(secured.recv(5).upper())
            except (ssl.SSLError, OSError) as error:
                failures.append(error)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname(), timeout=10) as raw,
                client.wrap_socket(raw, server_hostname="localhost") as secured,
            ):
                secured.sendall(b"hello")
                answer = secured.recv(5)
                version = secured.version()
        finally:
            thread.join()
    if failures:
        raise failures[0]
    assert answer == b"HELLO"
    return version or ""


def test_a_client_with_the_truststore_connects(server: Keystore) -> None:
    assert handshake(server_context(server), client_context(trusting(server))) == "TLSv1.3"


def test_a_client_that_trusts_others_refuses(server: Keystore, client: Keystore) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server_context(server), client_context(trusting(client)))


def test_both_sides_show_a_certificate(server: Keystore, client: Keystore) -> None:
    demanding = server_context(server, truststore=trusting(client))
    assert handshake(demanding, client_context(trusting(server), client))
    with pytest.raises((ssl.SSLError, OSError)):
        handshake(demanding, client_context(trusting(server)))
    with pytest.raises((ssl.SSLError, OSError)):
        handshake(demanding, client_context(trusting(server), server))


@pytest.mark.parametrize("alias", ["root", "middle", "leaf"])
def test_any_certificate_of_the_chain_may_be_the_trusted_one(alias: str) -> None:
    only = [vector("trusted.jks").entry(alias)]
    truststore = open_keystore(Path("trust.store"), PASSWORD, data=write("JKS", only, PASSWORD))
    assert handshake(server_context(vector("chain.jks"), "leaf"), client_context(truststore))


def test_no_private_key_touches_the_disk_in_clear(
    server: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are no files in memory, the file that OpenSSL reads holds an encrypted key, for its owner alone."""
    import os

    seen: list[tuple[bytes, int]] = []
    load = ssl.SSLContext.load_cert_chain

    def watch(context: ssl.SSLContext, path: str, *arguments: object, **options: object) -> None:
        seen.append((Path(path).read_bytes(), Path(path).stat().st_mode & 0o777))
        load(context, path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watch)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    if hasattr(os, "memfd_create"):
        server_context(server)
        assert not list(tmp_path.iterdir())
        monkeypatch.delattr(os, "memfd_create")
    server_context(server)
    assert seen[-1][1] == 0o600
    for content, _ in seen:
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in content
        assert b"BEGIN PRIVATE KEY" not in content
    assert not list(tmp_path.iterdir())


def test_what_cannot_serve_is_refused() -> None:
    with pytest.raises(WrongKeyPasswordError):
        server_context(vector("key-password.jks"), "other")
    assert server_context(vector("key-password.jks"), "other", key_password=KEY_PASSWORD)
    with pytest.raises(NoPrivateKeyError):
        server_context(vector("trusted.jks"), "leaf")
    with pytest.raises(NoCertificateError):
        client_context(vector("six.jks"))
    pkcs8 = vector("six.jks").unseal(vector("six.jks").entry("rsa-tls"))
    from ciphertool.keystore.entries import ClearKey

    wrong = KeyEntry("a", EntryKind.KEY, vector("six.jks").entry("rsa-plain").chain, None, ClearKey(pkcs8))
    store = open_keystore(Path("x"), PASSWORD, data=write("JKS", [wrong], PASSWORD))
    with pytest.raises(BadPrivateKeyError):
        server_context(store)
