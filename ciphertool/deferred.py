"""Regular expressions that are compiled on first use, for modules that every command imports.

A command uses few of the patterns that the modules on its way define, and compiling all takes as long as reading a
keystore. Modules that only some commands import call `re.compile`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    from re import Pattern


def pattern(text: AnyStr, flags: int = 0) -> Pattern[AnyStr]:
    """Return what `re.compile` returns, as far as its attributes go."""
    return cast("Pattern[AnyStr]", _Deferred(text, flags))


class _Deferred:
    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)  # the next time it is found without coming here
        return found
