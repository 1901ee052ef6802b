"""Which files may hold a vault's references: those of its targets, and those that its runtime reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files, references
from ciphertool.errors import FoundSettingsError
from ciphertool.runtimes.registry import runtime_of
from ciphertool.settings.targets import OUTSIDE, named_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ciphertool.settings.model import Settings, Target

_SUFFIXES = frozenset({".xml", ".properties", ".toml"})


def configured_files(settings: Settings) -> tuple[dict[Path, Sequence[Target]], list[FoundSettingsError]]:
    """Return every file whose references a vault serves, with the targets that name it, and what is refused of them.

    They are those of the targets, and those that the vault's runtime reads. What settings that were found name outside
    their tree is refused.
    """
    named, _, refused = named_files(settings)
    found: dict[Path, Sequence[Target]] = dict(named)
    runtime = runtime_of(settings.kind)
    read = runtime.files(settings)
    found.update((path, ()) for path in read.always if path not in found)
    own = runtime.own_files(settings)
    for path in (path for directory in read.below for path in sorted(directory.rglob("*")) if path not in own):
        if path.suffix not in _SUFFIXES:
            continue
        if not (settings.named or files.lies_in(path, settings.root)):
            refused.append(FoundSettingsError("configuration file", OUTSIDE, settings.origin, path))
        elif path.is_file() and references.may_refer(files.read(path).bytes):
            found.setdefault(path, ())
    return found, refused
