"""Decoding and lxml's judgement of a document, hardened. Nothing here knows of spans or secrets."""

from __future__ import annotations

import re

from lxml import etree

from ciphertool.errors import ConfigSyntaxError
from ciphertool.rewriters.base import Source

_DECLARED = re.compile(rb"""<\?xml[^>]*?[ \t\r\n]encoding[ \t\r\n]*+=[ \t\r\n]*+["']([A-Za-z][A-Za-z0-9._-]*+)["']""")
_DECLARATION_LIMIT = 1024
_ASCII = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x7F)))

_MOST = 1000
"""So many attributes one element may have, and so many prefixes: for each value, lxml looks through all of them."""
# A start tag, or a text, that is long enough for more of them: `a=""` and a blank for each.
_LONG = re.compile(rb"<[^<]{5000}")

# What Java reads and lxml refuses, and what recovering from leaves nothing out of the tree.
_HARMLESS = frozenset({"NS_ERR_UNDEFINED_NAMESPACE", "WAR_NS_URI", "WAR_NS_URI_RELATIVE"})


def decode(data: bytes) -> Source:
    """Decode a file by its byte order mark, its first bytes or its declaration, in this order."""
    if data.startswith(b"<\x00"):
        return Source.decode(data, "utf-16-le")
    if data.startswith(b"\x00<"):
        return Source.decode(data, "utf-16-be")
    declared = _DECLARED.match(data[:_DECLARATION_LIMIT])
    codec = declared[1].decode("ascii").lower() if declared else "utf-8"
    if not _reads_ascii(codec):  # UTF-16 without its mark, UTF-7, EBCDIC: the declaration itself was read as ASCII
        raise ConfigSyntaxError(f"the declared encoding {codec} is not supported, or is not the file's", line=1)
    return Source.decode(data, codec)


def _reads_ascii(codec: str) -> bool:
    try:
        return _ASCII.decode(codec) == _ASCII.decode("ascii")
    except (LookupError, UnicodeError):
        return False


def parse(data: bytes) -> tuple[etree._ElementTree, bool]:
    """Return lxml's tree of a text in UTF-8, and whether some prefix is undeclared (its names then hold a colon)."""
    parser = _parser(recover=False)
    try:
        return _bounded(data, etree.fromstring(data, parser)), False
    except etree.XMLSyntaxError:
        pass
    if all(entry.type_name in _HARMLESS for entry in parser.error_log):
        # Recovering also accepts a truncated bomb: it counts only where its own log holds nothing worse.
        parser = _parser(recover=True)
        root = etree.fromstring(data, parser)
        if root is not None and all(entry.type_name in _HARMLESS for entry in parser.error_log):
            return _bounded(data, root), True
    raise _error(parser)


def _bounded(data: bytes, root: etree._Element) -> etree._ElementTree:
    """Return a root's tree; raise `ConfigSyntaxError` where an element has too many attributes or prefixes."""
    if _LONG.search(data):
        for element in root.iter("*"):
            if len(element.attrib) > _MOST or len(element.nsmap) > _MOST:
                raise ConfigSyntaxError(f"an element with more than {_MOST} attributes or prefixes", element.sourceline)
    return root.getroottree()


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",  # whatever the declaration says
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        # Faster without, but collect_ids=False makes libxml2 fetch the external DTD all the same.
        collect_ids=True,
        recover=recover,
    )


def _error(parser: etree.XMLParser) -> ConfigSyntaxError:
    """Build our own message: lxml's quotes the document."""
    for entry in parser.error_log:
        if entry.type_name not in _HARMLESS:
            reason = entry.type_name.removeprefix("ERR_").replace("_", " ").lower()
            return ConfigSyntaxError(f"not well-formed XML: {reason}", entry.line, entry.column)
    return ConfigSyntaxError("not well-formed XML")
