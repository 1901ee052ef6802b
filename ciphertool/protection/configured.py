"""Which files may hold a vault's references: those of its targets, and those that its product reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.protection.targets import paths

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.settings.model import Settings

_CARBON_SUFFIXES = frozenset({".xml", ".properties", ".toml"})
_REFERENCE = re.compile(rb"secretAlias|\$secret\{|\{wso2:vault-lookup")


def configured_files(settings: Settings) -> dict[Path, str | None]:
    """Return every file whose references a vault serves, with the format that a target names where its name does not.

    They are those of the targets, and those that a Carbon product reads.
    """
    found = {path: target.format for target in settings.targets for path in paths(settings.root, target.file)}
    if settings.kind == "carbon5":
        found[settings.origin] = None
    if settings.kind == "toml-secrets":
        found[settings.repository] = None
    if settings.kind == "carbon4":
        # A home's configuration may refer to a secret from any file; only those that do are worth parsing.
        for path in sorted(settings.sibling.parent.rglob("*")):
            if path.suffix in _CARBON_SUFFIXES and path.is_file() and _REFERENCE.search(files.read(path).bytes):
                found[path] = None
        found.pop(settings.repository, None)
    return found
