"""How a text is spelled as a YAML scalar, and how a plain text would be read. Independent of documents."""

from __future__ import annotations

import re
from enum import IntEnum

STR_TAG = "tag:yaml.org,2002:str"


class Style(IntEnum):
    """The five ways to spell a scalar."""

    PLAIN = 0
    SINGLE = 1
    DOUBLE = 2
    LITERAL = 3
    FOLDED = 4


# What YAML 1.1, 1.2 or their common readers may read as something other than text: too much rather than too little.
_TYPED = re.compile(
    r"(?i:~|null|true|false|yes|no|on|off|y|n)|<<|=|"
    r"[-+]?0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)|"
    r"[-+]?(?:[0-9_]+(?::[0-5]?[0-9])*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?|"
    r"[-+]?\.(?i:inf|nan)|"
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t][0-9:.TtZz+ \t-]*)?"
)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER = re.compile(r"[-+]?[0-9]{1,300}(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?")

# Excluded, as the rest of Unicode takes `re` some milliseconds to compile each time that it is included.
_UNPRINTABLE = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
_SAFE = rf"[^\ {_UNPRINTABLE}]"
_BLOCK = re.compile(
    rf"(?!(?:---|\.\.\.)(?:\ |\Z))(?:(?![-?:,\[\]{{}}#&*!|>'\"%@`]){_SAFE}|[-?:](?={_SAFE}))"
    rf"(?:(?!:){_SAFE}|:(?={_SAFE})|\ +(?={_SAFE})(?!\#)|(?!))*+"
)
# libyaml accepts no `:` or `?` inside a plain scalar of a flow collection.
_FLOW = re.compile(r"[^,\[\]{}:?]*+")

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\b": "\\b"}
_UNSAFE = re.compile(rf'[{_UNPRINTABLE}"\\]')
_ON_ONE_LINE = re.compile(rf"[^{_UNPRINTABLE}]*+")


def reads_as_text(text: str) -> bool:
    """Return whether a plain scalar with this text is a string in both YAML 1.1 and 1.2."""
    return _TYPED.fullmatch(text) is None


def is_null(text: str) -> bool:
    """Return whether a plain scalar of this text is null."""
    return text in _NULL


def plain_value(text: str) -> object:
    """Return the value of a plain scalar for a selector's filter: null, a boolean, a number or the text."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    match = _NUMBER.fullmatch(text)
    return text if match is None else float(text) if match[1] or match[2] else int(text)


def can_be_plain(text: str, *, flow: bool) -> bool:
    """Return whether a text can be written plain on one line, however it would be read."""
    return _BLOCK.fullmatch(text) is not None and (not flow or _FLOW.fullmatch(text) is not None)


def quoted(text: str, style: Style) -> str:
    """Spell a text in quotes on one line: single ones if that is its style and the text allows it, else double ones."""
    if style is Style.SINGLE and _ON_ONE_LINE.fullmatch(text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + _UNSAFE.sub(lambda match: _escape(match[0]), text) + '"'


def is_spellable(text: str) -> bool:
    """Return whether YAML can hold the text at all: anything but lone surrogates."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _escape(character: str) -> str:
    # Unlike JSON, YAML reads a surrogate pair as two characters. Nothing above U+FFFF needs an escape.
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
