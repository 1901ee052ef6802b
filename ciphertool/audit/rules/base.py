"""What a rule is. The rules are in the modules beside this one, by subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciphertool.findings import Level

PROTECT = "Run `ciphertool protect`; then change the secret wherever it may have been read."
"""The remedy for a value in clear."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `cwe` is the number of the weakness in the Common Weakness Enumeration, if one fits."""

    id: str
    name: str
    level: Level
    cwe: int | None
    sentence: str
    remedy: str
