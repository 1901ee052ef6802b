"""Which files may hold a vault's references: those of its targets, and those that its product reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files, references
from ciphertool.errors import FoundSettingsError
from ciphertool.settings.targets import OUTSIDE, named_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ciphertool.settings.model import Settings, Target

_CARBON_SUFFIXES = frozenset({".xml", ".properties", ".toml"})


def configured_files(settings: Settings) -> tuple[dict[Path, Sequence[Target]], list[FoundSettingsError]]:
    """Return every file whose references a vault serves, with the targets that name it, and what is refused of them.

    They are those of the targets, and those that a Carbon product reads. What settings that were found name outside
    their tree is refused.
    """
    named, _, refused = named_files(settings)
    found: dict[Path, Sequence[Target]] = dict(named)
    if settings.kind == "carbon5":
        found.setdefault(settings.origin, ())
    if settings.kind == "toml-secrets":
        found.setdefault(settings.repository, ())
    if settings.kind == "carbon4":
        # A home's configuration may refer to a secret from any file; only those that do are worth parsing.
        for path in sorted(settings.repository_settings.mode_like.parent.rglob("*")):
            if path.suffix not in _CARBON_SUFFIXES:
                continue
            if not settings.trust.reaches(path, settings.root):
                refused.append(FoundSettingsError("configuration file", OUTSIDE, settings.origin, path))
            elif path.is_file() and references.may_refer(files.read(path).bytes):
                found.setdefault(path, ())
        found.pop(settings.repository, None)
    return found, refused
