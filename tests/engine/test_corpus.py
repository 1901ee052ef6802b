"""Real ciphertexts that WSO2 published."""

from __future__ import annotations

import base64
import csv
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ciphertool.engine import Decryptor, LocalKey, scheme_named
from ciphertool.errors import UnsupportedSchemeError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.corpus


def _rows(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "ciphertext-pairs.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _decryptor(corpus: Path, row: dict[str, str]) -> Decryptor:
    import jks  # in the test, for it takes 0.1 s and the corpus may be absent

    password = row["store_password"]
    entry = jks.KeyStore.load(corpus / row["keystore"], password).private_keys[row["key_alias"]]
    entry.decrypt(password)
    key = load_der_private_key(entry.pkey_pkcs8, None)
    assert isinstance(key, RSAPrivateKey)
    return Decryptor(LocalKey(key))


def test_every_real_ciphertext_decrypts(corpus: Path) -> None:
    rows = _rows(corpus)
    assert len(rows) == 14
    for row in rows:
        scheme = scheme_named(row["transformation"], allow_unpadded=True)
        ciphertext = base64.b64decode(row["ciphertext"])
        assert _decryptor(corpus, row).decrypt_text(ciphertext, scheme) == row["plaintext"], row["secret_alias"]


def test_the_one_without_padding_is_refused_by_name(corpus: Path) -> None:
    (row,) = [row for row in _rows(corpus) if row["transformation"].endswith("NoPadding")]
    with pytest.raises(UnsupportedSchemeError) as e:
        scheme_named(row["transformation"])
    assert e.value.name == "RSA/ECB/NoPadding"
