"""What stands at a place of a file, and around it, in the words that tell it from its neighbours: for keyed marks only.

What is returned here holds values: it is digested at once (`identity.mark`), and goes nowhere else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool.detection import comments

if TYPE_CHECKING:
    from ciphertool.rewriters.base import Outline, Rewriter, Site

_POSITION = re.compile(r"\[\d+\]")
_XML_STEP = re.compile(r"(?<=[^/])(?=/)|$")
_TITLE = re.compile(r"(?i)(?:/@?|\[['\"]|\.)(?:name|key|id|param-name|property)(?:['\"]\])?$")
_SECTION = re.compile(r"\[[^\[\]]+\]\s*$")
_ASIDE = ("#", ";", "//", "!", "{{", "--")
"""What begins a line that takes no part in the indentation of its neighbours."""
_KEY_ENDS = re.compile(r"[:=\s]")
_LEAD = re.compile(r"[ \t]*(?P<sign>[#;!/*-]*)[ \t]*")
_OPEN_QUOTE = re.compile(r"[=:]\s*(?P<quote>[\"'])(?:(?!(?P=quote)).)*$")
_CONTINUED = re.compile(r"(?:[=:]\s*|\S)\\\s*$")
"""A line that the next one continues in the midst of a value; a command's next word is none."""
_MOST_LINES = 1024


def _lead(line: str) -> tuple[str, int]:
    """Return what a comment or a list's item begins with, if it is one, and the column where its text does."""
    found = _LEAD.match(line)
    assert found is not None  # noqa: S101 - it matches anything
    return found["sign"][:1].replace("-", ""), found.end()


def _is_below(line: str, sign: str, column: int) -> bool:
    """Return whether a line belongs to what begins at this column of an earlier line."""
    return not line.strip() or (_lead(line)[0] == sign and _lead(line)[1] > column)


class Surroundings:
    """One file's text by line, and the names of its elements."""

    def __init__(self, text: str, rewriter: Rewriter | None, outline: Outline) -> None:
        self._text, self._rewriter, self._outline = text, rewriter, outline

    def site(self, site: Site, line: int | None) -> str:
        """Return a site's value with the names of the list elements around it; of a value's inner line, that line."""
        if line is not None and line != site.line:
            return self.line(line)
        return "\0".join((*self._titles_of(site.selector), site.value))

    def line(self, line: int) -> str:
        """Return a line with the names above it, and with the rest of a key or a command that begins there."""
        return self._said(line, 0)

    def comment(self, line: int) -> str:
        """Return the same for the comment on a line, without what stands before it."""
        if self._lines is None:
            return self._text
        begin = self._starts[line - 1] if line <= len(self._starts) else len(self._text)
        after = bisect_right(self._comment_ends, begin)
        start = self._comments[after][0] if after < len(self._comments) else begin
        return self._said(line, max(0, start - begin))

    def _said(self, line: int, column: int) -> str:
        lines = self._lines
        if lines is None or line > len(lines):
            return self._text
        index = line - 1
        first = lines[index][column:] or lines[index]
        pieces = [piece.strip() for piece in (first, *lines[index + 1 : self._end(index, first)])]
        pieces[-1] = pieces[-1].rstrip(",; \t")
        return "\0".join((*self._above(index), *pieces))

    def _end(self, index: int, first: str) -> int:
        """Return the line behind all that begins on a line: a key, a text in quotes, a block, what a `\\` continues."""
        lines = self._lines or []
        most = min(len(lines), index + _MOST_LINES)
        key, quoted = "-----BEGIN" in first, _OPEN_QUOTE.search(first)
        if key or quoted:
            close = "-----END" if key or quoted is None else quoted["quote"]
            if key and close in first:
                return index + 1
            return next((end + 1 for end in range(index + 1, most) if close in lines[end]), most)
        sign, column = _lead(lines[index])
        end = index + 1
        while end < most and (_CONTINUED.search(lines[end - 1]) or _is_below(lines[end], sign, column)):
            end += 1
        while not lines[end - 1].strip():
            end -= 1
        return end

    @cached_property
    def _lines(self) -> list[str] | None:
        """The lines of the text; None where readers differ in what ends one: then any change of the file is one."""
        lines = self._text.splitlines()
        counted = self._text.replace("\r\n", "\n").split("\n")
        if counted[-1] == "":
            counted.pop()
        return lines if lines == counted else None

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self._text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts[:-1]

    @cached_property
    def _comments(self) -> list[tuple[int, int]]:
        return sorted(comments.spans(self._rewriter, self._text))

    @cached_property
    def _comment_ends(self) -> list[int]:
        return [end for _, end in self._comments]

    def _above(self, index: int) -> list[str]:
        """Return the section of a line, and the keys that it is indented under."""
        lines = self._lines or []
        found = []
        above, section = self._parents[index]
        while above >= 0:
            text = lines[above].strip().removeprefix("- ")
            found.append(_KEY_ENDS.split(text, maxsplit=1)[0])
            above = self._parents[above][0]
        return [lines[section].strip() if section >= 0 else "", *reversed(found)]

    @cached_property
    def _parents(self) -> list[tuple[int, int]]:
        """Of each line the one that it is indented under and the header of its section, -1 where there is none."""
        found: list[tuple[int, int]] = []
        stack: list[tuple[int, int]] = []
        section = -1
        for index, line in enumerate(self._lines or []):
            text = line.lstrip()
            indent = len(line) - len(text)
            if _SECTION.match(text):
                section, stack = index, []
            aside = not text or text.startswith(_ASIDE)
            while not aside and stack and stack[-1][0] >= indent:
                stack.pop()
            found.append((next((above for depth, above in reversed(stack) if depth < indent), -1), section))
            if not aside:
                stack.append((indent, index))
        return found

    def _titles_of(self, selector: str) -> list[str]:
        """Return the names of the elements along a selector; their positions can change."""
        ends = _XML_STEP if selector.startswith("/") else _POSITION
        prefixes = [selector[: match.end()] for match in ends.finditer(selector)]
        return [self._titles[prefix] for prefix in prefixes if prefix in self._titles]

    @cached_property
    def _titles(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for selector, value in zip(self._outline.selectors, self._outline.values, strict=True):
            if title := _TITLE.search(selector):
                found.setdefault(selector[: title.start()], value)
        return found
