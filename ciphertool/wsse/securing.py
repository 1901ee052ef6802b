"""Makes a message secure: a Timestamp, a signature, encryption, in a Security header."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lxml import etree

from ciphertool.engine import messages
from ciphertool.errors import ConfigError
from ciphertool.wsse.algorithms import KeyTransport, short_name
from ciphertool.wsse.building import child, element, id_of, new_id
from ciphertool.wsse.envelope import Envelope, actor_attribute, parse, take_apart
from ciphertool.wsse.messages import SecuredMessage
from ciphertool.wsse.names import (
    CONTENT,
    ELEMENT,
    EXCLUSIVE_C14N,
    PREFIXES,
    SECURITY,
    SIGNATURE,
    SOAP11,
    XENC,
    XENC11,
    clark,
)
from ciphertool.wsse.policy import MessagePolicy, Order, Part
from ciphertool.wsse.timestamps import write_timestamp
from ciphertool.wsse.tokens import write_reference
from ciphertool.wsse.verifying import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ciphertool.wsse.messages import OpenedMessage


def secure(
    envelope: bytes | str | etree._Element, policy: MessagePolicy, *, request: OpenedMessage | None = None
) -> SecuredMessage:
    """Return a SOAP message signed and encrypted by a policy; the envelope itself stays as it is.

    If it answers a `request`, it is encrypted for the one who signed that. Raise `ConfigError` if the envelope does not
    have the parts that the policy names, and a `KeystoreError` if a key or a certificate is not for its use.
    """
    writing = _Writing(take_apart(parse(envelope, policy.most_bytes)), policy, request)
    if policy.encrypt and policy.order is Order.ENCRYPT_THEN_SIGN:
        writing.encrypt()
    signature = writing.sign() if policy.sign else None
    if policy.encrypt and policy.order is Order.SIGN_THEN_ENCRYPT:
        writing.encrypt()
    return SecuredMessage(writing.root, signature)


class _Writing:
    """One message, and the Security header that it gets."""

    def __init__(self, envelope: Envelope, policy: MessagePolicy, request: OpenedMessage | None) -> None:
        self._policy, self._request = policy, request
        self._envelope, self.root = envelope, envelope.root
        header = envelope.header
        if header is None:
            header = etree.Element(f"{{{envelope.soap}}}Header", nsmap=envelope.root.nsmap)
            envelope.root.insert(0, header)
        self._header = header
        name = actor_attribute(envelope.soap)
        if any(one.get(name) == policy.actor for one in header.findall(SECURITY)):
            raise ConfigError("the message has a Security header already", hint="secure a message only once")
        prefixes = {prefix: PREFIXES[prefix] for prefix in ("wsse", "wsu")}
        self._security = etree.SubElement(header, SECURITY, nsmap=prefixes)
        self._security.set(f"{{{envelope.soap}}}mustUnderstand", "1" if envelope.soap == SOAP11 else "true")
        if policy.actor:
            self._security.set(name, policy.actor)
        self._timestamp = write_timestamp(policy)
        self._security.append(self._timestamp)

    def sign(self) -> bytes:
        """Add the signature, and return its value."""
        identity = self._policy.identity
        identity.require_signer(self._policy.clock())
        confirmation = self._confirm()
        signature = element("ds:Signature", Id=new_id("SIG"))
        info = child(signature, "ds:SignedInfo")
        child(info, "ds:CanonicalizationMethod", Algorithm=EXCLUSIVE_C14N)
        child(info, "ds:SignatureMethod", Algorithm=self._policy.signature.value)
        child(signature, "ds:SignatureValue")
        token = write_reference(
            self._security, _FIRST, signature, identity.names, self._policy.signer_reference, identity.issuers
        )
        place = _FIRST + (token is not None) + (confirmation is not None)
        signed = [one for part in self._policy.sign for one in self._signed(part, token)]
        signed += [confirmation] if confirmation is not None else []
        for one in signed:
            self._refer(info, one)
        self._security.insert(place, signature)
        value = messages.sign(canonical(info, ()), identity.private, self._policy.signature.digest)
        signature[1].text = b64encode(value).decode()
        return value

    def _confirm(self) -> etree._Element | None:
        if not self._policy.confirm or self._request is None:
            return None
        confirmation = element("wsse11:SignatureConfirmation")
        if self._request.signature is not None:
            confirmation.set("Value", b64encode(self._request.signature).decode())
        self._security.insert(_FIRST, confirmation)
        return confirmation

    def _signed(self, part: Part | str, token: etree._Element | None) -> Iterable[etree._Element]:
        if part is Part.BODY:
            return [self._envelope.body]
        if part is Part.TIMESTAMP:
            return [self._timestamp]
        if part is Part.TOKEN and token is not None:
            return [token]
        found = self._header.findall(str(part))
        if not found:
            raise ConfigError(f"the policy signs a header that the message does not have: {part}")
        return found

    def _refer(self, info: etree._Element, signed: etree._Element) -> None:
        reference = child(info, "ds:Reference", URI=f"#{id_of(signed, 'ID')}")
        transform = child(child(reference, "ds:Transforms"), "ds:Transform", Algorithm=EXCLUSIVE_C14N)
        prefixes = _prefixes(signed) if signed is self._envelope.body or signed.getparent() is self._header else []
        if prefixes:
            child(transform, "ec:InclusiveNamespaces", PrefixList=" ".join(prefixes))
        digest = self._policy.digest
        child(reference, "ds:DigestMethod", Algorithm=digest.value)
        hashed = hashlib.new(digest.digest, canonical(signed, prefixes), usedforsecurity=False).digest()
        child(reference, "ds:DigestValue").text = b64encode(hashed).decode()

    def encrypt(self) -> None:
        """Encrypt the parts, and add the key that decrypts them."""
        policy = self._policy
        recipient = policy.recipients.of(self._request.signer if self._request else None)
        recipient.valid_at(policy.clock())
        content_key = messages.new_key(short_name(policy.encryption))
        key = element("xenc:EncryptedKey", Id=new_id("EK"))
        _write_transport(child(key, "xenc:EncryptionMethod", Algorithm=policy.transport.value), policy.transport)
        token = write_reference(self._security, _FIRST, key, recipient.names, policy.recipient_reference)
        wrapped = messages.wrap(content_key, recipient.public, short_name(policy.transport))
        child(child(key, "xenc:CipherData"), "xenc:CipherValue").text = b64encode(wrapped).decode()
        references = child(key, "xenc:ReferenceList")
        for part in policy.encrypt:
            for one in self._encrypted(part):
                data = self._encrypt(one, content_key, content=part is Part.BODY, key_id=str(key.get("Id")))
                child(references, "xenc:DataReference", URI=f"#{data.get('Id')}")
        place = _FIRST + (token is not None)
        self._security.insert(place, key)

    def _encrypted(self, part: Part | str) -> list[etree._Element]:
        if part is Part.BODY:
            return [self._envelope.body]
        found = (
            self._security.findall(SIGNATURE) if part is Part.SIGNATURE else list(self._envelope.body.iter(str(part)))
        )
        if not found:
            raise ConfigError(f"the policy encrypts an element that the message does not have: {_name(part)}")
        return found

    def _encrypt(self, plain: etree._Element, key: bytes, *, content: bool, key_id: str) -> etree._Element:
        """Replace an element, or its content, by encrypted data, and return that."""
        data = element("xenc:EncryptedData", Id=new_id("ED"), Type=CONTENT if content else ELEMENT)
        child(data, "xenc:EncryptionMethod", Algorithm=self._policy.encryption.value)
        reference = child(child(data, "ds:KeyInfo"), "wsse:SecurityTokenReference")
        reference.set(_TOKEN_TYPE, _ENCRYPTED_KEY_TYPE)
        child(reference, "wsse:Reference", URI=f"#{key_id}")
        plaintext = _content(plain) if content else etree.tostring(plain, encoding="utf-8", with_tail=False)
        value = messages.encrypt(plaintext, key, short_name(self._policy.encryption))
        child(child(data, "xenc:CipherData"), "xenc:CipherValue").text = b64encode(value).decode()
        if content:
            plain[:] = [data]
            plain.text = None
        else:
            data.tail = plain.tail
            parent = plain.getparent()
            assert parent is not None  # noqa: S101 - a signature, or an element of the Body
            parent.replace(plain, data)
        return data


_FIRST = 1
"""Where in its Security header a message says what was done last, and is to be undone first: after the Timestamp."""
_TOKEN_TYPE = clark("wsse11:TokenType")
_ENCRYPTED_KEY_TYPE = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKey"


def _write_transport(method: etree._Element, transport: KeyTransport) -> None:
    if transport is KeyTransport.RSA_OAEP:
        child(method, "ds:DigestMethod", Algorithm=f"{XENC}sha256")
        child(method, "xenc11:MGF", Algorithm=f"{XENC11}mgf1sha256")


def _content(element: etree._Element) -> bytes:
    """Return what an element contains, as XML in UTF-8 with every prefix declared."""
    text = escape(element.text or "", {"\r": "&#13;"}).encode()
    return text + b"".join(_serialise(one) for one in element)


def _serialise(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="unicode").encode()


_DECLARED, _IN_VALUES = re.compile(r"""xmlns:([\w.-]++)="""), re.compile(r"""[>"\s]([\w.-]++):""")


def _prefixes(element: etree._Element) -> list[str]:
    """Return the prefixes that values in an element may use, such as that of `xsi:type`, for its canonicalisation.

    A signature covers the namespaces of the names that it covers, but not those of the prefixes that values have.
    """
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    used = {*_DECLARED.findall(text)}.intersection(_IN_VALUES.findall(text))
    return sorted(used) + (["#default"] if None in element.nsmap else [])


def _name(part: Part | str) -> str:
    return part.value if isinstance(part, Part) else part
