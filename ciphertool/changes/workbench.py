"""The files that one process works on: each is read and parsed once, and rewritten from the parsed document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files, references
from ciphertool.changes.spellings import Spellings, come_back, spellings
from ciphertool.errors import CipherToolError
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.rewriters.base import rewrite_by
from ciphertool.runtimes.registry import runtime_of
from ciphertool.settings.confined import Patience
from ciphertool.settings.targets import reading
from ciphertool.targets.matching import changes, locate

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.plugins import Extensions
    from ciphertool.rewriters.base import Document, Rewriter, Site
    from ciphertool.settings.model import Settings, Target
    from ciphertool.settings.targets import Named, Reading
    from ciphertool.targets.matching import Located, Match


AS_THEY_ARE: Mapping[Path, Snapshot] = {}
"""No file is taken as anything but what it holds."""


class ToSearch(NamedTuple):
    """Opened files, and the aliases whose references are searched for in them."""

    paths: Sequence[Path]
    aliases: Collection[str]


class Standing(NamedTuple):
    """The place of a reference; `stable` is the selector that still finds it after others are inserted before it."""

    alias: str
    path: Path
    line: int
    selector: str
    stable: str


class ToRewrite(NamedTuple):
    """An opened file, and its secrets that are to be replaced by references."""

    path: Path
    matches: Sequence[Match]


class Rewritten(NamedTuple):
    """A file's new content, and how its secrets are spelled that a rewriter would spell otherwise."""

    data: bytes
    spellings: Spellings

    def __repr__(self) -> str:
        return f"Rewritten({len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class LocatedFile:
    """One file as it was read, its format and encoding, and what its targets name in it."""

    snapshot: Snapshot
    rewriter: Rewriter
    codec: str
    located: Located


class Workbench:
    """Opens files and rewrites them; it alone keeps a file's document from one step to the other.

    Its results are passed between processes; so are errors, which are results here. A file of `instead` is taken as it
    says, whatever it holds now.
    """

    def __init__(self, settings: Settings, instead: Mapping[Path, Snapshot] = AS_THEY_ARE) -> None:
        # A process that only reads files does not need to know the password sources.
        self._instead = instead
        self._root, self._repository, self._trust = settings.root, settings.repository_settings, settings.trust
        self._patience = Patience(settings.origin, settings.trust)
        self._rewriters: dict[Reading, Rewriter] = {}
        self._documents: dict[Path, tuple[Rewriter, Document]] = {}

    def open(self, named: Sequence[Named]) -> list[LocatedFile | CipherToolError]:
        """Read files and locate all their targets."""
        return [self._opened(*each) for each in named]

    def references(self, sought: ToSearch) -> list[Standing]:
        """Return the places of references to some aliases in files; skip files that could not be opened."""
        opened = ((path, self._documents[path][1]) for path in sought.paths if path in self._documents)
        return [found for path, document in opened for found in standing(path, document, sought.aliases)]

    def rewrite(self, work: Sequence[ToRewrite]) -> list[Rewritten | CipherToolError]:
        """Return the new content of files that were opened before, each proved."""
        return [self._rewritten(*each) for each in work]

    def _opened(self, path: Path, targets: Sequence[Target]) -> LocatedFile | CipherToolError:
        try:
            snapshot = self._instead.get(path) or files.read(path)
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
        if reading not in self._rewriters:  # finding a plug-in takes longer than reading most files
            self._rewriters[reading] = reading.rewriter(path, self._trust.extensions)
        return self._rewriters[reading]

    def _rewritten(self, path: Path, matches: Sequence[Match]) -> Rewritten | CipherToolError:
        rewriter, document = self._documents.pop(path)
        syntax = runtime_of(self._repository.kind).syntax(rewriter)
        try:
            made = changes(matches, syntax)
            edits = document.edits(made)
            data = rewrite_by(edits, rewriter, document, made)
            if come_back(document, matches, edits):
                return Rewritten(data, Spellings())
            return Rewritten(data, spellings(rewriter, document, data, matches, native=self._repository.native))
        except CipherToolError as error:
            return error.at(path)


def parsed(path: Path, targets: Sequence[Target], extensions: Extensions) -> Document:
    """Read and parse a file as its targets say, if any name it."""
    return reading(targets).rewriter(path, extensions).parse(files.read(path).bytes)


def standing(path: Path, document: Document, aliases: Collection[str]) -> list[Standing]:
    """Return the places of references to some aliases in a document, in document order."""
    data = document.source.text.encode("utf-8", "surrogatepass")
    if not (references.has_mark(data) or references.has_escapes(data)):
        return []  # an outline takes longer
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
