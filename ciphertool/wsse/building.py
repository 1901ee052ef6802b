"""Elements of a Security header, as they are written."""

from __future__ import annotations

import secrets

from lxml import etree

from ciphertool.wsse.names import DS, ID, PREFIXES, XENC, clark


def child(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    """Return a new last child with a name such as `ds:KeyInfo`."""
    prefix = name.partition(":")[0]
    return etree.SubElement(parent, clark(name), attributes, {prefix: PREFIXES[prefix]})


def element(name: str, **attributes: str) -> etree._Element:
    """Return a new element with a name such as `ds:Signature`, whose namespace it declares itself."""
    prefix = name.partition(":")[0]
    return etree.Element(clark(name), attributes, {prefix: PREFIXES[prefix]})


def new_id(kind: str) -> str:
    """Return an id that no message has yet, and that says what it is the id of."""
    return f"{kind}-{secrets.token_hex(12)}"


def id_of(signed: etree._Element, kind: str) -> str:
    """Return the id of an element, which gets one if it has none."""
    name = "Id" if str(signed.tag).startswith((f"{{{DS}}}", f"{{{XENC}}}")) else ID
    found = signed.get(name)
    if found is None:
        found = new_id(kind)
        signed.set(name, found)
    return found
