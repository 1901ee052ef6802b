"""Sealers and openers in the cases that a vault seldom meets: other keys' values, other forms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool.ciphertext import Bare, Native
from ciphertool.engine import Decryptor, Encryptor, LocalKey, scheme_named
from ciphertool.engine.gcm import SecretKeyDecryptor
from ciphertool.engine.schemes import DEFAULT, UNPADDED
from ciphertool.errors import DecryptionError, MalformedCiphertextError
from ciphertool.files import Snapshot
from ciphertool.repository import repository_of
from ciphertool.secret import Secret
from ciphertool.vault.cipher import Opener, Sealer, SymmetricOpener

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
    sealer = Sealer(CARBON, False, Encryptor(key.public_key(), CARBON))
    assert sealer.other_keys(repository) == {"longer": "a key of 3072 bits", "shorter": "a key of 1024 bits"}
    assert Opener(CARBON, False, Decryptor(LocalKey(key))).other_keys(repository) == {}


def test_a_sealer_names_its_recipient(key: RSAPrivateKey) -> None:
    encryptor, decryptor = Encryptor(key.public_key()), Decryptor(LocalKey(key))
    named = Sealer(DEFAULT, True, encryptor, subject="CN=a")
    assert named.recipient == f"the key {encryptor.key_id} (CN=a, RSA-2048)"
    unnamed = Sealer(DEFAULT, True, encryptor)
    assert unnamed.recipient == f"the key {encryptor.key_id} (no subject, RSA-2048)"
    assert unnamed.store_type == "JKS"
    assert Opener(DEFAULT, True, decryptor).recipient == f"the key {decryptor.key_id}"
    assert [Opener(scheme, False, decryptor).unpadded for scheme in (DEFAULT, UNPADDED)] == [False, True]


def test_a_sealer_without_an_opener_proves_nothing(key: RSAPrivateKey) -> None:
    sealer, opener = Sealer(DEFAULT, True, Encryptor(key.public_key())), Opener(DEFAULT, True, Decryptor(LocalKey(key)))
    made = sealer.seal("a", Secret("v"))
    assert opener.open("a", made).reveal() == "v"
    assert (sealer.prove("a", made), opener.prove("a", made)) == (False, True)


def test_a_copy_has_all_that_the_opener_has(key: RSAPrivateKey) -> None:
    opener = Opener(CARBON, False, Decryptor(LocalKey(key)))
    copy = opener.duplicate()
    assert copy.decryptor is not opener.decryptor
    assert (copy.scheme, copy.native, copy.recipient) == (opener.scheme, opener.native, opener.recipient)
    made = Sealer(CARBON, False, Encryptor(key.public_key(), CARBON)).seal("a", Secret("v"))
    assert copy.open("a", made).reveal() == "v"


def test_only_a_native_ciphertext_is_bound_to_its_alias(key: RSAPrivateKey) -> None:
    native = Opener(DEFAULT, True, Decryptor(LocalKey(key)))
    sealer = Sealer(DEFAULT, True, Encryptor(key.public_key()), native)
    made = sealer.seal("a", Secret("v"))
    with pytest.raises(DecryptionError):
        native.open("b", made)
    assert native.moved_from(made, ["x", "a", "y"]) == "a"
    assert native.moved_from(made, ["x", "y"]) is None
    assert isinstance(made, Native)
    foreign = Native("RSA", made.key_id, made.data)
    assert native.moved_from(foreign, ["a"]) is None
    carbon = Opener(CARBON, False, Decryptor(LocalKey(key)))
    bare = Sealer(CARBON, False, Encryptor(key.public_key(), CARBON), carbon).seal("a", Secret("v"))
    assert carbon.open("b", bare).reveal() == "v"
    assert carbon.moved_from(bare, ["a"]) is None
    with pytest.raises(MalformedCiphertextError):
        carbon.open("a", made)
    with pytest.raises(MalformedCiphertextError):
        native.open("a", bare)
    odd = sealer.seal("\udcff", Secret("v"))
    assert native.open("\udcff", odd).reveal() == "v"


def test_a_symmetric_key_takes_its_own_form_alone() -> None:
    opener = SymmetricOpener(SecretKeyDecryptor(bytes(16)))
    assert not opener.unpadded
    assert opener.duplicate().decryptor is not opener.decryptor
    with pytest.raises(MalformedCiphertextError, match="the vault's key is an AES key"):
        opener.open("a", Bare(bytes(256)))
    with pytest.raises(MalformedCiphertextError):
        opener.prove("a", Bare(bytes(256)))
