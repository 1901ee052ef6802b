"""Which values of a native vault `rotate` would put under another key, or into another form. Needs no private key."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from ciphertool.ciphertext import Envelope, Native
from ciphertool.repository import Encrypted
from ciphertool.settings.model import AUTO, ENVELOPE

if TYPE_CHECKING:
    from collections.abc import Collection

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings


class Outdated(Enum):
    """Why a value is not as the settings ask for; the values are those of the command line's JSON."""

    KEY = "key"
    """It is encrypted to none of the keys that the settings name, or to one that they do not name."""
    SCHEME = "scheme"
    """It is an RSA block and the settings ask for envelopes, or the other way round."""
    CONTENT_KEY = "content-key"
    """Envelopes are under several content keys."""


def outdated(settings: Settings, repository: SecretRepository, named: Collection[str]) -> dict[str, Outdated]:
    """Return the values that are not as the settings ask for, by alias, each with the first reason.

    `named` are the ids of the keys that the settings name, as far as they are known; without any, no key is judged.
    """
    several = len(repository.keys) > 1
    found: dict[str, Outdated] = {}
    for alias, entry in repository.entries.items():
        if isinstance(entry.stored, Encrypted):
            reason = _reason(settings, entry.stored.ciphertext, frozenset(named), several=several)
            if reason is not None:
                found[alias] = reason
    return found


def _reason(settings: Settings, value: Ciphertext, named: frozenset[str], *, several: bool) -> Outdated | None:
    if not isinstance(value, Native | Envelope):
        return None
    keys = frozenset((value.key_id,)) if isinstance(value, Native) else value.wrapped.keys()
    if named and not keys <= named:
        return Outdated.KEY
    if isinstance(value, Native):
        scheme, shared = settings.scheme, bool(settings.recipients)
        direct = not shared if scheme == AUTO else scheme not in (ENVELOPE, AUTO)
        return None if direct and value.scheme == settings.encryption.block_scheme else Outdated.SCHEME
    if settings.scheme not in (AUTO, ENVELOPE):
        return Outdated.SCHEME
    return Outdated.CONTENT_KEY if several else None
