"""Envelopes: what is sealed opens, and nothing else does. Every bit of every part is flipped."""

from __future__ import annotations

import json
import pickle
import string
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st

from ciphertool.engine import LocalKey, jwe, scheme_named
from ciphertool.engine.envelope import LIMIT, WRAPPING, ContentKey, Recipient, unwrap
from ciphertool.errors import (
    ContentKeyError,
    DamagedValueError,
    DecryptionError,
    MalformedCiphertextError,
    MovedCiphertextError,
    ValueTooLongError,
)
from ciphertool.secret import Secret
from tests.engine.vectors import key

if TYPE_CHECKING:
    from collections.abc import Iterator

ID, OTHER_ID = "0123456789ab", "ba9876543210"
BITS = bytes(range(32))
CONTENT_KEY = ContentKey(ID, BITS)
PRIVATE = LocalKey(key("1024"))
RECIPIENT = Recipient(PRIVATE.public)
CANARY = "c4n4ry"
VALUE, ALIAS = f"{CANARY}-value", f"{CANARY}.alias"
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
ODD_ALIASES = ['a"b', "a\\b", '\\"', "a b", "ä.ö/€", "😀", "a'b", "{", "a=b:c", "\x7f", "\u2028", "\ud800", "x" * 4000]


def _opened(token: str, alias: str = ALIAS) -> str:
    return CONTENT_KEY.open(alias, token).value.reveal()


def _unwrapped(token: str) -> ContentKey:
    return unwrap(token, ID, PRIVATE)


def _flipped(token: str) -> Iterator[str]:
    """Yield a token with each bit of each of its parts flipped."""
    parts = [jwe.decode(part) for part in token.split(".")]
    for number, part in enumerate(parts):
        for position in range(8 * len(part)):
            changed = bytearray(part)
            changed[position // 8] ^= 1 << position % 8
            yield ".".join(map(jwe.encode, [*parts[:number], bytes(changed), *parts[number + 1 :]]))


def _respelled(token: str, others: range) -> Iterator[str]:
    """Yield a token with each of its characters replaced by others: those so many further in the alphabet."""
    for position, character in enumerate(token):
        for other in others if character != "." else ():
            instead = ALPHABET[(ALPHABET.index(character) + other) % 64]
            yield f"{token[:position]}{instead}{token[position + 1 :]}"


def _made(header: Any, payload: Any, *, key: bytes = BITS, wrapped: bytes = b"") -> str:
    """Return a token with any JSON, or these bytes, for header and payload."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    protected, nonce = jwe.encode(parts[0]), bytes(12)
    sealed = AESGCM(key).encrypt(nonce, parts[1], protected.encode())
    return ".".join([protected, *map(jwe.encode, (wrapped, nonce, sealed[:-16], sealed[-16:]))])


def _header(**changes: Any) -> dict[str, Any]:
    return {"alg": "dir", "enc": "A256GCM", "kid": ID, "alias": ALIAS, "iat": 1_800_000_000} | changes


def _shown(error: DecryptionError) -> str:
    return f"{error}{error.hint}{error!r}{vars(error)}"


# --- values ------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.text(st.characters(exclude_categories=["Cs"])))
@example("", None)
@example(' \n\x00"\\', '"""')
def test_a_value_comes_back_with_its_spelling(value: str, spelling: str | None) -> None:
    opened = CONTENT_KEY.open(ALIAS, CONTENT_KEY.seal(ALIAS, Secret(value), spelling))
    assert opened.value.reveal() == value
    assert (opened.spelling and opened.spelling.reveal()) == spelling or (spelling == "" == opened.spelling.reveal())  # type: ignore[union-attr]  # it is there
    assert abs(opened.made - time.time()) < 60


@given(st.text(st.characters(exclude_characters="}"), min_size=1))
def test_a_value_opens_under_its_alias(alias: str) -> None:
    token = CONTENT_KEY.seal(alias, Secret(VALUE))
    assert _opened(token, alias) == VALUE
    with pytest.raises(MovedCiphertextError) as e:
        _opened(token, f"{alias}x")
    assert (e.value.alias, e.value.made_for) == (f"{alias}x", alias)


@pytest.mark.parametrize("alias", ODD_ALIASES)
def test_an_alias_may_be_anything_that_a_vault_reads(alias: str) -> None:
    token = CONTENT_KEY.seal(alias, Secret(VALUE))
    assert _opened(token, alias) == VALUE
    header = json.loads(jwe.decode(token.split(".")[0]).decode("utf-8"))
    assert header == _header(alias=alias, iat=header["iat"])


def test_a_value_may_have_a_mebibyte() -> None:
    for character in ("x", "é", '"'):
        value = character * (LIMIT // len(character.encode()))
        assert _opened(CONTENT_KEY.seal(ALIAS, Secret(value))) == value
        with pytest.raises(ValueTooLongError) as e:
            CONTENT_KEY.seal(ALIAS, Secret(f"{value}x"))
        assert (e.value.length, e.value.limit, e.value.bits) == (LIMIT + 1, 1_048_576, None)
        assert "larger key" not in str(e.value.hint)


def test_lengths_say_little() -> None:
    """`{"value":""}` is 12 bytes: up to 52 more are one block."""
    lengths = [len(jwe.decode(CONTENT_KEY.seal(ALIAS, Secret("x" * n)).split(".")[3])) for n in range(120)]
    assert lengths == [64] * 53 + [128] * 64 + [192] * 3
    spelled = CONTENT_KEY.seal(ALIAS, Secret("x"), "y")
    assert len(jwe.decode(spelled.split(".")[3])) == 64


def test_equal_values_do_not_look_equal() -> None:
    tokens = [CONTENT_KEY.seal(ALIAS, Secret(VALUE)).split(".") for _ in range(50)]
    for part in (2, 3, 4):
        assert len({token[part] for token in tokens}) == 50


def test_every_flipped_bit_of_a_value_is_refused() -> None:
    token = CONTENT_KEY.seal(ALIAS, Secret(VALUE))
    count = 0
    for changed in _flipped(token):
        with pytest.raises((DamagedValueError, MalformedCiphertextError)) as e:
            _opened(changed)
        count += 1
        assert CANARY not in _shown(e.value)
    assert count == 8 * sum(len(jwe.decode(part)) for part in token.split(".")) > 1_000


def test_every_other_character_of_a_value_is_refused() -> None:
    token = CONTENT_KEY.seal(ALIAS, Secret(VALUE))
    for changed in _respelled(token, range(1, 64)):
        with pytest.raises((DamagedValueError, MalformedCiphertextError)):
            _opened(changed)


def test_a_value_that_is_cut_short_is_refused() -> None:
    token = CONTENT_KEY.seal(ALIAS, Secret(VALUE))
    for length in range(len(token)):
        with pytest.raises((DamagedValueError, MalformedCiphertextError)):
            _opened(token[:length])
        with pytest.raises((DamagedValueError, MalformedCiphertextError)):
            _opened(token[length + 1 :])


def test_an_authentic_value_with_an_encrypted_key_is_refused() -> None:
    with pytest.raises(MalformedCiphertextError, match="with an encrypted key"):
        _opened(_made(_header(), {"value": VALUE}, wrapped=b"x"))


def test_another_content_key_of_the_same_id_opens_nothing() -> None:
    token = CONTENT_KEY.seal(ALIAS, Secret(VALUE))
    with pytest.raises(DamagedValueError) as e:
        ContentKey(ID, BITS[::-1]).open(ALIAS, token)
    assert e.value.content_key == ID


def test_a_content_key_opens_no_value_that_names_another() -> None:
    with pytest.raises(MalformedCiphertextError, match=f"kid is not {OTHER_ID}"):
        ContentKey(OTHER_ID, BITS).open(ALIAS, CONTENT_KEY.seal(ALIAS, Secret(VALUE)))


@pytest.mark.parametrize(
    "header",
    [
        _header(alg="RSA-OAEP-256"),
        _header(alg="none"),
        _header(enc="A128GCM"),
        _header(enc="A256CBC-HS512"),
        _header(kid=OTHER_ID),
        _header(kid=f"{ID}x"),
        _header(zip="DEF"),
        _header(crit=["exp"]),
        _header(**{CANARY: CANARY}),
        _header(alias=[ALIAS]),
        _header(alias={"alias": ALIAS}),
        _header(alias=None),
        _header(iat=True),
        _header(iat="1800000000"),
        _header(iat=1.8e9),
        _header(iat=-1),
        _header(iat=10**12),
        *({name: value for name, value in _header().items() if name != missing} for missing in _header()),
        [_header()],
        1_800_000_000,
        json.dumps(_header()).replace('"alg"', '"alg":"dir","alg"').encode(),
        json.dumps(_header()).encode("utf-16"),
        b"[" * 50_000,
    ],
)
def test_an_authentic_header_of_another_shape_is_refused(header: Any) -> None:
    """Whoever can write a vault can make content keys of his own, so that even what is authentic is not trusted."""
    with pytest.raises(MalformedCiphertextError) as e:
        _opened(_made(header, {"value": VALUE}))
    assert CANARY not in _shown(e.value)


def test_the_order_of_members_and_blanks_are_the_makers_affair() -> None:
    header = json.dumps(dict(reversed(_header().items())), indent=2).encode()
    assert _opened(_made(header, {"value": VALUE})) == VALUE
    opened = CONTENT_KEY.open(ALIAS, _made(header, {"spelling": "s", "value": VALUE}))
    assert (opened.value.reveal(), opened.spelling and opened.spelling.reveal()) == (VALUE, "s")
    assert opened.made == 1_800_000_000


@pytest.mark.parametrize(
    ("alias", "members"), [('a","b":"c', '"a","b":"c"'), ("\\u0061", '"\\u0061"'), ("\\n", '"\\n"')]
)
def test_an_alias_is_never_compared_as_json_spells_it(alias: str, members: str) -> None:
    """A vault's header is read by its bytes first; these are such that only a parser knows what alias they state."""
    header = f'{{"alg":"dir","enc":"A256GCM","kid":"{ID}","alias":{members},"iat":1800000000}}'
    with pytest.raises((MovedCiphertextError, MalformedCiphertextError)):
        _opened(_made(header.encode(), {"value": VALUE}), alias)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        VALUE.encode(),
        [VALUE],
        VALUE,
        None,
        {},
        {"spelling": VALUE},
        {"value": None},
        {"value": 1},
        {"value": [VALUE]},
        {"value": {"value": VALUE}},
        {"value": VALUE, "spelling": None},
        {"value": VALUE, "spelling": 1},
        {"value": VALUE, "comment": VALUE},
        {"value": VALUE, "spelling": VALUE, "comment": VALUE},
        {"value": f"{VALUE}\ud800"},
        {"value": VALUE, "spelling": "\udfff"},
        b'{"value":"c4n4ry","value":"x"}',
        b'{"value":"c4n4ry\xff"}',
        b'{"value":"c4n4ry"}x',
        b'{"value":"c4n4ry\n"}',
        json.dumps({"value": VALUE}).encode("utf-16"),
        b"[" * 50_000,
    ],
)  # fmt: skip
def test_an_authentic_payload_of_another_shape_is_refused(payload: Any) -> None:
    with pytest.raises(MalformedCiphertextError, match="payload is not a value and perhaps its spelling") as e:
        _opened(_made(_header(), payload))
    assert CANARY not in _shown(e.value)
    assert e.value.__context__ is None


def test_the_alias_in_a_header_is_shown_only_if_it_is_authentic() -> None:
    token = _made(_header(alias=f"\x1b[31m{CANARY}-other"), {"value": "v"})
    with pytest.raises(MovedCiphertextError) as e:
        _opened(token, "a")
    assert e.value.made_for == f"\x1b[31m{CANARY}-other"
    assert f"made for '\\x1b[31m{CANARY}-other' and moved" in e.value.message
    with pytest.raises(DamagedValueError) as forged:
        ContentKey(ID, BITS[::-1]).open("a", token)
    assert CANARY not in _shown(forged.value)


# --- content keys ------------------------------------------------------------------------------------------------


def _jwk(**changes: Any) -> dict[str, Any]:
    return {"kty": "oct", "alg": "A256GCM", "kid": ID, "k": jwe.encode(BITS)} | changes


def _wrapped(jwk: Any, header: Any = None, algorithm: str = "RSA-OAEP-256", once: bytes = BITS) -> str:
    """Return any JWK, encrypted to the recipient with any header."""
    block = scheme_named(WRAPPING[algorithm]).encrypting(PRIVATE.public)(once, b"")
    header = header or {"alg": algorithm, "enc": "A256GCM", "cty": "jwk+json", "kid": PRIVATE.id}
    return _made(header, jwk, key=once if len(once) in (16, 24, 32) else BITS, wrapped=block)


@pytest.mark.parametrize("algorithm", WRAPPING)
def test_a_recipient_opens_what_is_wrapped_for_it(algorithm: str) -> None:
    made = ContentKey.new()
    token = made.wrapped_for(Recipient(PRIVATE.public, algorithm))
    opened = unwrap(token, made.id, PRIVATE, algorithm)
    assert opened.open("a", made.seal("a", Secret(VALUE))).value.reveal() == VALUE
    assert made.open("a", opened.seal("a", Secret(VALUE))).value.reveal() == VALUE
    assert opened.id == made.id
    header = json.loads(jwe.decode(token.split(".")[0]))
    assert header == {"alg": algorithm, "enc": "A256GCM", "cty": "jwk+json", "kid": RECIPIENT.id}


def test_content_keys_are_random() -> None:
    made = [ContentKey.new() for _ in range(50)]
    assert len({one.id for one in made}) == 50
    token = made[0].seal("a", Secret(VALUE))
    for other in made[1:]:
        with pytest.raises(DecryptionError):
            ContentKey.open(other, "a", token)
    assert len({made[0].wrapped_for(RECIPIENT).split(".")[part] for part in (1, 2, 3) for _ in range(10)}) == 30


def test_nothing_shows_a_content_key() -> None:
    assert repr(CONTENT_KEY) == str(CONTENT_KEY) == f"ContentKey({ID!r})"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(CONTENT_KEY)


def test_a_copy_opens_what_the_content_key_opens() -> None:
    copy = CONTENT_KEY.duplicate()
    assert copy is not CONTENT_KEY
    assert copy.open("a", CONTENT_KEY.seal("a", Secret(VALUE))).value.reveal() == VALUE


def test_every_flipped_bit_of_a_content_key_is_refused() -> None:
    token = CONTENT_KEY.wrapped_for(RECIPIENT)
    count = 0
    for changed in _flipped(token):
        with pytest.raises(ContentKeyError) as e:
            _unwrapped(changed)
        count += 1
        assert e.value.content_key == ID
    assert count == 8 * sum(len(jwe.decode(part)) for part in token.split(".")) > 2_500


def test_every_other_character_of_a_content_key_is_refused() -> None:
    token = CONTENT_KEY.wrapped_for(RECIPIENT)
    for changed in _respelled(token, range(1, 64, 21)):
        with pytest.raises(ContentKeyError):
            _unwrapped(changed)


def test_a_content_key_that_is_cut_short_is_refused() -> None:
    token = CONTENT_KEY.wrapped_for(RECIPIENT)
    for length in range(len(token)):
        with pytest.raises(ContentKeyError):
            _unwrapped(token[:length])


@pytest.mark.parametrize("stated", WRAPPING)
def test_the_settings_decide_the_algorithm_and_not_the_header(stated: str) -> None:
    """A header that says another is refused, and so is a key that is wrapped by another than its header says."""
    (other,) = set(WRAPPING) - {stated}
    with pytest.raises(ContentKeyError, match=f"alg is not {stated}"):
        unwrap(CONTENT_KEY.wrapped_for(Recipient(PRIVATE.public, other)), ID, PRIVATE, stated)
    header = {"alg": stated, "enc": "A256GCM", "cty": "jwk+json", "kid": PRIVATE.id}
    with pytest.raises(ContentKeyError, match=f"does not decrypt with {stated}"):
        unwrap(_wrapped(_jwk(), header, other), ID, PRIVATE, stated)


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "RSA1_5"},
        {"alg": "RSA-OAEP"},
        {"alg": "dir"},
        {"alg": "none"},
        {"enc": "A128GCM"},
        {"cty": "json"},
        {"kid": OTHER_ID},
        {"kid": None},
        {"zip": "DEF"},
        {"crit": []},
        {"alias": CANARY},
        {CANARY: CANARY},
    ],
)
def test_a_content_key_with_another_header_is_refused(changes: dict[str, Any]) -> None:
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "jwk+json", "kid": PRIVATE.id} | changes
    with pytest.raises(ContentKeyError, match="a JWE with a header") as e:
        _unwrapped(_wrapped(_jwk(), header))
    assert CANARY not in _shown(e.value)


@pytest.mark.parametrize(
    "jwk",
    [
        _jwk(kid=OTHER_ID),  # another content key, put under this one's id
        _jwk(kty="RSA"),
        _jwk(alg="A128GCM"),
        _jwk(alg="dir"),
        _jwk(use="enc"),
        _jwk(k=jwe.encode(BITS[:16])),
        _jwk(k=jwe.encode(BITS + b"x")),
        _jwk(k=""),
        _jwk(k=f"{jwe.encode(BITS)}="),
        _jwk(k=jwe.encode(BITS)[:-1] + "9"),
        _jwk(k=CANARY),
        _jwk(k=[jwe.encode(BITS)]),
        *({name: value for name, value in _jwk().items() if name != missing} for missing in _jwk()),
        [_jwk()],
        jwe.encode(BITS),
        BITS,
        b"[" * 50_000,
    ],
)
def test_an_authentic_content_key_of_another_shape_is_refused(jwk: Any) -> None:
    with pytest.raises(ContentKeyError) as e:
        _unwrapped(_wrapped(jwk))
    assert CANARY not in _shown(e.value)
    assert jwe.encode(BITS) not in _shown(e.value)
    assert e.value.__context__ is None or e.value.__suppress_context__
    assert e.value.reason.startswith("is ")


def test_the_shape_that_is_expected_opens() -> None:
    token = _wrapped(dict(reversed(_jwk().items())))
    assert _unwrapped(token).open("a", CONTENT_KEY.seal("a", Secret(VALUE))).value.reveal() == VALUE


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_the_key_of_a_content_key_has_one_length(length: int) -> None:
    with pytest.raises(ContentKeyError, match="does not decrypt"):
        _unwrapped(_wrapped(_jwk(), once=bytes(length)))


def test_another_private_key_is_told_from_the_header() -> None:
    with pytest.raises(ContentKeyError, match="kid is not"):
        unwrap(CONTENT_KEY.wrapped_for(RECIPIENT), ID, LocalKey(key("2048")))
    with pytest.raises(ContentKeyError, match="damaged, or encrypted to another key"):
        unwrap(_rekeyed(CONTENT_KEY.wrapped_for(RECIPIENT)), ID, LocalKey(key("2048")))


def _rekeyed(token: str) -> str:
    """Return a content key whose header claims that it is for another key."""
    header = json.loads(jwe.decode(token.split(".")[0])) | {"kid": LocalKey(key("2048")).id}
    return ".".join([jwe.encode(json.dumps(header).encode()), *token.split(".")[1:]])
