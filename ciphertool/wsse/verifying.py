"""The signature of a message: what it covers, by whom it is, and whether it is right. Encryption is elsewhere.

A signature has one shape here: exclusive canonicalisation, references to ids in this message, and a certificate. All
other transforms, and anything from elsewhere, are refused. So a signed part is an element's canonical octets, which are
hashed here, and which are all that anybody reads of it afterwards: there are no two views of a message.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from ciphertool.engine import messages
from ciphertool.errors import MessageSecurityError
from ciphertool.wsse.algorithms import Digest, SignatureAlgorithm
from ciphertool.wsse.names import (
    CONFIRMATION,
    ENCRYPTED_KEY,
    EXCLUSIVE_C14N,
    SECURITY,
    TIMESTAMP,
    TOKEN,
    clark,
)
from ciphertool.wsse.tokens import decode, read_reference
from ciphertool.wsse.trust import DEMAND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ciphertool.wsse.envelope import Envelope
    from ciphertool.wsse.policy import MessagePolicy

_MOST_REFERENCES = 50
_PARTS = [clark(f"ds:{name}") for name in ("SignedInfo", "SignatureValue", "KeyInfo")]
_METHODS = [clark("ds:CanonicalizationMethod"), clark("ds:SignatureMethod")]
_REFERENCE = clark("ds:Reference")
_OF_REFERENCE = [clark(f"ds:{name}") for name in ("Transforms", "DigestMethod", "DigestValue")]
_TRANSFORM, _INCLUSIVE = clark("ds:Transform"), clark("ec:InclusiveNamespaces")
_SECURED = frozenset({TIMESTAMP, TOKEN, CONFIRMATION, ENCRYPTED_KEY})
_SHAPE = "a signature of the form that is read here"
_VALID = "a valid signature"
_ALGORITHM = "only algorithms that the policy allows"


class SignedPart(NamedTuple):
    """An element in canonical form, as it was signed; `prefixes` are those that count as used."""

    octets: bytes
    prefixes: Sequence[str]


class Verified(NamedTuple):
    """What a valid signature of a trusted signer covers."""

    signer: bytes
    value: bytes
    token: etree._Element | None
    parts: Mapping[etree._Element, SignedPart]


def verify(
    signature: etree._Element,
    envelope: Envelope,
    security: etree._Element,
    ids: Mapping[str, etree._Element],
    policy: MessagePolicy,
) -> Verified:
    """Return what a signature covers; raise `MessageSecurityError` unless it is valid and its signer is trusted."""
    _require([part.tag for part in signature] == _PARTS)
    info, value, key_info = signature
    _require(len(info) >= 3 and [part.tag for part in info[:2]] == _METHODS)
    signed_info = canonical(info, _prefixes(info[0]))
    digest = _digest(info[1], policy, SignatureAlgorithm)
    references = list(info[2:])
    _require(len(references) <= _MOST_REFERENCES)
    parts: dict[etree._Element, SignedPart] = {}
    for reference in references:
        element = _referenced(reference, ids)
        if not _stands_right(element, envelope, security):
            raise MessageSecurityError("signed parts only where they are read: Body, headers, parts of Security")
        _require(element not in parts)
        parts[element] = _part(reference, element, policy)
    tokens = {name: one for name, one in ids.items() if one.tag == TOKEN and one.getparent() is security}
    chain, token = read_reference(key_info, tokens, policy.trust.known)
    if not chain:
        raise MessageSecurityError(DEMAND, "the truststore has no certificate of the name that the signature states")
    policy.trust.require(chain, policy.clock())
    signed = decode(value)
    if not messages.verify(signed, signed_info, policy.trust.key(chain[0]), digest):
        raise MessageSecurityError(_VALID)
    return Verified(chain[0], signed, token, parts)


def canonical(element: etree._Element, prefixes: Sequence[str]) -> bytes:
    """Return an element by exclusive canonicalisation, without comments; `prefixes` count as used.

    Raise `MessageSecurityError` if it has no canonical form.
    """
    try:
        return etree.tostring(
            element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=[*prefixes] or None
        )
    except etree.C14NError:
        raise MessageSecurityError("only namespaces that are absolute names") from None


def _referenced(reference: etree._Element, ids: Mapping[str, etree._Element]) -> etree._Element:
    """Return the element that a reference names."""
    _require(reference.tag == _REFERENCE and [part.tag for part in reference] == _OF_REFERENCE)
    uri = reference.get("URI", "")
    element = ids.get(uri[1:]) if uri.startswith("#") else None
    if element is None:
        raise MessageSecurityError("references to parts of this message, each by its id")
    return element


def _part(reference: etree._Element, element: etree._Element, policy: MessagePolicy) -> SignedPart:
    """Return the octets of an element; raise `MessageSecurityError` unless they have the digest of its reference."""
    transforms, method, value = reference
    _require([one.tag for one in transforms] == [_TRANSFORM])
    digest = _digest(method, policy, Digest)
    prefixes = _prefixes(transforms[0])
    octets = canonical(element, prefixes)
    if not hmac.compare_digest(hashlib.new(digest, octets, usedforsecurity=False).digest(), decode(value)):
        raise MessageSecurityError(_VALID)
    return SignedPart(octets, prefixes)


def _stands_right(element: etree._Element, envelope: Envelope, security: etree._Element) -> bool:
    """Return whether an element stands where it is read: the Body, a header, or a child of this Security header."""
    if element is envelope.body:
        return True
    parent = element.getparent()
    if parent is security:
        return element.tag in _SECURED
    return parent is not None and parent is envelope.header and element.tag != SECURITY


def _prefixes(method: etree._Element) -> Sequence[str]:
    """Return the prefixes that a canonicalisation treats as used; raise `MessageSecurityError` if it is another one."""
    _require(method.get("Algorithm") == EXCLUSIVE_C14N and len(method) <= 1)
    if not len(method):
        return ()
    _require(method[0].tag == _INCLUSIVE and not len(method[0]))
    return method[0].get("PrefixList", "").split()


def _digest(method: etree._Element, policy: MessagePolicy, kind: type[SignatureAlgorithm] | type[Digest]) -> str:
    """Return the digest of an algorithm; raise `MessageSecurityError` if the policy does not allow it."""
    name = method.get("Algorithm", "")
    if name not in policy.readable or len(method):
        raise MessageSecurityError(_ALGORITHM)
    try:
        return kind(name).digest
    except ValueError:
        raise MessageSecurityError(_ALGORITHM) from None


def _require(condition: bool) -> None:
    if not condition:
        raise MessageSecurityError(_SHAPE)
