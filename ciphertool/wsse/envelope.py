"""SOAP envelopes: parsed within bounds, and taken apart. Nothing here trusts, or knows of signatures.

Whoever sends a message chooses its text. So there is no document type, no entity, no processing instruction and no
comment, the tree has limits, and ids are unique: what one reader finds under an id, every reader finds.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lxml import etree

from ciphertool.errors import MessageSecurityError
from ciphertool.wsse.names import DS, ID, SECURITY, SOAP11, SOAP12, XENC

MAX_DEPTH = 100
MAX_HEADERS = 100
# Before the root element, only a declaration, comments and blanks: a document type could stand nowhere else.
_PROLOG = re.compile(rb"(?:[ \t\r\n]++|<\?(?:[^?]++|\?(?!>)|(?!))*+\?>|<!--(?:[^-]++|-(?!->)|(?!))*+-->|(?!))*+<[^!?]")
_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
# Attributes that some reader might take for an id, whatever their namespace.
_IDS = etree.XPath("//@*[translate(local-name(), 'ID', 'id') = 'id']")
_INSTRUCTIONS = etree.XPath("boolean(//processing-instruction())")
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_ENCODINGS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_WELL_FORMED = "well-formed XML without a document type"


class Envelope(NamedTuple):
    """The parts of an envelope. `header` is None if there is none."""

    root: etree._Element
    soap: str
    header: etree._Element | None
    body: etree._Element


def parse(message: bytes | str | etree._Element, most: int) -> etree._Element:
    """Return the root of a message of at most `most` bytes, in a document of its own, without comments.

    Raise `MessageSecurityError` if it is not XML, or has what no SOAP message may have.
    """
    if isinstance(message, etree._Element):
        if message.getroottree().docinfo.internalDTD is not None:
            raise MessageSecurityError(_WELL_FORMED)
        message = etree.tostring(message, encoding="utf-8", with_tail=False)
    elif isinstance(message, str):
        message = message.encode("utf-8", "surrogatepass")
    if len(message) > most:
        raise MessageSecurityError(f"at most {most} bytes", f"it has {len(message)}")
    encoding = _ENCODINGS.get(message[:2])
    if encoding is not None:
        message = message[2:].decode(encoding, "replace").encode("utf-8", "surrogatepass")
    message = message.removeprefix(b"\xef\xbb\xbf")
    if not _PROLOG.match(message):
        raise MessageSecurityError(_WELL_FORMED)
    root = parse_fragment(message)
    require_plain(root)
    return root


def parse_fragment(data: bytes) -> etree._Element:
    """Return the root of XML in UTF-8, whatever its declaration says; raise `MessageSecurityError` if it is not XML."""
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise MessageSecurityError(_WELL_FORMED) from None
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise MessageSecurityError(_WELL_FORMED)
    return root


def require_plain(root: etree._Element) -> None:
    """Raise `MessageSecurityError` if a tree is too deep, or has what a comment or an instruction hides."""
    if _DEEP(root):
        raise MessageSecurityError(f"elements nested at most {MAX_DEPTH} deep")
    if _INSTRUCTIONS(root):
        raise MessageSecurityError("only elements and text", "it has a processing instruction")


def take_apart(root: etree._Element) -> Envelope:
    """Return the parts of an envelope of SOAP 1.1 or 1.2: a Header at most, and then one Body, and nothing else."""
    soap = etree.QName(root).namespace or ""
    children = list(root)
    names = [child.tag for child in children]
    body = f"{{{soap}}}Body"
    if root.tag != f"{{{soap}}}Envelope" or soap not in (SOAP11, SOAP12):
        raise MessageSecurityError("an Envelope of SOAP 1.1 or 1.2 as its root")
    if names not in ([body], [f"{{{soap}}}Header", body]) or _text_between(root):
        raise MessageSecurityError("one Header at most, then one Body, and nothing else in its Envelope")
    header = children[0] if len(children) == 2 else None
    if header is not None and (len(header) > MAX_HEADERS or _text_between(header)):
        raise MessageSecurityError(f"at most {MAX_HEADERS} headers, and nothing else in its Header")
    return Envelope(root, soap, header, children[-1])


def security_header(envelope: Envelope, actor: str | None) -> etree._Element:
    """Return the Security header for an actor, by default the one who reads it; raise `MessageSecurityError`."""
    headers = [] if envelope.header is None else envelope.header.findall(SECURITY)
    found = [header for header in headers if _actor(header, envelope.soap) == actor]
    if len(found) != 1:
        raise MessageSecurityError("one Security header" + (" for this actor" if actor else ""), f"it has {len(found)}")
    return found[0]


def actor_attribute(soap: str) -> str:
    """Return the name of the attribute that says whom a header is for."""
    return f"{{{soap}}}{'actor' if soap == SOAP11 else 'role'}"


def _actor(header: etree._Element, soap: str) -> str | None:
    return header.get(actor_attribute(soap)) or None


def _text_between(element: etree._Element) -> bool:
    """Return whether there is text between the children of an element, other than blanks."""
    return any(text is not None and text.strip() for text in (element.text, *(child.tail for child in element)))


def ids(root: etree._Element) -> dict[str, etree._Element]:
    """Return the elements that a message may refer to, by their ids; raise `MessageSecurityError` if one occurs twice.

    These are the elements with a `wsu:Id`, and those of XML Signature and Encryption with an `Id`. Their ids may not
    stand in any attribute that another reader could take for one.
    """
    found: dict[str, etree._Element] = {}
    seen: set[str] = set()
    others: list[str] = []
    for value in _IDS(root):
        text, element, name = str(value), value.getparent(), value.attrname
        if name in (ID, _XML_ID) or (name == "Id" and _is_security(element)):
            if text in seen:
                raise MessageSecurityError("ids that are unique")
            seen.add(text)
            if name != _XML_ID:
                found[text] = element
        else:
            others.append(text)
    if not seen.isdisjoint(others):
        raise MessageSecurityError("ids that are unique")
    return found


def _is_security(element: etree._Element) -> bool:
    return str(element.tag).startswith((f"{{{DS}}}", f"{{{XENC}}}"))
