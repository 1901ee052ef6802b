"""The grammar of stored ciphertexts."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.ciphertext import Bare, Native, SelfContained, Symmetric, parse, parse_native
from ciphertool.errors import MalformedCiphertextError

DATA = bytes(range(256))
TEXT = base64.b64encode(DATA).decode()
KEY_ID = "0123456789abcdef"
CANARY = "c4n4ry"


def _json(**members: object) -> str:
    return base64.b64encode(json.dumps(members).encode()).decode()


@given(
    st.binary(min_size=1), st.from_regex(r"[A-Z0-9]+(-[A-Z0-9]+)*", fullmatch=True), st.binary(min_size=8, max_size=8)
)
def test_a_native_ciphertext_is_read_as_written(data: bytes, scheme: str, key_id: bytes) -> None:
    native = Native(scheme, key_id.hex(), data)
    assert parse(str(native)) == parse_native(str(native)) == native


@given(st.binary(min_size=1).filter(lambda data: not data.startswith(b"{")))
def test_a_bare_ciphertext_is_read_as_written(data: bytes) -> None:
    assert parse(str(Bare(data))) == Bare(data)
    assert str(Bare(data)) == base64.b64encode(data).decode()


def test_the_native_form() -> None:
    text = f"ENC[RSA-OAEP-256,{KEY_ID},{TEXT}]"
    assert parse(text) == Native("RSA-OAEP-256", KEY_ID, DATA)
    assert str(parse(text)) == text


def test_the_self_contained_form() -> None:
    transformation, thumbprint = "RSA/ECB/OAEPwithSHA1andMGF1Padding", "6BF8E136EB36D4A56EA05C7AE4B9A45B63BF975D"
    text = _json(c=TEXT, t=transformation, tp=thumbprint, tpd="SHA-1")
    assert parse(text) == SelfContained(DATA, transformation, thumbprint, "SHA-1")


def test_the_symmetric_form() -> None:
    iv = base64.b64encode(b"i" * 128).decode()
    assert parse(_json(cipherText=TEXT, iv=iv)) == Symmetric(DATA, b"i" * 128)


@pytest.mark.parametrize("data", [b"{", b"{\x80\xff", b"{]", b'{"c": 1'])
def test_a_bare_ciphertext_may_start_with_a_brace(data: bytes) -> None:
    assert parse(str(Bare(data))) == Bare(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CANARY + "!",
        f"[{CANARY}]",
        f" {TEXT}",
        f"{TEXT}\n",
        f"{TEXT[:76]}\n{TEXT[76:]}",
        TEXT.rstrip("="),
        TEXT + "=",
        "YR==",  # the last bits are not zero
        "YWJj\u0661",
        base64.urlsafe_b64encode(b"\xff\xff\xff").decode(),
        "ENC[",
        f"ENC[{TEXT}]",
        f"ENC[RSA-OAEP-256,{KEY_ID},{TEXT}",
        f"ENC[RSA-OAEP-256,{KEY_ID},{TEXT}]\n",
        f"ENC[RSA-OAEP-256,{KEY_ID},{TEXT}] ",
        f"ENC[RSA-OAEP-256, {KEY_ID}, {TEXT}]",
        f"ENC[RSA-OAEP-256,{KEY_ID.upper()},{TEXT}]",
        f"ENC[RSA-OAEP-256,{KEY_ID[1:]},{TEXT}]",
        f"ENC[RSA-OAEP-256,{KEY_ID},]",
        f"ENC[RSA-OAEP-256,{KEY_ID},{TEXT.rstrip('=')}]",
        f"ENC[RSA/ECB/PKCS1Padding,{KEY_ID},{TEXT}]",
        f"ENC[,{KEY_ID},{TEXT}]",
        f"ENC[RSA-OAEP-256,{KEY_ID},{TEXT}]ENC[RSA-OAEP-256,{KEY_ID},{TEXT}]",
        _json(),
        _json(a=CANARY),
        _json(c=TEXT, t="RSA", tp="AB"),
        _json(c=TEXT, t="RSA", tp="AB", tpd="SHA-1", more=1),
        _json(c=TEXT, t="", tp="AB", tpd="SHA-1"),
        _json(c=TEXT, t="RSA", tp="ab", tpd="SHA-1"),
        _json(c=TEXT, t="RSA", tp="ABC", tpd="SHA-1"),
        _json(c=TEXT, t="RSA", tp="AB", tpd=""),
        _json(c=CANARY + "!", t="RSA", tp="AB", tpd="SHA-1"),
        _json(c=1, t="RSA", tp="AB", tpd="SHA-1"),
        _json(cipherText=TEXT, iv=TEXT, more=1),
        _json(cipherText=TEXT, iv=""),
        _json(cipherText=TEXT, iv=None),
        _json(cipherText="", iv=TEXT),
        base64.b64encode(b'{"a":' + b"[" * 100_000).decode(),
    ],
)
def test_anything_else_is_refused_and_never_quoted(text: str) -> None:
    with pytest.raises(MalformedCiphertextError) as e:
        parse(text)
    assert CANARY not in f"{e.value}{e.value!r}{e.value.hint}{e.value.__cause__}"
    assert e.value.__cause__ is None
    assert e.value.__suppress_context__ or e.value.__context__ is None


@pytest.mark.parametrize("text", [TEXT, _json(cipherText=TEXT, iv=TEXT), "ENC", ""])
def test_another_form_is_no_native_one(text: str) -> None:
    with pytest.raises(MalformedCiphertextError) as e:
        parse_native(text)
    assert "ENC[<scheme>,<key id>,<base64>]" in e.value.reason


@given(st.text())
def test_any_text_is_a_ciphertext_or_the_one_error(text: str) -> None:
    for wrapped in (text, f"ENC[{text}]", f"ENC[RSA,{KEY_ID},{text}]"):
        try:
            ciphertext = parse(wrapped)
        except MalformedCiphertextError:
            continue
        assert isinstance(ciphertext, Bare | Native)
        assert str(ciphertext) == wrapped


def test_no_bytes_show_in_a_repr() -> None:
    data = CANARY.encode()
    for ciphertext in (Native("RSA", KEY_ID, data), Bare(data), SelfContained(data, "RSA", "AB", "SHA-1")):
        assert CANARY not in repr(ciphertext)
    assert CANARY not in repr(Symmetric(data, data))
