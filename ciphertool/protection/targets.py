"""From targets to sites: globs become files, selectors become sites, alias patterns become aliases."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool import files, references, rewriters
from ciphertool.errors import CipherToolError, ConfigError, NoMatchError, SelectorError
from ciphertool.protection.plan import Note

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.rewriters.base import Document, Rewriter, Site
    from ciphertool.settings.model import Settings, Target

_GLOB = re.compile(r"[*?\[]")
_NOT_WRITABLE = re.compile(r"[^A-Za-z0-9._@:/-]")


@dataclass(frozen=True, slots=True)
class Match:
    """One site that a target names, and the alias that its secret gets."""

    target: Target
    alias: str
    site: Site


@dataclass(frozen=True, slots=True)
class Opened:
    """One file with everything that the targets name in it. `missing` are targets that name nothing in it."""

    snapshot: Snapshot
    rewriter: Rewriter
    document: Document
    matches: tuple[Match, ...]
    missing: tuple[tuple[Target, NoMatchError], ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """All files of all targets, with the targets whose file is not there, and everything that is wrong."""

    opened: tuple[Opened, ...]
    absent: tuple[Target, ...]
    problems: tuple[CipherToolError, ...]


def survey(settings: Settings) -> Survey:
    """Read each file once and locate all its targets; what is wrong is collected, never raised."""
    problems: list[CipherToolError] = []
    absent: list[Target] = []
    by_file: dict[Path, tuple[Snapshot, list[Target]]] = {}
    for target in settings.targets:
        found = list(paths(settings.root, target.file))
        if not found:
            absent.append(target)
        for path in found:
            try:
                snapshot = files.read(path)
            except ConfigError as error:
                problems.append(error)
                continue
            by_file.setdefault(snapshot.real, (snapshot, []))[1].append(target)
    opened = []
    for snapshot, targets in by_file.values():
        try:
            opened.append(_open(settings, snapshot, targets, problems))
        except CipherToolError as error:
            problems.append(error.at(snapshot.path))
    return Survey(tuple(opened), tuple(absent), tuple(problems))


def paths(root: Path, pattern: str) -> Iterator[Path]:
    """Yield the files that a target's `file` names below the settings' root: one, or those that a glob matches."""
    if _GLOB.search(pattern):
        yield from sorted(path for path in root.glob(pattern) if path.is_file())
    elif (root / pattern).exists():
        yield root / pattern


def _open(settings: Settings, snapshot: Snapshot, targets: list[Target], problems: list[CipherToolError]) -> Opened:
    named = {target.format for target in targets if target.format}
    if len(named) > 1:
        raise ConfigError(f"its targets name several formats: {', '.join(sorted(named))}")
    rewriter = rewriters.by_name(named.pop(), plugins=settings.named) if named else rewriters.for_path(snapshot.path)
    document = rewriter.parse(snapshot.bytes)
    matches: list[Match] = []
    missing: list[tuple[Target, NoMatchError]] = []
    for target, found in zip(targets, document.locate([target.selector for target in targets]), strict=True):
        if isinstance(found, NoMatchError):
            missing.append((target, found))
        elif isinstance(found, SelectorError):
            problems.append(found.at(snapshot.path))
        else:
            matches += (
                Match(target, expand_alias(target.alias, settings.root, snapshot, site), site) for site in found
            )
    return Opened(snapshot, rewriter, document, tuple(matches), tuple(missing))


def expand_alias(pattern: str, root: Path, snapshot: Snapshot, site: Site) -> str:
    """Fill an alias pattern: `{stem}` the file's name without suffix, `{path}` its path below root, `{key}` the site's.

    Characters that an alias may not hold become `_`.
    """
    path = snapshot.path
    relative = path.relative_to(root) if path.is_relative_to(root) else path
    parts = {"stem": path.stem, "path": relative.as_posix(), "key": site.key}
    for name, value in parts.items():
        pattern = pattern.replace(f"{{{name}}}", _NOT_WRITABLE.sub("_", value))
    return pattern


def note_missing(target: Target, error: CipherToolError | None, path: Path) -> Note:
    """Say of a target that may be missing that it is."""
    reason = error.message if error else "no such file"
    return Note(f"{target.alias}: skipped: {reason}", path)


def is_left_alone(target: Target, site: Site) -> bool:
    """Tell whether a site holds a placeholder that the product fills in, and its target does not say `literal`."""
    return not target.literal and references.is_placeholder(site.value)
