"""A vault's cipher in the cases that a vault seldom meets: other keys' values, no key at all, other forms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool.cipher import SecretKeyCipher, VaultCipher
from ciphertool.ciphertext import Bare, Native
from ciphertool.engine import Decryptor, Encryptor, scheme_named
from ciphertool.engine.gcm import SecretKeyDecryptor
from ciphertool.engine.schemes import DEFAULT, UNPADDED
from ciphertool.errors import DecryptionError, MalformedCiphertextError
from ciphertool.files import Snapshot
from ciphertool.repository import repository_of
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from ciphertool.repository import SecretRepository

CARBON = scheme_named("RSA/ECB/OAEPwithSHA1andMGF1Padding")


def _carbon(lengths: dict[str, int]) -> SecretRepository:
    path = Path("cipher-text.properties")
    text = "".join(f"{alias}={Bare(bytes(length))}\n".replace("==\n", "\\=\\=\n") for alias, length in lengths.items())
    return repository_of("carbon4", Snapshot(path, path, text.encode()))


def test_a_bare_ciphertext_of_another_length_names_the_length_of_its_key(key: RSAPrivateKey) -> None:
    repository = _carbon({"same": 256, "longer": 384, "shorter": 128})
    encrypts = VaultCipher(CARBON, False, Encryptor(key.public_key(), CARBON))
    assert encrypts.other_keys(repository) == {"longer": "a key of 3072 bits", "shorter": "a key of 1024 bits"}
    decrypts = VaultCipher(CARBON, False, None, Decryptor(key))
    assert decrypts.other_keys(repository) == {}


def test_a_cipher_says_to_whom_it_encrypts(key: RSAPrivateKey) -> None:
    encryptor, decryptor = Encryptor(key.public_key()), Decryptor(key)
    assert VaultCipher(DEFAULT, True, encryptor, subject="CN=a").recipient == (
        f"the key {encryptor.key_id} (CN=a, RSA-2048)"
    )
    assert VaultCipher(DEFAULT, True, encryptor).recipient == f"the key {encryptor.key_id} (no subject, RSA-2048)"
    assert VaultCipher(DEFAULT, True, None, decryptor).recipient == f"the key {decryptor.key_id}"
    assert VaultCipher(DEFAULT, True).recipient == "no key"
    assert [VaultCipher(scheme, False).unpadded for scheme in (DEFAULT, UNPADDED)] == [False, True]
    assert VaultCipher(DEFAULT, True).store_type == "JKS"


def test_what_a_cipher_has_no_key_for_it_does_not_do(key: RSAPrivateKey) -> None:
    encrypts, decrypts = (
        VaultCipher(DEFAULT, True, Encryptor(key.public_key())),
        VaultCipher(DEFAULT, True, None, Decryptor(key)),
    )
    made = encrypts.encrypt("a", Secret("v"))
    assert (encrypts.decrypts, decrypts.decrypts) == (False, True)
    assert decrypts.decrypt("a", made).reveal() == "v"
    with pytest.raises(ValueError, match="opened to decrypt"):
        decrypts.encrypt("a", Secret("v"))
    with pytest.raises(ValueError, match="opened to encrypt"):
        encrypts.decrypt("a", made)
    assert VaultCipher(DEFAULT, True).prove("a", made) is False
    assert VaultCipher(DEFAULT, True).other_keys(_carbon({"a": 128})) == {}


def test_a_copy_has_all_that_the_cipher_has(key: RSAPrivateKey) -> None:
    cipher = VaultCipher(CARBON, False, Encryptor(key.public_key(), CARBON), Decryptor(key), "PKCS12", "CN=a")
    copy = cipher.duplicate()
    assert copy.decryptor is not cipher.decryptor
    assert (copy.scheme, copy.native, copy.encryptor) == (cipher.scheme, cipher.native, cipher.encryptor)
    assert (copy.store_type, copy.subject, copy.recipient) == ("PKCS12", "CN=a", cipher.recipient)
    assert copy.decrypt("a", cipher.encrypt("a", Secret("v"))).reveal() == "v"
    assert VaultCipher(DEFAULT, True, cipher.encryptor).duplicate().decryptor is None


def test_only_a_native_ciphertext_is_bound_to_its_alias(key: RSAPrivateKey) -> None:
    native = VaultCipher(DEFAULT, True, Encryptor(key.public_key()), Decryptor(key))
    made = native.encrypt("a", Secret("v"))
    with pytest.raises(DecryptionError):
        native.decrypt("b", made)
    assert native.moved_from(made, ["x", "a", "y"]) == "a"
    assert native.moved_from(made, ["x", "y"]) is None
    assert isinstance(made, Native)
    foreign = Native("RSA", made.key_id, made.data)
    assert native.moved_from(foreign, ["a"]) is None
    assert VaultCipher(DEFAULT, True, native.encryptor).moved_from(made, ["a"]) is None
    carbon = VaultCipher(CARBON, False, Encryptor(key.public_key(), CARBON), Decryptor(key))
    bare = carbon.encrypt("a", Secret("v"))
    assert carbon.decrypt("b", bare).reveal() == "v"
    assert carbon.moved_from(bare, ["a"]) is None
    with pytest.raises(MalformedCiphertextError):
        carbon.decrypt("a", made)
    with pytest.raises(MalformedCiphertextError):
        native.decrypt("a", bare)
    odd = native.encrypt("\udcff", Secret("v"))
    assert native.decrypt("\udcff", odd).reveal() == "v"


def test_a_secret_key_takes_its_own_form_alone() -> None:
    cipher = SecretKeyCipher(SecretKeyDecryptor(bytes(16)))
    assert (cipher.decrypts, cipher.unpadded) == (True, False)
    assert cipher.duplicate().decryptor is not cipher.decryptor
    with pytest.raises(MalformedCiphertextError, match="the vault's key is an AES key"):
        cipher.decrypt("a", Bare(bytes(256)))
    with pytest.raises(MalformedCiphertextError):
        cipher.prove("a", Bare(bytes(256)))
