"""Keystores with secret keys, made by keytool, and values that javax.crypto has encrypted under them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

from tests.interop.java_cipher import JavaError, ask

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "secret-keys"
PASSWORD, KEY_PASSWORD = "changeit", "keypass1"
STORES = {"keys.jceks": "JCEKS", "keys.p12": "PKCS12"}
VALUES = (b"ABC@123", b"", "Pässwörd€😀".encode(), b"x" * 1000)
VECTOR_LENGTH = 128
"""What WSO2's tool writes, in bytes; it took the 128 for bits."""

# Alias, algorithm and bits. The last two are no AES keys.
_KEYS = (
    ("aes128", "AES", "128"),
    ("aes192", "AES", "192"),
    ("aes256", "AES", "256"),
    ("hmac", "HmacSHA256", "256"),
    ("desede", "DESede", "168"),
)
AES_ALIASES = tuple(alias for alias, algorithm, _ in _KEYS if algorithm == "AES")


def make_stores(folder: Path) -> None:
    """Make a store of each format. In the JCEKS store the key `aes192` has a password of its own."""
    for name, kind in STORES.items():
        (folder / name).unlink(missing_ok=True)
        _keytool(folder / name, kind, "-genkeypair", "-alias", "rsa", "-keyalg", "RSA", "-keysize", "2048",
                 "-dname", "CN=rsa", "-startdate", "2024/01/01 00:00:00", "-validity", "36500")  # fmt: skip
        for alias, algorithm, bits in _KEYS:
            own = ("-keypass", KEY_PASSWORD) if key_password(name, alias) != PASSWORD else ()
            _keytool(folder / name, kind, "-genseckey", "-alias", alias, "-keyalg", algorithm, "-keysize", bits, *own)


def key_password(store: str, alias: str) -> str:
    """Return the password of a key."""
    return KEY_PASSWORD if (store, alias) == ("keys.jceks", "aes192") else PASSWORD


def encrypted(folder: Path, requests: list[tuple[str, str, bytes]]) -> list[str]:
    """Return the stored text of each value, given with its store and key alias, as WSO2's tool writes it."""
    vectors = [os.urandom(VECTOR_LENGTH) for _ in requests]
    answers = ask(
        [
            ("seal", str(folder / store), STORES[store], PASSWORD, alias, key_password(store, alias), vector, value)
            for (store, alias, value), vector in zip(requests, vectors, strict=True)
        ]
    )
    return [_stored(answer, vector) for answer, vector in zip(answers, vectors, strict=True)]


def _stored(answer: bytes | JavaError, vector: bytes) -> str:
    if isinstance(answer, JavaError):
        raise answer
    members = {"cipherText": base64.b64encode(answer).decode(), "iv": base64.b64encode(vector).decode()}
    return base64.b64encode(json.dumps(members, separators=(",", ":")).encode()).decode()


def _keytool(store: Path, kind: str, *arguments: str) -> None:
    subprocess.run(
        ["keytool", *arguments, "-keystore", str(store), "-storetype", kind, "-storepass", PASSWORD],
        check=True,
        capture_output=True,
        timeout=120,
    )
