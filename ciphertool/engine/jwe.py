"""JWE compact serialization (RFC 7516) as the envelope uses it: A256GCM, and exactly the expected header.

It is read more strictly than the RFC asks: an unknown, missing or repeated header member, base64url that is padded or
whose unused bits are set, and a content key that is said to be used directly but comes with an encrypted one are all
refused, so that a token has one spelling that decrypts, and no header chooses what a reader does.
"""

from __future__ import annotations

import binascii
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import InvalidTag

from ciphertool.errors import MalformedCiphertextError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ENCRYPTION = "A256GCM"
"""AES-256 in Galois/Counter Mode (RFC 7518, section 5.3), the only content encryption."""
_NONCE, _TAG = 12, 16
write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""As `json.dumps`, which makes an encoder each time."""
write_text = json.encoder.encode_basestring
"""Return the JSON of a text, as `write_json` does."""
_STANDARD, _URL = b"+/", b"-_"
# What base64url lacks of the standard alphabet becomes no character of either.
_TO_STANDARD = bytes.maketrans(_URL + b"+/=", _STANDARD + b"???")
_TO_URL = bytes.maketrans(_STANDARD, _URL)
_LAST_OF = {2: b"AQgw", 3: b"AEIMQUYcgkosw048"}
"""The last characters, by the length modulo 4, that have no unused bit set."""
_read_json = json.JSONDecoder(object_pairs_hook=tuple).raw_decode
_BLANKS = " \t\r\n"


class Token(NamedTuple):
    """The parts of a token. `header` is JSON, and `protected` its text in the token, which the tag authenticates."""

    header: bytes
    protected: bytes
    wrapped: bytes
    nonce: bytes
    sealed: bytes

    def open(self, cipher: AESGCM) -> bytes | None:
        """Return the plaintext, or None if any part was not made with this key."""
        try:
            return cipher.decrypt(self.nonce, self.sealed, self.protected)
        except InvalidTag:
            return None


def encode(data: bytes) -> str:
    """Return base64url without padding (RFC 7515, section 2)."""
    return _in_url_alphabet(binascii.b2a_base64(data, newline=False))


def _in_url_alphabet(text: bytes) -> str:
    return text.translate(_TO_URL, b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of base64url without padding; raise `MalformedCiphertextError` for any other spelling."""
    return _decode(_in_standard_alphabet(text))


def _in_standard_alphabet(text: str) -> bytes:
    try:
        return text.encode("ascii").translate(_TO_STANDARD)
    except UnicodeEncodeError:
        raise _malformed("not base64url") from None


def _decode(text: bytes) -> bytes:
    left = len(text) % 4
    if left:
        if left == 1 or text[-1] not in _LAST_OF[left]:
            raise _malformed("not base64url")
        text += b"=" if left == 3 else b"=="
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise _malformed("not base64url") from None


def header_bytes(header: str) -> bytes:
    """Return the bytes of a header's JSON; half of a surrogate pair is escaped as JSON would escape it."""
    return header.encode("utf-8", "backslashreplace")


def seal(header: str, plaintext: bytes, cipher: AESGCM, wrapped: bytes = b"") -> str:
    """Return the token of a plaintext; the nonce is random, and the header, which is JSON, is authenticated."""
    protected = encode(header_bytes(header))
    nonce = os.urandom(_NONCE)
    sealed = cipher.encrypt(nonce, plaintext, protected.encode("ascii"))
    parts = [binascii.b2a_base64(part, newline=False) for part in (wrapped, nonce, sealed[:-_TAG], sealed[-_TAG:])]
    return f"{protected}.{_in_url_alphabet(b'.'.join(parts))}"


def parse(text: str, *, direct: bool) -> Token:
    """Return the parts of a token; raise `MalformedCiphertextError`.

    With `direct`, it has no encrypted key, and else it has one.
    """
    parts = _in_standard_alphabet(text).split(b".")
    if len(parts) != 5:
        raise _malformed("not of five parts")
    header, wrapped, nonce, ciphertext, tag = [_decode(part) if part else b"" for part in parts]
    if direct == bool(wrapped):
        raise _malformed(f"{'with' if direct else 'without'} an encrypted key")
    if len(nonce) != _NONCE or len(tag) != _TAG:
        raise _malformed(f"with a nonce or a tag of another length than that of {ENCRYPTION}")
    return Token(header, text[: len(parts[0])].encode("ascii"), wrapped, nonce, ciphertext + tag)


def read_object(data: bytes, what: str, expected: Mapping[str, str | type]) -> dict[str, Any]:
    """Return a JSON object with exactly these members, each of this text or of this type."""
    members = parse_object(data)
    if members is None:
        raise _malformed(f"with a {what} that is not a JSON object, or has a member twice")
    if members.keys() - expected.keys():
        raise _malformed(f"with a {what} that has members other than {', '.join(expected)}")
    for name, value in expected.items():
        if name not in members:
            raise _malformed(f"with a {what} that has no {name}")
        if members[name] != value if isinstance(value, str) else type(members[name]) is not value:
            wanted = value if isinstance(value, str) else value.__name__
            raise _malformed(f"with a {what} whose {name} is not {wanted}")
    return members


def parse_object(data: bytes) -> dict[str, Any] | None:
    """Return the members of a JSON object in UTF-8 that has each once, or None; an inner object is a tuple."""
    try:
        text = data.decode("utf-8").strip(_BLANKS)
        pairs, end = _read_json(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, tuple) or end != len(text):
        return None
    members = dict(pairs)
    return members if len(members) == len(pairs) else None


def _malformed(reason: str) -> MalformedCiphertextError:
    return MalformedCiphertextError(f"a JWE {reason}")
