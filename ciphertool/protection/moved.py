"""Detects places that have moved: a target names something other than it did, and its reference is elsewhere.

`--take` never settles such a place: it would replace one secret by another.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool.changes.plan import join_names
from ciphertool.changes.workbench import parsed, standing
from ciphertool.errors import CipherToolError, ConfigError
from ciphertool.runtimes.configured import configured_files
from ciphertool.targets.matching import is_left_alone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from ciphertool.changes.survey import Survey
    from ciphertool.changes.workbench import LocatedFile, Standing
    from ciphertool.settings.model import Settings, Target
    from ciphertool.targets.matching import Match

_FIELD = re.compile(r"\\\{(?:stem|path|key)\\\}")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_])[0-9]+(?![A-Za-z0-9_])")
# An index, a slice, or an XPath construct that counts elements; nothing within quotes.
_POSITION = re.compile(
    r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\""""
    r"""|(?P<position>[\[,]\s*+(?:-?[0-9]++\s*+[],:]|:)|\b(?:last|position)\s*+\(|\b(?:preceding|following)-sibling::)"""
)
_LITERAL = re.compile(r"'([^']*)'|=([0-9]+)\]")
_SHOWN = 3


class MovedError(ConfigError):
    """A target's place does not hold the reference to its alias; `stands` lists where the reference is."""

    def __init__(
        self,
        alias: str,
        selector: str,
        reason: str,
        stands: Iterable[Standing],
        *,
        path: Path,
        line: int | None,
        hint: str,
    ) -> None:
        self.alias = alias
        self.selector = selector
        self.stands = tuple(stands)
        super().__init__(f"{selector}: {reason}", path=path, line=line, hint=hint)


class Whereabouts:
    """Finds references whose targets name something else; searches only if there are such targets."""

    def __init__(self, settings: Settings, aliases: Collection[str], surveyed: Survey) -> None:
        """Search for the references that the targets miss; `aliases` are those of the repository."""
        self._settings = settings
        self._aliases = aliases
        self._of_pattern: dict[str, list[str]] = {}
        self._named = {target.alias for target in settings.targets}
        self._stable_in: dict[Path, dict[str, str]] = {}
        self._homes: set[tuple[Path, str, str]] = set()
        sought: set[str] = set()
        self._clear: set[str] = set()
        for opened in surveyed.opened:
            for match in opened.located.matches:
                sought.update(self._sought(match))
                self._named.add(match.alias)
                if match.reference is None:
                    self._clear.add(match.value)
                elif match.reference.alias == match.alias:
                    self._homes.add((opened.snapshot.path, match.site.selector, match.alias))
            for target, _ in opened.located.missing:
                sought.update(self._made_by(target.alias))
        for target in surveyed.absent:
            sought.update(self._made_by(target.alias))
        self.problems: list[CipherToolError] = []
        self._found: defaultdict[str, list[Standing]] = defaultdict(list)
        for found in self._search(surveyed, sought) if sought else ():
            shows = self._shows(found.stable)
            self._found[found.alias].append(found._replace(stable=found.selector) if shows else found)

    def elsewhere(self, alias: str, places: Iterable[tuple[LocatedFile, Match]]) -> list[Standing]:
        """Return the references to an alias outside these places; those that no target names come first."""
        if alias not in self._found:
            return []
        known = {(opened.snapshot.path, match.site.selector) for opened, match in places}
        found = [one for one in self._found[alias] if (one.path, one.selector) not in known]
        return sorted(found, key=self._is_home)

    def renumbered(self, opened: LocatedFile, match: Match) -> list[Standing]:
        """Return the references in this file whose aliases a pattern made like this new one, apart from numbers."""
        if not self._found:
            return []
        found = (one for alias in self._like(match) for one in self._found.get(alias, ()))
        return [one for one in found if one.path == opened.snapshot.path and not self._is_home(one)]

    def lost(self, target: Target, path: Path) -> list[Standing]:
        """Return the references of a target that names nothing in a file."""
        is_pattern = "{" in target.alias
        found = (one for alias in self._made_by(target.alias) for one in self._found.get(alias, ()))
        return [one for one in found if not self._is_home(one) and (one.path == path or not is_pattern)]

    def unnamed(self, opened: LocatedFile, match: Match, *, compared: bool) -> MovedError | None:
        """Return the error for plaintext that is named by its position, None if there is no better name for it.

        A position does not show whether its content is still the same entry: that entry may have been removed.
        """
        if not self.is_position(match):
            return None
        stable = self._stable(opened, match)
        if stable == match.target.selector or (stable == match.site.selector and has_position(stable)):
            return None
        alias = match.alias
        reason = f"is in clear, and {'is not' if compared else 'may not be'} what {alias!r} was when it was protected; "
        reason += f"its position does not show if it is {alias!r} at all"
        if not compared:
            reason += "; no private key is at hand to compare it"
        by = "a selector by its name" if self._shows(stable) else f"the selector `{stable}`"
        hints = (
            f"if what stands there now is {alias!r}, give {alias!r} {by} first",
            f"if another value is there now, correct or remove the target of {alias!r}",
        )
        return self._error(alias, opened, match, reason, (), hints)

    def is_position(self, match: Match) -> bool:
        """Return whether a target, or the alias that its pattern makes, identifies the secret by a position."""
        pattern, there = match.target.selector, match.site.selector
        return has_position(pattern) or ("{key}" in match.target.alias and has_position(there))

    def _stable(self, opened: LocatedFile, match: Match) -> str:
        """Return the stable selector of a match whose target has a position."""
        stable = self._stable_in.get(opened.snapshot.path)
        if stable is None:
            matches = [one for one in opened.located.matches if one.reference is None and self.is_position(one)]
            sites = list({one.site.selector: one.site for one in matches}.values())
            named = opened.rewriter.parse(opened.snapshot.bytes).stable_selectors(sites)
            stable = dict(zip((site.selector for site in sites), named, strict=True))
            self._stable_in[opened.snapshot.path] = stable
        return stable[match.site.selector]

    def in_clear(
        self, alias: str, opened: LocatedFile, match: Match, stands: Sequence[Standing], *, compared: bool
    ) -> MovedError:
        """Return the error for plaintext whose reference is elsewhere, and which differs from the reference's value."""
        homeless = [one for one in stands if not self._is_home(one)]
        reason = f"is in clear, and the reference to {alias!r} stands at {self._places(stands)}"
        reason += ": the selector has moved, or " if homeless else ": "
        reason += "the value was changed in one of its places" if compared else "this is one more place of it"
        if not compared:
            reason += "; no private key is at hand to compare it"
        hints = [self._by_name(homeless, opened.snapshot.path)] if homeless else []
        if compared:
            hints.append(f"to change {alias!r}, put the new value at all of its places instead of the references")
        else:
            hints.append(f"if the value is that of {alias!r}, protect it where the private key is at hand")
        return self._error(alias, opened, match, reason, stands, hints)

    def new(self, opened: LocatedFile, match: Match, stands: Sequence[Standing]) -> MovedError:
        """Return the error for plaintext that would get a new alias while an old reference loses its target."""
        reason = (
            f"would become {match.alias!r}, but {_aliases(stands)}, whose reference stands at {self._places(stands)}, "
            "is named by no target any more: the selector has moved"
        )
        hints = [self._by_name(stands, opened.snapshot.path), "add a separate target for the new value"]
        return self._error(match.alias, opened, match, reason, stands, hints)

    def unknown(self, opened: LocatedFile, match: Match, stands: Sequence[Standing]) -> MovedError:
        """Return the error for plaintext under an alias that has no secret yet, but has references elsewhere."""
        alias = match.alias
        reason = f"would become {alias!r}, to which the reference stands at {self._places(stands)} already, and the"
        reason += f" vault has no {alias!r}: its entry was lost and the selector may have moved"
        hints = [
            f"restore the entry of {alias!r} back into the vault",
            "if this value is meant at all of these places, put it there instead of the references",
        ]
        if homeless := [one for one in stands if not self._is_home(one)]:
            hints.insert(1, self._by_name(homeless, opened.snapshot.path))
        return self._error(alias, opened, match, reason, stands, hints)

    def exchanged(self, opened: LocatedFile, match: Match) -> MovedError | None:
        """Return the error for a place that holds another target's reference; None if the alias was only renamed."""
        there = match.reference.alias if match.reference else ""
        path, place = opened.snapshot.path, (opened.snapshot.path, match.site.selector)
        away = self.elsewhere(match.alias, [(opened, match)])
        if not away and there not in self._named and _shape(there) != _shape(match.alias):
            return None
        here = [one for one in self._found.get(there, ()) if (one.path, one.selector) == place]
        reason = f"refers to {there!r}, but the settings call this secret {match.alias!r}"
        if away:
            reason += f", to which the reference stands at {self._places(away)}"
        reason += ": the selector has moved"
        homeless = [one for one in away if not self._is_home(one)]
        hints = [self._by_name([*here, *homeless], path)]
        if not away:
            hints.append(f"if {match.alias!r} is gone, remove its target")
        return self._error(match.alias, opened, match, reason, away, hints)

    def note_lost(self, error: CipherToolError, stands: Sequence[Standing], path: Path) -> None:
        """Add to an error where the missing reference is."""
        error.message += f"; the reference to {_aliases(stands)} stands at {self._places(stands)}"
        error.hint = self._by_name(stands, path)

    def _error(
        self,
        alias: str,
        opened: LocatedFile,
        match: Match,
        reason: str,
        stands: Iterable[Standing],
        hints: Iterable[str],
    ) -> MovedError:
        path, line = opened.snapshot.path, match.site.line
        return MovedError(alias, match.site.selector, reason, stands, path=path, line=line, hint="; ".join(hints))

    def _by_name(self, stands: Iterable[Standing], path: Path) -> str:
        """Return a hint with the selector that each alias needs, the first one if there are several."""
        first: dict[str, Standing] = {}
        for one in stands:
            first.setdefault(one.alias, one)
        said = [self._told(one, path) for one in first.values()]
        return f"give {' and '.join(said[:_SHOWN])}"

    def _told(self, one: Standing, path: Path) -> str:
        file = "" if one.path == path else f"the file `{self._below(one.path)}` and "
        return f"{one.alias!r} {file}the selector `{one.stable}`"

    def _places(self, stands: Iterable[Standing]) -> str:
        return join_names([f"{self._below(one.path)}:{one.line} ({one.selector})" for one in stands], most=_SHOWN)

    def _below(self, path: Path) -> Path:
        root = self._settings.root
        return path.relative_to(root) if path.is_relative_to(root) else path

    def _shows(self, selector: str) -> bool:
        """Return whether a selector contains a value that a target declares secret."""
        return not self._clear.isdisjoint(text for found in _LITERAL.findall(selector) for text in found)

    def _is_home(self, one: Standing) -> bool:
        return (one.path, one.selector, one.alias) in self._homes

    def _sought(self, match: Match) -> Iterator[str]:
        if match.reference is not None:
            if match.reference.alias != match.alias:
                yield from (match.alias, match.reference.alias)
        elif not is_left_alone(match):
            yield match.alias
            if match.alias not in self._aliases:
                yield from self._like(match)

    def _like(self, match: Match) -> Collection[str]:
        """Return the aliases that differ from a pattern's alias only in numbers."""
        if not self._aliases or "{key}" not in match.target.alias:
            return ()
        return self._by_shape.get(_shape(match.alias), ())

    @cached_property
    def _by_shape(self) -> dict[str, list[str]]:
        shapes: defaultdict[str, list[str]] = defaultdict(list)
        for alias in self._aliases:
            shapes[_shape(alias)].append(alias)
        return dict(shapes)

    def _made_by(self, pattern: str) -> Collection[str]:
        """Return the aliases that a pattern may have made."""
        if "{" not in pattern:
            return [pattern] if pattern in self._aliases else []
        found = self._of_pattern.get(pattern)
        if found is None:
            expression = re.compile(_FIELD.sub(".+", re.escape(pattern)))
            found = self._of_pattern[pattern] = [alias for alias in self._aliases if expression.fullmatch(alias)]
        return found

    def _search(self, surveyed: Survey, sought: Collection[str]) -> Iterator[Standing]:
        yield from surveyed.references(sought)
        if self._settings.native:
            return
        opened = {os.path.realpath(path) for path in surveyed.paths}
        configured, refused = configured_files(self._settings)
        self.problems += refused
        for path, targets in configured.items():
            if os.path.realpath(path) in opened:
                continue
            try:
                yield from standing(path, parsed(path, targets, self._settings.trust.extensions), sought)
            except CipherToolError as error:
                # An unreadable file may hold the reference that is searched for.
                self.problems.append(error.at(path))


def has_position(selector: str) -> bool:
    """Return whether a selector finds something by its position among others."""
    return any(found["position"] for found in _POSITION.finditer(selector))


def _shape(alias: str) -> str:
    return _NUMBER.sub("0", alias)


def _aliases(stands: Iterable[Standing]) -> str:
    return join_names([repr(alias) for alias in dict.fromkeys(one.alias for one in stands)], most=_SHOWN)
