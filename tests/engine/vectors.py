"""The keys and ciphertexts that javax.crypto made (see tests/vectors/ciphertexts/README.md)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "ciphertexts"


@dataclass(frozen=True)
class Vector:
    """A value that Java encrypted to the key `rsa-<bits>`."""

    bits: int
    scheme: str
    label: bytes
    plaintext: bytes
    ciphertext: bytes

    def __str__(self) -> str:
        return f"{self.scheme}-{self.bits}-{len(self.plaintext)}{'-labelled' if self.label else ''}"


@cache
def key(name: str) -> RSAPrivateKey:
    """Return the key `rsa-<name>`."""
    loaded = load_pem_private_key((FOLDER / f"rsa-{name}.pem").read_bytes(), None)
    assert isinstance(loaded, RSAPrivateKey)
    return loaded


def _vectors() -> list[Vector]:
    vectors = []
    for line in (FOLDER / "vectors.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        bits, scheme, label, plaintext, ciphertext = line.split("\t")
        decoded = base64.b64decode(plaintext), base64.b64decode(ciphertext)
        vectors.append(Vector(int(bits), scheme, label.encode(), *decoded))
    return vectors


VECTORS = _vectors()
