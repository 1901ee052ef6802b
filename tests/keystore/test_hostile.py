"""A hostile keystore gives its entries or one KeystoreError, at little cost. scripts/fuzz-keystores tries far more."""

from __future__ import annotations

import tracemalloc
from random import Random

import pytest

from ciphertool.errors import KeystoreError, MalformedKeystoreError, NotAKeystoreError
from ciphertool.keystore import open_keystore

from .hostile import crafted, exercise, mutate, with_right_digest
from .vectors import NAMES, PASSWORD, VECTORS

# CPU time; twice what the limit allows, for machines slower than the one it is measured on.
_SECONDS = 2.0
# scrypt has its 64 MB from OpenSSL, which is not counted here.
_MEMORY = 100 << 20
_QUICK = [name for name in NAMES if not name.endswith(".jceks")]


@pytest.fixture(scope="module")
def hostile() -> dict[str, bytes]:
    return crafted()


@pytest.mark.parametrize("name", list(crafted(1000)))
def test_a_store_that_asks_for_too_much_is_refused_in_time(name: str, hostile: dict[str, bytes]) -> None:
    assert exercise(hostile[name]).seconds < _SECONDS


@pytest.mark.parametrize("name", list(crafted(1000)))
def test_a_store_that_asks_for_too_much_takes_little_memory(name: str, hostile: dict[str, bytes]) -> None:
    tracemalloc.start()
    try:
        exercise(hostile[name])
        assert tracemalloc.get_traced_memory()[1] < _MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", _QUICK)
def test_mutated_stores_are_read_or_refused(name: str) -> None:
    random, data = Random(name), (VECTORS / name).read_bytes()  # noqa: S311 - the same mutations each time
    for _ in range(15):
        mutated = mutate(data, random)
        exercise(mutated)
        exercise(with_right_digest(mutated))


@pytest.mark.parametrize("name", ["trusted.p12", "trusted.jks", "bouncy.bks", "secret.jceks", "openssl-clear-key.p12"])
def test_a_store_cut_anywhere_is_damaged(name: str) -> None:
    data = (VECTORS / name).read_bytes()
    for length in range(1, len(data), 7):
        with pytest.raises((MalformedKeystoreError, NotAKeystoreError)):
            open_keystore(VECTORS / name, PASSWORD, data=data[:length])


@pytest.mark.parametrize("name", ["trusted.p12", "trusted.jks", "bouncy.bks", "bouncy.uber", "secret.jceks"])
def test_every_flipped_bit_is_noticed(name: str) -> None:
    data = (VECTORS / name).read_bytes()
    entries = open_keystore(VECTORS / name, PASSWORD).entries
    for place in range(0, len(data), 101):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        try:
            # A flip in what says nothing, as the name of an algorithm's absent parameters, leaves the same entries.
            assert open_keystore(VECTORS / name, PASSWORD, data=bytes(flipped)).entries == entries
        except KeystoreError as error:
            assert error.path == VECTORS / name  # noqa: PT017 - a refusal is one of two right outcomes
