"""Text as a person may be shown it: what would steer a terminal, or begin a line of its own, is made visible."""

from __future__ import annotations


def visible(text: str, *, keep: str = "") -> str:
    """Return a text with its control characters and line ends spelled as escapes, but for those in `keep`.

    Names come from files: they may hold terminal codes, and lines that a reader, or a CI system, takes for others'.
    """
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)
