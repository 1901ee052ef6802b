"""What an interrupted run leaves to the next one, as far as the files and the repository confirm it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.changes.journal import Identity, Place
from ciphertool.repository import Encrypted, repository_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from ciphertool.changes.journal import Anchor, EntryRecord, Journal
    from ciphertool.changes.workbench import LocatedFile
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.repository import SecretRepository, Stored
    from ciphertool.settings.model import Settings
    from ciphertool.targets.matching import Match


class Recovery:
    """What is known from a journal; nothing without one. A journal is data: none of its paths is ever opened.

    `restored` are ciphertexts that the journal has and the repository lacks, though files already refer to them: either
    the run did not get to write the repository, or somebody has put back an older one since.

    A repository in no file is the point of no return, for many machines write it: what it has of a journal is
    completed, what it lacks is as if that run had never been, and nothing is put back.
    """

    def __init__(
        self, anchor: Anchor, journal: Journal | None, repository: SecretRepository, located: Sequence[LocatedFile]
    ) -> None:
        self._journal = journal
        self._entries: Mapping[str, EntryRecord] = journal.entries if journal else {}
        self._directory, self._where = anchor.directory, repository.where
        if anchor.apart:
            stored = {alias: entry.stored for alias, entry in repository.entries.items() if alias in self._entries}
            self._entries = {alias: self._entries[alias] for alias in stored if self._is_ours(alias, stored[alias])}
        self._was_read = journal is not None and journal.identity == anchor.identity
        matches = [match for one in located for match in one.located.matches]
        referenced = {match.reference.alias for match in matches if match.reference is not None}
        clear = {match.alias for match in matches if match.reference is None}
        self.restored: Mapping[str, Ciphertext] = {
            alias: entry.ciphertext
            for alias, entry in self._entries.items()
            if self._is_missing(alias, repository, referenced, clear)
        }

    def complete(self, settings: Settings, repository: SecretRepository) -> SecretRepository:
        """Return the repository with the restored entries; its content is then in no storage."""
        if not self.restored:
            return repository
        content = repository.content._replace(data=repository.updated(self.restored))
        return repository_of(settings.kind, content, extensions=settings.trust.extensions, declared=settings.aliases)

    def vouches(self, alias: str, stored: Stored, places: Sequence[tuple[LocatedFile, Match]]) -> bool:
        """Return whether a value in clear is certainly the one that a ciphertext stands for.

        It is if its place is the one it was encrypted from, in a file that nobody has changed since. One such place is
        enough, since all `places` hold the same value.
        """
        return self._is_ours(alias, stored) and any(self._was_there(alias, *place) for place in places)

    def is_unused(self, alias: str, stored: Stored) -> bool:
        """Return whether a ciphertext belongs to an alias that had none before the interrupted run.

        If nothing refers to it yet, it can be replaced as if that run had never happened.
        """
        return self._is_ours(alias, stored) and self._entries[alias].new

    def changed(self, alias: str, stored: Stored, located: LocatedFile) -> Path | str | None:
        """Return the file, or the storage, that keeps an alias of the interrupted run from being completed.

        None for any other alias.
        """
        if alias not in self._entries:
            return None
        return located.snapshot.path if self._is_ours(alias, stored) else self._where

    def _is_ours(self, alias: str, stored: Stored) -> bool:
        entry = self._entries.get(alias)
        return entry is not None and isinstance(stored, Encrypted) and stored.ciphertext == entry.ciphertext

    def _was_there(self, alias: str, located: LocatedFile, match: Match) -> bool:
        record = self._journal and self._journal.file(located.snapshot, self._directory)
        return (
            record is not None
            and record.identity is not None
            and record.identity == Identity.of(located.snapshot)
            and (record.format, record.codec) == (located.rewriter.name, located.codec)
            and place_of(match, alias) in record.places
        )

    def _is_missing(
        self, alias: str, repository: SecretRepository, referenced: Collection[str], clear: Collection[str]
    ) -> bool:
        entry = repository.entries.get(alias)
        known = entry is not None or alias in referenced or alias in clear
        if self._was_read:
            return known and (entry is None or not self._is_ours(alias, entry.stored))
        return entry is None and alias in referenced


def place_of(match: Match, alias: str) -> Place:
    """Return a secret's place in its file in the form that a journal records."""
    return Place(alias, match.site.start, match.target.part)
