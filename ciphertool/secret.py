"""A value that masks itself. Nothing here knows where it came from."""

from __future__ import annotations

import hmac
from typing import NoReturn

MASK = "****"


class Secret:
    """A secret value that shows `****` wherever it is printed, formatted or logged.

    `reveal()` gives the text, `reveal_bytes()` its UTF-8 form. Secrets compare in constant time with one another,
    are not hashable, and refuse to be pickled or copied into a string by accident.
    """

    __slots__ = ("__value",)
    __hash__ = None  # type: ignore[assignment]  # a hash of the value would be a copy of it in every dict

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the secret's text."""
        return self.__value

    def reveal_bytes(self) -> bytes:
        """Return the secret's text in UTF-8."""
        return self.__value.encode("utf-8")

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal_bytes(), other.reveal_bytes())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: its value would lie in the clear")
