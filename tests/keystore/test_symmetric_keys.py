"""AES keys are read out of JCEKS and PKCS #12 stores as keytool writes them, and nothing else is taken for one."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool.certificates.findings import FILE_READABLE, NO_KEY
from ciphertool.certificates.roles import Role
from ciphertool.errors import (
    MalformedKeystoreError,
    NoSecretKeyError,
    NotAesError,
    PasswordNeededError,
    UnsupportedKeystoreError,
    WrongKeyPasswordError,
)
from ciphertool.keystore import EntryKind, open_keystore
from ciphertool.keystore.changes import delete
from ciphertool.keystore.check import check
from ciphertool.keystore.entries import SymmetricKey
from ciphertool.keystore.formats.javadata import DataInput
from ciphertool.keystore.formats.javaobject import JavaObject, read
from ciphertool.keystore.formats.sealed_object import SealedObject
from ciphertool.keystore.limits import StoreBudget
from ciphertool.keystore.symmetric_keys import require_aes
from tests.interop.secret_keys import AES_ALIASES, FOLDER, KEY_PASSWORD, PASSWORD, STORES, key_password

from .vectors import vector

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.keystore import Keystore

_BITS = {"aes128": 128, "aes192": 192, "aes256": 256}
_NAMES = sorted(STORES)


def _store(name: str, password: str | None = PASSWORD) -> Keystore:
    return open_keystore(FOLDER / name, password)


@pytest.mark.parametrize("alias", AES_ALIASES)
@pytest.mark.parametrize("name", _NAMES)
def test_aes_keys_of_all_lengths(name: str, alias: str) -> None:
    key = _store(name).symmetric_key(alias, key_password(name, alias))
    assert 8 * len(key) == _BITS[alias]


@pytest.mark.parametrize(("alias", "bits"), [("hmac", 256), ("desede", 192)])
@pytest.mark.parametrize("name", _NAMES)
def test_another_algorithms_key_is_refused(name: str, alias: str, bits: int) -> None:
    with pytest.raises(NotAesError) as e:
        _store(name).symmetric_key(alias)
    assert (e.value.alias, e.value.bits, e.value.path) == (alias, bits, FOLDER / name)


def test_an_aes_key_of_an_odd_length_is_refused() -> None:
    with pytest.raises(NotAesError) as e:
        require_aes(SymmetricKey("AES", b"c4n4ry"), "short")
    assert (e.value.bits, "c4n4ry" in str(e.value)) == (48, False)


@pytest.mark.parametrize("name", _NAMES)
def test_a_wrong_password_is_named(name: str) -> None:
    with pytest.raises(WrongKeyPasswordError) as e:
        _store(name).symmetric_key("aes256", "wrong password")
    assert e.value.alias == "aes256"
    with pytest.raises(PasswordNeededError):
        _store(name, None).symmetric_key("aes256")


def test_a_key_password_of_its_own() -> None:
    with pytest.raises(WrongKeyPasswordError) as e:
        _store("keys.jceks").symmetric_key("aes192")
    assert e.value.alias == "aes192"
    assert _store("keys.jceks").symmetric_key("aes192", KEY_PASSWORD)


def test_many_wrong_passwords_open_nothing() -> None:
    """One in 256 leaves a padding that looks right."""
    secret = _store("keys.p12").entry("aes256").secret
    assert secret is not None
    for sealed, count in ((secret, 300), (_sealed(1), 2000)):
        for number in range(count):
            with pytest.raises(WrongKeyPasswordError):
                sealed.unseal(f"wrong {number}")


def test_entries_that_are_no_secret_keys() -> None:
    for store, alias, kind in ((_store("keys.p12"), "rsa", "key"), (vector("trusted.jks"), "root", "trusted")):
        with pytest.raises(NoSecretKeyError) as e:
            store.symmetric_key(alias)
        assert (e.value.alias, e.value.kind) == (alias, kind)


def test_a_format_whose_secret_keys_are_not_read_says_so() -> None:
    secret = next(entry for entry in vector("bouncy.bks").entries if entry.kind is EntryKind.SECRET)
    with pytest.raises(UnsupportedKeystoreError, match="BKS"):
        vector("bouncy.bks").symmetric_key(secret.alias)


def test_a_secret_key_survives_a_change_of_its_store() -> None:
    store = _store("keys.p12")
    changed = open_keystore(store.path, PASSWORD, data=delete(store, "hmac"))
    assert changed.symmetric_key("aes256") == store.symmetric_key("aes256")


def test_a_secret_key_that_everybody_may_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "secrets.p12"
    path.write_bytes(delete(_store("keys.p12"), "rsa"))
    path.chmod(0o644)
    found = check(open_keystore(path, PASSWORD), Role.PRIMARY, now=datetime.now(UTC))
    assert [finding.rule for finding in found] == [FILE_READABLE, NO_KEY]


def test_nothing_shows_a_key() -> None:
    store = _store("keys.jceks")
    key = store.symmetric_key("aes256")
    secret = store.entry("aes256").secret
    assert secret is not None
    shown = f"{store!r}{store.entries!r}{secret!r}{secret.unseal(PASSWORD)!r}"
    assert repr(key)[2:-1] not in shown
    assert "encryptedContent" not in shown


# --- what a hostile store may hold ------------------------------------------------------------------------------------


def _sealed(count: int, *, algorithm: bytes = b"PBEWithMD5AndTripleDES", content: bytes = bytes(160)) -> SealedObject:
    parameters = b"\x30\x10\x04\x08" + bytes(range(8)) + b"\x02\x04" + struct.pack(">i", count)
    fields = {"encryptedContent": content, "encodedParams": parameters, "sealAlg": algorithm}
    return SealedObject("a", JavaObject("javax.crypto.SealedObject", dict(fields)))


@pytest.mark.parametrize("count", [0, -1, 300_001, 2**31 - 1])
def test_iterations_are_limited_before_they_are_made(count: int) -> None:
    with pytest.raises(MalformedKeystoreError, match="iteration"):
        _sealed(count).unseal(PASSWORD)


def test_a_sealed_key_that_no_java_made_is_refused() -> None:
    with pytest.raises(UnsupportedKeystoreError, match="not sealed as Java does it"):
        _sealed(1, algorithm=b"Other").unseal(PASSWORD)
    with pytest.raises(MalformedKeystoreError, match="larger than any real one"):
        _sealed(1, content=bytes(1 << 17)).unseal(PASSWORD)
    for sealed in (None, b"text", JavaObject("javax.crypto.SealedObject")):
        with pytest.raises(UnsupportedKeystoreError):
            SealedObject("a", sealed).unseal(PASSWORD)


def _read(content: bytes) -> object:
    return read(DataInput(b"\xac\xed\x00\x05" + content, StoreBudget("JCEKS")))


_CLASS = (
    b"\x72\x00\x01C"
    + bytes(8)
    + b"\x02\x00\x02"
    + b"L\x00\x01a\x74\x00\x02LX"
    + b"L\x00\x01b\x74\x00\x02LX"
    + b"\x78\x70"
)


def test_a_field_may_refer_back_to_another() -> None:
    """Handles: the class, two type names, the object, then its first string."""
    twice = b"\x73" + _CLASS + b"\x74\x00\x03AES" + b"\x71" + struct.pack(">I", 0x7E0004)
    assert _read(twice) == JavaObject("C", {"a": b"AES", "b": b"AES"})


@pytest.mark.parametrize("handle", [0x7E0000, 0x7E0063, 0, 0xFFFFFFFF])
def test_a_reference_to_nothing_or_to_a_class_is_nothing(handle: int) -> None:
    assert _read(b"\x73" + _CLASS + b"\x74\x00\x03AES" + b"\x71" + struct.pack(">I", handle)) == JavaObject(
        "C", {"a": b"AES", "b": None}
    )


def test_an_object_may_refer_to_itself() -> None:
    made = _read(b"\x73" + _CLASS + b"\x74\x00\x03AES" + b"\x71" + struct.pack(">I", 0x7E0003))
    assert isinstance(made, JavaObject)
    assert made.fields["b"] is made
    assert "AES" not in repr(made)
