"""Silence about odd certificates and keys: `cryptography` warns of what their owner cannot change."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore the warnings that `cryptography` raises while this package reads a certificate, a name or a key.

    They are about serial numbers, lengths of attributes, small keys, and algorithms such as DH. Only warnings in this
    package and in `cryptography` are ignored, because threads share the filters.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(?:ciphertool|cryptography)(?:\.|\Z)")
        yield
