r"""INI files whose readers take quotes around a value away, as of `php.ini`, `my.cnf` and git's configuration.

    section = `[`, up to the line's last `]`
    option  = key, then `=` and a value, or nothing; every line is one of its own, indented or not
    value   = the text between `"` or `'`, and a comment may follow; or all the rest of the line
    comment = a line that begins with `#` or `;`

These readers differ on all else: on escapes, quotes within a value, and `#` or `;` outside quotes. A value that has
any of them is neither protected nor written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigSyntaxError, UnrepresentableValueError
from ciphertool.rewriters.ini import IniDocument, IniRewriter
from ciphertool.rewriters.lines import ABSENT, Entries, decode

if TYPE_CHECKING:
    from ciphertool.rewriters.base import Site, Source

_LINE = re.compile(r"[^\r\n]++")
_SECTION = re.compile(r"\[([^\r\n]+)\]")
_QUOTED = re.compile(r"(?:\"[^\"\\\r\n]*+\"|'[^'\\\r\n]*+')(?=\s*+(?:[#;]|\Z))")
_OTHERWISE = re.compile(r"[\\\"'#;]")
_PLAIN = re.compile(r"[\w.,:/@%+=${}-]*+")


class QuotedIniDocument(IniDocument):
    """A parsed INI file whose values may stand in quotes, which are not part of them."""

    def read(self, spelled: str) -> str:
        """Return the value that a spelling stands for: without the quotes around it."""
        return spelled[1:-1] if _QUOTED.fullmatch(spelled) else spelled

    def refusal(self, spelled: str) -> str | None:
        """Return why a value cannot be protected: readers of such files differ on it."""
        if _OTHERWISE.search(spelled) and not _QUOTED.fullmatch(spelled):
            return "it holds a quote, \\, # or ;, which readers differ on outside quotes"
        return super(IniDocument, self).refusal(spelled)

    def spell(self, site: Site, value: str) -> str:
        """Spell a value in the quotes that are there, else bare if every reader takes it literally, else in quotes."""
        now = self.source.text[site.start : site.start + 1]
        if _PLAIN.fullmatch(value) and now not in ("'", '"'):
            return value
        for quote in ("'", '"') if now == "'" else ('"', "'"):
            if _QUOTED.fullmatch(spelled := f"{quote}{value}{quote}"):
                return spelled
        reason = "it would need an escape, which readers of such files differ on"
        raise UnrepresentableValueError(site.selector, reason)


class QuotedIniRewriter(IniRewriter):
    """INI files with quotes around values."""

    name = "quoted-ini"
    suffixes: frozenset[str] = frozenset()

    def parse(self, data: bytes) -> QuotedIniDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError` for a value without a key."""
        source = decode(data, self._encoding)
        return QuotedIniDocument(source, *_scan(source))


def _scan(source: Source) -> tuple[Entries, list[tuple[str, int]]]:
    entries = Entries()
    sections, prefix = [("", 0)], ""
    for match in _LINE.finditer(source.text):
        line = match[0]
        key, separator, rest = line.partition("=")
        name, value = key.strip(), rest.lstrip()
        head = match.start() + len(line) - len(line.lstrip())
        if line.lstrip().startswith("[") and (header := _SECTION.match(line.lstrip())):
            sections.append((header[1], len(entries.selectors)))
            prefix = f"{header[1]}/"
        elif name.startswith(("#", ";")) or not line.strip():
            continue
        elif not name:
            raise ConfigSyntaxError("a value without a key", *source.position(head))
        else:
            start = match.end() - len(value)
            quoted = _QUOTED.match(value)
            entries.selectors.append(f"{prefix}{name.lower()}")
            entries.heads.append(head)
            entries.starts.append(start if separator else head)
            entries.ends.append(start + len(quoted[0] if quoted else value.rstrip()) if separator else ABSENT)
    return entries, sections if not sections[1:] or sections[1][1] else sections[1:]
