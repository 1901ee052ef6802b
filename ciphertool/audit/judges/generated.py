"""Says of values in clear in files that a product generates where they are to be protected. Finds none itself."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ciphertool.audit import rules
from ciphertool.runtimes.registry import runtime_of

if TYPE_CHECKING:
    from ciphertool.audit.ledger import Ledger
    from ciphertool.settings.model import Settings

_IN_CLEAR = (rules.DECLARED_IN_CLEAR, rules.BESIDE_REFERENCE, rules.UNPROTECTED_NAME, rules.UNPROTECTED_VALUE)


def explain(gathered: Ledger, settings: Settings) -> None:
    """Begin the message of each value in clear in a generated file with the file that states it.

    The end of a message may be masked.
    """
    runtime = runtime_of(settings.kind)
    stated = runtime.stated_in(settings) or settings.anchor

    @cache
    def is_generated(path: str) -> bool:
        return runtime.overwrites(settings, gathered.base / path)

    where = f"the product generates this file from {stated.name}; protect the value there ([secrets])"
    gathered.findings[:] = [
        finding._replace(message=f"{where}: {finding.message}")
        if finding.rule in _IN_CLEAR and is_generated(finding.place.path)
        else finding
        for finding in gathered.findings
    ]
