"""The known name that somebody may have meant. Names alone are compared and suggested, never values."""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`: every error that has a hint would import it
if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 200
_MOST = 1000
"""How many names are compared; a comparison takes some 20 µs."""
_TYPING = 3
"""How many characters a slip leaves out or adds."""
_ALIKE = 0.75


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that differs from a name in case or by a slip of the keyboard; None if there is none."""
    from difflib import get_close_matches
    from itertools import islice

    if len(name) > _LONGEST:
        return None
    near = (other for other in known if abs(len(other) - len(name)) <= _TYPING and other != name)
    by_lower_case = {other.lower(): other for other in islice(near, _MOST)}
    found = get_close_matches(name.lower(), by_lower_case, 1, _ALIKE)
    return by_lower_case[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a hint: the nearest known name, as a question, and then what helps `otherwise`."""
    found = nearest(name, known)
    return f"did you mean {found!r}? {otherwise}".rstrip() if found else otherwise
