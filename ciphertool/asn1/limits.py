"""How much structure one input may have, so that a hostile one costs less than a second. Independent of formats."""

from __future__ import annotations

from ciphertool.errors import CipherToolError, MalformedStructureError

MAX_DEPTH = 24
_ELEMENTS = 60_000


class Budget:
    """The structural elements that one call may read; `what` names the input in errors."""

    __slots__ = ("_elements", "what")

    def __init__(self, what: str) -> None:
        self.what = what
        self._elements = _ELEMENTS

    def element(self) -> None:
        """Count one element of the structure; raise the error of `malformed` if there are too many."""
        self._elements -= 1
        if self._elements < 0:
            raise self.malformed(f"more than {_ELEMENTS} elements")

    def malformed(self, reason: str) -> CipherToolError:
        """Return the error for a fault in this input: a `MalformedStructureError`, or a subclass's own error."""
        return MalformedStructureError(self.what, reason)
