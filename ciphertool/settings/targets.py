"""From targets to files, and how each is read: its format and its encoding, as far as somebody says them."""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import rewriters
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path, PurePath

    from ciphertool.rewriters.base import Rewriter
    from ciphertool.settings.model import Settings, Target

_FIELD = re.compile(r"\\\{(?:stem|path|key)\\\}")  # of an alias pattern, escaped
_GLOB = re.compile(r"[*?\[]")


class Reading(NamedTuple):
    """What is said of how a file is read. Where nothing is, its name and its bytes tell."""

    format: str | None = None
    encoding: str | None = None

    def over(self, other: Reading) -> Reading:
        """Return this and, where it says nothing, what the other says."""
        return Reading(self.format or other.format, self.encoding or other.encoding)

    def rewriter(self, path: PurePath, *, plugins: bool) -> Rewriter:
        """Return what reads and rewrites the file; raise what `rewriters.by_name` and `rewriters.for_path` raise."""
        if self.format is not None:
            return rewriters.by_name(self.format, self.encoding, plugins=plugins)
        return rewriters.for_path(path, self.encoding)


class Named(NamedTuple):
    """A file, and all the targets that name it."""

    path: Path
    targets: list[Target]


def paths(root: Path, pattern: str) -> Iterator[Path]:
    """Yield the files that a target's `file` names below the settings' root: one, or those that a glob matches."""
    if _GLOB.search(pattern):
        yield from sorted(path for path in root.glob(pattern) if path.is_file())
    elif (root / pattern).exists():
        yield root / pattern


def named_files(settings: Settings) -> tuple[list[Named], list[Target]]:
    """Return each file once, by whichever name comes first, and the targets that name none."""
    real = functools.cache(os.path.realpath)
    by_file: dict[str, Named] = {}
    absent = []
    for target in settings.targets:
        found = list(paths(settings.root, target.file))
        if not found:
            absent.append(target)
        for path in found:
            by_file.setdefault(real(path), Named(path, [])).targets.append(target)
    return list(by_file.values()), absent


def files_of_alias(settings: Settings, alias: str) -> Iterator[Path]:
    """Yield the files of the targets that call a secret so, or may, by their pattern; also one that is not there."""
    for target in settings.targets:
        pattern = _FIELD.sub(".*", re.escape(target.alias))
        if re.fullmatch(pattern, alias):
            yield from list(paths(settings.root, target.file)) or [settings.root / target.file]


def reading(targets: Iterable[Target]) -> Reading:
    """Return what the targets of one file say of how it is read; raise `ConfigError` where they contradict another."""
    targets = list(targets)
    formats = {target.format for target in targets if target.format is not None}
    encodings = {target.encoding for target in targets if target.encoding is not None}
    for what, said in ("formats", formats), ("encodings", encodings):
        if len(said) > 1:
            raise ConfigError(f"its targets name several {what}: {', '.join(sorted(said))}", hint="leave one of them")
    return Reading(next(iter(formats), None), next(iter(encodings), None))


def reading_of(settings: Settings, path: str | Path) -> Reading:
    """Return what the settings say of a file, by whatever name and through whatever links it is reached.

    Raises `ConfigError` where they contradict themselves.
    """
    real = os.path.realpath(path)

    @functools.cache
    def is_named(pattern: str) -> bool:
        return any(os.path.realpath(found) == real for found in paths(settings.root, pattern))

    said: Sequence[Target] = [target for target in settings.targets if target.format or target.encoding]
    return reading(target for target in said if is_named(target.file))
