"""What git's index has of a subject: the files that the next commit changes, and the vault after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciphertool import git, references

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.settings.model import Settings


@dataclass(frozen=True)
class Index:
    """A vault in git's index: its own files, None for one that the commit removes; and all files with references.

    What is not here git does not track, and the working tree has it.
    """

    vault: Mapping[Path, bytes | None] = field(repr=False)
    referring: Mapping[Path, bytes] = field(repr=False)


def index_of(settings: Settings) -> Index:
    """Return what the index of its git repository has of a vault."""
    own = [settings.repository_settings.path, settings.keystore.certificate, settings.keystore.path]
    own += [recipient.certificate for recipient in settings.recipients]
    return Index(
        vault=git.indexed([path for path in own if path is not None]),
        referring=git.indexed_with(settings.root, references.MARKS),
    )
