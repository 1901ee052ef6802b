"""The files that one process works on: each is read and parsed once, and rewritten from what was parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files, references
from ciphertool.errors import CipherToolError
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.rewriters.base import rewrite
from ciphertool.runtimes.registry import runtime_of
from ciphertool.settings.confined import Patience
from ciphertool.settings.targets import reading
from ciphertool.targets.matching import changes, locate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.plugins import Extensions
    from ciphertool.rewriters.base import Document, Rewriter, Site
    from ciphertool.settings.model import Settings, Target
    from ciphertool.settings.targets import Named, Reading
    from ciphertool.targets.matching import Located, Match


class ToSearch(NamedTuple):
    """Files that were opened, and the aliases whose references are looked for in them."""

    paths: Sequence[Path]
    aliases: Collection[str]


class Standing(NamedTuple):
    """Where a reference stands; `stable` is the selector that goes on finding it when others are put in before it."""

    alias: str
    path: Path
    line: int
    selector: str
    stable: str


class ToRewrite(NamedTuple):
    """A file that was opened, and its secrets that are to be replaced by references."""

    path: Path
    matches: Sequence[Match]


@dataclass(frozen=True, slots=True)
class LocatedFile:
    """One file as it was read, how it is read and encoded, and what its targets name in it."""

    snapshot: Snapshot
    rewriter: Rewriter
    codec: str
    located: Located


class Workbench:
    """Opens files and rewrites them; keeps a file's document from the one to the other, and nobody else does.

    Its results cross from one process to another, and so do errors, which are results here.
    """

    def __init__(self, settings: Settings) -> None:
        # Where passwords come from is nothing that a process which only reads files has to know.
        self._root, self._repository, self._trust = settings.root, settings.repository_settings, settings.trust
        self._patience = Patience(settings.origin, settings.trust)
        self._rewriters: dict[Reading, Rewriter] = {}
        self._documents: dict[Path, tuple[Rewriter, Document]] = {}

    def open(self, named: Sequence[Named]) -> list[LocatedFile | CipherToolError]:
        """Read files and locate all their targets."""
        return [self._opened(*each) for each in named]

    def references(self, sought: ToSearch) -> list[Standing]:
        """Return where references to some aliases stand in files, those left out that could not be opened."""
        opened = ((path, self._documents[path][1]) for path in sought.paths if path in self._documents)
        return [found for path, document in opened for found in standing(path, document, sought.aliases)]

    def rewrite(self, work: Sequence[ToRewrite]) -> list[bytes | CipherToolError]:
        """Return what files are to hold, proved, each that was opened once."""
        return [self._rewritten(*each) for each in work]

    def _opened(self, path: Path, targets: Sequence[Target]) -> LocatedFile | CipherToolError:
        try:
            snapshot = files.read(path)
            rewriter = self._rewriter(path, reading(targets))
            document = rewriter.parse(snapshot.bytes)
            with self._patience.bounded(targets):
                located = locate(self._root, snapshot, document, targets, native=self._repository.native)
        except CipherToolError as error:
            return error.at(path)
        self._documents[path] = rewriter, document
        return LocatedFile(snapshot, rewriter, document.source.codec, located)

    def _rewriter(self, path: Path, reading: Reading) -> Rewriter:
        if reading.format is None:
            return reading.rewriter(path, NO_EXTENSIONS)
        if reading not in self._rewriters:  # to find a plug-in takes longer than to read most files
            self._rewriters[reading] = reading.rewriter(path, self._trust.extensions)
        return self._rewriters[reading]

    def _rewritten(self, path: Path, matches: Sequence[Match]) -> bytes | CipherToolError:
        rewriter, document = self._documents.pop(path)
        syntax = runtime_of(self._repository.kind).syntax(rewriter)
        try:
            return rewrite(rewriter, document, changes(matches, syntax))
        except CipherToolError as error:
            return error.at(path)


def parsed(path: Path, targets: Sequence[Target], extensions: Extensions) -> Document:
    """Read a file as its targets say, if any name it."""
    return reading(targets).rewriter(path, extensions).parse(files.read(path).bytes)


def standing(path: Path, document: Document, aliases: Collection[str]) -> list[Standing]:
    """Return where references to some aliases stand in a document, in its order."""
    outline = document.outline()
    found: list[tuple[str, Site]] = []
    for site in document.pick(list(dict.fromkeys(outline.selectors[index] for index in outline.marked))):
        there = [site.reference] if site.reference else references.find(site.value)
        named = dict.fromkeys([*(reference.alias for reference in there), site.beside])
        found += [(alias, site) for alias in named if alias is not None and alias in aliases]
    found.sort(key=lambda each: each[1].start)
    stable = document.stable_selectors([site for _, site in found])
    return [
        Standing(alias, path, site.line, site.selector, selector)
        for (alias, site), selector in zip(found, stable, strict=True)
    ]
