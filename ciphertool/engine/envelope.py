"""The envelope: values under a content key, which each recipient's RSA key opens. The form is in docs/envelope.md.

A content key is an encrypted JWK (RFC 7517, section 7) and a value a JWE under it, bound to its alias by the protected
header. Independent of files and vaults.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool.engine import jwe
from ciphertool.engine.keys import key_id
from ciphertool.engine.schemes import RSA_OAEP, RSA_OAEP_256, scheme_named
from ciphertool.errors import (
    ContentKeyError,
    DamagedValueError,
    DecryptionError,
    MalformedCiphertextError,
    MovedCiphertextError,
    ValueTooLongError,
)
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from typing import TypeGuard

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from ciphertool.engine.keys import Key

NAME = "JWE"
"""The name of the form in stored values, settings and messages."""
LIMIT = 1 << 20
"""The largest value, in bytes of UTF-8."""
WRAPPING = {
    RSA_OAEP_256: "RSA-OAEP-256",
    RSA_OAEP: "RSA/ECB/OAEPwithSHA1andMGF1Padding",
}
"""How a content key may be encrypted (RFC 7518, section 4.3), and the scheme of each."""
_KEY, _ID, _BLOCK = 32, 6, 64
_LATEST = 253_402_300_799
"""The last second of the year 9999."""
_PAYLOADS = {"value"}, {"value", "spelling"}


class Opened(NamedTuple):
    """A decrypted value; `spelling` is its text in the file if a rewriter would spell it in another way."""

    value: Secret
    spelling: Secret | None
    made: int
    """When it was encrypted, in seconds since 1970, as whoever encrypted it says."""


class ContentKey:
    """The key of some values of one vault. Its repr shows its id alone."""

    __slots__ = ("__key", "_cipher", "_start", "id")

    def __init__(self, identity: str, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.id = identity
        self._start = f'{{"alg":"dir","enc":"{jwe.ENCRYPTION}","kid":{jwe.write_text(identity)},"alias":'
        self.__key = key
        self._cipher = AESGCM(key)

    @classmethod
    def new(cls) -> ContentKey:
        """Return a random key with a random id."""
        return cls(os.urandom(_ID).hex(), os.urandom(_KEY))

    def __repr__(self) -> str:
        return f"ContentKey({self.id!r})"

    def __reduce__(self) -> tuple[type[ContentKey], tuple[str, bytes]]:
        raise TypeError("a content key is not pickled: it would lie in the clear")

    def duplicate(self) -> ContentKey:
        """Return a copy with its own cipher object: a lost thread may still hold OpenSSL's locks in this one."""
        return ContentKey(self.id, self.__key)

    def seal(self, alias: str, value: Secret, spelling: str | None = None) -> str:
        """Return the JWE of an alias's value; raise `ValueTooLongError` for more than `LIMIT` bytes.

        The payload is padded to a multiple of 64 bytes, so that its length says little.
        """
        kept = "" if spelling is None else f',"spelling":{jwe.write_text(spelling)}'
        data = f'{{"value":{jwe.write_text(value.reveal())}{kept}}}'.encode()
        if len(data) > LIMIT and (length := len(value.reveal_bytes())) > LIMIT:
            raise ValueTooLongError(NAME, None, length, LIMIT)
        return jwe.seal(self._header(alias, int(time.time())), data + b" " * (-len(data) % _BLOCK), self._cipher)

    def open(self, alias: str, token: str) -> Opened:
        """Return what a JWE holds for an alias.

        Raises `MovedCiphertextError` for the value of another alias, and another `DecryptionError` for one that is
        damaged or was not made with this key.
        """
        parsed = jwe.parse(token, direct=True)
        made = self._made(parsed.header, alias)
        made_for = alias
        if made is None:
            header = read_header(parsed.header, self.id)
            made, made_for = header["iat"], header["alias"]
        data = parsed.open(self._cipher)
        if data is None:
            raise DamagedValueError(self.id)
        if made_for != alias:
            raise MovedCiphertextError(alias, made_for)
        return _opened(data, made)

    def _header(self, alias: str, made: int) -> str:
        return f'{self._start}{jwe.write_text(alias)},"iat":{made}}}'

    def _made(self, header: bytes, alias: str) -> int | None:
        """Return the time in a header that is spelled as this module spells it; None for any other, perhaps a good one.

        A vault has thousands of them, and a JSON parser takes longer than the decryption.
        """
        digits = header[-11:-1]
        made = int(digits) if digits.isdigit() else 0
        return made if header == jwe.header_bytes(self._header(alias, made)) else None

    def seal_data(self, kind: str, data: bytes) -> str:
        """Return the JWE of data that is no alias's value. It opens as this kind alone, and never as a value."""
        header = {"alg": "dir", "enc": jwe.ENCRYPTION, "kid": self.id, "cty": kind}
        return jwe.seal(jwe.write_json(header), data, self._cipher)

    def open_data(self, kind: str, token: str) -> bytes:
        """Return the data of a kind; raise `MalformedCiphertextError` or `DamagedValueError`."""
        parsed = jwe.parse(token, direct=True)
        jwe.read_object(parsed.header, "header", {"alg": "dir", "enc": jwe.ENCRYPTION, "kid": self.id, "cty": kind})
        data = parsed.open(self._cipher)
        if data is None:
            raise DamagedValueError(self.id)
        return data

    def wrapped_for(self, recipient: Recipient) -> str:
        """Return the JWE in which a recipient finds this key."""
        members = {"kty": "oct", "alg": jwe.ENCRYPTION, "kid": self.id, "k": jwe.encode(self.__key)}
        return recipient.wrap(json.dumps(members, separators=(",", ":")).encode("ascii"))


class Recipient:
    """To whom content keys are encrypted: an RSA key, and the algorithm that it can undo."""

    def __init__(self, public: RSAPublicKey, algorithm: str = RSA_OAEP_256) -> None:
        self.public = public
        self.algorithm = algorithm
        self.id = key_id(public)

    def wrap(self, content_key: bytes) -> str:
        """Return the JWE of a content key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        once = AESGCM.generate_key(8 * _KEY)
        wrapped = scheme_named(WRAPPING[self.algorithm]).encrypting(self.public)(once, b"")
        header = jwe.write_json(_wrapping_header(self.algorithm, self.id))
        return jwe.seal(header, content_key, AESGCM(once), wrapped)


def _opened(payload: bytes, made: int) -> Opened:
    """Return what a payload says; it is authentic, so that only its maker can have made it other than it should be."""
    members = jwe.parse_object(payload) or {}
    if members.keys() in _PAYLOADS and all(map(_is_text, members.values())):
        spelling = Secret(members["spelling"]) if "spelling" in members else None
        return Opened(Secret(members["value"]), spelling, made)
    raise MalformedCiphertextError("a JWE whose payload is not a value and perhaps its spelling")


def _is_text(value: object) -> TypeGuard[str]:
    """Return whether a value is text without half of a surrogate pair, which JSON can spell but UTF-8 cannot."""
    if not isinstance(value, str):
        return False
    try:
        return value.isascii() or bool(value.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def read_header(header: bytes, content_key: str) -> dict[str, Any]:
    """Return the header of a value, `alias` and `iat` in it; raise `MalformedCiphertextError`.

    `content_key` is the id of the content key that the value names. Nothing is authentic before it is decrypted.
    """
    expected: dict[str, str | type] = {
        "alg": "dir",
        "enc": jwe.ENCRYPTION,
        "kid": content_key,
        "alias": str,
        "iat": int,
    }
    members = jwe.read_object(header, "header", expected)
    if not 0 <= members["iat"] <= _LATEST:
        raise MalformedCiphertextError("a JWE with a header whose iat is not a time")
    return members


def unwrap(token: str, content_key: str, key: Key, algorithm: str = RSA_OAEP_256) -> ContentKey:
    """Return the content key of an id from its JWE for a private key, or raise a `ContentKeyError`."""
    try:
        parsed = jwe.parse(token, direct=False)
        jwe.read_object(parsed.header, "header", _wrapping_header(algorithm, key.id))
    except MalformedCiphertextError as error:
        raise ContentKeyError(content_key, f"is {error.reason}") from None
    data = _unwrapped(parsed, key, algorithm)
    if data is None:
        raise ContentKeyError(content_key, f"does not decrypt with {algorithm}: damaged, or encrypted to another key")
    try:
        members = jwe.read_object(data, "key", {"kty": "oct", "alg": jwe.ENCRYPTION, "kid": content_key, "k": str})
        found = jwe.decode(members["k"])
    except MalformedCiphertextError as error:
        raise ContentKeyError(content_key, f"is {error.reason}") from None
    if len(found) != _KEY:
        raise ContentKeyError(content_key, f"is not of the length that {jwe.ENCRYPTION} needs")
    return ContentKey(content_key, found)


def _unwrapped(parsed: jwe.Token, key: Key, algorithm: str) -> bytes | None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        once = key.unwrap((parsed.wrapped,), WRAPPING[algorithm])[0]
    except DecryptionError:
        return None
    return parsed.open(AESGCM(once)) if len(once) == _KEY else None


def is_for(token: str, recipient: str, algorithm: str) -> bool:
    """Return whether the JWE of a content key says that it is a recipient's, and made by an algorithm.

    Only decryption proves it.
    """
    try:
        jwe.read_object(jwe.parse(token, direct=False).header, "header", _wrapping_header(algorithm, recipient))
    except MalformedCiphertextError:
        return False
    return True


def _wrapping_header(algorithm: str, recipient: str) -> dict[str, str]:
    return {"alg": algorithm, "enc": jwe.ENCRYPTION, "cty": "jwk+json", "kid": recipient}
