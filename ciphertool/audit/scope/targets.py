"""The settings' targets as an audit uses them: the targets of each file, and the sites that they name there."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.audit import rules
from ciphertool.errors import FoundSettingsError, NoMatchError, SelectorError
from ciphertool.files import Snapshot
from ciphertool.findings import Level
from ciphertool.rewriters.base import SAY_ENCODING
from ciphertool.settings.targets import OUTSIDE, paths, reading
from ciphertool.targets import decoding, parts
from ciphertool.targets.matching import expand_alias

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from ciphertool.audit.ledger import Ledger
    from ciphertool.audit.scope.reading import FileReading
    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Site
    from ciphertool.settings.model import Settings, Target
    from ciphertool.settings.targets import Reading


@dataclass(frozen=True, slots=True)
class Declared:
    """One secret that a target names: its alias, its value, and its reference if it is one."""

    target: Target
    alias: str
    value: str = field(repr=False)
    reference: Reference | None


@dataclass(frozen=True)
class Targets:
    """The targets of one vault. `filled` are the aliases with a value in the repository."""

    root: Path
    by_file: Mapping[Path, Sequence[Target]]
    """Targets by the real path of their file."""
    files: Sequence[Path]
    filled: Container[str]
    native: bool = True
    """Whether no product determines how its files are read."""

    @classmethod
    def of(cls, settings: Settings, filled: Container[str], gathered: Ledger) -> Targets:
        """Find the targets' files; a target without any is a finding."""
        by_file: defaultdict[Path, list[Target]] = defaultdict(list)
        files: dict[Path, None] = {}
        targets = cls(settings.root, by_file, (), filled, settings.native)
        for target in settings.targets:
            # The tree may be anybody's: what its settings name elsewhere is not theirs to have read.
            found, outside = paths(settings.root, target.file, within=True)
            for path in found:
                files[path] = None
                by_file[Path(os.path.realpath(path))].append(target)
            if outside:
                gathered.refused(FoundSettingsError(f"target {target.alias!r}", OUTSIDE, settings.origin))
            elif not found:
                targets._miss(gathered, target, settings.root / target.file, "no such file", None)
        return replace(targets, files=tuple(files))

    def of_file(self, path: Path) -> Sequence[Target]:
        """Return the targets of a file, whatever links lead to it."""
        return self.by_file.get(Path(os.path.realpath(path)), ())

    def reading(self, path: Path) -> Reading:
        """Return what a file's targets say of how it is read; raise `ConfigError` where they contradict each other."""
        return reading(self.of_file(path))

    def match(self, opened: FileReading, gathered: Ledger) -> dict[str, list[Declared]]:
        """Return a file's declared secrets by their selector; a target that names nothing in it is a finding."""
        targets = self.of_file(opened.path)
        if not targets or opened.document is None:
            return {}
        found: defaultdict[str, list[Declared]] = defaultdict(list)
        sites = opened.document.locate([target.selector for target in targets])
        for target, located in zip(targets, sites, strict=True):
            try:
                if isinstance(located, SelectorError):
                    raise located
                for site in located:
                    if self.native and (doubt := opened.document.doubt(site)):
                        place = gathered.place(opened.path, site.line, site.selector)
                        message = f"{doubt}; {SAY_ENCODING}"
                        gathered.finding(rules.TARGET_MISSES, place, message, level=Level.ERROR)
                    part, number = target.part or opened.document.part_of(target.selector), opened.document.number(site)
                    value = decoding.decoded(opened.document, site) if target.decode else site
                    found[site.selector].append(self._declared(target, opened.path, value, part, number))
            except NoMatchError as error:
                self._miss(gathered, target, opened.path, error.message, error.line)
            except SelectorError as error:
                place = gathered.place(opened.path, error.line, target.selector)
                gathered.finding(rules.TARGET_MISSES, place, error.message, level=Level.ERROR)
        return found

    def _declared(self, target: Target, path: Path, site: Site, wanted: str | None, number: int) -> Declared:
        alias = expand_alias(target.alias, self.root / target.base, Snapshot(path, path, None), site, number)
        if wanted is None and not target.decode:
            return Declared(target, alias, site.value, site.reference)
        part = decoding.part_of(site, wanted) if target.decode else parts.find(site, wanted or "")
        if part is None:
            raise NoMatchError(site.selector, "has no such part", line=site.line)
        return Declared(target, alias, part.text, references.parse(part.text))

    def _miss(self, gathered: Ledger, target: Target, path: Path, reason: str, line: int | None) -> None:
        if target.optional or (target.optional_if_unknown and target.alias not in self.filled):
            return
        place = gathered.place(path, line, target.selector)
        gathered.finding(rules.TARGET_MISSES, place, f"{target.alias!r}: {reason}")
