"""The stored forms of a ciphertext and their grammar. Knows nothing of keys, nor of what a scheme means.

    ENC[RSA-OAEP-256,0123456789abcdef,<base64>]           Native: what this project stores
    ENC[JWE,0123456789ab,<compact JWE>]                   Envelope: what it stores under a content key
    <base64>                                              Bare: the Carbon repositories
    <base64 of {"c": …, "t": …, "tp": …, "tpd": …}>       SelfContained: Carbon user stores
    <base64 of {"cipherText": …, "iv": …}>                Symmetric: AES-GCM in newer Carbon products

Base64 is the standard alphabet, padded, on one line; nothing else is accepted, blanks included. A JWE has five parts in
base64url (RFC 7516, section 7.1), of which the second is empty.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.deferred import pattern
from ciphertool.errors import MalformedCiphertextError
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class Native(NamedTuple):
    """A self-describing ciphertext: its scheme, the id of its key (a hint, not a proof) and its bytes."""

    scheme: str
    key_id: str
    data: bytes

    def __repr__(self) -> str:
        return repr_of(self, "scheme", "key_id")

    def __str__(self) -> str:
        return f"ENC[{self.scheme},{self.key_id},{_encoded(self.data)}]"


class Envelope(NamedTuple):
    """A value under a content key: the content key's id, the JWE, and the content key as it is stored beside it.

    `wrapped` has its JWE for each recipient, by the id of the recipient's key; it is empty if the vault has lost it.
    """

    content_key: str
    token: str
    wrapped: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return repr_of(self, "content_key")

    def __str__(self) -> str:
        return f"ENC[{ENVELOPE},{self.content_key},{self.token}]"


class Bare(NamedTuple):
    """Bytes alone: the repository declares the scheme and the key."""

    data: bytes

    def __repr__(self) -> str:
        return repr_of(self)

    def __str__(self) -> str:
        return _encoded(self.data)


class SelfContained(NamedTuple):
    """A ciphertext with its transformation and its certificate's thumbprint (upper-case hex)."""

    data: bytes
    transformation: str
    thumbprint: str
    digest: str

    def __repr__(self) -> str:
        return repr_of(self, "transformation", "thumbprint", "digest")


class Symmetric(NamedTuple):
    """An AES-GCM ciphertext with its tag, and its initialisation vector."""

    data: bytes
    iv: bytes

    def __repr__(self) -> str:
        return repr_of(self, "transformation")

    def __str__(self) -> str:
        return _encoded(f'{{"cipherText":"{_encoded(self.data)}","iv":"{_encoded(self.iv)}"}}'.encode("ascii"))

    @property
    def transformation(self) -> str:
        """The JCA name of the transformation that makes such a ciphertext."""
        return "AES/GCM/NoPadding"


Ciphertext = Native | Envelope | Bare | SelfContained | Symmetric

ENVELOPE = "JWE"
"""What stands in place of a scheme in an `Envelope`."""

_NATIVE = pattern(
    r"ENC\[(?P<scheme>[A-Za-z0-9]++(?:-[A-Za-z0-9]++|(?!))*+),(?P<key_id>[0-9a-f]{16}),(?P<data>[^\],]++)\]"
)
_PART = "[A-Za-z0-9_-]++"
_ENVELOPE = pattern(rf"ENC\[{ENVELOPE},(?P<key>[0-9a-f]{{12}}),(?P<token>{_PART}\.\.{_PART}\.{_PART}\.{_PART})\]")
_WRAPPED = pattern(rf"{_PART}\.{_PART}\.{_PART}\.{_PART}\.{_PART}")


def parse(text: str) -> Ciphertext:
    """Parse a stored text; raise `MalformedCiphertextError`, which does not quote it, if it is not a ciphertext."""
    if text.startswith("ENC["):
        return parse_native(text)
    data = _decoded(text)
    if data.startswith(b"{"):
        members = _members(data)
        # One in 256 RSA ciphertexts starts with a brace, but none is a JSON document.
        return Bare(data) if members is None else _parse_members(members)
    return Bare(data)


def parse_native(text: str) -> Native | Envelope:
    """Parse a native ciphertext; raise `MalformedCiphertextError` for any other form."""
    if text.startswith(f"ENC[{ENVELOPE},"):
        match = _ENVELOPE.fullmatch(text)
        if match is None:
            raise MalformedCiphertextError(
                f"not of the form ENC[{ENVELOPE},<content key id>,<header>..<nonce>.<ciphertext>.<tag>]"
            )
        return Envelope(match["key"], match["token"])
    match = _NATIVE.fullmatch(text)
    if match is None:
        raise MalformedCiphertextError("not of the form ENC[<scheme>,<key id>,<base64>]")
    return Native(match["scheme"], match["key_id"], _decoded(match["data"]))


def is_wrapped_key(text: str) -> bool:
    """Return whether a text has the form of a content key that is encrypted to a recipient: a JWE of five parts."""
    return _WRAPPED.fullmatch(text) is not None


def _encoded(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _decoded(text: object) -> bytes:
    """Decode base64; accept only the canonical spelling, and no empty value."""
    try:
        data = binascii.a2b_base64(text.encode("ascii")) if isinstance(text, str) else b""
    except (binascii.Error, UnicodeEncodeError):
        data = b""
    if not data or _encoded(data) != text:
        raise MalformedCiphertextError("not padded standard base64 on one line")
    return data


def _members(data: bytes) -> dict[str, object] | None:
    """Return the members of a JSON object, or None if the data is not one."""
    import json  # lazy: only two foreign forms need it

    try:
        members = json.loads(data)
    except ValueError:
        return None
    except RecursionError:
        raise MalformedCiphertextError("JSON that is nested too deeply") from None
    return members if isinstance(members, dict) else None


def _parse_members(members: dict[str, object]) -> SelfContained | Symmetric:
    match members:
        case {"c": data, "t": str(transformation), "tp": str(thumbprint), "tpd": str(digest)} if len(members) == 4:
            if not transformation or re.fullmatch(r"(?:[0-9A-F]{2})+", thumbprint) is None or not digest:
                raise MalformedCiphertextError("a self-contained ciphertext with an odd transformation or thumbprint")
            return SelfContained(_decoded(data), transformation, thumbprint, digest)
        case {"cipherText": data, "iv": iv} if len(members) == 2:
            return Symmetric(_decoded(data), _decoded(iv))
    raise MalformedCiphertextError("a JSON document with other members than a ciphertext's")
