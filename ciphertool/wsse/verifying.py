"""The signature of a message: what it covers, by whom it is, and whether it is right. Encryption is elsewhere.

A signature has one shape here: exclusive canonicalisation, references to ids in this message, and a certificate. All
other transforms, and anything from elsewhere, are refused before the library sees them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import MessageSecurityError
from ciphertool.wsse.algorithms import Digest, SignatureAlgorithm
from ciphertool.wsse.library import xmlsec
from ciphertool.wsse.names import (
    CONFIRMATION,
    ENCRYPTED_KEY,
    EXCLUSIVE_C14N,
    ID,
    SECURITY,
    TIMESTAMP,
    TOKEN,
    WSU,
    clark,
)
from ciphertool.wsse.tokens import decode, read_reference
from ciphertool.wsse.trust import DEMAND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml import etree

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
_ALGORITHM = "only algorithms that the policy allows"


class Verified(NamedTuple):
    """What a valid signature of a trusted signer covers: elements, each with the prefixes that it covers beside."""

    signer: bytes
    value: bytes
    token: etree._Element | None
    parts: Mapping[etree._Element, Sequence[str]]


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
    _prefixes(info[0])
    _require_algorithm(info[1], policy, SignatureAlgorithm)
    references = list(info[2:])
    _require(len(references) <= _MOST_REFERENCES)
    parts = {}
    for reference in references:
        element, prefixes = _referenced(reference, ids, policy)
        if not _stands_right(element, envelope, security):
            raise MessageSecurityError("signed parts only where they are read: Body, headers, parts of Security")
        _require(element not in parts)
        parts[element] = prefixes
    tokens = {name: one for name, one in ids.items() if one.tag == TOKEN and one.getparent() is security}
    chain, token = read_reference(key_info, tokens, policy.trust.known)
    if not chain:
        raise MessageSecurityError(DEMAND, "the truststore has no certificate of the name that the signature states")
    policy.trust.require(chain, policy.clock())
    _verify(signature, parts, policy.trust.key(chain[0]))
    return Verified(chain[0], decode(value), token, parts)


def _referenced(
    reference: etree._Element, ids: Mapping[str, etree._Element], policy: MessagePolicy
) -> tuple[etree._Element, Sequence[str]]:
    """Return the element that a reference names, and the prefixes whose namespaces are covered though unused."""
    _require(reference.tag == _REFERENCE and [part.tag for part in reference] == _OF_REFERENCE)
    transforms, digest, value = reference
    _require([one.tag for one in transforms] == [_TRANSFORM] and not len(value))
    prefixes = _prefixes(transforms[0])
    _require_algorithm(digest, policy, Digest)
    uri = reference.get("URI", "")
    element = ids.get(uri[1:]) if uri.startswith("#") else None
    if element is None:
        raise MessageSecurityError("references to parts of this message, each by its id")
    return element, prefixes


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


def _require_algorithm(
    method: etree._Element, policy: MessagePolicy, kind: type[SignatureAlgorithm] | type[Digest]
) -> None:
    name = method.get("Algorithm")
    if name not in policy.readable or all(name != one.value for one in kind) or len(method):
        raise MessageSecurityError(_ALGORITHM)


def _verify(signature: etree._Element, parts: Mapping[etree._Element, Sequence[str]], key: object) -> None:
    library = xmlsec()
    try:
        context = library.SignatureContext()
        context.key = key
        for element in parts:
            if element.get(ID) is not None:
                context.register_id(element, "Id", WSU)
            else:
                context.register_id(element, "Id")
        context.verify(signature)
    except library.Error:
        raise MessageSecurityError("a valid signature") from None


def _require(condition: bool) -> None:
    if not condition:
        raise MessageSecurityError(_SHAPE)
