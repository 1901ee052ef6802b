"""Messages that have been read before. One process remembers them here; several need a cache that they share."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Protocol

from ciphertool.errors import MessageSecurityError

if TYPE_CHECKING:
    from datetime import datetime


class ReplayCache(Protocol):
    """Remembers messages until they would be refused for their age."""

    def is_new(self, message: bytes, now: datetime, until: datetime) -> bool:
        """Remember a message, by a digest of its signature, until a time; return False if it was remembered already.

        Two calls at the same time with the same message return True once.
        """


class MemoryReplayCache:
    """A cache in this process, for any number of threads. If it is full, it refuses messages rather than forget one."""

    def __init__(self, most: int = 100_000) -> None:
        self._most, self._lock = most, Lock()
        self._until: dict[bytes, datetime] = {}

    def is_new(self, message: bytes, now: datetime, until: datetime) -> bool:
        """Remember a message; return False if it was remembered already."""
        with self._lock:
            if message in self._until and self._until[message] >= now:
                return False
            if len(self._until) >= self._most:
                self._until = {known: time for known, time in self._until.items() if time >= now}
                if len(self._until) >= self._most:
                    raise MessageSecurityError("a place in the replay cache", f"it is full with {self._most} messages")
            self._until[message] = until
            return True
