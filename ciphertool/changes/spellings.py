"""What `resolve` will make of a protected file: how its secrets are spelled, and which come back spelled otherwise."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool import references
from ciphertool.errors import ConfigError, ConfigSyntaxError
from ciphertool.rewriters.base import Change, Edit, SpliceError, put_back, splice
from ciphertool.rewriters.spelled import in_url, respelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ciphertool.rewriters.base import Document, Rewriter, Site

_HINT = "protect them one by one to find the value, and put that one into another place or spelling"
_start = attrgetter("start")


class Spelled(Protocol):
    """A secret of a file: a match of a target, or something like it."""

    @property
    def alias(self) -> str: ...  # noqa: D102

    @property
    def site(self) -> Site: ...  # noqa: D102

    @property
    def value(self) -> str: ...  # noqa: D102

    @property
    def part(self) -> Part | None: ...  # noqa: D102


class Part(Protocol):
    """A secret that is a part of a value."""

    @property
    def text(self) -> str: ...  # noqa: D102


class Spellings(NamedTuple):
    """The secrets of a file that come back spelled otherwise than they stand in it, by their aliases.

    `texts` are their own spellings, for a vault that can keep them; `lines` is where each stands, and `lost` has those
    that come back otherwise even then.
    """

    texts: Mapping[str, str] = {}
    lines: Mapping[str, int] = {}
    lost: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Spellings({list(self.lines)})"


def come_back(before: Document, matches: Sequence[Spelled], edits: Iterable[Edit]) -> bool:
    """Return whether `resolve` certainly makes the same file again of the one that `edits` put references into.

    If it returns False, `spellings` finds it out by trying.
    """
    written = {edit.start: edit.text for edit in edits}
    return all(m.part is None and before.comes_back(m.site, written.get(m.site.start, "")) for m in matches)


def spellings(
    rewriter: Rewriter, before: Document, after: bytes, matches: Sequence[Spelled], *, native: bool
) -> Spellings:
    """Return how the secrets of a file are spelled; `after` is the file with references in the place of the matches.

    Passwords of URLs are stored without their percent-encoding in a `native` vault. Raise `UnrepresentableValueError`
    or `ConfigError` if `resolve` could not put a value back.
    """
    by_site: dict[str, list[Spelled]] = {}
    for match in matches:
        by_site.setdefault(match.site.selector, []).append(match)
    protected = rewriter.parse(after)
    sites = protected.pick(list(by_site))
    encoded = dict(_encoded(sites, by_site)) if native else {}
    lines = {match.alias: match.site.line for match in matches if match.alias in encoded}
    changes = [_put_back(site, by_site[site.selector]) for site in sites]
    text = splice(protected.source.text, protected.edits(changes))
    if text == before.source.text:
        return Spellings(encoded, lines)
    try:
        resolved = before.source.encode(text)
        if not protected.is_proved_by(rewriter, resolved, changes):
            raise SpliceError
        reshaped = [*_reshaped(rewriter.parse(resolved), before, by_site)]
        own = {m.site.selector: before.spelling(m.site) for m in reshaped if m.part is None}
        back = rewriter.parse(respelled(rewriter, protected, changes, resolved, own))
    except (ConfigSyntaxError, SpliceError, UnicodeEncodeError):
        raise ConfigError("`resolve` could not put back what its targets name", hint=_HINT) from None
    lost = [*_reshaped(back, before, by_site)]
    texts = {match.alias: own[match.site.selector] for match in reshaped if match.site.selector in own} | encoded
    lines |= {match.alias: match.site.line for match in (*reshaped, *lost)}
    return Spellings(texts, lines, frozenset(match.alias for match in lost))


def _put_back(site: Site, matches: Sequence[Spelled]) -> Change:
    """Return the change that `resolve` makes of a protected site."""
    if site.reference is not None:
        return Change(site, matches[0].value)
    texts = {match.alias: match.part.text if match.part else match.value for match in matches}
    found = [reference for reference in references.find(site.value) if reference.alias in texts]
    return put_back(site, [Edit(reference.start, reference.end, texts[reference.alias]) for reference in found])


def _encoded(sites: Iterable[Site], by_site: Mapping[str, Sequence[Spelled]]) -> Iterator[tuple[str, str]]:
    """Yield the alias and the spelling of each password of a URL that would be percent-encoded otherwise."""
    for site in sites:
        parts = {match.alias: match for match in by_site[site.selector] if match.part}
        for reference in references.find(site.value) if parts else ():
            match = parts.get(reference.alias)
            if match and match.part and reference.in_url and in_url(match.value) != match.part.text:
                yield match.alias, match.part.text


def _reshaped(after: Document, before: Document, by_site: Mapping[str, Sequence[Spelled]]) -> Iterator[Spelled]:
    """Yield the matches that stand otherwise in a file that reads as before, each with the text that leads to it."""
    old_end = new_end = 0
    members: Sequence[Spelled] = ()
    for site in sorted(after.pick(list(by_site)), key=_start):
        members = by_site[site.selector]
        old = members[0].site
        if after.source.text[new_end : site.end] != before.source.text[old_end : old.end]:
            yield from members
        old_end, new_end = old.end, site.end
    if after.source.text[new_end:] != before.source.text[old_end:]:
        yield from members
