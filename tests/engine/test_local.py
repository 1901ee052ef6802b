"""The software key keeps the contract of keys."""

from __future__ import annotations

import pytest

from ciphertool.engine import Key, LocalKey
from ciphertool.testing import KeyContract
from tests.engine.vectors import key


class TestLocalKey(KeyContract):
    def key(self) -> Key:
        return LocalKey(key("1024"))


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_a_signature_is_of_the_data_alone(algorithm: str) -> None:
    """Other data has another signature; a key does not sign by an algorithm for decryption."""
    mine = LocalKey(key("2048"))
    assert mine.sign(b"one", algorithm) != mine.sign(b"two", algorithm)
    assert len(mine.sign(b"", algorithm)) == 256
