"""Warns once per file and once per secret of values that other readers of a file may read differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.errors import CipherToolError
from ciphertool.rewriters.base import SAY_ENCODING
from ciphertool.rewriters.properties import looks_misread
from ciphertool.settings.targets import Reading, files_of_alias, rewriter_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ciphertool.rewriters.base import Document
    from ciphertool.settings import Settings
    from ciphertool.vault.resolver import Resolver


class Doubts:
    """Remembers what a vault has judged, so that it warns once; `warn` is called with each warning."""

    def __init__(self, settings: Settings, warn: Callable[[str], None]) -> None:
        self._settings = settings
        self._warn = warn
        self._files: set[Path] = set()
        self._secrets: set[str] = set()

    def judge_file(self, document: Document, path: Path) -> None:
        """Warn of the first value of a file that other readers may read differently."""
        doubt = next((site for site in document.sites() if document.doubt(site)), None)
        if doubt is not None and path not in self._files:
            self._files.add(path)
            self._warn(f"{path}:{doubt.line}: {doubt.selector}: {document.doubt(doubt)}; {SAY_ENCODING}")

    def judge_secret(self, alias: str, value: str, resolver: Resolver) -> None:
        """Warn of a secret that looks misread if one of its targets names a file whose encoding no target states."""
        if not (looks_misread(value) and resolver.is_native) or alias in self._secrets:
            return
        self._secrets.add(alias)
        for path in files_of_alias(self._settings, alias):
            try:
                document = rewriter_of(self._settings, path, Reading()).parse(files.read_if_there(path).bytes)
            except CipherToolError:
                continue  # reading the file reports that error
            if document.may_misread(value):
                resolver.warn_of_misread(alias, path)
