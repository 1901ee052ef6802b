"""The port of storages, and what was read from one. Reads and writes nothing itself."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from ciphertool.errors import WriteError

Version = Hashable
"""What a storage tells its states apart by. Opaque to everybody else, who can only compare it and give it back."""


class StoredBytes(NamedTuple):
    """What a storage holds, and the version that `replace` compares: `b""` and None if it holds nothing."""

    data: bytes
    version: Version | None

    def __repr__(self) -> str:
        return repr_of(self, "version")


class Storage(Protocol):
    """One place for the bytes of one repository.

    Any thread may use it, and so may a forked child. Whatever is wrong raises a `CipherToolError` whose message holds
    no credential: `ConfigError` if the bytes cannot be read.
    """

    @property
    def name(self) -> str:
        """What messages call it, without credentials."""

    def read(self) -> StoredBytes:
        """Return what it holds. Raise `ConfigError` if that is not known: never the answer for an empty one."""

    def replace(self, data: bytes, before: Version | None) -> Version:
        """Store these bytes, wholly or not at all; return their version.

        `before` is the version that was read, None if there was nothing. Raise `ConflictError` if the storage is no
        longer in that state, and `WriteError` if it cannot be written.
        """

    def changed(self, since: Version | None, timeout: float) -> bool:
        """Return whether it is no longer in a state that was read, waiting for that up to `timeout` seconds.

        A storage that cannot be reached has not changed; `read` reports the reason.
        """

    def obstacle(self) -> WriteError | None:
        """Return why it could not be written, as far as that is known without writing; None if nothing is known."""


class Content(NamedTuple):
    """Bytes that were read, and `where` for messages: the file that holds them or, if none does, the storage's name."""

    where: Path | str
    data: bytes
    version: Version | None

    def __repr__(self) -> str:
        return repr_of(self, "where", "version")

    @property
    def path(self) -> Path:
        """`where` as a path, for programs that know files alone."""
        return Path(self.where)
