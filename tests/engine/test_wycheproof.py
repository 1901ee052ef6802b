"""Project Wycheproof's vectors: each valid ciphertext gives its plaintext, and nothing is made of an invalid one.

`scripts/make-wycheproof-vectors` reduces them to what is kept here; the file names their origin and licence.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ciphertool.engine import Decryptor, LocalKey, scheme_named
from ciphertool.engine.gcm import SecretKeyDecryptor
from ciphertool.errors import DecryptionError, MalformedCiphertextError
from ciphertool.keystore.keys import load_rsa

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "wycheproof.json.gz"


@cache
def _vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(gzip.decompress(VECTORS.read_bytes()))
    return loaded


def _bytes(fields: list[str]) -> list[bytes]:
    return [bytes.fromhex(field) for field in fields]


def test_the_file_names_its_origin_and_licence() -> None:
    assert _vectors()["origin"] == "https://github.com/C2SP/wycheproof"
    assert _vectors()["license"] == "Apache-2.0"
    assert len(_vectors()["commit"]) == 40


@pytest.mark.parametrize(
    ("scheme_name", "counts"),
    [
        ("RSA/ECB/OAEPwithSHA1andMGF1Padding", {"valid": 17, "invalid": 19}),
        ("RSA/ECB/OAEPWithSHA-256AndMGF1Padding", {"valid": 13, "invalid": 18}),
        ("RSA-OAEP-256", {"valid": 18, "invalid": 19}),
        ("RSA/ECB/PKCS1Padding", {"valid": 42, "invalid": 25}),
    ],
)
def test_rsa_decryption(scheme_name: str, counts: dict[str, int]) -> None:
    scheme, found = scheme_named(scheme_name), Counter[str]()
    for group in _vectors()["rsa"][scheme_name]:
        decryptor = Decryptor(LocalKey(load_rsa(bytes.fromhex(group["key"]), "wycheproof", ())))
        for number, result, *fields in group["tests"]:
            label, ciphertext, plaintext = _bytes(fields)
            found[result] += 1
            if result == "invalid":
                with pytest.raises(DecryptionError):
                    decryptor.decrypt(ciphertext, scheme, label)
            else:
                assert decryptor.decrypt(ciphertext, scheme, label) == plaintext, number
    assert found == counts


def test_aes_gcm() -> None:
    """Vectors of other lengths than 12 to 128 bytes are refused whatever they are: see `engine.gcm`."""
    found: Counter[str] = Counter()
    for group in _vectors()["gcm"]:
        for number, result, *fields in group["tests"]:
            key, vector, ciphertext, tag, plaintext = _bytes(fields)
            decryptor = SecretKeyDecryptor(key)
            if not 12 <= len(vector) <= 128:
                found["refused"] += 1
                with pytest.raises(MalformedCiphertextError):
                    decryptor.decrypt(ciphertext + tag, vector)
            elif result == "valid":
                found["valid"] += 1
                assert decryptor.decrypt(ciphertext + tag, vector) == plaintext, number
            else:
                found["invalid"] += 1
                with pytest.raises(DecryptionError):
                    decryptor.decrypt(ciphertext + tag, vector)
    assert found == {"valid": 136, "invalid": 81, "refused": 45}
