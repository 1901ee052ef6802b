"""Content keys of one vault: which are opened, and the one that a run makes for what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.ciphertext import Envelope
from ciphertool.engine import envelope, jwe
from ciphertool.errors import MalformedCiphertextError, MovedCiphertextError, NotARecipientError, UnknownContentKeyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.engine import Key
    from ciphertool.engine.envelope import ContentKey, Opened, Recipient
    from ciphertool.secret import Secret


class ContentKeys:
    """The content keys that a private key opens, each once. `algorithm` is how they are wrapped for it."""

    def __init__(self, key: Key, algorithm: str) -> None:
        self._key, self._algorithm = key, algorithm
        self._opened: dict[str, tuple[str, ContentKey]] = {}

    def duplicate(self, key: Key) -> ContentKeys:
        """Return the same content keys for a forked child, with its copy of the private key."""
        duplicate = ContentKeys(key, self._algorithm)
        duplicate._opened = {name: (token, opened.duplicate()) for name, (token, opened) in self._opened.items()}
        return duplicate

    def read(self, alias: str, ciphertext: Envelope) -> Opened:
        """Return what an envelope holds for an alias; raise a `DecryptionError` if there is nothing to return."""
        return self.content_key(ciphertext).open(alias, ciphertext.token)

    def content_key(self, ciphertext: Envelope) -> ContentKey:
        """Return the content key of a value."""
        token = ciphertext.wrapped.get(self._key.id)
        if token is None:
            require_content_key(ciphertext)
            raise NotARecipientError(ciphertext.content_key, self._key.id, ciphertext.wrapped)
        known = self._opened.get(ciphertext.content_key)
        if known is None or known[0] != token:
            opened = envelope.unwrap(token, ciphertext.content_key, self._key, self._algorithm)
            known = self._opened[ciphertext.content_key] = token, opened
        return known[1]


class EnvelopeSealer:
    """Encrypts values under a content key of its own, for some recipients.

    It never uses a content key that a vault has: whoever can write the vault may have put one there that he knows.
    """

    def __init__(self, recipients: Sequence[Recipient]) -> None:
        self.to = tuple(recipients)
        self.recipients = frozenset(recipient.id for recipient in recipients)
        self._key = envelope.ContentKey.new()
        self._wrapped = {recipient.id: self._key.wrapped_for(recipient) for recipient in recipients}

    def seal(self, alias: str, value: Secret, spelling: str | None = None) -> Envelope:
        """Return the envelope of an alias's value; raise `ValueTooLongError` for one that is too long."""
        return Envelope(self._key.id, self._key.seal(alias, value, spelling), self._wrapped)


def stated_time(ciphertext: Envelope) -> int | None:
    """Return when an envelope says that it was made, in seconds since 1970; None if that cannot be read."""
    try:
        header = jwe.parse(ciphertext.token, direct=True).header
        made: int = envelope.read_header(header, ciphertext.content_key)["iat"]
    except MalformedCiphertextError:
        return None
    return made


def require_content_key(ciphertext: Envelope) -> None:
    """Raise `UnknownContentKeyError` if the vault has lost a value's content key. This needs no key to find out."""
    if not ciphertext.wrapped:
        raise UnknownContentKeyError(ciphertext.content_key)


def require_recipient(alias: str, ciphertext: Envelope, key_id: str) -> None:
    """Raise a `DecryptionError` unless a value can be this alias's and this key's, as far as no private key is needed.

    Nothing of it is authentic: only what is certainly wrong is reported, and nothing is quoted.
    """
    require_content_key(ciphertext)
    if key_id not in ciphertext.wrapped:
        raise NotARecipientError(ciphertext.content_key, key_id, ciphertext.wrapped)
    require_plausible(alias, ciphertext)


def require_plausible(alias: str, ciphertext: Envelope) -> None:
    """Do what `require_recipient` does for whichever key."""
    require_content_key(ciphertext)
    made_for = envelope.read_header(jwe.parse(ciphertext.token, direct=True).header, ciphertext.content_key)["alias"]
    if made_for != alias:
        raise MovedCiphertextError(alias, None)
