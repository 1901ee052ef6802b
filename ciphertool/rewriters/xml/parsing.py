"""Hardened decoding and parsing of a document by lxml. Independent of spans and secrets."""

from __future__ import annotations

import re

from lxml import etree

from ciphertool.errors import ConfigSyntaxError, UnknownEncodingError
from ciphertool.rewriters import encodings
from ciphertool.rewriters.base import Source, byte_order_mark

_QUOTED = r"""(?:"[^"<>]*+"|'[^'<>]*+')"""
_DECLARATION = re.compile(
    rf"""<\?xml[ \t\r\n]++version[ \t\r\n]*+=[ \t\r\n]*+{_QUOTED}"""
    r"""[ \t\r\n]++encoding[ \t\r\n]*+=[ \t\r\n]*+["']([A-Za-z][A-Za-z0-9._-]*+)["']"""
)
_MOST = 1000
"""The maximum number of prefixes of one element: lxml searches all of them for each name."""
# A start tag, or a text, that is long enough for more of them: `xmlns:a=""` and a blank for each.
_LONG = re.compile(rb"<[^<]{5000}")

_UNDECLARED = "NS_ERR_UNDEFINED_NAMESPACE"
# Errors that Java accepts and lxml refuses, and from which lxml recovers without losing anything: besides an undeclared
# prefix, a document that is well-formed, but not valid by its own DTD.
_HARMLESS = frozenset(
    (_UNDECLARED, "DTD_ATTRIBUTE_DEFAULT", "DTD_ELEM_REDEFINED", "DTD_ID_REDEFINED", "DTD_MULTIPLE_ID")
)


def decode(data: bytes, said: str | None = None) -> Source:
    """Decode a file by the first of these that is there: its byte order mark, its first bytes, its declaration, `said`.

    If two of them contradict each other, the file is refused: readers differ in which one they follow (XML 1.0, 4.3.3).
    """
    mark, codec = byte_order_mark(data)
    why = f"its byte order mark is that of {codec}"
    if codec is None and data.startswith((b"<\x00", b"\x00<")):
        codec = "utf-16-le" if data[0] else "utf-16-be"
        why = f"it begins as {codec} does"
    declared = _declared(data[len(mark) :], codec)
    if codec is None and declared is not None:
        codec, why = declared, f"it declares {declared}"
    if codec is not None:
        for other, how in (declared, "declares"), (said, "is stated to be in"):
            if other is not None and not encodings.agree(other, codec):
                reason = f"{why}, but it {how} {other}: readers differ in which they follow"
                raise ConfigSyntaxError(reason, 1, 1, hint="make them agree, or keep only one of them")
    return Source.decode(data, codec or "utf-8", said=None if codec else said)


def _declared(data: bytes, codec: str | None) -> str | None:
    """Return the encoding that a document (without its byte order mark) declares, or None."""
    head = data[: data.find(b">") + 2].decode(codec or "latin-1", "replace")
    match = _DECLARATION.match(head)
    if match is None:
        return None
    try:
        declared = encodings.one_name(match[1])
    except UnknownEncodingError:
        declared = None
    # Refuse UTF-16, UTF-7 and EBCDIC: the declaration itself was read as ASCII.
    if declared is None or (codec is None and not encodings.reads_ascii(declared)):
        reason = f"the declared encoding {match[1].lower()} is unsupported or does not match the file"
        raise ConfigSyntaxError(reason, 1, 1)
    return declared


def parse(data: bytes) -> tuple[etree._ElementTree, bool]:
    """Return lxml's tree of a UTF-8 text, and whether some prefix is undeclared (its names then contain a colon)."""
    parser = _parser(recover=False)
    try:
        return _bounded(data, etree.fromstring(data, parser)), False
    except etree.XMLSyntaxError:
        pass
    if all(map(_is_harmless, parser.error_log)):
        # Recovery also accepts a truncated bomb: it counts only if its own log has no worse error.
        parser = _parser(recover=True)
        root = etree.fromstring(data, parser)
        if root is not None and all(map(_is_harmless, parser.error_log)):
            _refuse_incomplete(data)
            return _bounded(data, root), any(entry.type_name == _UNDECLARED for entry in parser.error_log)
    raise _error(parser)


def _is_harmless(entry: etree._LogEntry) -> bool:
    # libxml2 raises a warning to an error where a URI has a brace.
    return entry.level_name == "WARNING" or entry.type_name.startswith("WAR_") or entry.type_name in _HARMLESS


def _refuse_incomplete(data: bytes) -> None:
    """Raise `ConfigSyntaxError` unless a document is well-formed apart from its namespaces and its DTD.

    After such an error, libxml2 reports nothing that follows the root. Expat, called so, ignores namespaces.
    """
    from xml.parsers import expat

    try:
        expat.ParserCreate("utf-8").Parse(data, True)
    except expat.ExpatError as error:
        reason = f"not well-formed XML: {expat.ErrorString(error.code)}"
        raise ConfigSyntaxError(reason, error.lineno, error.offset + 1) from None


def _bounded(data: bytes, root: etree._Element) -> etree._ElementTree:
    """Return a root's tree; raise `ConfigSyntaxError` if an element has too many prefixes."""
    if _LONG.search(data):
        for element in root.iter("*"):
            if len(element.nsmap) > _MOST:
                raise ConfigSyntaxError(f"an element with more than {_MOST} prefixes", element.sourceline or 1, 1)
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
        # collect_ids=False would be faster, but makes libxml2 fetch the external DTD.
        collect_ids=True,
        recover=recover,
    )


def _error(parser: etree.XMLParser) -> ConfigSyntaxError:
    """Return an error with our own message: lxml's quotes the document."""
    for entry in parser.error_log:
        if not _is_harmless(entry):
            reason = entry.type_name.removeprefix("ERR_").replace("_", " ").lower()
            return ConfigSyntaxError(f"not well-formed XML: {reason}", max(entry.line, 1), max(entry.column, 1))
    return ConfigSyntaxError("not well-formed XML", 1, 1)
