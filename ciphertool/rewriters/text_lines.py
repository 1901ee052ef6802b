"""Files of no known grammar, line by line: a selector is an expression that finds the secret in one line of the file.

A reference takes the place of the expression's group, and the secret takes the reference's place again, as it is: what
escapes or quotes the file needs are part of the secret. Lines end with LF or CRLF.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import ConfigError, NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import encodings
from ciphertool.rewriters.base import Document, Edit, Outline, Site, Source
from ciphertool.rewriters.expressions import expression
from ciphertool.rewriters.lines import HALF_PAIR, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ciphertool.rewriters.base import Change

_SELECTOR = re.compile(r"line\[([1-9][0-9]{0,9})\]")
_SAMPLE = str(Reference("a", Syntax.INERT_VERBATIM))
_HOW = "write a regular expression that matches in one line, with a group (?P<secret>…)"


class TextDocument(Document):
    """A text. Each line that is not empty is a site, `line[1]` the first; a target names a part of one."""

    escapes = re.compile(r"\0(?!)")  # matches nothing, and knows that sooner than `(?!)` alone
    is_text = True
    holds_marks = False

    def __init__(self, source: Source) -> None:
        self.source = source
        *ended, last = source.text.split("\n")
        self.lines = [*(line.removesuffix("\r") for line in ended), last]
        starts = accumulate((len(line) + 1 for line in ended), initial=0)
        self.spans = [(start, start + len(line)) for start, line in zip(starts, self.lines, strict=True)]

    def sites(self) -> Iterator[Site]:
        """Yield the site of every line that is not empty."""
        return (self._site(index) for index, line in enumerate(self.lines) if line)

    def outline(self) -> Outline:
        """Return the selectors, keys and values of all sites."""
        numbered = [(number, line) for number, line in enumerate(self.lines, 1) if line]
        values = [line for _, line in numbered]
        selectors = [f"line[{number}]" for number, _ in numbered]
        return Outline(selectors, [f"line.{number}" for number, _ in numbered], values, references.within(values))

    def pick(self, selectors: Collection[str]) -> list[Site]:
        """Return the sites that have these selectors."""
        return [self._site(int(selector[5:-1]) - 1) for selector in selectors]

    def _site(self, index: int) -> Site:
        (start, end), line = self.spans[index], self.lines[index]
        name = index + 1
        return Site(f"line[{name}]", f"line.{name}", line, start, end, self.source.line(start), references.parse(line))

    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return, for each expression, the line in which it matches; `part_of` has the place in it."""
        found: list[tuple[Site, ...] | SelectorError] = []
        for selector in selectors:
            try:
                found.append((self._site(self._index(selector)),))
            except SelectorError as error:
                found.append(error)
            except ConfigError as error:
                found.append(SelectorError(selector, error.message, hint=error.hint or _HOW))
        return found

    def part_of(self, selector: str) -> str | None:
        """Return the selector, an expression that also finds the secret in its line; None for a whole line."""
        return None if _SELECTOR.fullmatch(selector) else selector

    def _index(self, selector: str) -> int:
        """Return the index of the line that a selector names; raise `SelectorError`."""
        if whole := _SELECTOR.fullmatch(selector):
            index = int(whole[1]) - 1
            if index >= len(self.lines) or not self.lines[index]:
                raise NoMatchError(selector)
            return index
        pattern = expression(selector)
        try:
            found = list(pattern.find(self.lines))
            if not found:
                raise NoMatchError(selector)
            numbers = [self._line(index) for index, _, _ in found]
            index, start, end = found[0]
            if len(found) > 1:
                reason = f"matches {len(found)} times, on lines {', '.join(map(str, numbers[:5]))}"
                raise SelectorError(selector, reason, line=numbers[-1], hint="narrow it so that it matches once")
            if start >= end:
                raise NoMatchError(selector, "its group matches nothing", line=numbers[0])
            line = self.lines[index]
            if line[start:end].endswith("\r"):
                raise SelectorError(selector, "its group ends with a carriage return", line=numbers[0])
            replaced = line[:start] + _SAMPLE + line[end:]
            if [*pattern.find([replaced])] != [(0, start, start + len(_SAMPLE))]:
                reason = "would not match with a reference in the place of the secret"
                raise SelectorError(selector, reason, line=numbers[0], hint="let it match what is around the secret")
        except TimeoutError as error:
            raise SelectorError(selector, str(error), hint="simplify it") from None
        return index

    def _line(self, index: int) -> int:
        return self.source.line(self.spans[index][0])

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return edits of the parts that change; raise `UnrepresentableValueError` for what is no part of a line."""
        edits = []
        for site, to, within in changes:
            pieces = within or (Edit(0, len(site.value), str(to)),)
            for start, end, text in pieces:
                edits.append(Edit(site.start + start, site.start + end, self._writable(site, text)))
        return edits

    def _writable(self, site: Site, text: str) -> str:
        if "\n" in text or text.endswith("\r"):
            raise UnrepresentableValueError(site.selector, "it has a line end, and the file's grammar is not known")
        if HALF_PAIR.search(text):
            raise UnrepresentableValueError(site.selector, "it holds half of a surrogate pair")
        if not encodings.can_hold(self.source.codec, text):
            reason = f"it has a character that {self.source.codec}, the file's encoding, lacks"
            raise UnrepresentableValueError(site.selector, reason)
        return text

    def proves(self, before: Document, changes: Sequence[Change]) -> bool:
        """Return whether every line is the same, and ends in the same way, except for the planned values."""
        if not isinstance(before, TextDocument):
            return False
        planned = {int(change.site.selector[5:-1]) - 1: str(change.to) for change in changes}
        expected = [planned.pop(index, line) for index, line in enumerate(before.lines)]
        return not planned and self.lines == expected and self.ends == before.ends

    @property
    def ends(self) -> list[bool]:
        """Whether each line but the last ends with CRLF."""
        return [self.source.text.startswith("\r", end) for _, end in self.spans[:-1]]


class TextRewriter:
    """Text of any grammar, in any encoding that leaves ASCII as it is; no file's name stands for it."""

    name = "lines"
    suffixes: frozenset[str] = frozenset()
    syntax = Syntax.INERT_VERBATIM

    def __init__(self, encoding: str | None = None) -> None:
        """Read files in this encoding; without one, UTF-8 is assumed."""
        self._encoding = encoding

    def parse(self, data: bytes) -> TextDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError` for text in another encoding."""
        return TextDocument(decode(data, self._encoding))

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> str:
        """Return the text, with every reference replaced by what `reveal` returns."""
        text = self.parse(data).source.text
        return "\n".join(references.substitute(line, reveal) for line in text.split("\n"))
