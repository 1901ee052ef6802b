"""How a message names a certificate: by carrying it, or by issuer and serial, key identifier or thumbprint."""

from __future__ import annotations

from base64 import b64encode
from binascii import Error, a2b_base64
from typing import TYPE_CHECKING

from lxml import etree

from ciphertool.asn1 import der
from ciphertool.asn1.limits import Budget
from ciphertool.certificates.identifiers import Identifiers, by_issuer
from ciphertool.errors import ConfigError, MalformedStructureError, MessageSecurityError
from ciphertool.wsse.building import child, new_id
from ciphertool.wsse.names import (
    BASE64,
    ID,
    KEY_IDENTIFIER,
    THUMBPRINT,
    TOKEN,
    X509_PATH,
    X509_V3,
    clark,
)
from ciphertool.wsse.policy import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_CERTIFICATES = 10
_STR, _REFERENCE, _KEY_IDENTIFIER = (
    clark(f"wsse:{name}") for name in ("SecurityTokenReference", "Reference", "KeyIdentifier")
)
_X509_DATA, _ISSUER_SERIAL = clark("ds:X509Data"), clark("ds:X509IssuerSerial")
_NAMED = "a reference to one certificate, in a form that is read here"


def write_reference(
    security: etree._Element,
    place: int,
    parent: etree._Element,
    names: Identifiers,
    how: Reference,
    issuers: Sequence[bytes] = (),
) -> etree._Element | None:
    """Write a KeyInfo that names a certificate, into `parent`; return the token that it refers to, if it is direct.

    That one goes into the Security header, as its child number `place`. It has the `issuers` too, if there are any.
    """
    reference = child(child(parent, "ds:KeyInfo"), "wsse:SecurityTokenReference")
    if how is Reference.DIRECT:
        kind, value = X509_V3, names.certificate
        if issuers:
            kind, value = X509_PATH, der.encode(der.SEQUENCE, *reversed(issuers), names.certificate)
        token = etree.Element(TOKEN, {ID: new_id("X509"), "ValueType": kind, "EncodingType": BASE64})
        token.text = b64encode(value).decode()
        security.insert(place, token)
        child(reference, "wsse:Reference", URI=f"#{token.get(ID)}", ValueType=kind)
        return token
    if how is Reference.ISSUER_SERIAL:
        serial = child(child(reference, "ds:X509Data"), "ds:X509IssuerSerial")
        child(serial, "ds:X509IssuerName").text = names.issuer
        child(serial, "ds:X509SerialNumber").text = str(names.serial)
        return None
    kind, name = THUMBPRINT, names.thumbprint
    if how is Reference.KEY_IDENTIFIER:
        if names.key_identifier is None:
            raise ConfigError(
                "the certificate has no subject key identifier to name it by", hint="use another reference"
            )
        kind, name = KEY_IDENTIFIER, names.key_identifier
    child(reference, "wsse:KeyIdentifier", ValueType=kind, EncodingType=BASE64).text = b64encode(name).decode()
    return None


def read_reference(
    key_info: etree._Element, tokens: Mapping[str, etree._Element], known: Sequence[Identifiers]
) -> tuple[tuple[bytes, ...], etree._Element | None]:
    """Return the certificate that a KeyInfo names, with the issuers that follow it in the message, and its token.

    `tokens` are those of the message by their ids, `known` the certificates that it may merely name. The chain is empty
    if none of them has that name. Raise `MessageSecurityError` for a form that is not read.
    """
    if [one.tag for one in key_info] != [_STR] or len(key_info[0]) != 1:
        raise MessageSecurityError(_NAMED)
    named = key_info[0][0]
    if named.tag == _REFERENCE:
        uri = named.get("URI", "")
        token = tokens.get(uri[1:]) if uri.startswith("#") else None
        if token is None:
            raise MessageSecurityError(_NAMED)
        return _certificates(token), token
    if named.tag == _X509_DATA and [one.tag for one in named] == [_ISSUER_SERIAL]:
        texts = [(one.text or "").strip() for one in named[0]]
        if len(texts) != 2 or not texts[1].lstrip("-").isdecimal() or len(texts[1]) > 60:
            raise MessageSecurityError(_NAMED)
        found = by_issuer(known, texts[0], int(texts[1]))
        return ((found,) if found is not None else ()), None
    if named.tag == _KEY_IDENTIFIER:
        return _by_identifier(named, known), None
    raise MessageSecurityError(_NAMED)


def _by_identifier(named: etree._Element, known: Sequence[Identifiers]) -> tuple[bytes, ...]:
    kind, value = named.get("ValueType"), decode(named)
    if kind == X509_V3:
        return (value,)
    if kind == THUMBPRINT:
        found = [one.certificate for one in known if one.thumbprint == value]
    elif kind == KEY_IDENTIFIER:
        found = [one.certificate for one in known if one.key_identifier == value]
    else:
        raise MessageSecurityError(_NAMED)
    return tuple(found) if len(found) == 1 else ()


def _certificates(token: etree._Element) -> tuple[bytes, ...]:
    """Return the certificates of a token, that of the key first."""
    kind, data = token.get("ValueType"), decode(token)
    if kind == X509_V3:
        return (data,)
    if kind != X509_PATH:
        raise MessageSecurityError(_NAMED)
    try:
        path = tuple(bytes(one.encoding) for one in der.parse_all(data, Budget("certificate path")).sequence())
    except MalformedStructureError:
        raise MessageSecurityError(_NAMED) from None
    if len(path) > _MOST_CERTIFICATES:
        raise MessageSecurityError(f"at most {_MOST_CERTIFICATES} certificates in its path")
    return path[::-1]


def decode(element: etree._Element) -> bytes:
    """Return the bytes of an element that holds nothing but base64; raise `MessageSecurityError`."""
    try:
        if len(element) or element.get("EncodingType", BASE64) != BASE64:
            raise ValueError
        return a2b_base64("".join((element.text or "").split()), strict_mode=True)
    except (Error, ValueError):
        raise MessageSecurityError("binary values in base64") from None
