"""What an edit needs of a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ciphertool.repository import SecretRepository
    from ciphertool.vault.cipher import AnyOpener, AnySealer


class Keys(NamedTuple):
    """What reads a vault's repository, what encrypts new values, and what shows the old ones, if it is at hand."""

    repository: Callable[[], SecretRepository]
    sealer: AnySealer
    opener: AnyOpener | None = None


def require_same(before: SecretRepository, now: SecretRepository, aliases: Iterable[str]) -> None:
    """Raise `ConflictError` if somebody has changed one of these secrets in a vault."""
    for alias in aliases:
        one, other = (each.entries.get(alias) for each in (before, now))
        if (one and one.stored) != (other and other.stored):
            raise ConflictError(f"{alias} was changed meanwhile; nothing was written", path=now.where)
