"""What tells a finding from all others, over time and from machine to machine. Holds no value, and of a mark 12 bits.

Two things with two readers. A *fingerprint* is for whoever follows findings from report to report: of rule, path,
selector and, among those that are alike in these, the ordinal. No value is in it. A *mark* is for a baseline alone: it
tells whether what stands at a place is still what was accepted.
"""

from __future__ import annotations

import hmac
import re

_POSITION = re.compile(r"\[\d+\]")
_DIGITS = 3


def mark(key: bytes, stands: str) -> str:
    """Return 12 bits of a keyed digest of what stands at a place, in hex: "" without a key.

    The key is random, made once for a baseline and kept in it in clear, since whoever audits has to come to the same
    marks. So it hides nothing; what does is that a mark is so short: of a list of guesses one in 4,096 fits whatever
    the value is, and no list is narrowed to one. It hinders that marks of two baselines, or tables made in advance,
    are compared. Of one value it says the same 12 bits wherever that stands, not 12 more at each place. A value that
    changes keeps its mark once in 4,096 times.
    """
    if not key:
        return ""
    text = stands.replace("\r\n", "\n")  # as git leaves it on one machine or another
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:_DIGITS]


def bare(selector: str | None) -> str:
    """Return a selector without positions, which an entry above it would change."""
    return _POSITION.sub("", selector or "")
