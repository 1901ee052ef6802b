r"""HCL's native syntax: bodies of attributes and blocks, as data with the place of each scalar. Evaluates nothing.

body       = attributes `name = expression` and blocks `type "label" label { body }`, one a line
block      = a table under its type and its labels; a list of tables if the body has several of the same names
string     = `"…"` with escapes `\n` `\r` `\t` `\"` `\\` `\uXXXX` `\UXXXXXXXX`, or a heredoc, which has none
template   = a string with `${…}` or `%{…}`; `$${` and `%%{` stand for `${` and `%{`
expression = a string, number, true, false, null, list or object; anything else, templates too, is an `Expression`
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool.errors import ConfigSyntaxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.rewriters.base import Source
    from ciphertool.rewriters.jsonpath import Location

_MAX_DEPTH = 100
_COMMENT = r"\#[^\n]*+|//[^\n]*+|/\*(?:[^*]|\*(?!/)|(?!))*+\*/"
_BLANK = re.compile(rf"(?:[ \t\r]++|{_COMMENT}|(?!))*+")
_BLANKS = re.compile(rf"(?:\s++|{_COMMENT}|(?!))*+")
_NAME = re.compile(r"[^\W\d][\w-]*+")
_KEY = re.compile(r"[^\W\d][\w-]*+|\d++")
_PLAIN = re.compile(r"(?P<number>-?\d++(?:\.\d++|(?!))?+(?:[eE][+-]?+\d++|(?!))?+)|(?P<word>true|false|null)(?![\w-])")
_CHUNK = re.compile(r"(?:[^\"\\$%\n]++|\\[^\n]|\$(?!\{)|%(?!\{)|(?<=\$)\$\{|(?<=%)%\{|(?!))*+")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U(00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4})|(.))|([$%])\4(?=\{)")
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*+)\n")
_FOR = re.compile(r"[\[{]\s*+for\b")
_OPAQUE = re.compile(rf"(?:[^\"\n,(){{}}\[\]<#/]++|{_COMMENT}|/|(?!))*+")
_IN_TEMPLATE = re.compile(r"[^\"{}]*+")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_WORDS = {"true": True, "false": False, "null": None}
_INDENT = re.compile(r"\s*+")


class Expression:
    """What only an evaluation would turn into a value: its text, and whether it is a string with a template."""

    __slots__ = ("is_template", "text")

    def __init__(self, text: str, *, is_template: bool = False) -> None:
        self.text, self.is_template = text, is_template

    def __repr__(self) -> str:
        return f"<expression {hash(self.text):x}>"  # the text may hold a secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class _Scalar(NamedTuple):
    value: Any
    start: int
    end: int


class _Unclear(Exception):  # noqa: N818 - no error: what is read is an expression of another kind
    """What looked like a list or an object is an expression."""


def unescape(spelled: str) -> str:
    """Return the text between the quotes of a string that is not a template; raise ValueError for an unknown escape."""
    return _ESCAPE.sub(_unescaped, spelled)


def _unescaped(match: re.Match[str]) -> str:
    short, long, letter, sign = match.groups()
    if short or long:
        return chr(int(short or long, 16))
    if sign:
        return str(sign)
    if letter not in _LETTERS:
        raise ValueError
    return _LETTERS[letter]


def read(source: Source) -> tuple[dict[str, Any], dict[Location, tuple[int, int]]]:
    """Return a file's data and the spans of its scalars; raise `ConfigSyntaxError`, which quotes nothing."""
    body, position = _Parser(source).body(0, 0)
    if position < len(source.text):
        raise ConfigSyntaxError("a } without a {", *source.position(position))
    places: dict[Location, tuple[int, int]] = {}
    data: dict[str, Any] = _placed(body, (), places)
    return data, places


def _placed(node: Any, location: Location, places: dict[Location, tuple[int, int]]) -> Any:
    """Return the data of a node, and note the places of its scalars."""
    if isinstance(node, _Scalar):
        places[location] = node.start, node.end
        return node.value
    if isinstance(node, dict):
        return {key: _placed(child, (*location, key), places) for key, child in node.items()}
    return [_placed(child, (*location, index), places) for index, child in enumerate(node)]


class _Parser:
    def __init__(self, source: Source) -> None:
        self._source, self._text = source, source.text

    def _error(self, reason: str, position: int) -> ConfigSyntaxError:
        return ConfigSyntaxError(f"not well-formed HCL: {reason}", *self._source.position(position))

    def _limit(self, depth: int, position: int) -> None:
        if depth > _MAX_DEPTH:
            raise self._error("nested too deeply", position)

    def _skip(self, blank: re.Pattern[str], position: int) -> int:
        return blank.match(self._text, position).end()  # type: ignore[union-attr]  # it matches anywhere

    def _at(self, position: int) -> str:
        return self._text[position : position + 1]

    def body(self, position: int, depth: int) -> tuple[dict[str, Any], int]:
        """Read a body up to its `}` or the end of the file."""
        self._limit(depth, position)
        found: dict[str, Any] = {}
        blocks: dict[tuple[str, ...], list[Any]] = {}
        while (start := self._skip(_BLANKS, position)) < len(self._text) and self._at(start) != "}":
            name = _NAME.match(self._text, start)
            if name is None:
                raise self._error("neither an attribute nor a block", start)
            position = self._skip(_BLANK, name.end())
            if self._at(position) == "=":
                if name[0] in found:
                    raise self._error("an attribute that is there already", start)
                found[name[0]], position = self._expression(self._skip(_BLANK, position + 1), depth, inside=False)
            else:
                labels, position = self._labels(position)
                block, position = self.body(position, depth + 1)
                if self._at(position) != "}":
                    raise self._error("a block that is not closed", start)
                blocks.setdefault((name[0], *labels), []).append(block)
                position += 1
            position = self._skip(_BLANK, position)
            if self._at(position) not in ("\n", "}", ""):
                raise self._error("more after an attribute or a block on its line", position)
        for path, several in blocks.items():
            self._insert(found, path, several[0] if len(several) == 1 else several, start)
        return found, start

    def _insert(self, body: dict[str, Any], path: tuple[str, ...], block: Any, position: int) -> None:
        *above, last = path
        for name in above:
            body = body.setdefault(name, _Labels())
            if not isinstance(body, _Labels):
                raise self._error("blocks of one type with different numbers of labels", position)
        if last in body:
            raise self._error("a block with the names of another or of an attribute", position)
        body[last] = block

    def _labels(self, position: int) -> tuple[list[str], int]:
        """Read the labels of a block and its `{`."""
        labels = []
        while self._at(position) != "{":
            if name := _NAME.match(self._text, position):
                label, end = name[0], name.end()
            elif self._at(position) == '"':
                scalar = self._string(position)
                label, end = str(scalar.value), scalar.end
            else:
                raise self._error("neither an attribute nor a block", position)
            labels.append(label)
            position = self._skip(_BLANK, end)
        return labels, position + 1

    def _expression(self, start: int, depth: int, *, inside: bool) -> tuple[Any, int]:
        """Read an expression; `inside` a list, it does not end with its line."""
        node: Any = None
        sign, end = self._at(start), start
        try:
            if sign in ("[", "{") and sign and not _FOR.match(self._text, start):
                node, end = (self._list if sign == "[" else self._object)(start + 1, depth + 1)
            elif sign == '"':
                node = self._string(start)
            elif heredoc := _HEREDOC.match(self._text, start):
                node = self._heredoc(heredoc)
            elif plain := _PLAIN.match(self._text, start):
                node = _Scalar(_plain(plain), start, plain.end())
        except _Unclear:
            node = None
        end = node.end if isinstance(node, _Scalar) else end
        after = self._skip(_BLANKS if inside else _BLANK, end)
        if node is not None and self._at(after) in ("\n", ",", "]", "}", ")", ""):
            return node, end
        end = self._opaque(start, inside=inside)
        if end == start:
            raise self._error("no expression", start)
        text = self._text[start:end].rstrip()
        return _Scalar(Expression(text), start, start + len(text)), end

    def _items(self, position: int, closing: str, item: Callable[[int], int]) -> int:
        """Read items up to a closing bracket; return the offset after it."""
        while True:
            position = self._skip(_BLANKS, position)
            if self._at(position) == closing:
                return position + 1
            position = self._skip(_BLANK if closing == "}" else _BLANKS, item(position))
            if self._at(position) == "," or (closing == "}" and self._at(position) == "\n"):
                position += 1
            elif self._at(position) != closing:
                raise _Unclear

    def _list(self, position: int, depth: int) -> tuple[list[Any], int]:
        self._limit(depth, position)
        found: list[Any] = []

        def item(start: int) -> int:
            node, end = self._expression(start, depth, inside=True)
            found.append(node)
            return end

        end = self._items(position, "]", item)
        return found, end

    def _object(self, position: int, depth: int) -> tuple[dict[str, Any], int]:
        self._limit(depth, position)
        found: dict[str, Any] = {}

        def item(start: int) -> int:
            if self._at(start) == '"':
                scalar = self._string(start)
                key, end = scalar.value, scalar.end
            else:
                match = _KEY.match(self._text, start)
                key, end = (match[0], match.end()) if match else (None, start)
            end = self._skip(_BLANK, end)
            if not isinstance(key, str) or self._at(end) not in ("=", ":"):
                raise _Unclear
            if key in found:
                raise self._error("a key that is there already", start)
            found[key], end = self._expression(self._skip(_BLANK, end + 1), depth, inside=False)
            return end

        end = self._items(position, "}", item)
        return found, end

    def _string(self, start: int) -> _Scalar:
        end, is_template = self._quoted(start, 0)
        spelled = self._text[start + 1 : end - 1]
        if is_template:
            return _Scalar(Expression(f'"{spelled}"', is_template=True), start, end)
        try:
            return _Scalar(unescape(spelled), start, end)
        except ValueError:
            raise self._error("an escape that HCL does not know", start) from None

    def _quoted(self, start: int, depth: int) -> tuple[int, bool]:
        """Return where a string in quotes ends, and whether it is a template."""
        position, is_template = self._skip(_CHUNK, start + 1), False
        while self._at(position) in ("$", "%") and self._at(position):
            is_template = True
            position = self._skip(_CHUNK, self._template(position + 2, depth + 1))
        if self._at(position) != '"':
            raise self._error("a string that is not closed", start)
        return position + 1, is_template

    def _template(self, position: int, depth: int) -> int:
        """Return the offset after the `}` of a template."""
        self._limit(depth, position)
        start, braces = position, 1
        while braces:
            position = self._skip(_IN_TEMPLATE, position)
            sign = self._at(position)
            if not sign:
                raise self._error("a template that is not closed", start)
            braces += {"{": 1, "}": -1}.get(sign, 0)
            position = self._quoted(position, depth)[0] if sign == '"' else position + 1
        return position

    def _heredoc(self, opening: re.Match[str]) -> _Scalar:
        closing = re.compile(rf"^[ \t]*+{re.escape(opening[2])}(?=\r?$)", re.MULTILINE)
        end = closing.search(self._text, opening.end())
        if end is None:
            raise self._error("a heredoc that is not closed", opening.start())
        text = self._text[opening.end() : end.start()]
        whole = self._text[opening.start() : end.end()]
        value: Any = re.sub(r"([$%])\1(?=\{)", r"\1", _flush(text) if opening[1] else text)
        if re.search(r"(?<!\$)\$\{|(?<!%)%\{", text) or "\r" in whole:
            value = Expression(whole, is_template=True)
        return _Scalar(value, opening.start(), end.end())

    def _opaque(self, position: int, *, inside: bool) -> int:
        """Return where an expression ends that is not read: with its line, unless that is in brackets, or at a `,`."""
        depth = 0
        while True:
            position = self._skip(_OPAQUE, position)
            sign = self._at(position)
            if sign == '"':
                position = self._quoted(position, 0)[0]
            elif heredoc := _HEREDOC.match(self._text, position):
                position = self._heredoc(heredoc).end
            elif not depth and (sign in (",", ")", "]", "}", "") or (sign == "\n" and not inside)):
                return position
            elif not sign:
                raise self._error("a bracket that is not closed", position)
            else:
                depth += (sign in ("(", "[", "{")) - (sign in (")", "]", "}"))
                position += 1


class _Labels(dict[str, Any]):
    """The blocks of one type, or of one type and first labels, by their next label."""


def _plain(match: re.Match[str]) -> object:
    if match["word"]:
        return _WORDS[match["word"]]
    return int(match[0]) if match[0].lstrip("-").isdigit() and len(match[0]) < 400 else Expression(match[0])


def _flush(text: str) -> str:
    """Return the lines of a heredoc without the indentation that all of them have; blank ones stay as they are."""
    lines = text.splitlines(keepends=True)
    indents = [len(_INDENT.match(line)[0]) for line in lines if line.strip()]  # type: ignore[index]  # it matches anywhere
    least = min(indents, default=0)
    return "".join(line[least:] if line.strip() else line for line in lines)
