"""What distinguishes a finding from all others, over time and across machines. Holds no value, only 12 bits of a mark.

There are two identities. A *fingerprint* follows a finding from report to report: it is of rule, path, selector and,
among findings that agree in these, an ordinal, but not of a value. A *mark* is for a baseline alone: it shows whether a
place still holds what was accepted.
"""

from __future__ import annotations

import hmac
import re

_POSITION = re.compile(r"\[\d+\]")
_DIGITS = 3


def mark(key: bytes, stands: str) -> str:
    """Return 12 bits of a keyed digest of what stands at a place, in hex: "" without a key.

    The key is random, created once for a baseline and kept in it in clear, since everyone who audits must compute the
    same marks. So it hides nothing. What hides a value is that marks are short: whatever the value, one guess in 4,096
    fits, so a mark never singles out one of a long list of guesses. The key only prevents comparing the marks of two
    baselines, or using precomputed tables. A value has the same mark at each of its places, so that several of them
    reveal no more bits. A value that changes keeps its mark once in 4,096 times.
    """
    if not key:
        return ""
    text = stands.replace("\r\n", "\n")  # as git leaves it on one machine or another
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:_DIGITS]


def bare(selector: str | None) -> str:
    """Return a selector without positions, which change if an element is inserted before it."""
    return _POSITION.sub("", selector or "")
