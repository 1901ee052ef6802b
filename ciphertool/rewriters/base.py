"""The interface of configuration formats: the sites of a document, and a rewrite that changes nothing else.

bytes → `Rewriter.parse` → `Document` → `locate` → `Site`s → `rewrite` → bytes. No document is ever re-serialised: a
parser finds the spans, edits are spliced into the text, and the result is parsed again and compared before it is
returned. Offsets count characters of `Source.text`, which `Source` proves to represent the file's bytes.
"""

from __future__ import annotations

import bisect
import codecs
from abc import ABC, abstractmethod
from functools import cached_property
from itertools import accumulate, zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError, SelectorError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import encodings, places
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

_BOMS = (
    (codecs.BOM_UTF32_LE, None),
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

SAY_ENCODING = 'state it with `encoding` in its target: "utf-8" or "iso-8859-1"'
"""The hint for a `Document.doubt`."""

_START, _END = attrgetter("start"), attrgetter("end")
_BLOCK = 2048  # characters per block of counted line ends


def byte_order_mark(data: bytes) -> tuple[bytes, str | None]:
    """Return a file's byte order mark (b"" if it has none) and the encoding that the mark stands for."""
    for mark, codec in _BOMS:
        if data.startswith(mark):
            if codec is None:
                raise ConfigSyntaxError("UTF-32 is not supported", 1, 1)
            return mark, codec
    return b"", None


class Source:
    """A file's bytes as text: `bom + text.encode(codec)` is the file, byte for byte.

    `said` is True if a person or a byte order mark states the encoding; otherwise the format assumes it.
    """

    def __init__(self, text: str, codec: str = "utf-8", bom: bytes = b"", *, said: bool = False) -> None:
        self.text = text
        self.codec = codec
        self.bom = bom
        self.said = said or bool(bom)
        self._counted = (0, 1)  # an offset and its line

    @classmethod
    def decode(cls, data: bytes, codec: str = "utf-8", *, said: str | None = None) -> Source:
        """Decode a file as `said`; if that is None, by its byte order mark; without a mark, as `codec`.

        Raise `ConfigSyntaxError` if the file is not in that encoding, or if its mark contradicts `said`. UTF-16 is
        named `utf-16-le` or `utf-16-be`, so that Python does not add a mark of its own when it encodes.
        """
        mark, marked = byte_order_mark(data)
        if said is not None and marked is not None and not encodings.agree(said, marked):
            raise ConfigSyntaxError(f"its byte order mark is that of {marked}, but its stated encoding is {said}", 1, 1)
        codec = marked or said or codec
        if codec == "utf-16":
            reason = "has no byte order mark, so utf-16 is ambiguous"
            raise ConfigSyntaxError(reason, 1, 1, hint="state utf-16-le or utf-16-be")
        try:
            text = data[len(mark) :].decode(codec)
        except (UnicodeDecodeError, LookupError) as error:
            start = getattr(error, "start", 0)
            before = data[len(mark) : len(mark) + start].decode(codec, "replace") if start else ""
            hint = f"convert the file to {codec}"
            raise ConfigSyntaxError(f"not {codec} text", *places.at(before, len(before)), hint=hint) from None
        if mark + text.encode(codec) != data:
            same = next((n for n, (a, b) in enumerate(zip(mark + text.encode(codec), data, strict=False)) if a != b), 0)
            before = data[len(mark) : same].decode(codec, "replace")
            reason = f"its {codec} text would not be written back as the same bytes"
            raise ConfigSyntaxError(reason, *places.at(before, len(before)))
        return cls(text, codec, mark, said=said is not None)

    def encode(self, text: str) -> bytes:
        """Return the bytes of a changed text; raise UnicodeEncodeError if the codec lacks a character."""
        return self.bom + text.encode(self.codec)

    @cached_property
    def _line_starts(self) -> list[int]:
        lines = self.text.replace("\r\n", " \n").replace("\r", "\n").split("\n")
        return [0, *accumulate(len(line) + 1 for line in lines)]

    @cached_property
    def _lines_before(self) -> list[int]:
        """The number of line ends before each block of the text."""
        starts = range(0, len(self.text), _BLOCK)
        return [0, *accumulate(self._line_ends(start, start + _BLOCK) for start in starts)]

    @cached_property
    def _has_returns(self) -> bool:
        return "\r" in self.text

    def _line_ends(self, start: int, end: int) -> int:
        ends = self.text.count("\n", start, end)
        if lone := self.text.count("\r", start, end):
            ends += lone - self.text.count("\r\n", start, end + 1)
        return ends

    def line(self, offset: int) -> int:
        """Return the 1-based line of an offset: constant time when offsets are asked for in ascending order."""
        start, line = self._counted
        if not start <= offset <= start + _BLOCK:
            block = offset // _BLOCK
            start, line = block * _BLOCK, self._lines_before[block] + 1
        line += self._line_ends(start, offset) if self._has_returns else self.text.count("\n", start, offset)
        self._counted = offset, line
        return line

    def position(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of an offset."""
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1


class Site(NamedTuple):
    """One scalar of one document: a place that can hold a secret or a reference.

    `selector` finds exactly this site again; `key` is its dotted path, for alias patterns and messages. `value` is the
    decoded value as the format's reference parser returns it ("" if a reference attribute stands for it and there is no
    text). `start` and `end` span its spelling in the text, including quotes; `line` is 1-based. `reference` stands for
    the whole value; `beside` is the alias of a reference attribute beside plaintext, which a runtime ignores.
    `references.find` yields the references within a longer value.
    """

    selector: str
    key: str
    value: str
    start: int
    end: int
    line: int
    reference: Reference | None = None
    beside: str | None = None

    def __repr__(self) -> str:
        return repr_of(self, "selector", "line")


class Outline(NamedTuple):
    """All sites of a document, reduced to the properties that decide which matter: for readers that need few of many.

    The sequences have the same length and no fixed order, except that the sites of one table, list or element stay in
    order. A value is the site's without surrounding white space, or "" if it is not a string. `marked` has the indexes
    of all sites that hold a reference, are one or are beside one, and possibly of others.
    """

    selectors: Sequence[str]
    keys: Sequence[str]
    values: Sequence[str]
    marked: Collection[int]

    def __repr__(self) -> str:
        return repr_of(self, "selectors")


class Change(NamedTuple):
    """The new content of a site: a reference to a secret, or a value.

    A `Reference` is spelled in the format's way (in XML as `svns:secretAlias` if possible), unless its syntax asks for
    `secretAlias:a`. A value may contain references in its text; a reference attribute that stood for the site is
    removed.

    `within` has the edits that turn the site's value into `to` if only parts of it change: references that replace
    text, or text that replaces references.
    """

    site: Site
    to: Reference | str
    within: tuple[Edit, ...] = ()

    def __repr__(self) -> str:
        return repr_of(self, "site")


class Edit(NamedTuple):
    """Replace `text[start:end]` by `text`. An insertion has `start == end`."""

    start: int
    end: int
    text: str

    def __repr__(self) -> str:
        return repr_of(self, "start", "end")


class SpliceError(AssertionError):
    """Edits overlap, or the result is not as planned: a bug in ciphertool; nothing was written."""


def splice(text: str, edits: Iterable[Edit]) -> str:
    """Apply edits to a text in one pass; raise `SpliceError` if two overlap."""
    parts: list[str] = []
    position = 0
    for edit in sorted(sorted(edits, key=_END), key=_START):  # by start, then end, without a tuple for each
        if edit.start < position:
            raise SpliceError("edits overlap")
        parts += text[position : edit.start], edit.text
        position = edit.end
    parts.append(text[position:])
    return "".join(parts)


def put_back(site: Site, edits: Sequence[Edit]) -> Change:
    """Return the change that replaces references within a site's value by their secrets.

    A value that stands for its base64 is encoded if all of its references are replaced.
    """
    value = splice(site.value, edits)
    if references.marked(site.value) is not None and len(edits) == len(list(references.find(site.value))):
        return Change(site, references.encoded(value[len(references.ENCODED) :]))
    return Change(site, value, tuple(edits))


def respelled(value: str, spelled: str, within: Sequence[Edit], plain: re.Pattern[str]) -> str | None:
    """Return the spelling of a multi-line value with pieces replaced in place, so that it keeps its lines.

    Return None if a piece or its replacement is not spelled literally (`plain`), or cannot be located for certain.
    """
    edits = []
    for start, end, text in within:
        piece = value[start:end]
        before = value.split(piece)[: value[:start].count(piece) + 1]
        if not plain.fullmatch(piece) or not plain.fullmatch(text) or spelled.count(piece) != value.count(piece):
            return None
        if len(piece.join(before)) != start:
            return None
        at = len(piece.join(spelled.split(piece)[: len(before)]))
        edits.append(Edit(at, at + len(piece), text))
    return splice(spelled, edits) if edits else None


class Document(ABC):
    """A parsed file. Immutable: a rewrite returns new bytes."""

    source: Source
    is_text = False
    """Whether the format has no grammar: secrets stand in it as they are, and an audit looks at it as text."""

    holds_marks = True
    """Whether a value can be given a mark, `references.ENCODED`, and come back as it stood."""

    escapes: re.Pattern[str] | None = None
    """Matches every text in which a word of a key or a value may be spelled differently than it reads. A word consists
    of letters, digits and `-_.~+/=%$`. None means any text; an audit then searches a second time."""

    def spelling(self, site: Site) -> str:
        """Return the text of a site's value, for `respelling`."""
        return self.source.text[site.start : site.end]

    def respelling(self, edit: Edit, spelled: str) -> Edit:
        """Return the edit that puts a value back in its former spelling; `edit` puts it back in the rewriter's."""
        return edit._replace(text=spelled)

    def comes_back(self, site: Site, written: str) -> bool:  # noqa: ARG002 - formats know it of most values
        """Return whether a value, put back in place of a reference that is `written` there, makes the same text.

        False means that only trying it shows.
        """
        return False

    @abstractmethod
    def sites(self) -> Iterator[Site]:
        """Yield every scalar that a selector can name, in document order."""

    def outline(self) -> Outline:
        """Return the selectors, keys and values of all sites. Formats override this with a faster version."""
        sites = list(self.sites())
        told = (n for n, site in enumerate(sites) if site.reference is not None or site.beside is not None)
        values = [site.value for site in sites]
        marked = {*told, *references.within(values)}
        return Outline([site.selector for site in sites], [site.key for site in sites], values, marked)

    def pick(self, selectors: Collection[str]) -> list[Site]:
        """Return the sites with these selectors, spelled as in `sites` and `outline`. Formats have faster versions."""
        return [site for site in self.sites() if site.selector in selectors]

    def shadowed(self) -> Iterator[Site]:
        """Yield the scalars that no selector can name because their key occurs more than once."""
        return iter(())

    @abstractmethod
    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return, for each selector, the sites it names (at least one), or the error that refuses it.

        `NoMatchError` means that nothing is there, or that the value is empty or absent; any other `SelectorError`
        means that the selector is not understood, or that what it names cannot be protected.
        """

    def part_of(self, selector: str) -> str | None:  # noqa: ARG002 - in most formats, a selector names whole values
        """Return the regular expression of the part that a selector names in its site's value; None for all of it."""
        return None

    def strays(self) -> Iterator[SelectorError]:
        """Yield an error for each reference that cannot be resolved because the format has no site for it."""
        return iter(())

    def shadowed_references(self) -> Iterator[SelectorError]:
        """Yield the errors of `strays` for formats in which a shadowed value is not one that takes no effect."""
        for site in self.shadowed():
            if site.reference is not None or any(references.find(site.value)):
                reason = "holds a reference, but its key occurs more than once, so that it cannot be resolved"
                yield SelectorError(site.selector, reason, line=site.line, hint="keep only one of them")

    def doubt(self, site: Site) -> str:  # noqa: ARG002 - if the encoding is certain, so are all sites
        """Return why other readers of the file may read a different value at a site, or ""."""
        return ""

    def may_misread(self, value: str) -> bool:  # noqa: ARG002 - as above
        """Return whether a value may once have been read from this file differently from how its readers read it."""
        return False

    def number(self, site: Site) -> int:  # noqa: ARG002 - for formats whose files hold one document
        """Return the number of the document that holds a site, of the several that a file may have."""
        return 0

    def ambiguity(self, site: Site, start: int, end: int) -> str | None:  # noqa: ARG002 - for formats without any
        """Return why a part of a site's value is not the secret itself for every reader of such files, or None."""
        return None

    def by_names(self, sites: Sequence[Site]) -> list[tuple[str, ...]]:
        """Return, for each site, selectors that may find it by name rather than by position, the best first.

        Formats with positions override this; `stable_selectors` verifies the candidates.
        """
        return [() for _ in sites]

    def stable_selectors(self, sites: Sequence[Site]) -> list[str]:
        """Return, for each site, the selector that still finds it after others are inserted before it.

        Each selector finds exactly its site. It has a position only if nothing has a name; then it may be the site's
        own selector.
        """
        proposed = self.by_names(sites)
        every = list(dict.fromkeys(selector for selectors in proposed for selector in selectors))
        found = dict(zip(every, self.locate(every), strict=True))
        return [
            next((s for s in selectors if _is_only(found[s], site)), site.selector)
            for site, selectors in zip(sites, proposed, strict=True)
        ]

    @abstractmethod
    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return the edits that make the changes; raise `UnrepresentableValueError` if the format cannot hold one."""

    def proves(self, before: Document, changes: Sequence[Change]) -> bool:
        """Return whether this document is `before` with exactly the changes made.

        Formats strengthen this by comparing what their reference parser sees in addition.
        """
        planned = {change.site.selector: change.to for change in changes}
        for old, new in zip_longest(before.sites(), self.sites()):
            if old is None or new is None or old.selector != new.selector:
                return False
            to = planned.get(old.selector)
            if to is None:
                same = (old.value, old.reference is None, old.beside) == (new.value, new.reference is None, new.beside)
            elif isinstance(to, Reference):
                same = new.reference is not None and new.reference.alias == to.alias
            else:
                same = new.value == to and new.beside is None
            if not same:
                return False
        return True

    def is_proved_by(self, rewriter: Rewriter, data: bytes, changes: Sequence[Change]) -> bool:
        """Return whether a file, read by the document's rewriter, is this document with exactly the changes made."""
        try:
            return rewriter.parse(data).proves(self, changes)
        except ConfigSyntaxError:
            return False


def _is_only(found: tuple[Site, ...] | SelectorError, site: Site) -> bool:
    return isinstance(found, tuple) and [each.selector for each in found] == [site.selector]


class Rewriter(Protocol):
    """One configuration format. It knows no keys, and does not interpret ciphertexts."""

    name: str
    """The format's name in settings and on the command line: "xml"."""
    suffixes: frozenset[str]
    """The file name suffixes that select the format: ".xml"."""
    syntax: Syntax
    """The syntax in which a reference is written."""

    def parse(self, data: bytes) -> Document:
        """Parse a file's bytes; raise `ConfigSyntaxError`, which never quotes the text."""

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> object:
        """Return a file's data as its reference parser reads it; `reveal` returns the replacement of each reference."""


def rewrite(rewriter: Rewriter, document: Document, changes: Sequence[Change]) -> bytes:
    """Return the document's bytes with the changes made and nothing else changed, proved by parsing them again."""
    return rewrite_by(document.edits(changes), rewriter, document, changes)


def rewrite_by(edits: Sequence[Edit], rewriter: Rewriter, document: Document, changes: Sequence[Change]) -> bytes:
    """Do what `rewrite` does by the document's edits for these changes."""
    source = document.source
    data = source.encode(splice(source.text, edits))
    if not document.is_proved_by(rewriter, data, changes):
        raise SpliceError(f"the rewritten {rewriter.name} document is not what was planned")
    return data
