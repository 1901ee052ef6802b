"""What an edit needs of a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import ConflictError
from ciphertool.lifecycle.writing import vault_before
from ciphertool.vault.opening import require_one_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.vault.cipher import AnyOpener, AnySealer


class Keys(NamedTuple):
    """What reads a vault's repository, what encrypts new values, and what shows the old ones, if it is at hand."""

    repository: Callable[[], SecretRepository]
    sealer: AnySealer
    opener: AnyOpener | None = None


def require_ready(settings: Settings, keys: Keys, repository: SecretRepository) -> None:
    """Raise what would keep any edit of a vault from being written, before somebody has made one.

    That is `ConflictError` after an interrupted run, `OtherKeyError` or `RecipientsError` if the vault is encrypted to
    others, and `WriteError` if it cannot be written.
    """
    vault_before(settings, repository)
    require_one_key(keys.sealer, repository)
    if (obstacle := settings.storage.obstacle()) is not None:
        raise obstacle


def require_same(before: SecretRepository, now: SecretRepository, aliases: Iterable[str]) -> None:
    """Raise `ConflictError` if somebody has changed one of these secrets in a vault."""
    for alias in aliases:
        one, other = (each.entries.get(alias) for each in (before, now))
        if (one and one.stored) != (other and other.stored):
            raise ConflictError(f"{alias} was changed meanwhile; nothing was written", path=now.where)
