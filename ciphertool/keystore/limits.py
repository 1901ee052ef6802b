"""Limits on the work for one keystore file, so that a hostile one costs less than a second. Independent of formats."""

from __future__ import annotations

from ciphertool.asn1.limits import Budget
from ciphertool.errors import MalformedKeystoreError

MAX_FILE = 16 << 20
MAX_ENTRIES = 10_000
MAX_SEALED_KEY = 64 << 10
"""The most bytes of one encrypted private key; RSA-16384 takes 10 KB."""
MAX_MODULUS_BITS = 16_384
# Java 8 needs 150,000 to open a store; one takes up to 1 µs.
_ITERATIONS = 600_000


class StoreBudget(Budget):
    """The work that one call may spend on one file: structural elements, and iterations of key derivation."""

    __slots__ = ("_iterations",)

    def __init__(self, format_name: str) -> None:
        super().__init__(format_name)
        self._iterations = _ITERATIONS

    def iterations(self, count: int) -> None:
        """Charge iterations before they are run; raise `MalformedKeystoreError` if there are too many."""
        if count < 1:
            raise self.malformed("an iteration count below 1")
        self._iterations -= count
        if self._iterations < 0:
            raise self.malformed(f"more than {_ITERATIONS} iterations of key derivation")

    def malformed(self, reason: str) -> MalformedKeystoreError:
        """Return the error for a fault in this file."""
        return MalformedKeystoreError(self.what, reason)
