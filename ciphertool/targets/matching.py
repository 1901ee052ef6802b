"""From targets to sites: selectors become sites, alias patterns become aliases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import references
from ciphertool.errors import CipherToolError, ConfigError, NoMatchError, SelectorError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import SAY_ENCODING, Change, Edit, splice
from ciphertool.secret import repr_of
from ciphertool.targets import decoding, parts
from ciphertool.targets.suggestion import suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.rewriters.base import Document, Site
    from ciphertool.settings.model import Target
    from ciphertool.targets.parts import Part

_NOT_WRITABLE = re.compile(r"[^A-Za-z0-9._@:/-]")


class Match(NamedTuple):
    """One secret that a target names: its alias, its plaintext, and the reference in its place, if any.

    `part` is its place in the site's value if it is not the whole value. If the target decodes it, the site has the
    value that takes its place, and `encoded` is its own.
    """

    target: Target
    alias: str
    site: Site
    value: str
    reference: Reference | None = None
    part: Part | None = None
    encoded: str | None = None

    def __repr__(self) -> str:
        return repr_of(self, "alias", "site", "part")


@dataclass(frozen=True, slots=True)
class Located:
    """What targets name in one file, the targets that name nothing, and the problems."""

    matches: tuple[Match, ...]
    missing: tuple[tuple[Target, NoMatchError], ...]
    problems: tuple[CipherToolError, ...]


def locate(root: Path, snapshot: Snapshot, document: Document, targets: Sequence[Target], *, native: bool) -> Located:
    """Find what targets name in a file's document; problems are collected, never raised.

    The targets' files are relative to `root`. In a vault that is not `native`, a value is stored as it is spelled.
    """
    problems: list[CipherToolError] = []
    matches: list[Match] = []
    missing: list[tuple[Target, NoMatchError]] = []
    for target, found in zip(targets, document.locate([target.selector for target in targets]), strict=True):
        if isinstance(found, NoMatchError):
            missing.append((target, found if target.optional or found.line else suggest(document, found)))
        elif isinstance(found, SelectorError):
            problems.append(found.at(snapshot.path))
        else:
            base = root / target.base
            for site in found:
                try:
                    alias = expand_alias(target.alias, base, snapshot, site, document.number(site))
                    match = _match(alias, document, target, site, native=native)
                    if match is not None:
                        _refuse_ambiguous(document, match)
                except SelectorError as error:
                    problems.append(error.at(snapshot.path))
                    continue
                if match is None:
                    missing.append((target, NoMatchError(site.selector, "its value has no such part", line=site.line)))
                else:
                    matches.append(match)
    return Located(tuple(_distinct(matches, snapshot.path, problems)), tuple(missing), tuple(problems))


def _match(alias: str, document: Document, target: Target, site: Site, *, native: bool) -> Match | None:
    if native and (doubt := document.doubt(site)):
        raise SelectorError(site.selector, doubt, line=site.line, hint=SAY_ENCODING)
    named = document.part_of(target.selector)
    if named is not None and target.part is not None:
        raise SelectorError(target.selector, "has a `part`, but its expression names one", line=site.line)
    wanted = target.part if named is None else named
    own = site.value
    if target.decode:
        if not native:
            raise SelectorError(site.selector, "no product decodes it: `decode` is for native vaults", line=site.line)
        site = decoding.decoded(document, site)
    elif wanted is None:
        _refuse_references_within(target, site, site.value, site.reference)
        return Match(target, alias, site, site.value, site.reference)
    part = decoding.part_of(site, wanted) if target.decode else parts.find(site, wanted or "")
    if part is None:
        return None
    value = part.text
    if native and not document.is_text and references.is_in_url(site.value, part.start, part.end):
        value = _unquoted(site, part)
    reference = references.parse(part.text)
    _refuse_references_within(target, site, part.text, reference)
    return Match(target, alias, site, value, reference, part, own if target.decode else None)


def _refuse_references_within(target: Target, site: Site, value: str, whole: Reference | None) -> None:
    """Raise `SelectorError` if a reference is only a part of a value: encrypted with it, it would never resolve."""
    within = None if whole is not None or target.literal else next(references.find(value), None)
    if within is not None:
        hint = "set the target's `part` to the part that is the secret, or restore the value and protect it again"
        reason = f"holds a reference to {within.alias!r} within a longer value"
        raise SelectorError(site.selector, reason, line=site.line, hint=hint)


def _refuse_ambiguous(document: Document, match: Match) -> None:
    """Raise `SelectorError` if some readers of the file would not read the text there as the secret itself."""
    site, part = match.site, match.part
    if (
        match.reference is not None
        or match.target.literal
        or match.target.decode
        or references.is_placeholder(match.value)
    ):
        return
    if reason := document.ambiguity(site, part.start if part else 0, part.end if part else len(site.value)):
        hint = "set `literal = true` if the text itself is the secret, or set `part` to the part that is"
        raise SelectorError(site.selector, reason, line=site.line, hint=hint)


def _unquoted(site: Site, part: Part) -> str:
    """Return a URL's password without percent-encoding; raise `SelectorError` if it cannot be restored exactly."""
    from urllib.parse import unquote

    if "+" in part.text and not site.value.startswith("@", part.end):
        reason = "has a + in a URL's query, which some readers take for a space: write %20 or %2B"
        raise SelectorError(site.selector, reason, line=site.line)
    try:
        return unquote(part.text, errors="strict")
    except UnicodeDecodeError:  # not chained: its message would quote the bytes
        reason = "has a percent-encoding that is not UTF-8"
    raise SelectorError(site.selector, reason, line=site.line)


def _distinct(matches: list[Match], path: Path, problems: list[CipherToolError]) -> Iterator[Match]:
    """Yield each secret once; two targets may name different parts of one value, but not one secret by two aliases."""
    by_site: dict[str, list[Match]] = {}
    for match in matches:
        others = by_site.setdefault(match.site.selector, [])
        clash = next((other for other in others if _overlap(match, other)), None)
        if clash is None:
            others.append(match)
            yield match
        elif (clash.alias, clash.part) != (match.alias, match.part):
            problems.append(
                ConfigError(
                    f"{match.site.selector}: two targets call it {clash.alias!r} and {match.alias!r}",
                    hint="remove one of the targets, or narrow its selector",
                    path=path,
                    line=match.site.line,
                )
            )


def _overlap(one: Match, other: Match) -> bool:
    if one.part is None or other.part is None:
        return True
    return one.part.start < other.part.end and other.part.start < one.part.end


def expand_alias(pattern: str, root: Path, snapshot: Snapshot, site: Site, number: int) -> str:
    """Fill an alias pattern: `{stem}` the file's name without suffix, `{path}` its path below root, `{key}` the site's.

    `{doc}` is the `number` of the site's document. Characters that an alias may not contain become `_`.
    """
    pattern = pattern.replace("{doc}", str(number))
    if "{stem}" in pattern or "{path}" in pattern:
        path = snapshot.path
        relative = path.relative_to(root) if path.is_relative_to(root) else path
        for name, value in (("stem", path.stem), ("path", relative.as_posix())):
            pattern = pattern.replace(f"{{{name}}}", _NOT_WRITABLE.sub("_", value))
    return pattern.replace("{key}", _NOT_WRITABLE.sub("_", site.key)) if "{key}" in pattern else pattern


def is_left_alone(match: Match) -> bool:
    """Return whether the value is a placeholder that the product fills in, and the target is not `literal`."""
    return not match.target.literal and references.is_placeholder(match.value)


def changes(matches: Iterable[Match], syntax: Syntax) -> tuple[Change, ...]:
    """Return the changes that replace each secret by a reference; the parts of one value make one change."""
    inside = syntax if syntax in (Syntax.SEC, Syntax.INERT, Syntax.INERT_VERBATIM) else Syntax.SECRET
    made: list[Change] = []
    by_site: dict[str, list[Match]] = {}
    for match in matches:
        if match.part is None:
            made.append(Change(match.site, Reference(match.alias, syntax)))
        else:
            by_site.setdefault(match.site.selector, []).append(match)
    for members in by_site.values():
        edits = tuple(Edit(m.part.start, m.part.end, str(Reference(m.alias, inside))) for m in members if m.part)
        site, encoded = members[0].site, members[0].encoded
        value = splice(site.value, edits)
        made.append(Change(site, value, edits) if encoded is None else Change(site._replace(value=encoded), value))
    return tuple(made)
