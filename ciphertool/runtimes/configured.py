"""The files that may hold a vault's references: those of its targets, and those that its runtime reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files, references, rewriters
from ciphertool.errors import CipherToolError, FoundSettingsError, UnknownFormatError
from ciphertool.runtimes.registry import runtime_of
from ciphertool.settings.targets import OUTSIDE, named_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ciphertool.rewriters.base import Rewriter
    from ciphertool.settings.model import Settings, Target


def configured_files(settings: Settings) -> tuple[dict[Path, Sequence[Target]], list[FoundSettingsError]]:
    """Return every file whose references a vault serves, with the targets that name it; and errors for refused files.

    These are the files of the targets, and those that the vault's runtime reads. Files outside the tree are refused if
    the settings were found, not named.
    """
    named, _, refused = named_files(settings)
    found: dict[Path, Sequence[Target]] = dict(named)
    runtime = runtime_of(settings.kind)
    read = runtime.files(settings)
    found.update((path, ()) for path in read.always if path not in found)
    apart = runtime.own_files(settings).union(found)
    for directory in read.below:
        if not _may_read(settings, directory):
            refused.append(FoundSettingsError("configuration directory", OUTSIDE, settings.origin, directory))
            continue
        for path in sorted(set(directory.rglob("*")) - apart):
            rewriter = _rewriter(path)
            if rewriter is not None and not _may_read(settings, path):
                refused.append(FoundSettingsError("configuration file", OUTSIDE, settings.origin, path))
            elif rewriter is not None and path.is_file() and _refers(path, rewriter):
                found.setdefault(path, ())
    return found, refused


def _may_read(settings: Settings, path: Path) -> bool:
    return settings.trust.reaches(path, settings.root)


def _rewriter(path: Path) -> Rewriter | None:
    try:
        return rewriters.for_path(path)
    except UnknownFormatError:
        return None


def _refers(path: Path, rewriter: Rewriter) -> bool:
    """Return whether a file may refer to a secret, as an unreadable one may: reading it reports the reason."""
    try:
        data = files.read(path).bytes
    except CipherToolError:
        return True
    if references.has_mark(data):
        return True
    if not references.has_escapes(data):
        return False
    try:
        return bool(rewriter.parse(data).outline().marked)
    except CipherToolError:
        return False  # its product cannot read it either, and nothing in it looks like a reference
