"""Decides which value of a secret in clear wins: the file's, the repository's, or none until a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.changes.plan import Take
from ciphertool.errors import CipherToolError, ConfigError, UnfinishedRunError
from ciphertool.repository import Clear, Encrypted, Malformed
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ciphertool.changes.recovery import Recovery
    from ciphertool.changes.workbench import LocatedFile
    from ciphertool.protection.moved import MovedError, Whereabouts
    from ciphertool.repository import SecretEntry, SecretRepository
    from ciphertool.targets.matching import Match
    from ciphertool.vault.cipher import AnyOpener


_WITH_KEY = "run it with the private key, which shows if they are the same"


class DifferentValuesError(ConfigError):
    """One alias has several values, at `places`. `choices` are the commands that decide between them, if any do."""

    def __init__(
        self, alias: str, places: Iterable[str], reason: str, *, path: Path, line: int | None, hint: str
    ) -> None:
        self.alias = alias
        self.places = tuple(places)
        super().__init__(f"{alias}: {reason}: {' and '.join(self.places)}", hint=hint, path=path, line=line)


class Verdict(NamedTuple):
    """The decision on an alias: a value to encrypt, the repository's entry to keep, or problems."""

    encrypt: Secret | None = None
    keep: SecretEntry | None = None
    problems: tuple[CipherToolError, ...] = ()


class Chooser:
    """Chooses between the values of a repository and those in files."""

    def __init__(
        self,
        repository: SecretRepository,
        opener: AnyOpener | None,
        take: Take | None,
        where: Whereabouts,
        recovery: Recovery,
    ) -> None:
        self._repository, self._opener, self._take, self._where = repository, opener, take, where
        self._recovery = recovery

    def decide(self, alias: str, places: list[tuple[LocatedFile, Match]]) -> Verdict:
        """Find the one value of an alias whose sites hold plaintext."""
        opened, match = places[0]
        moved = self._moved(alias, places)
        if moved is not None:
            return moved
        if len({m.value for _, m in places}) > 1:
            error = DifferentValuesError(
                alias,
                [f"{o.snapshot.path}:{m.site.line}" for o, m in places],
                "one alias for different values",
                path=opened.snapshot.path,
                line=match.site.line,
                hint=_one_each(places),
            )
            return Verdict(problems=(error,))
        value = Secret(match.value)
        entry = self._repository.entries.get(alias)
        if entry is None or (entry.is_vacant and self._take is None):
            return Verdict(encrypt=value)
        if self._take is None and isinstance(entry.stored, Malformed):
            return Verdict(keep=entry)
        positions = any(self._where.is_position(m) for _, m in places)
        if self._take is Take.REPOSITORY and not positions:
            return Verdict(keep=entry)
        same = self._holds(alias, entry, places)
        if not same and self._take is None and self._recovery.is_unused(alias, entry.stored):
            return Verdict(encrypt=value)
        asked = positions and not same and not entry.is_vacant
        unnamed = self._unnamed(places, compared=same is not None) if asked else []
        if same:
            return Verdict(keep=entry)
        if unnamed:
            return Verdict(problems=tuple(unnamed))
        if self._take is Take.REPOSITORY:
            return Verdict(keep=entry)
        if self._take is Take.FILE:
            return Verdict(encrypt=value)
        return Verdict(problems=(self._different(alias, entry, opened, match, known=same is not None),))

    def _unnamed(self, places: list[tuple[LocatedFile, Match]], *, compared: bool) -> list[MovedError]:
        """Return an error for each place that a target names by position although it has a name."""
        found = (self._where.unnamed(opened, match, compared=compared) for opened, match in places)
        return [error for error in found if error]

    def _moved(self, alias: str, places: list[tuple[LocatedFile, Match]]) -> Verdict | None:
        """Judge plaintext sites whose alias has references elsewhere; None if there are no such references."""
        entry = self._repository.entries.get(alias)
        stands = self._where.elsewhere(alias, places)
        if entry is None:
            if stands:
                moved = [self._where.unknown(o, m, stands) for o, m in places]
            else:
                moved = [self._where.new(o, m, left) for o, m in places if (left := self._where.renumbered(o, m))]
            return Verdict(problems=tuple(moved)) if moved else None
        if not stands or entry.is_vacant:
            return None
        problems = []
        for opened, match in places:
            same = self._holds(alias, entry, [(opened, match)])
            if not same:
                error = same is None and self._unfinished(alias, entry, opened, match, _WITH_KEY)
                problems.append(error or self._where.in_clear(alias, opened, match, stands, compared=same is not None))
        return Verdict(keep=entry, problems=tuple(problems))

    def _different(
        self, alias: str, entry: SecretEntry, opened: LocatedFile, match: Match, *, known: bool
    ) -> DifferentValuesError | UnfinishedRunError:
        path, line = opened.snapshot.path, match.site.line
        hint = "decide with `ciphertool protect --take repository` or `ciphertool protect --take file`"
        if self._where.is_position(match):
            hint = f"if another value is at this position now, correct the target of {alias!r}; else {hint}"
        reason = "the file and the repository hold different values"
        if not known:
            if unfinished := self._unfinished(alias, entry, opened, match, f"{hint}; or {_WITH_KEY}"):
                return unfinished
            reason = "is in clear, and no private key is available to compare it with its ciphertext"
        return DifferentValuesError(
            alias,
            [f"{path}:{line}", f"{self._repository.name}:{entry.line}"],
            reason,
            path=path,
            line=line,
            hint=hint,
        )

    def _unfinished(
        self, alias: str, entry: SecretEntry, opened: LocatedFile, match: Match, hint: str
    ) -> UnfinishedRunError | None:
        changed = self._recovery.changed(alias, entry.stored, opened)
        if changed is None:
            return None
        return UnfinishedRunError(alias, changed, path=opened.snapshot.path, line=match.site.line, hint=hint)

    def _holds(self, alias: str, entry: SecretEntry, places: Sequence[tuple[LocatedFile, Match]]) -> bool | None:
        """Return whether the repository holds the value of these places; None if that is unknown."""
        value = Secret(places[0][1].value)
        if isinstance(entry.stored, Clear):
            return entry.stored.value == value
        if not isinstance(entry.stored, Encrypted):
            return False
        if self._opener is None:
            return True if self._recovery.vouches(alias, entry.stored, places) else None
        try:
            return self._opener.open(alias, entry.stored.ciphertext) == value
        except CipherToolError:
            return False


def _one_each(places: Sequence[tuple[LocatedFile, Match]]) -> str:
    """Return a hint on how to give each of several values its own alias."""
    hint = "use a separate alias for each"
    named = {opened.snapshot.path for opened, _ in places}
    missing = ["{stem}", "{path}"] if len(named) > 1 else []
    if len(named) < len(places):
        hint += ", by a selector that names it alone (in a file of several documents `doc[0]…`, `doc[1]…`)"
        keys = {match.site.key for _, match in places}
        missing.append("{key}" if len(keys) == len(places) else "{doc}")
    useful = [field for field in missing if field not in places[0][1].target.alias]
    return f"{hint}, or one alias pattern with {' or '.join(useful)}" if useful else hint
