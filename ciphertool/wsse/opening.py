"""Reads a message: decrypts it, verifies it, and returns what was verified, and nothing else of it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from lxml import etree

from ciphertool.errors import ConfigError, MessageSecurityError
from ciphertool.wsse import decrypting
from ciphertool.wsse.envelope import ids, parse, parse_fragment, require_plain, security_header, take_apart
from ciphertool.wsse.messages import OpenedMessage
from ciphertool.wsse.names import CONFIRMATION, ENCRYPTED_DATA, ENCRYPTED_KEY, SIGNATURE, TIMESTAMP, TOKEN
from ciphertool.wsse.policy import MessagePolicy, Part
from ciphertool.wsse.timestamps import require_valid
from ciphertool.wsse.tokens import decode
from ciphertool.wsse.verifying import SignedPart, Verified, canonical, verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.wsse.messages import SecuredMessage

_MOST_KEYS = 10


def open(  # noqa: A001 - what it does
    message: bytes | str | etree._Element, policy: MessagePolicy, *, request: SecuredMessage | None = None
) -> OpenedMessage:
    """Return what a message has that meets a policy; `request` is the message that it answers, if it does.

    Raise `MessageSecurityError` if the message does not have what the policy demands, and `ConfigError` or
    `KeystoreError` if the policy itself cannot be used.
    """
    if policy.require_signed and policy.truststore is None:
        raise ConfigError("the policy needs a truststore, which says whose signatures count")
    if policy.require_encrypted:
        policy.identity  # noqa: B018 - raises if there is no key, whatever the message
    reading = _Reading(message, policy)
    try:
        reading.process()
        return reading.result(request)
    except MessageSecurityError:
        if reading.guessable:
            raise decrypting.unreadable() from None
        raise


class _Reading:
    """One message, and what is known of it so far. Its Security header is processed from top to bottom."""

    def __init__(self, message: bytes | str | etree._Element, policy: MessagePolicy) -> None:
        self._policy = policy
        self._root = parse(message, policy.most_bytes)
        self._envelope = take_apart(self._root)
        if policy.require_signed or policy.require_encrypted or self._envelope.header is not None:
            self._security = security_header(self._envelope, policy.actor)
        else:
            raise MessageSecurityError("a Security header")
        self._ids = ids(self._root)
        self._verified: Verified | None = None
        self._timestamp: etree._Element | None = None
        self._keys = 0
        self._late = False
        """Whether parts were decrypted that the signature covers as ciphertext."""
        self._encrypted: set[Part | etree._Element] = set()
        self.guessable = False
        """Whether refusals could tell what is in a ciphertext, so that they must all be alike."""

    def process(self) -> None:
        """Decrypt and verify; raise `MessageSecurityError` for what is not read here."""
        done: set[etree._Element] = set()
        while (current := next((one for one in self._security if one not in done), None)) is not None:
            done.add(current)
            if current.tag == TIMESTAMP and self._timestamp is None:
                self._timestamp = current
            elif current.tag == SIGNATURE and self._verified is None:
                self._verified = verify(current, self._envelope, self._security, self._ids, self._policy)
            elif current.tag == ENCRYPTED_KEY and self._keys < _MOST_KEYS:
                self._decrypt(current)
            elif current.tag not in (TOKEN, CONFIRMATION):
                raise MessageSecurityError(
                    "only what is read here in its Security header",
                    "one Timestamp, one Signature, encrypted keys, X.509 tokens, and signature confirmations",
                )
        if next(self._root.iter(ENCRYPTED_DATA), None) is not None and self._keys == 0:
            raise decrypting.unreadable()

    def _decrypt(self, key: etree._Element) -> None:
        self._keys += 1
        self._late = self._verified is not None
        parts = decrypting.encrypted_parts(key, self._envelope, self._security, self._ids, self._policy)
        for part in parts:
            if not part.encryption.authenticates and not self._covers(part.data):
                if not self._policy.unsigned_cbc:
                    raise MessageSecurityError("a signature over its ciphertext, before the key that decrypts AES-CBC")
                self.guessable = True
        decrypted = decrypting.decrypt(key, parts, self._security, self._ids, self._policy)
        require_plain(self._root)
        self._ids = ids(self._root)
        for part, elements in zip(parts, decrypted, strict=True):
            if part.parent is self._security:
                self._encrypted.add(Part.SIGNATURE)
            elif part.content and part.alone and part.parent is self._envelope.body:
                self._encrypted.add(Part.BODY)
            elif not part.content:
                self._encrypted.update(elements)

    def _covers(self, element: etree._Element) -> bool:
        """Return whether the signature that was verified covers an element."""
        parts = self._verified.parts if self._verified else {}
        return element in parts or any(one in parts for one in element.iterancestors())

    def result(self, request: SecuredMessage | None) -> OpenedMessage:
        """Return what was verified; raise `MessageSecurityError` if it is less than the policy demands."""
        signed, encrypted = self._require_parts()
        times = None if self._timestamp is None else require_valid(self._timestamp, self._policy)
        if request is not None and self._policy.confirm:
            self._require_confirmation(request)
        if self._policy.replays is not None and self._verified is not None and times is not None:
            now = self._policy.clock()
            message = sha256(self._verified.signer + self._verified.value).digest()
            if not self._policy.replays.is_new(message, now, times[1] + self._policy.skew):
                raise MessageSecurityError("content that is new", "it was read before")
        envelope, body, headers = self._rebuild()
        created, expires = times or (None, None)
        return OpenedMessage(
            envelope,
            body,
            headers,
            self._verified.signer if self._verified else None,
            self._verified.value if self._verified else None,
            created,
            expires,
            signed,
            encrypted,
        )

    def _require_parts(self) -> tuple[frozenset[str], frozenset[str]]:
        demanded = {*self._policy.require_signed, *([Part.BODY] if self._verified else ())}
        for part in sorted(demanded, key=_name):
            found = self._elements(part)
            if not found or self._verified is None or not all(one in self._verified.parts for one in found):
                raise MessageSecurityError(f"a trusted signature over its {_name(part)}")
        for part in self._policy.require_encrypted:
            if not self._is_encrypted(part):
                raise MessageSecurityError(f"an encrypted {_name(part)}")
        signed = {_local(element) for element in (self._verified.parts if self._verified else ())}
        encrypted = {one.value if isinstance(one, Part) else _local(one) for one in self._encrypted}
        return frozenset(signed), frozenset(encrypted)

    def _elements(self, part: Part | str) -> Sequence[etree._Element]:
        """Return the elements that a part of the policy stands for."""
        if part is Part.BODY:
            return [self._envelope.body]
        if part is Part.TIMESTAMP:
            return [] if self._timestamp is None else [self._timestamp]
        if part is Part.TOKEN:
            token = self._verified.token if self._verified else None
            return [] if token is None else [token]
        header = self._envelope.header
        return [] if header is None else header.findall(str(part))

    def _is_encrypted(self, part: Part | str) -> bool:
        if isinstance(part, Part):
            return part in self._encrypted
        found = list(self._envelope.body.iter(part))
        return bool(found) and (Part.BODY in self._encrypted or all(one in self._encrypted for one in found))

    def _require_confirmation(self, request: SecuredMessage) -> None:
        found = self._security.findall(CONFIRMATION)
        parts = self._verified.parts if self._verified else {}
        if len(found) != 1 or found[0] not in parts or _value(found[0]) != (request.signature or b""):
            raise MessageSecurityError("a signed confirmation of the signature of its request")

    def _rebuild(self) -> tuple[etree._Element, etree._Element, tuple[etree._Element, ...]]:
        """Return a new envelope with the verified parts as they were signed, its body and its headers."""
        old = self._envelope
        envelope = etree.Element(old.root.tag, nsmap={"soap": old.soap})
        headers: tuple[etree._Element, ...] = ()
        parts = self._verified.parts if self._verified else {}
        if old.header is not None:
            header = etree.SubElement(envelope, old.header.tag)
            headers = tuple(parse_fragment(parts[one].octets) for one in old.header if one in parts)
            header.extend(headers)
        body = old.body if old.body not in parts else parse_fragment(self._octets(parts[old.body]))
        envelope.append(body)
        return envelope, body, headers

    def _octets(self, body: SignedPart) -> bytes:
        """Return the Body as it was signed; if that was as ciphertext, with what it decrypted to."""
        return canonical(self._envelope.body, body.prefixes) if self._late else body.octets


def _value(confirmation: etree._Element) -> bytes | None:
    holder = etree.Element("value")
    holder.text = confirmation.get("Value", "")
    return decode(holder)


def _name(part: Part | str) -> str:
    return part.value if isinstance(part, Part) else f"header {etree.QName(part).localname}"


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)
