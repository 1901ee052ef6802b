"""From targets to files, and how each is read: its format and encoding, as far as they are stated."""

from __future__ import annotations

import functools
import os
import re
from itertools import chain, dropwhile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files, rewriters
from ciphertool.deferred import pattern
from ciphertool.errors import ConfigError, FoundSettingsError, ProblemsError
from ciphertool.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ciphertool.plugins import Extensions
    from ciphertool.rewriters.base import Rewriter
    from ciphertool.settings.model import Settings, Target

_FIELD = pattern(r"\\\{(?:stem|path|key)\\\}")  # of an alias pattern, escaped
_GLOB = pattern(r"[*?\[]")
_STARS = pattern(r"\*\*+")
OUTSIDE = "leads out of the tree"
"""Why found settings are refused what they name elsewhere."""
SLOW = "has an expression that may take long"
"""Why found settings are refused what could keep a command busy."""
_MOST_WILDCARDS, _MOST_OF_ALL = 3, 2000
"""Limits on wildcards in the `file` of one target of found settings, and of all: each may list the whole tree."""


class Reading(NamedTuple):
    """The stated format and encoding of a file; what is not stated follows from its name and bytes."""

    format: str | None = None
    encoding: str | None = None

    def over(self, other: Reading) -> Reading:
        """Return this reading, with what it does not state taken from the other."""
        return Reading(self.format or other.format, self.encoding or other.encoding)

    def rewriter(self, path: PurePath, extensions: Extensions) -> Rewriter:
        """Return the rewriter of the file; raise what `rewriters.by_name` and `rewriters.for_path` raise."""
        if self.format is not None:
            return rewriters.by_name(self.format, self.encoding, extensions=extensions)
        return rewriters.for_path(path, self.encoding)


class Named(NamedTuple):
    """A file, and all the targets that name it."""

    path: Path
    targets: list[Target]


class NamedFiles(NamedTuple):
    """Each file that targets name, once, by its first name; the targets that name none; and the refused files."""

    files: list[Named]
    absent: list[Target]
    refused: list[FoundSettingsError]


class Paths(NamedTuple):
    """The files that a target names, in order; and whether others, not examined, lead out of the settings' root."""

    found: tuple[Path, ...]
    outside: bool


def paths(root: Path, pattern: str, *, within: bool) -> Paths:
    """Return the files that a target's `file` names relative to the settings' root: one, or the matches of a glob.

    With `within`, no directory outside the root is listed and no file there returned, whether by `..`, a link or
    otherwise.
    """
    places, outside = [root], False
    named = PurePath(pattern)
    for part in (named.relative_to(root) if named.is_relative_to(root) else named).parts:
        steps = dict.fromkeys(chain.from_iterable(_step(place, part) for place in places))
        places = [path for path in steps if not within or _stays(path, part, root)]
        outside = outside or len(places) < len(steps)
    # Not Path's own methods: they raise for a name that is too long.
    wanted = os.path.isfile if _GLOB.search(pattern) else os.path.exists
    return Paths(tuple(sorted(path for path in places if wanted(path) and not _is_ours(path))), outside)


def _step(place: Path, part: str) -> Iterable[Path]:
    if part == "**":
        return (path for path in place.glob(part) if path.is_dir())
    if not _GLOB.search(part):
        return (place / part,)
    return place.glob(_STARS.sub("*", part))  # within a name ** means only *, and pathlib refuses it


def _stays(path: Path, part: str, root: Path) -> bool:
    # From within the root, only these lead out of it.
    leads = part == ".." or PurePath(part).anchor or os.path.islink(path)  # noqa: PTH114 - Path.is_symlink raises for odd names
    return not leads or files.lies_in(path, root)


def named_files(settings: Settings) -> NamedFiles:
    """Return the files of all targets. Files that found settings name outside their tree are refused, not examined."""
    real = functools.cache(os.path.realpath)
    by_file: dict[str, Named] = {}
    absent, refused, searches = [], list[FoundSettingsError](), 0
    for target in settings.targets:
        searches += wildcards(target.file)
        if searches > _MOST_OF_ALL and settings.trust.confined:
            refused.append(FoundSettingsError(f"target {target.alias!r}", SLOW, settings.origin))
            break
        try:
            found, outside = _paths(settings, target)
        except FoundSettingsError as error:
            refused.append(error)
            continue
        if outside:
            refused.append(FoundSettingsError(f"target {target.alias!r}", OUTSIDE, settings.origin))
        elif not found:
            absent.append(target)
        for path in found:
            by_file.setdefault(real(path), Named(path, [])).targets.append(target)
    return NamedFiles(list(by_file.values()), absent, refused)


def choose(given: Iterable[Path], known: Iterable[Path]) -> frozenset[Path]:
    """Return the known paths that a person names, by whatever links.

    Raises `ConfigError`, or `ProblemsError` of several, for a file that is not among the known ones.
    """
    by_real = {os.path.realpath(path): path for path in known}
    hint = "`ciphertool audit --write-targets` proposes targets for what is in clear"
    names = [os.path.relpath(path) for path in by_real]
    missing = [
        ConfigError("no target names this file", path=path, hint=did_you_mean(os.path.relpath(path), names, hint))
        for path in given
        if os.path.realpath(path) not in by_real
    ]
    if missing:
        raise missing[0] if len(missing) == 1 else ProblemsError(missing)
    return frozenset(by_real[os.path.realpath(path)] for path in given)


def wildcards(pattern: str) -> int:
    """Return how many parts of a target's `file` are patterns."""
    return sum(_GLOB.search(part) is not None for part in PurePath(pattern).parts)


def is_slow(pattern: str) -> bool:
    """Return whether a target's `file` may take longer than a few walks through the tree."""
    parts = PurePath(pattern).parts
    leads_back = ".." in dropwhile(lambda part: not _GLOB.search(part), parts)
    return wildcards(pattern) > _MOST_WILDCARDS or leads_back or parts.count("**") > 1


def _paths(settings: Settings, target: Target) -> Paths:
    if settings.trust.confined and is_slow(target.file):
        raise FoundSettingsError(f"target {target.alias!r}", SLOW, settings.origin)
    return paths(settings.root, target.file, within=settings.trust.confined)


def files_of_alias(settings: Settings, alias: str) -> Iterator[Path]:
    """Yield the files of the targets that use an alias, or may by their pattern, including missing files."""
    for target in settings.targets:
        pattern = _FIELD.sub(".*", re.escape(target.alias))
        if re.fullmatch(pattern, alias):
            found, outside = _paths(settings, target)
            yield from found if found or outside else [settings.root / target.file]


def reading(targets: Iterable[Target]) -> Reading:
    """Return how one file is read according to its targets; raise `ConfigError` if they contradict each other."""
    targets = list(targets)
    formats = {target.format for target in targets if target.format is not None}
    encodings = {target.encoding for target in targets if target.encoding is not None}
    for what, said in ("formats", formats), ("encodings", encodings):
        if len(said) > 1:
            raise ConfigError(
                f"its targets name several {what}: {', '.join(sorted(said))}", hint="keep only one of them"
            )
    return Reading(next(iter(formats), None), next(iter(encodings), None))


def reading_of(settings: Settings, path: str | Path) -> Reading:
    """Return how a file is read according to the settings, by whatever name or links it is reached.

    Raises `ConfigError` if they contradict each other.
    """
    real = os.path.realpath(path)

    named: dict[str, bool] = {}
    said = [target for target in settings.targets if target.format or target.encoding]
    try:
        for target in said:
            if target.file not in named:
                found = _paths(settings, target).found
                named[target.file] = any(os.path.realpath(path) == real for path in found)
        return reading(target for target in said if named[target.file])
    except ConfigError as error:
        raise error.at(Path(path)) from None


def rewriter_of(settings: Settings, path: Path, given: Reading) -> Rewriter:
    """Return the rewriter of a file: as given, else as the settings state, else by its name."""
    said = given if None not in given else given.over(reading_of(settings, path))
    try:
        return said.rewriter(path, settings.trust.extensions)
    except ConfigError as error:
        raise error.at(path) from None


def _is_ours(path: Path) -> bool:
    """Return whether a file is ciphertool's own, whatever a glob says."""
    return files.is_passing(path.name) or path.parent.name == files.COPIES
