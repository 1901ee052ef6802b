r"""systemd's units, as systemd.syntax(7) describes them: repeated keys, lines that continue, variables in quotes.

    section  = `[Name]`; a key may be repeated in it, and each entry then has a number, `Service/ExecStartPre[0]`
    value    = the rest of the line; a `\` at its end stands for a blank, and comments may come before the next line
    Environment= sets variables, each an entry of its own, `Service/Environment/NAME`: `NAME=value`, `"NAME=value"`
    comment  = a line that begins with `#` or `;`

What systemd reads differs by key: escapes, quotes, specifiers (`%i`), variables. A secret that has a sign of these is
protected only if its text is meant as it stands; its reference, `{ciphertool-verbatim:a}`, says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Edit, respelled, splice
from ciphertool.rewriters.ini import number
from ciphertool.rewriters.lines import Entries, EntryDocument, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ciphertool.rewriters.base import Change, Site, Source

_LINE = re.compile(
    r"[ \t]*+(?:(?P<comment>[#;][^\n]*+)|\[(?P<section>[^\]\n]++)\][ \t\r]*+|(?P<key>[^\s=\[#;][^=\n]*+)=[ \t]*+"
    r"(?P<value>(?:[^\\\n]++|\\\r?\n(?:[ \t]*+[#;][^\n]*+\n|(?!))*+|\\[^\n]|(?!))*+)"
    r"|(?P<damage>[^\n]*\S[^\n]*+)|[^\S\n]*+)(?:\n|\Z)"
)
_FOLD = re.compile(r"\\\r?\n(?:[ \t]*+[#;][^\n]*+\n|(?!))*+")
_BETWEEN = re.compile(rf"(?:\s++|{_FOLD.pattern}|(?!))*+")
_INSIDE = r"(?:(?!{0})[^\\\n]|\\[^\n]|(?!))*+"
_DOUBLE, _SINGLE = _INSIDE.format('"'), _INSIDE.format("'")
_WORD = re.compile(
    rf"""(?:"(?P<a>[A-Za-z_]\w*+)=(?P<double>{_DOUBLE})"|'(?P<b>[A-Za-z_]\w*+)=(?P<single>{_SINGLE})'"""
    rf"""|(?P<c>[A-Za-z_]\w*+)=(?:"(?P<late>{_DOUBLE})"|'(?P<last>{_SINGLE})'"""
    r"""|(?P<bare>(?:[^\s\\"']|\\[^\n]|(?!))*+)))(?=\s|\\\r?\n|\Z)"""
)
_SPECIAL = re.compile(r"[\\%\"']")
_SPECIAL_IN_COMMANDS = re.compile(r"[\\%\"'$]")
_LITERALLY = re.compile(r"[!-\[\]-~]+")
_AS_IT_STANDS = "has a quote, a \\ or a sign like %, which systemd does not read as it stands"


class UnitDocument(EntryDocument):
    """A parsed unit. A value is its text, with continued lines joined; `words` has the quotes of variables."""

    escapes = re.compile(r"\\\r?\n")
    holds_marks = False

    def __init__(self, source: Source, entries: Entries, words: dict[int, str]) -> None:
        super().__init__(source, entries)
        self._words = words
        self._several = number(entries.selectors)

    def read(self, spelled: str) -> str:
        """Return the value that a spelling stands for: its lines, joined by blanks."""
        return _FOLD.sub(" ", spelled) if "\n" in spelled else spelled

    def spell(self, site: Site, value: str) -> str:  # noqa: ARG002 - a value is its text
        """Return the value."""
        return value

    def key(self, selector: str) -> str:
        """Return the dotted path of a selector's entry."""
        return selector.replace("/", ".")

    def ordinals(self, selector: str) -> Sequence[int]:
        """Return which entries a selector names."""
        return self._several.get(selector) or super().ordinals(selector)

    def way_out(self, selector: str) -> str:
        """Return what to do about a selector that names several entries."""
        return f"name one of them by its number: {selector}[0] is the first"

    def ambiguity(self, site: Site, start: int, end: int) -> str | None:
        """Return why a part of a value is not what systemd reads there, or None."""
        return _AS_IT_STANDS if self._is_special(site, site.value[start:end]) else None

    def _is_special(self, site: Site, text: str) -> bool:
        quote = self._words.get(site.start)
        if quote is None:
            return _SPECIAL_IN_COMMANDS.search(text) is not None or text != text.strip()
        return _SPECIAL.search(text) is not None or (not quote and any(map(str.isspace, text)))

    def wanted(self, change: Change) -> str:
        """Return the value that a change's site will have, with references as they are written there."""
        super().wanted(change)  # refuses what no format can hold
        return splice(change.site.value, self._pieces(change))

    def _pieces(self, change: Change) -> list[Edit]:
        site, to = change.site, change.to
        within = change.within or (Edit(0, len(site.value), str(to)),)
        return [Edit(start, end, self._piece(site, start, end, text)) for start, end, text in within]

    def _piece(self, site: Site, start: int, end: int, text: str) -> str:
        old, new = references.parse(site.value[start:end]), references.parse(text)
        if new is not None:
            special = self._is_special(site, site.value[start:end]) and old is None
            if special and references.is_in_url(site.value, start, end):
                raise UnrepresentableValueError(site.selector, f"the password of a URL {_AS_IT_STANDS}")
            verbatim = special or (old is not None and old.syntax is Syntax.INERT_VERBATIM)
            return str(Reference(new.alias, Syntax.INERT_VERBATIM if verbatim else Syntax.SECRET))
        if "\n" in text or text.endswith("\r"):
            raise UnrepresentableValueError(site.selector, "it has a line end")
        if (old is None or old.syntax is not Syntax.INERT_VERBATIM) and self._is_special(site, text):
            raise UnrepresentableValueError(site.selector, f"it {_AS_IT_STANDS}")
        return text

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return one edit for each change; lines that continue stay if only a part of a value changes."""
        return [Edit(change.site.start, change.site.end, self._spelled(change)) for change in changes]

    def _spelled(self, change: Change) -> str:
        site = change.site
        spelled = self.source.text[site.start : site.end]
        value = self.wanted(change)
        kept = respelled(site.value, spelled, self._pieces(change), _LITERALLY) if "\n" in spelled else None
        text = self.encodable(site, kept or value)
        quote = self._words.get(site.start)
        word = None if quote is None else _WORD.fullmatch(f"{quote}A={text}{quote}")
        if (quote is not None and word is None) or (not quote and text.endswith("\\")):
            raise UnrepresentableValueError(site.selector, "systemd would read more or less than it there")
        return text


class SystemdRewriter:
    """systemd's units and the files that complete them."""

    name = "systemd"
    suffixes = frozenset({".automount", ".mount", ".netdev", ".network", ".nspawn", ".service", ".socket", ".timer"})
    syntax = Syntax.SECRET

    def __init__(self, encoding: str | None = None) -> None:
        """Read files in this encoding; without one, UTF-8 is assumed."""
        self._encoding = encoding

    def parse(self, data: bytes) -> UnitDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError` for a line that is neither an entry nor a section."""
        source = decode(data, self._encoding)
        return UnitDocument(source, *_scan(source))

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> dict[str, dict[str, str]]:
        """Return section → key → text, with every reference replaced by what `reveal` returns."""
        found: dict[str, dict[str, str]] = {}
        for site in self.parse(data).sites():
            section, _, key = site.selector.partition("/")
            found.setdefault(section, {})[key] = references.substitute(site.value, reveal)
        return found


def _scan(source: Source) -> tuple[Entries, dict[int, str]]:
    entries, words, section = Entries(), dict[int, str](), ""
    for match in _LINE.finditer(source.text):
        if match["damage"] is not None:
            raise ConfigSyntaxError("neither an entry nor a section", *source.position(match.start("damage")))
        if match["section"] is not None:
            section = f"{match['section']}/"
        elif match["key"] is not None:
            key, (start, end) = match["key"].rstrip(), match.span("value")
            end = start + len(source.text[start:end].rstrip())
            found = list(_variables(source.text, start, end)) if key == "Environment" else []
            for name, quote, at, until in found or [("", None, start, end)]:
                entries.selectors.append(f"{section}{key}/{name}" if name else f"{section}{key}")
                entries.heads.append(match.start("key"))
                entries.starts.append(at)
                entries.ends.append(until)
                if quote is not None:
                    words[at] = quote
    return entries, words


def _variables(text: str, position: int, end: int) -> Iterator[tuple[str, str | None, int, int]]:
    """Yield name, quotes and span of each variable of an `Environment=`; none if one of them is not understood."""
    found: list[tuple[str, str | None, int, int]] = []
    while (position := _BETWEEN.match(text, position, end).end()) < end:  # type: ignore[union-attr]  # matches anywhere
        word = _WORD.match(text, position, end)
        if word is None:
            return
        group = next(name for name in ("double", "single", "late", "last", "bare") if word[name] is not None)
        quote = {"double": '"', "late": '"', "bare": ""}.get(group, "'")
        found.append((word["a"] or word["b"] or word["c"], quote, *word.span(group)))
        position = word.end()
    yield from found
