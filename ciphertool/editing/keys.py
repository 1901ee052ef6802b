"""What an edit needs of a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.repository import SecretRepository
    from ciphertool.vault.cipher import AnyOpener, AnySealer


class Keys(NamedTuple):
    """What reads a vault's repository, what encrypts new values, and what shows the old ones, if it is at hand."""

    repository: Callable[[], SecretRepository]
    sealer: AnySealer
    opener: AnyOpener | None = None
