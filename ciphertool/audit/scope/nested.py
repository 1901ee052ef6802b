"""Vaults inside an audited tree. Each has its own settings, which are found and not named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import settings as reader
from ciphertool.audit import rules
from ciphertool.errors import CipherToolError
from ciphertool.findings import Level
from ciphertool.settings import ciphertool_toml
from ciphertool.settings.confined import Found

if TYPE_CHECKING:
    from ciphertool.audit.ledger import Ledger


def outermost(path: Path, root: Path) -> Path | None:
    """Return the first vault's directory on the way from `root`, itself left aside, to a file."""
    path, root = path.absolute(), root.absolute()
    between = [parent for parent in path.parents if parent != root and parent.is_relative_to(root)]
    return next((parent for parent in reversed(between) if reader.is_configuration(parent)), None)


def read_settings(directory: Path, root: Path, gathered: Ledger) -> Found:
    """Read the settings of a vault inside `root`; if they cannot be read, that is a finding."""
    try:
        return reader.load_found(directory, tree=root, audited=True)
    except CipherToolError as error:
        # Only of a `ciphertool.toml` it is known that a message shows nothing of another file.
        own = isinstance(error.path, Path) and error.path.name == ciphertool_toml.FILE_NAME
        said = f": {error.message}" if own else ""
        place = gathered.place(error.path if own and error.path else directory, error.line if own else None)
        gathered.finding(rules.UNREADABLE, place, f"the settings of a vault cannot be read{said}", level=Level.WARNING)
        return Found(None)
