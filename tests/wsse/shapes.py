"""Attacks on signed messages, as they were published: what was signed is somewhere else, and something else is read.

McIntosh and Austel, "XML signature element wrapping attacks" (2005); Gajek and others, "Analysis of signature wrapping
attacks" (2009); Jensen and others, "The curse of namespaces" (2009); Somorovsky and others, "All your clouds are belong
to us" (2011). Each shape changes a message that is signed, not encrypted; `attack` returns the attacker's text.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from lxml import etree

from ciphertool.wsse.names import ID, SECURITY, SIGNATURE, SOAP11, TIMESTAMP, TOKEN, WSU, clark

if TYPE_CHECKING:
    from collections.abc import Callable

EVIL = "EVIL"
HEADER, BODY = f"{{{SOAP11}}}Header", f"{{{SOAP11}}}Body"
_PLACE = "signed parts only where they are read: Body, headers, parts of Security"
_IDS = "ids that are unique"
_ENVELOPE = "one Header at most, then one Body, and nothing else in its Envelope"
_BODY = "a trusted signature over its Body"
_SECURITY_HEADER = "only what is read here in its Security header"
_ONE = "one Security header"
Shape = tuple["Callable[[etree._Element], object]", bool, str]


def _header(root: etree._Element) -> etree._Element:
    return root[0]


def _security(root: etree._Element) -> etree._Element:
    return root.findall(f"{HEADER}/{SECURITY}")[0]


def attack(message: etree._Element, shape: Callable[[etree._Element], object]) -> bytes:
    """Return the text of a message in a shape; the signed Body is moved as text, so that all its prefixes stay."""
    (body,) = message.iter(BODY)
    inclusive = next(message.iter(clark("ec:InclusiveNamespaces"))).get("PrefixList", "").split()
    text = etree.tostring(body, method="c14n", exclusive=True, inclusive_ns_prefixes=inclusive)
    shape(message)
    return etree.tostring(message).replace(b"<signed-body/>", text).replace(*_INJECTED.pop(message, (b"", b"")))


_INJECTED: dict[etree._Element, tuple[bytes, bytes]] = {}


def _swap_body(root: etree._Element, *, same_id: bool) -> etree._Element:
    """Put another Body into the place of the signed one, and return what stands for that."""
    signed = root[1]
    evil = etree.Element(BODY)
    etree.SubElement(evil, "{urn:q}pay").text = EVIL
    evil.set(ID, str(signed.get(ID)) if same_id else "attacker")
    root.replace(signed, evil)
    return etree.Element("signed-body")


def body_in_header(root: etree._Element) -> None:
    """The signed Body is in a header that nobody has to understand."""
    signed = _swap_body(root, same_id=False)
    wrapper = etree.SubElement(_header(root), "{urn:w}Wrapper", {f"{{{SOAP11}}}mustUnderstand": "0"})
    wrapper.append(signed)


def body_is_a_header(root: etree._Element) -> None:
    """The signed Body is itself a header."""
    _header(root).append(_swap_body(root, same_id=False))


def body_in_header_with_its_id(root: etree._Element) -> None:
    """Both Bodies have the id that is signed."""
    signed = _swap_body(root, same_id=True)
    etree.SubElement(_header(root), "{urn:w}Wrapper").append(signed)


def body_before_with_its_id(root: etree._Element) -> None:
    """Both Bodies have the id, and the signed one comes first in the document."""
    signed = _swap_body(root, same_id=True)
    wrapper = etree.Element("{urn:w}Wrapper")
    wrapper.append(signed)
    _header(root).insert(0, wrapper)


def body_in_body(root: etree._Element) -> None:
    """The signed Body is inside the one that is read."""
    signed = _swap_body(root, same_id=False)
    root[1].append(signed)


def body_in_security(root: etree._Element) -> None:
    """The signed Body is in the Security header."""
    _security(root).append(_swap_body(root, same_id=False))


def body_in_security_wrapped(root: etree._Element) -> None:
    """The signed Body is in a Timestamp, which the Security header may have."""
    _security(root).find(TIMESTAMP).append(_swap_body(root, same_id=False))  # type: ignore[union-attr]


def body_in_object(root: etree._Element) -> None:
    """The signed Body is in an Object of the Signature."""
    signed = _swap_body(root, same_id=False)
    signature = next(root.iter(SIGNATURE))
    etree.SubElement(signature, clark("ds:Object")).append(signed)


def body_in_token(root: etree._Element) -> None:
    """The signed Body is in a token."""
    signed = _swap_body(root, same_id=False)
    etree.SubElement(_security(root), TOKEN, {ID: "another"}).append(signed)


def two_bodies(root: etree._Element) -> None:
    """The signed Body follows the one that is read."""
    root.append(_swap_body(root, same_id=False))


def two_bodies_signed_first(root: etree._Element) -> None:
    """The signed Body comes before the other."""
    root.insert(1, _swap_body(root, same_id=False))


def trailer(root: etree._Element) -> None:
    """The signed Body is in an element after the Body, as SOAP 1.1 allows."""
    signed = _swap_body(root, same_id=False)
    etree.SubElement(root, "{urn:w}Trailer").append(signed)


def two_headers(root: etree._Element) -> None:
    """The signed Body is in a second Header."""
    signed = _swap_body(root, same_id=False)
    second = etree.Element(HEADER)
    second.append(signed)
    root.insert(0, second)


def envelope_in_body(root: etree._Element) -> None:
    """The whole signed message is the content of another, whose Security header has a copy of the signature."""
    inner = deepcopy(root)
    _swap_body(root, same_id=False)
    for one in _security(root):
        if one.get(ID) is not None:
            one.set(ID, f"copy-{one.get(ID)}")
    root[1].append(inner)


def envelope_in_header(root: etree._Element) -> None:
    """The whole signed message is a header, without its own security."""
    inner = deepcopy(root)
    inner.remove(inner[0])
    _swap_body(root, same_id=False)
    _header(root).append(inner)


def timestamp_in_header(root: etree._Element) -> None:
    """A new Timestamp stands where it is read, the signed one in a header."""
    security = _security(root)
    signed = security.find(TIMESTAMP)
    assert signed is not None
    fresh = deepcopy(signed)
    fresh.set(ID, "fresh")
    security.replace(signed, fresh)
    etree.SubElement(_header(root), "{urn:w}Wrapper").append(signed)


def two_timestamps(root: etree._Element) -> None:
    """A second Timestamp stands beside the signed one."""
    security = _security(root)
    fresh = deepcopy(security.find(TIMESTAMP))
    assert fresh is not None
    fresh.set(ID, "fresh")
    security.insert(0, fresh)


def header_in_wrapper(root: etree._Element) -> None:
    """A signed header is inside a wrapper, another stands in its place."""
    to = _header(root)[0]
    evil = deepcopy(to)
    evil.text = EVIL
    evil.set(ID, "fresh")
    _header(root).replace(to, evil)
    etree.SubElement(_header(root), "{urn:w}Wrapper").append(to)


def header_beside(root: etree._Element) -> None:
    """A second header of the name of a signed one stands before it."""
    evil = deepcopy(_header(root)[0])
    evil.text = EVIL
    evil.set(ID, "fresh")
    _header(root).insert(0, evil)


def security_twice(root: etree._Element) -> None:
    """The signed Security header is followed by an empty one."""
    etree.SubElement(_header(root), SECURITY)


def security_for_another(root: etree._Element) -> None:
    """The Security header with the signature is for another actor, the reader's own has only a Timestamp."""
    security = _security(root)
    own = etree.SubElement(_header(root), SECURITY)
    own.append(deepcopy(security.find(TIMESTAMP)))  # type: ignore[arg-type]
    own[0].set(ID, "fresh")
    security.set(f"{{{SOAP11}}}actor", "urn:another")


def signature_twice(root: etree._Element) -> None:
    """A copy of the signature precedes it."""
    signature = _security(root).find(SIGNATURE)
    assert signature is not None
    copied = deepcopy(signature)
    copied.attrib.pop("Id")
    signature.addprevious(copied)


def other_id(name: str) -> Callable[[etree._Element], None]:
    """Return a shape in which another attribute that some readers take for an id has the signed one."""

    def shape(root: etree._Element) -> None:
        known = str(root[1].get(ID))
        signed = _swap_body(root, same_id=False)
        root[1].attrib.pop(ID)
        root[1].set(name, known)
        etree.SubElement(_header(root), "{urn:w}Wrapper").append(signed)

    return shape


def namespace_injected(root: etree._Element) -> None:
    """A prefix that a value uses, and that the signature covers, means something else."""
    _INJECTED[root] = (b"http://www.w3.org/2001/XMLSchema-instance", b"urn:evil")


def stripped_security(root: etree._Element) -> None:
    """The Security header is gone."""
    _header(root).remove(_security(root))


def stripped_header(root: etree._Element) -> None:
    """The Header is gone."""
    root.remove(_header(root))


def stripped_signed_header(root: etree._Element) -> None:
    """A header that was signed is gone."""
    _header(root).remove(_header(root)[0])


def stripped_signature(root: etree._Element) -> None:
    """The signature is gone, the Timestamp is there."""
    security = _security(root)
    security.remove(security.find(SIGNATURE))  # type: ignore[arg-type]


def stripped_reference(root: etree._Element) -> None:
    """The Body is no longer among what is signed."""
    info = _security(root).find(SIGNATURE)[0]  # type: ignore[index]
    info.remove(info.find(clark("ds:Reference")))  # type: ignore[arg-type]


def unsigned_body_beside(root: etree._Element) -> None:
    """The Body that is read has no id at all, a copy of the signed one is beside it in the Header."""
    signed = _swap_body(root, same_id=False)
    root[1].attrib.pop(ID)
    _header(root).insert(0, signed)


WRAPPING: dict[str, Shape] = {
    "body in a header": (body_in_header, True, _PLACE),
    "body as a header": (body_is_a_header, True, _BODY),
    "body in a header, same id": (body_in_header_with_its_id, False, _IDS),
    "body before, same id": (body_before_with_its_id, False, _IDS),
    "body in the body": (body_in_body, True, _PLACE),
    "body in Security": (body_in_security, True, _PLACE),
    "body in the Timestamp": (body_in_security_wrapped, False, _PLACE),
    "body in an Object": (body_in_object, True, "a signature of the form that is read here"),
    "body in a token": (body_in_token, True, _PLACE),
    "two bodies": (two_bodies, True, _ENVELOPE),
    "two bodies, signed first": (two_bodies_signed_first, True, _ENVELOPE),
    "body in a trailer": (trailer, True, _ENVELOPE),
    "two headers": (two_headers, True, _ENVELOPE),
    "envelope in the body": (envelope_in_body, False, _IDS),
    "envelope in the header": (envelope_in_header, True, _PLACE),
    "timestamp in a header": (timestamp_in_header, True, _PLACE),
    "two timestamps": (two_timestamps, True, _SECURITY_HEADER),
    "header in a wrapper": (header_in_wrapper, True, _PLACE),
    "header beside": (header_beside, True, "a trusted signature over its header To"),
    "security twice": (security_twice, True, _ONE),
    "security for another": (security_for_another, True, _BODY),
    "signature twice": (signature_twice, True, _SECURITY_HEADER),
    "xml:id": (other_id("{http://www.w3.org/XML/1998/namespace}id"), False, _IDS),
    "Id": (other_id("Id"), True, _IDS),
    "ID": (other_id("ID"), True, _IDS),
    "id": (other_id("id"), True, _IDS),
    "AssertionID": (other_id(f"{{{WSU}}}ID"), True, _IDS),
    "unsigned body beside": (unsigned_body_beside, True, _BODY),
    "stripped header": (stripped_signed_header, False, "references to parts of this message, each by its id"),
    "namespace injected": (namespace_injected, False, "a valid signature"),
    "no Security": (stripped_security, False, _ONE),
    "no Header": (stripped_header, False, _ONE),
    "no signature": (stripped_signature, False, _BODY),
    "no reference": (stripped_reference, False, "a valid signature"),
}
"""The shapes; whether the signature is still valid, so that only the structure gives the attack away; the refusal."""
