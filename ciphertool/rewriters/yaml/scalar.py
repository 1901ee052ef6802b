"""One value as spelled in the text, and the edits that respell it. Independent of trees and selectors."""

from __future__ import annotations

import bisect
import re
from typing import TYPE_CHECKING

from ciphertool.rewriters.base import Edit, respelled
from ciphertool.rewriters.yaml.spelling import STR_TAG, Style, can_be_plain, is_null, quoted, reads_as_text
from ciphertool.rewriters.yaml.stream import TEXT_TAG, Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.rewriters.yaml.stream import Stream

# Directly before a reference, it means: the value was plain and will be plain again.
_MARK = f"{TEXT_TAG} "

_PROPERTIES = re.compile(
    r"(?:(?:&[^\s,\[\]{}]++|!<[^>]*+>|![^\s,\[\]{}]*+)(?:[ \t\r\n]|(?<=[ \t\r\n])#[^\r\n]*+|(?!))*+|(?!))++"
)
_BLOCK_HEADER = re.compile(r"[|>][0-9+-]*+")
_TABS_NEXT = re.compile(r"[ \t]*+(?:[\r\n] *+)++\t")
_AS_IT_IS = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_AS_IT_IS_IN_QUOTES = re.compile(r"[!#-&(-\[\]-~]+")
_LINE_END = re.compile(r"[\r\n]|\Z")
# Looking up a member in its enumeration takes ten times as long.
_PLAIN, _LITERAL, _FOLDED = Style.PLAIN, Style.LITERAL, Style.FOLDED
_STYLES = {"'": Style.SINGLE, '"': Style.DOUBLE, "|": _LITERAL, ">": _FOLDED}


class Scalar:
    """The value with this `number` in the stream of a source.

    `text` is what the parser reads. `start` and `end` span its spelling without properties, but with our mark if it is
    `marked`; for a block scalar they span the header, and `body` the lines of content (empty if there are none).
    """

    tag: str | None = None
    marked = False
    body = (0, 0)

    def __init__(self, source: str, stream: Stream, number: int) -> None:
        self.number, self._flows = number, stream.flows
        start, end = stream.starts[number], stream.ends[number]
        fact = stream.facts[stream.places[number]]
        if isinstance(fact, Node):
            match = _PROPERTIES.match(source, start, end)
            start = match.end() if match else start
            self.text, self.tag = fact.text, fact.tag
        else:
            self.text = fact
        self.style = _STYLES.get(source[start : start + 1], _PLAIN)
        self.start, self.end = start, end
        if self.is_block:
            self.end, self.body = _block(source, start, end)
        if self.tag == TEXT_TAG and source.endswith(_MARK, 0, start):
            self.marked = True
            self.start -= len(_MARK)

    @property
    def is_block(self) -> bool:
        """Whether the value is spelled as a block of lines."""
        return self.style is _LITERAL or self.style is _FOLDED

    @property
    def in_flow(self) -> bool:
        """Whether the value is in a flow collection."""
        return bisect.bisect_right(self._flows, self.number) % 2 == 1

    @property
    def is_untagged_plain(self) -> bool:
        """Whether readers infer the type of the value from its spelling."""
        return self.style is _PLAIN and self.tag is None

    @property
    def value(self) -> str:
        """The text; "" for null."""
        return "" if is_null(self.text) and self.is_untagged_plain else self.text

    def with_pieces(self, within: Sequence[Edit], source: str) -> Edit | None:
        """Return the edit that replaces pieces of a multi-line value and keeps its lines, None if there is none."""
        start, end = self.body if self.is_block else (self.start, self.end)
        spelled = source[start:end]
        if "\n" not in spelled or self.style is _PLAIN:
            return None
        new = respelled(self.text, spelled, within, _AS_IT_IS if self.is_block else _AS_IT_IS_IN_QUOTES)
        return None if new is None else Edit(start, end, new)

    def respelled(self, text: str, source: str, *, is_reference: bool) -> Iterator[Edit]:
        """Yield the edits that replace the value by another text."""
        spelled = self._reference(text) if is_reference else self._value(text)
        spelled = " " * self._lacking_indent(source) + spelled
        if self.body[1] > self.body[0]:
            yield Edit(*self.body, "")
        # libyaml accepts a comment directly after quotes or a block's header; after a plain scalar it would be text.
        needs_blank = source.startswith("#", self.end) and (self.is_block or not spelled.endswith(("'", '"')))
        yield Edit(self.start, self.end, f"{spelled} " if needs_blank else spelled)

    def comes_back(self, written: str, source: str) -> bool:
        """Return whether the value, put back in place of a reference that is `written` there, makes the same text."""
        text, marked = self.text, written.startswith(_MARK)
        if self.is_block or self.tag is not None or source.startswith("#", self.end):
            return False
        style = _STYLES.get(written.removeprefix(_MARK)[:1], _PLAIN)
        # As `_value` spells a text where the reference then stands.
        is_plain = not is_null(text) if marked else style is _PLAIN and reads_as_text(text)
        again = text if is_plain and can_be_plain(text, flow=self.in_flow) else quoted(text, style)
        return source[self.start : self.end] == again

    def takes_quotes(self, source: str) -> bool:
        """Return whether a quoted value may stand here: libyaml allows a line of tabs after a plain one only."""
        return self.style is not _PLAIN or not _TABS_NEXT.match(source, self.end)

    def _lacking_indent(self, source: str) -> int:
        """Return how much deeper a block scalar's header must be indented to become another scalar.

        That is as deep as its content, if it begins its line: it may stand where otherwise only a key may.
        """
        if not self.is_block:
            return 0
        start = line_start(source, self.start)
        if start is None:
            return 0
        content = source[slice(*self.body)].lstrip("\r\n")
        indent = len(content) - len(content.lstrip(" "))
        return max(0, indent - (self.start - start)) if content else 1

    def _reference(self, text: str) -> str:
        was_plain = self.is_untagged_plain and (self.in_flow or not reads_as_text(self.text))
        mark = _MARK if self.marked or was_plain else ""
        return mark + (text if self._stays_plain(text) else quoted(text, self.style))

    def _value(self, text: str) -> str:
        is_plain_again = self.marked and not is_null(text) and can_be_plain(text, flow=self.in_flow)
        return text if is_plain_again or self._stays_plain(text) else quoted(text, self.style)

    def _stays_plain(self, text: str) -> bool:
        return (
            self.style not in (Style.SINGLE, Style.DOUBLE)
            and (reads_as_text(text) or self.tag == STR_TAG)
            and can_be_plain(text, flow=self.in_flow)
        )


def _block(source: str, start: int, end: int) -> tuple[int, tuple[int, int]]:
    """Return where a block scalar's header ends, and the span of its content to the end of its last line."""
    header = _BLOCK_HEADER.match(source, start)
    header_end = header.end() if header else start
    line_end = _end_of_line(source, header_end)
    # The parser includes the blank lines after the content, and sometimes the indentation of what follows them.
    content = source[line_end:end].rstrip(" \t\r\n")
    return header_end, (line_end, _end_of_line(source, line_end + len(content)) if content else line_end)


def line_start(source: str, offset: int) -> int | None:
    """Return where the line of an offset starts if there are only spaces before it, else None."""
    start = offset
    while source.startswith(" ", start - 1, start):
        start -= 1
    return start if not start or source[start - 1] in "\r\n" else None


def block_end(source: str, end: int, spelled: str) -> int | None:
    """Return the end of the line at `end` if what follows there is what stands behind the header of a spelled block."""
    header = _BLOCK_HEADER.match(spelled, len(spelled) - len(spelled.lstrip(" ")))
    if header is None:
        return None
    line_end = _end_of_line(source, end)
    same = spelled[header.end() : _end_of_line(spelled, header.end())].strip() == source[end:line_end].strip()
    return line_end if same else None


def _end_of_line(source: str, start: int) -> int:
    match = _LINE_END.search(source, start)
    return match.start() if match else len(source)
