"""How a value is spelled in XML so that it reads back exactly. Independent of places."""

from __future__ import annotations

import re

from ciphertool.rewriters.xml.scan import WHITE

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# What most rewrites write, an alias and "password": there is nothing to escape.
_PLAIN = re.compile("[0-9A-Za-z._@:/-]*+")
# NEL and LS are line ends in XML 1.1, so they are not left to the reader's version.
_REFERRED = re.compile("[\r\x85\u2028]")
_REFERRED_IN_ATTRIBUTE = re.compile("[\t\n\r\x85\u2028]")


def forbidden(value: str) -> str:
    """Return why XML 1.0 cannot hold a value; "" if it can. The reason names the character, not the value."""
    match = _FORBIDDEN.search(value)
    return f"XML 1.0 has no character U+{ord(match[0]):04X}" if match else ""


def text(value: str, codec: str, newline: str) -> str:
    """Spell a value as an element's text, with white space at either end as character references."""
    if _PLAIN.fullmatch(value):
        return value
    inner = value.strip(WHITE)
    lead = value[: value.index(inner[0])] if inner else value
    trail = value[len(lead) + len(inner) :]
    escaped = inner.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "]]&gt;")
    escaped = _REFERRED.sub(_reference, escaped).replace("\n", newline)
    edges = ("".join(f"&#{ord(character)};" for character in edge) for edge in (lead, trail))
    return _encodable(escaped.join(edges), codec)


def attribute(value: str, quote: str, codec: str) -> str:
    """Spell a value as an attribute's, including the quotes."""
    if _PLAIN.fullmatch(value):
        return f"{quote}{value}{quote}"
    escaped = value.replace("&", "&amp;").replace("<", "&lt;")
    escaped = escaped.replace(quote, "&quot;" if quote == '"' else "&apos;")
    return f"{quote}{_encodable(_REFERRED_IN_ATTRIBUTE.sub(_reference, escaped), codec)}{quote}"


def cdata(value: str, codec: str, newline: str) -> str | None:
    """Spell a value as a CDATA section, or return None if one cannot hold it."""
    if "]]>" in value or _REFERRED.search(value) or _encodable(value, codec) != value:
        return None
    return f"<![CDATA[{value.replace(chr(10), newline)}]]>"


def _reference(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def _encodable(spelled: str, codec: str) -> str:
    """Replace characters that a codec lacks, or does not read back, by references."""
    if spelled.isascii() or codec.startswith("utf-"):
        return spelled
    return "".join(c if c.isascii() or _fits(c, codec) else f"&#{ord(c)};" for c in spelled)


def _fits(character: str, codec: str) -> bool:
    try:
        return character.encode(codec).decode(codec) == character
    except UnicodeError:
        return False
