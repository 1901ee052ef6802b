"""The files that one process works on: each is read and parsed once, and rewritten from what was parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.errors import CipherToolError
from ciphertool.protection.targets import changes, locate
from ciphertool.references import Syntax
from ciphertool.rewriters.base import rewrite
from ciphertool.settings.targets import reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.protection.targets import Located, Match
    from ciphertool.rewriters.base import Document, Rewriter
    from ciphertool.settings.model import Settings, Target
    from ciphertool.settings.targets import Named, Reading


class ToRewrite(NamedTuple):
    """A file that was opened, and its secrets that are to be replaced by references."""

    path: Path
    matches: Sequence[Match]


@dataclass(frozen=True, slots=True)
class Opened:
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
        self._settings = settings._replace(targets=(), password_sources=())
        self._rewriters: dict[Reading, Rewriter] = {}
        self._documents: dict[Path, tuple[Rewriter, Document]] = {}

    def open(self, named: Sequence[Named]) -> list[Opened | CipherToolError]:
        """Read files and locate all their targets."""
        return [self._opened(*each) for each in named]

    def rewrite(self, work: Sequence[ToRewrite]) -> list[bytes | CipherToolError]:
        """Return what files are to hold, proved, each that was opened once."""
        return [self._rewritten(*each) for each in work]

    def _opened(self, path: Path, targets: Sequence[Target]) -> Opened | CipherToolError:
        try:
            snapshot = files.read(path)
            rewriter = self._rewriter(path, reading(targets))
            document = rewriter.parse(snapshot.bytes)
            located = locate(self._settings, snapshot, document, targets)
        except CipherToolError as error:
            return error.at(path)
        self._documents[path] = rewriter, document
        return Opened(snapshot, rewriter, document.source.codec, located)

    def _rewriter(self, path: Path, reading: Reading) -> Rewriter:
        if reading.format is None:
            return reading.rewriter(path, plugins=False)
        if reading not in self._rewriters:  # to find a plug-in takes longer than to read most files
            self._rewriters[reading] = reading.rewriter(path, plugins=self._settings.named)
        return self._rewriters[reading]

    def _rewritten(self, path: Path, matches: Sequence[Match]) -> bytes | CipherToolError:
        rewriter, document = self._documents.pop(path)
        carbon_properties = self._settings.kind == "carbon4" and rewriter.name == "properties"
        syntax = Syntax.SECRET_ALIAS if carbon_properties else rewriter.syntax
        try:
            return rewrite(rewriter, document, changes(matches, syntax))
        except CipherToolError as error:
            return error.at(path)
