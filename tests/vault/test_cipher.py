"""Sealer and opener of a vault: what they take for their own, whether or not the private key is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool.ciphertext import Bare, Native
from ciphertool.engine import (
    Decryptor,
    Encryptor,
    LocalKey,
    scheme_named,
)
from ciphertool.engine.schemes import DEFAULT
from ciphertool.errors import (
    CiphertextLengthError,
    ForeignKeyError,
    MalformedCiphertextError,
    UnsupportedSchemeError,
)
from ciphertool.secret import Secret
from ciphertool.vault.cipher import Opener, Sealer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

OAEP_SHA1 = scheme_named("RSA/ECB/OAEPwithSHA1andMGF1Padding")
BYTES = 256
"""The length of a ciphertext of an RSA-2048 key."""


def _public(key: RSAPrivateKey, *, native: bool = True) -> Sealer:
    """A sealer without the private key."""
    scheme = DEFAULT if native else OAEP_SHA1
    return Sealer(scheme, native, Encryptor(key.public_key(), scheme))


def _opener(key: RSAPrivateKey) -> Opener:
    return Opener(DEFAULT, True, Decryptor(LocalKey(key)))


def _private(key: RSAPrivateKey) -> Sealer:
    return Sealer(DEFAULT, True, Encryptor(key.public_key()), _opener(key))


def test_what_the_public_key_made_is_not_spoken_against(key: RSAPrivateKey) -> None:
    assert _public(key).prove("a", _public(key).seal("a", Secret("v"))) is False
    assert _private(key).prove("a", _public(key).seal("a", Secret("v"))) is True


@pytest.mark.parametrize("length", [1, BYTES - 1, BYTES + 1, 2 * BYTES])
def test_a_ciphertext_of_another_length_is_another_keys(key: RSAPrivateKey, length: int) -> None:
    with pytest.raises(CiphertextLengthError):
        _public(key, native=False).prove("a", Bare(bytes(length)))
    native = Native(DEFAULT.name, Encryptor(key.public_key()).key_id, bytes(length))
    with pytest.raises(CiphertextLengthError):
        _public(key).prove("a", native)
    assert _public(key, native=False).prove("a", Bare(bytes(BYTES))) is False


@pytest.mark.parametrize("make", [_public, _private])
def test_another_key_id_is_refused(key: RSAPrivateKey, other_key: RSAPrivateKey, make: type) -> None:
    with pytest.raises(ForeignKeyError):
        make(key).prove("a", _public(other_key).seal("a", Secret("v")))


@pytest.mark.parametrize("make", [_public, _private])
@pytest.mark.parametrize("scheme", ["RSA", "RSA/ECB/PKCS1Padding", OAEP_SHA1.name, "NO-SUCH"])
def test_a_native_vault_takes_no_other_scheme(key: RSAPrivateKey, make: type, scheme: str) -> None:
    """Whatever decrypts by such a scheme carries no label: it would let a value be downgraded or moved."""
    foreign = Native(scheme, Encryptor(key.public_key()).key_id, bytes(BYTES))
    with pytest.raises(UnsupportedSchemeError):
        make(key).prove("a", foreign)


def test_the_form_of_the_other_kind_of_vault_is_refused(key: RSAPrivateKey) -> None:
    with pytest.raises(MalformedCiphertextError):
        _opener(key).open("a", Bare(bytes(BYTES)))
    with pytest.raises(MalformedCiphertextError):
        _public(key, native=False).prove("a", _public(key).seal("a", Secret("v")))


def test_only_values_of_another_key_are_named(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.repository import repository_of

    mine, other = _public(key), _public(other_key)
    lines = f"a={mine.seal('a', Secret('v'))}\nb={other.seal('b', Secret('v'))}\nc=[clear]\nd=\n"
    path = Path("vault.properties")
    repository = repository_of("native", Snapshot(path, path, lines.encode()))
    assert mine.other_keys(repository) == {"b": f"the key {Encryptor(other_key.public_key()).key_id}"}


def test_what_is_sealed_is_proved_by_the_opener(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    """An opener that cannot open what was just made stops it: nobody could ever read the value."""
    with pytest.raises(ForeignKeyError):
        Sealer(DEFAULT, True, Encryptor(key.public_key()), _opener(other_key)).seal("a", Secret("v"))


def test_the_old_names_still_work(key: RSAPrivateKey) -> None:
    assert _opener(key).decrypt("a", _private(key).encrypt("a", Secret("v"))) == Secret("v")
