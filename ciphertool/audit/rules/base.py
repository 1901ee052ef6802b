"""What a rule is. The rules themselves are beside this module, by their subjects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciphertool.findings import Level

PROTECT = "Run `ciphertool protect`; then change the secret wherever it may have been read."
"""The remedy of what stands in clear and should not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `cwe` is the number of the weakness in the Common Weakness Enumeration, where one fits."""

    id: str
    name: str
    level: Level
    cwe: int | None
    sentence: str
    remedy: str
