"""A vault's opener, made when the first secret is asked for."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.vault.cipher import AnyOpener

FIRST = threading.RLock()
"""Held while a thread first imports the libraries that are needed. A fork waits for it: an import that another thread
had begun would never end in the child."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=FIRST.acquire, after_in_parent=FIRST.release, after_in_child=FIRST.release)


class OpenerAtHand:
    """A vault's opener, made once on first use by any thread; a forked child keeps using it."""

    def __init__(self, make: Callable[[], AnyOpener]) -> None:
        self._make = make
        self._opener: AnyOpener | None = None
        self._lock, self._process = threading.Lock(), os.getpid()

    def __call__(self) -> AnyOpener:
        """Return the opener; raise `KeystoreError` at every call if the keystore does not open."""
        if self._process != os.getpid():
            # After a fork the other threads are gone, but their locks remain held: ours, and those within the key.
            self._opener = self._opener and self._opener.duplicate()
            self._lock, self._process = threading.Lock(), os.getpid()
        if self._opener is None:
            with FIRST, self._lock:
                if self._opener is None:
                    self._opener = self._make()
        return self._opener
