"""A vault's opener, made when the first secret is asked for; many RSA blocks are decrypted on all cores."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from ciphertool.ciphertext import Bare, Native, SelfContained
from ciphertool.errors import CipherToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.secret import Secret
    from ciphertool.vault.cipher import AnyOpener

FIRST = threading.RLock()
"""Held while a thread first imports the libraries that are needed. A fork waits for it: an import that another thread
had begun would never end in the child."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=FIRST.acquire, after_in_parent=FIRST.release, after_in_child=FIRST.release)

_MANY = 16
"""The fewest RSA blocks that several threads decrypt: starting those takes as long as a few blocks do."""


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

    def open_blocks(self, ciphertexts: Mapping[str, Ciphertext]) -> Iterator[tuple[str, Secret]]:
        """Yield the values of RSA blocks by their aliases, decrypted on all cores; none if there are few.

        Skips what does not decrypt and what is no RSA block; raises `KeystoreError` if the keystore does not open.
        """
        blocks = {alias: one for alias, one in ciphertexts.items() if isinstance(one, Native | Bare | SelfContained)}
        if len(blocks) < _MANY:
            return
        with FIRST:
            from ciphertool.workers import no_progress, on_all_cores

            opener = self()
            with suppress(CipherToolError):
                opener.open(*next(iter(blocks.items())))  # which imports all else that is needed
        with suppress(RuntimeError):  # no thread starts while Python ends
            for alias, secret in on_all_cores("decrypting", opener.open, blocks, no_progress):
                if not isinstance(secret, CipherToolError):
                    yield alias, secret
