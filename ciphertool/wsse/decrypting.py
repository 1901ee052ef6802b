"""The encrypted parts of a message, put back in their places. Signatures are elsewhere.

Whatever goes wrong with a decryption, there is one error: anything more would help somebody who tries ciphertexts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import quoteattr

from ciphertool.engine import messages
from ciphertool.errors import DecryptionError, MessageSecurityError
from ciphertool.wsse.algorithms import Encryption, KeyTransport, short_name
from ciphertool.wsse.envelope import parse_fragment
from ciphertool.wsse.names import CONTENT, DS, ELEMENT, ENCRYPTED_DATA, SIGNATURE, TOKEN, XENC, XENC11, clark
from ciphertool.wsse.tokens import decode, read_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from ciphertool.wsse.envelope import Envelope
    from ciphertool.wsse.policy import MessagePolicy

_MOST_PARTS = 50
_OF_KEY = [clark(name) for name in ("xenc:EncryptionMethod", "ds:KeyInfo", "xenc:CipherData", "xenc:ReferenceList")]
_OF_DATA = [_OF_KEY[0], _OF_KEY[2]]
_CIPHER_VALUE, _DATA_REFERENCE = clark("xenc:CipherValue"), clark("xenc:DataReference")
_SHAPE = "encryption of the form that is read here"
_ALGORITHM = "only algorithms that the policy allows"
_DIGEST, _MASK = clark("ds:DigestMethod"), clark("xenc11:MGF")
_PARAMETERS: dict[KeyTransport, tuple[dict[str, str], ...]] = {
    KeyTransport.RSA_OAEP: ({_DIGEST: f"{XENC}sha256", _MASK: f"{XENC11}mgf1sha256"},),
    KeyTransport.RSA_OAEP_MGF1P: ({}, {_DIGEST: f"{DS}sha1"}),
    KeyTransport.RSA_1_5: ({},),
}
"""What each method may state beside its name."""


class Encrypted(NamedTuple):
    """An encrypted part, and where it stands."""

    data: etree._Element
    parent: etree._Element
    encryption: Encryption
    content: bool
    alone: bool
    """Whether it is all that its parent has."""


def unreadable() -> MessageSecurityError:
    """Return the one error for everything that does not decrypt."""
    return MessageSecurityError("content that decrypts with the key of the policy, and is then valid")


def encrypted_parts(
    key: etree._Element,
    envelope: Envelope,
    security: etree._Element,
    ids: Mapping[str, etree._Element],
    policy: MessagePolicy,
) -> list[Encrypted]:
    """Return the parts that an EncryptedKey encrypts; raise `MessageSecurityError` for another form or algorithm."""
    _require([part.tag for part in key] == _OF_KEY and 1 <= len(key[3]) <= _MOST_PARTS)
    found: list[Encrypted] = []
    for reference in key[3]:
        uri = reference.get("URI", "")
        data = ids.get(uri[1:]) if uri.startswith("#") else None
        _require(reference.tag == _DATA_REFERENCE and data is not None and data.tag == ENCRYPTED_DATA)
        assert data is not None  # noqa: S101 - required above
        parent = data.getparent()
        method, *_, cipher = data if len(data) >= 2 else (data, data)
        tags = [part.tag for part in data if part.tag != _OF_KEY[1]]
        _require(parent is not None and tags == _OF_DATA and len(data) <= 3 and not len(method))
        _require([part.tag for part in cipher] == [_CIPHER_VALUE] and all(data is not one.data for one in found))
        assert parent is not None  # noqa: S101
        content = data.get("Type") == CONTENT
        _require(content or data.get("Type") == ELEMENT)
        if parent is security:
            _require(not content)
        elif parent is not envelope.body and envelope.body not in parent.iterancestors():
            raise MessageSecurityError("encrypted parts only in its Body, or of its Security header")
        alone = len(parent) == 1 and not (parent.text or "").strip() and not (data.tail or "").strip()
        found.append(Encrypted(data, parent, _encryption(method, policy), content, alone))
    return found


def decrypt(
    key: etree._Element,
    parts: list[Encrypted],
    security: etree._Element,
    ids: Mapping[str, etree._Element],
    policy: MessagePolicy,
) -> list[list[etree._Element]]:
    """Put the parts of an EncryptedKey back in their places; return the elements of each. Raise `unreadable()`."""
    method, key_info, cipher, _ = key
    transport = _transport(method, policy)
    _require([part.tag for part in cipher] == [_CIPHER_VALUE])
    tokens = {name: one for name, one in ids.items() if one.tag == TOKEN and one.getparent() is security}
    if policy.keystore is None:
        raise unreadable()
    identity = policy.identity
    chain, _token = read_reference(key_info, tokens, (identity.names,))
    if chain[:1] != (identity.names.certificate,):
        raise unreadable()
    wrapped, found = decode(cipher[0]), []
    for part in parts:
        encryption = short_name(part.encryption)
        content_key = messages.unwrap(wrapped, identity.private, short_name(transport), encryption)
        value = decode(next(part.data.iter(_CIPHER_VALUE)))
        try:
            plaintext = messages.decrypt(value, content_key, encryption)
            elements = _put_back(part, plaintext)
        except (DecryptionError, MessageSecurityError):
            raise unreadable() from None
        if part.parent is security and [one.tag for one in elements] != [SIGNATURE]:
            raise unreadable()
        found.append(elements)
    return found


def _encryption(method: etree._Element, policy: MessagePolicy) -> Encryption:
    name = method.get("Algorithm")
    for encryption in Encryption:
        if name == encryption.value and name in policy.readable:
            return encryption
    raise MessageSecurityError(_ALGORITHM)


def _transport(method: etree._Element, policy: MessagePolicy) -> KeyTransport:
    name = method.get("Algorithm")
    stated = {str(one.tag): one.get("Algorithm", "") for one in method}
    for transport, parameters in _PARAMETERS.items():
        if name == transport.value and name in policy.readable and len(stated) == len(method) and stated in parameters:
            return transport
    raise MessageSecurityError(_ALGORITHM)


def _put_back(part: Encrypted, plaintext: bytes) -> list[etree._Element]:
    """Replace encrypted data by what it stands for, parsed where it stands: with the prefixes that are known there."""
    data, parent = part.data, part.parent
    prefixes = (f" xmlns{':' if prefix else ''}{prefix or ''}={quoteattr(uri)}" for prefix, uri in parent.nsmap.items())
    parsed = parse_fragment(f"<content{''.join(prefixes)}>".encode() + plaintext + b"</content>")
    elements = list(parsed)
    if not part.content and (len(elements) != 1 or (parsed.text or "").strip() or (elements[0].tail or "").strip()):
        raise unreadable()
    place, tail = parent.index(data), data.tail or ""
    parent.remove(data)
    if elements:
        elements[-1].tail = (elements[-1].tail or "") + tail
    _append_text(parent, place, (parsed.text or "") + ("" if elements else tail))
    parent[place:place] = elements
    return elements


def _append_text(parent: etree._Element, place: int, text: str) -> None:
    """Append text to what stands before the child number `place`."""
    if place:
        parent[place - 1].tail = (parent[place - 1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def _require(condition: bool) -> None:
    if not condition:
        raise MessageSecurityError(_SHAPE)
