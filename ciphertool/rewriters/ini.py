r"""INI files as configparser reads them (`RawConfigParser(allow_no_value=True)`), without interpolation.

    section = a line that begins with `[`, up to its last `]`
    option  = key, then `=` or `:` and a value, or nothing; keys are not case-sensitive
    value   = the rest of the line, and every later line that is indented more than the key; blanks around each line
              are not part of it
    comment = a line that begins with `#` or `;`, indented or not, even between the lines of a value

For other readers, `#` or `;` after a blank begins a comment; for configparser, it is part of the value. Such a value
is neither protected nor written.

Unlike configparser, which refuses them, keys may precede the first section, and keys and sections may be repeated: each
entry with a repeated key is named by its number, `section/key[0]` the first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError, UnrepresentableValueError
from ciphertool.references import Syntax
from ciphertool.rewriters.lines import ABSENT, Entries, EntryDocument, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Change, Document, Site, Source

_BLANKS = r"[^\S\r\n]"
_LINE = re.compile(
    rf"(?:{_BLANKS}*+(?:[#;][^\r\n]*+)?(?:\r\n?|\n)|(?!))*+"
    rf"(?P<indent>{_BLANKS}*+)"
    r"(?:\Z|"
    r"(?P<key>(?![#;])[^=:\r\n]*+)"
    rf"(?:[=:](?:{_BLANKS}*+(?=\S)|(?!))?+(?P<value>\S*+(?:{_BLANKS}++\S++|(?!))*+))?+"
    rf"{_BLANKS}*+"
    r"|[#;][^\r\n]*+)"
)
_SECTION = re.compile(r"\[([^\r\n]+)\]")
_LINE_END = re.compile(r"\r\n?|\n")
_AMBIGUOUS = "it holds # or ; where some readers begin a comment"
_COMMENT = re.compile(r"(?:\A|(?<=\s))[#;]")


class IniDocument(EntryDocument):
    """A parsed INI file. The selector is `section/key`; defaults are in the section `DEFAULT`."""

    escapes = re.compile(r"\0(?!)")  # matches nothing, and knows that sooner than `(?!)` alone

    def __init__(self, source: Source, entries: Entries, sections: Sequence[tuple[str, int]]) -> None:
        """`sections` are the names of all sections, in order, each with the number of entries before it."""
        super().__init__(source, entries)
        self._sections = sections
        self._several = number(entries.selectors)

    def options(self) -> Iterator[tuple[str, Mapping[str, str | None]]]:
        """Yield each section, as often as it occurs, with its values by key; "" has the keys before the first."""
        names = list(self.entries.selectors)
        for name, ordinals in self._several.items():
            for ordinal in ordinals:
                names[ordinal] = name
        ends = [first for _, first in self._sections[1:]]
        for (section, first), end in zip(self._sections, [*ends, len(names)], strict=True):
            at = len(section) + 1 if section else 0
            spelled = {names[ordinal][at:]: self.spelled(ordinal) for ordinal in range(first, end)}
            yield section, {key: text if text is None else self.read(text) for key, text in spelled.items()}

    def read(self, spelled: str) -> str:
        """Return the value that a spelling stands for: its lines without surrounding blanks."""
        if "\n" not in spelled and "\r" not in spelled:
            return spelled
        first, *others = (line.strip() for line in _LINE_END.split(spelled))
        return "\n".join([first, *(line for line in others if not line.startswith(("#", ";")))])

    def spell(self, site: Site, value: str) -> str:
        """Spell a value on one line or, if it has several, with each further line indented more than its key."""
        lines = value.split("\n")
        if "\r" in value or value.endswith("\n") or any(line != line.strip() for line in lines):
            raise UnrepresentableValueError(site.selector, "blanks and line ends around it or its lines would be lost")
        if _COMMENT.search(value):
            raise UnrepresentableValueError(site.selector, _AMBIGUOUS)
        head = self.head(site)
        if self.source.text[head] == "[" and "]" in lines[0]:
            raise UnrepresentableValueError(site.selector, "its line would read as a section")
        if len(lines) == 1:
            return value
        _, column = self.source.position(head)
        found = _LINE_END.search(self.source.text)
        newline = found[0] if found else "\n"
        indent = f"{newline}{self.source.text[head - column + 1 : head]}    "
        return "".join([lines[0], *(f"{indent}{line}" if line else newline for line in lines[1:])])

    def refusal(self, spelled: str) -> str | None:
        """Return why a value cannot be protected: readers disagree on it, or it contains a comment."""
        return _AMBIGUOUS if _COMMENT.search(spelled) else super().refusal(spelled)

    def key(self, selector: str) -> str:
        """Return the dotted path of a selector's entry."""
        return selector.replace("/", ".")

    def ordinals(self, selector: str) -> Sequence[int]:
        """Return which entries a selector names, wherever it divides into section and key."""
        cuts = [0, *(cut + 1 for cut, character in enumerate(selector) if character == "/")]
        named = dict.fromkeys(selector[:cut] + selector[cut:].lower() for cut in cuts)
        found: set[int] = set()
        for name in named:
            found.update(self._several.get(name) or super().ordinals(name))
        return sorted(found)

    def proves(self, before: Document, changes: Sequence[Change]) -> bool:
        """Return whether every entry and every section is the same, except for the planned values."""
        same = isinstance(before, IniDocument) and before._sections == self._sections
        return same and super().proves(before, changes)

    def way_out(self, selector: str) -> str:
        """Return what to do about a selector that names several entries."""
        return f"name one of them by its number: {selector}[0] is the first"


class IniRewriter:
    """INI files. `.conf` is not among the suffixes: too many other dialects use it."""

    name = "ini"
    suffixes = frozenset({".ini", ".cfg"})
    syntax = Syntax.SECRET

    def __init__(self, encoding: str | None = None) -> None:
        """Read files in this encoding; without one, UTF-8 is assumed."""
        self._encoding = encoding

    def parse(self, data: bytes) -> IniDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError` if readers would not agree on its entries."""
        source = decode(data, self._encoding)
        return IniDocument(source, *_scan(source))

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> dict[str, dict[str, str | None]]:
        """Return section → key → value (None for a key alone), with every reference replaced by what `reveal` returns.

        As in configparser, each section also has the keys of `DEFAULT`, which is a section itself. Of equal keys the
        last takes effect; keys before the first section are in the section "".
        """
        found: dict[str, dict[str, str | None]] = {"DEFAULT": {}}
        for section, options in self.parse(data).options():
            revealed = {k: v if v is None else references.substitute(v, reveal) for k, v in options.items()}
            found.setdefault(section, {}).update(revealed)
        return {section: {**found["DEFAULT"], **own} for section, own in found.items()}


def number(selectors: list[str]) -> Mapping[str, list[int]]:
    """Give each repeated selector a number in place; return the entries of each, by the selector without number."""
    if len(set(selectors)) == len(selectors):
        return {}
    ordinals: defaultdict[str, list[int]] = defaultdict(list)
    for ordinal, selector in enumerate(selectors):
        ordinals[selector].append(ordinal)
    several = {selector: found for selector, found in ordinals.items() if len(found) > 1}
    for selector, found in several.items():
        for place, ordinal in enumerate(found):
            selectors[ordinal] = f"{selector}[{place}]"
    return several


def _scan(source: Source) -> tuple[Entries, list[tuple[str, int]]]:
    text, entries = source.text, Entries()
    selectors, heads, starts, ends = entries.selectors, entries.heads, entries.starts, entries.ends
    sections = [("", 0)]
    prefix = ""
    level, in_option = 0, False
    for match in _LINE.finditer(text):
        key = match["key"]
        if key is None:
            continue
        head = match.start("key")
        indent = head - match.start("indent")
        if indent > level and in_option and ends[-1] != ABSENT:  # configparser refuses what continues no value
            ends[-1] = head + len(text[head : match.end()].rstrip())
            continue
        level = indent
        if key[:1] == "[" and (header := _SECTION.match(text, head)):
            sections.append((header[1], len(selectors)))
            prefix, in_option = f"{header[1]}/", False
            continue
        if not key:
            raise ConfigSyntaxError("a value without a key", *source.position(head))
        in_option = True
        start, end = match.span("value")
        selectors.append(f"{prefix}{key.rstrip().lower()}")
        heads.append(head)
        starts.append(start if start != -1 else head)
        ends.append(end)
    return entries, sections if not sections[1:] or sections[1][1] else sections[1:]
