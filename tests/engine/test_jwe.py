"""JWE compact tokens: what RFC 7516 prints is read, one spelling of a token alone, and no header but the expected."""

from __future__ import annotations

import base64
import json
import string
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.engine import jwe
from ciphertool.errors import MalformedCiphertextError

KEY = bytes(range(32))
CANARY = "c4n4ry"
EXPECTED: dict[str, str | type] = {"alg": "dir", "iat": int, "alias": str}
HEADER = {"alg": "dir", "iat": 1, "alias": "a"}
ALPHABET = string.ascii_letters + string.digits + "-_"


def _sealed(wrapped: bytes = b"") -> list[str]:
    return jwe.seal('{"alg":"dir"}', b"plaintext", AESGCM(KEY), wrapped).split(".")


@given(st.binary())
def test_base64url_is_read_as_written(data: bytes) -> None:
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert jwe.encode(data) == text
    assert jwe.decode(text) == data


@given(st.text(ALPHABET, max_size=11))
def test_bytes_have_one_spelling(text: str) -> None:
    try:
        data = jwe.decode(text)
    except MalformedCiphertextError:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
        assert jwe.encode(data) != text
    else:
        assert jwe.encode(data) == text


@pytest.mark.parametrize(
    "text",
    ["+AAA", "/AAA", "AAA+", "AA==", "AAA=", "AA=A", "=", "====", "A", "AAAAA", "AB", "AAB", "AAAA ", " AAAA", "AA\nAA",
     "AAAA\n", "AA AA", "AA\x00A", "AAA\xe4", "AAA\u0661", "AAA\udc80", "AAA~", "AAA,", "AAA%",
     "AAAA\n\n\n\n", "A A A A ", "A~~~~AAA"],
)  # fmt: skip
def test_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(MalformedCiphertextError, match="not base64url") as e:
        jwe.decode(text)
    assert e.value.__context__ is None or e.value.__suppress_context__


def test_the_example_of_rfc_7516_decrypts() -> None:
    """Appendix A.1; the content key is the one printed in A.1.2, because the tag does not cover the encrypted one."""
    key = bytes.fromhex("b1a1f480548fe1733fb403ff6b9ad4f68a076e5b702e22692f82cb2e7aea40fc")
    token = (
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ..48V1_ALb6US04U3b."
        "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A.XFBoMYUZodetZdvTiFvSkQ"
    )
    parsed = jwe.parse(token, direct=True)
    assert json.loads(parsed.header) == {"alg": "RSA-OAEP", "enc": "A256GCM"}
    assert parsed.open(AESGCM(key)) == b"The true sign of intelligence is not knowledge but imagination."
    assert parsed.open(AESGCM(KEY)) is None


@given(st.binary(), st.binary(), st.dictionaries(st.text(), st.text() | st.integers()))
def test_a_token_is_read_as_written(plaintext: bytes, wrapped: bytes, header: dict[str, Any]) -> None:
    token = jwe.seal(jwe.write_json(header), plaintext, AESGCM(KEY), wrapped)
    assert token != jwe.seal(jwe.write_json(header), plaintext, AESGCM(KEY), wrapped)
    parsed = jwe.parse(token, direct=not wrapped)
    assert (json.loads(parsed.header), parsed.wrapped, parsed.open(AESGCM(KEY))) == (header, wrapped, plaintext)
    assert token.split(".")[0].encode() == parsed.protected


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7])
def test_a_token_has_five_parts(count: int) -> None:
    token = ".".join([*_sealed(), "AAAA", "AAAA"][:count])
    with pytest.raises(MalformedCiphertextError, match="five parts"):
        jwe.parse(token, direct=True)


def test_only_a_key_that_is_not_used_directly_is_encrypted() -> None:
    """The part is not authentic: a reader that ignored it would accept many tokens for one."""
    with pytest.raises(MalformedCiphertextError, match="with an encrypted key"):
        jwe.parse(".".join(_sealed(b"x")), direct=True)
    with pytest.raises(MalformedCiphertextError, match="without an encrypted key"):
        jwe.parse(".".join(_sealed()), direct=False)


@pytest.mark.parametrize("part", [2, 4])
@pytest.mark.parametrize("change", [-1, 1, 4])
def test_nonce_and_tag_have_one_length(part: int, change: int) -> None:
    """Shortened tags are tags, for a library that takes them; a nonce of another length is hashed into one."""
    parts = _sealed()
    parts[part] = jwe.encode((jwe.decode(parts[part]) + bytes(4))[: len(jwe.decode(parts[part])) + change])
    with pytest.raises(MalformedCiphertextError, match="a nonce or a tag of another length"):
        jwe.parse(".".join(parts), direct=True)


@pytest.mark.parametrize("part", range(5))
@pytest.mark.parametrize("added", ["=", "+", "/", " ", "\n", "A", "\u0661"])
def test_each_part_is_read_strictly(part: int, added: str) -> None:
    parts = [*_sealed(b"wrapped-x")]
    parts[part] += added * (5 - len(parts[part]) % 4 if added == "A" else 1)  # one more than a multiple of four
    with pytest.raises(MalformedCiphertextError):
        jwe.parse(".".join(parts), direct=False)


def test_the_expected_header_is_read() -> None:
    assert jwe.read_object(json.dumps(HEADER).encode(), "header", EXPECTED) == HEADER
    other_order = json.dumps(dict(reversed(HEADER.items())), indent=1).encode()
    assert jwe.read_object(other_order, "header", EXPECTED) == HEADER
    assert (
        jwe.read_object('{"alg":"dir","iat":1,"alias":"\\u00e4ä\\ud83d\\ude00"}'.encode(), "header", EXPECTED)["alias"]
        == "ää😀"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"alg": CANARY}, "alg is not dir"),
        ({"alg": "DIR"}, "alg is not dir"),
        ({"alg": None}, "alg is not dir"),
        ({"alg": ["dir"]}, "alg is not dir"),
        ({"alg": {"dir": CANARY}}, "alg is not dir"),
        ({"iat": True}, "iat is not int"),
        ({"iat": "1"}, "iat is not int"),
        ({"iat": 1.0}, "iat is not int"),
        ({"iat": float("nan")}, "iat is not int"),
        ({"iat": None}, "iat is not int"),
        ({"iat": [1]}, "iat is not int"),
        ({"alias": 1}, "alias is not str"),
        ({"alias": [CANARY]}, "alias is not str"),
        ({"alias": {CANARY: CANARY}}, "alias is not str"),
        ({"alias": None}, "alias is not str"),
        ({"zip": "DEF"}, "members other than alg, iat, alias"),
        ({"crit": ["alias"]}, "members other than"),
        ({"crit": []}, "members other than"),
        ({"jwk": {}}, "members other than"),
        ({CANARY: CANARY}, "members other than"),
        ({"Alg": "dir"}, "members other than"),
        ({"": ""}, "members other than"),
    ],
)
def test_a_header_with_another_member_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(MalformedCiphertextError) as e:
        jwe.read_object(json.dumps(HEADER | changes).encode(), "header", EXPECTED)
    assert "a JWE with a header" in e.value.reason
    assert reason in e.value.reason
    assert CANARY not in f"{e.value}{e.value.hint}"


@pytest.mark.parametrize("name", HEADER)
def test_a_header_without_a_member_is_refused(name: str) -> None:
    data = json.dumps({other: value for other, value in HEADER.items() if other != name}).encode()
    with pytest.raises(MalformedCiphertextError, match=f"that has no {name}"):
        jwe.read_object(data, "header", EXPECTED)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"c4n4ry",
        b"null",
        b"1",
        b'"c4n4ry"',
        b"[]",
        b'[["alg","dir"],["iat",1],["alias","a"]]',
        b'{"alg":"dir","iat":1,"alias":"a"}x',
        b'{"alg":"dir","iat":1,"alias":"a"',
        '{"alg":"dir","iat":1,"alias":"a"}\u00a0'.encode(),
        b'\x0b{"alg":"dir","iat":1,"alias":"a"}',
        b'{"alg":"dir","alg":"dir","iat":1,"alias":"a"}',
        b'{"alg":"dir","iat":1,"alias":"a","\\u0061lias":"a"}',
        b'{"alg":"dir","iat":1,"alias":"c4n4ry\xff"}',
        b'{"alg":"dir","iat":1,"alias":"\xed\xa0\x80"}',
        b'{"alg":"dir","iat":1,"alias":"a\nb"}',
        b'{"alg":"dir","iat":1,"alias":"\\q"}',
        b"{'alg':'dir'}",
        b'\xef\xbb\xbf{"alg":"dir","iat":1,"alias":"a"}',
        '{"alg":"dir","iat":1,"alias":"a"}'.encode("utf-16"),
        '{"alg":"dir","iat":1,"alias":"a"}'.encode("utf-16-le"),
        '{"alg":"dir","iat":1,"alias":"a"}'.encode("utf-32"),
        b'{"alg":"dir","iat":%s,"alias":"a"}' % (b"9" * 5_000),
        b"[" * 100_000,
        b'{"alg":' * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedCiphertextError, match="not a JSON object, or has a member twice") as e:
        jwe.read_object(data, "header", EXPECTED)
    assert CANARY not in str(e.value)
    assert e.value.__context__ is None  # a parser's error holds the text
