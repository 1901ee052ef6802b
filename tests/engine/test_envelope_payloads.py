"""What an envelope may hold: a value and perhaps its spelling, in any spelling that JSON has for them."""

from __future__ import annotations

import time

import pytest

from ciphertool.engine import jwe
from ciphertool.engine.envelope import ContentKey
from ciphertool.errors import MalformedCiphertextError
from ciphertool.secret import Secret


def _sealed(key: ContentKey, payload: bytes) -> str:
    header = {"alg": "dir", "enc": jwe.ENCRYPTION, "kid": key.id, "alias": "a", "iat": int(time.time())}
    return jwe.seal(jwe.write_json(header), payload, key._cipher)


@pytest.mark.parametrize(
    ("payload", "spelling"),
    [
        (b'{"value":"x"}', None),
        (b' \t\r\n{ "value" : "\\u0078" }\n\t ', None),
        (b'{"value":"x","spelling":"\'x\'"}   ', "'x'"),
        (b'{"spelling":"","value":"x"}', ""),
    ],
)
def test_a_value_is_read_however_json_spells_it(payload: bytes, spelling: str | None) -> None:
    key = ContentKey.new()
    found = key.open("a", _sealed(key, payload))
    assert found.value == Secret("x")
    assert (None if found.spelling is None else found.spelling.reveal()) == spelling


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"   ",
        b"{}",
        b"x",
        b'"value"',
        b'["value"]',
        b'{"value":1}',
        b'{"value":"x"}{"value":"y"}',
        b'{"value":"x"} y',
        b'{"value":"x"}\x0c',
        b'{"value":"x"}\xc2\xa0',
        b'{"value":"x","spelling":null}',
        b'{"value":"x","more":"y"}',
        b'{"value":"x","spelling":"y","more":"z"}',
        b'{"spelling":"y"}',
        b'{"spelling":"y","more":"z"}',
        b'{"value":"\xff"}',
        b"[" * 100_000,
    ],
)
def test_anything_else_is_refused(payload: bytes) -> None:
    key = ContentKey.new()
    with pytest.raises(MalformedCiphertextError) as refused:
        key.open("a", _sealed(key, payload))
    assert refused.value.message == "not a ciphertext: a JWE whose payload is not a value and perhaps its spelling"
