"""What an audit has found so far, with relative paths. Nothing is judged here."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.audit import identity, rules
from ciphertool.audit.model import AuditFinding, Place, SiteState, Value
from ciphertool.findings import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.audit.model import KeyCard, SchemeUse
    from ciphertool.audit.rules import Rule
    from ciphertool.audit.suppress import Allowances
    from ciphertool.detection.evidence import Evidence
    from ciphertool.detection.verdicts import Verdict
    from ciphertool.errors import FoundSettingsError


@dataclass
class Ledger:
    """Values, findings, keys and schemes, in the order of their discovery.

    If there is a `key`, findings are marked for the baseline that has it.
    """

    base: Path
    values: list[Value] = field(default_factory=list)
    findings: list[AuditFinding] = field(default_factory=list)
    keys: list[KeyCard] = field(default_factory=list)
    schemes: list[SchemeUse] = field(default_factory=list)
    allowed: dict[str, Allowances] = field(default_factory=dict)
    key: bytes = b""

    def place(self, where: Path | str, line: int | None = None, selector: str | None = None) -> Place:
        """Return a place with its path as reports show it; the name of a storage that is no file stays as it is."""
        return Place(relative(where, self.base) if isinstance(where, Path) else where, line, selector)

    def value(self, place: Place, alias: str | None, state: SiteState, evidence: Evidence, reason: str) -> None:
        """Add a value that settings, references or the repository name."""
        self.values.append(Value(place, alias, state, evidence, reason=reason))

    def verdict(self, place: Place, verdict: Verdict, doubt: str = "", where: str = "") -> None:
        """Add a value that nothing names, with the verdict of detection."""
        outcome, evidence, reason, kind, decided_by, confidence = verdict
        state = SiteState(outcome.value)
        self.values.append(Value(place, None, state, evidence, doubt, reason, kind, decided_by, confidence, where))

    def finding(
        self,
        rule: Rule,
        place: Place,
        message: str,
        *,
        level: Level | None = None,
        stands: str | Callable[[], str] | None = None,
    ) -> None:
        """Add a finding; `level` if this case is milder or graver than the rule.

        `stands` is what stands there, values and all, or whatever else distinguishes the finding from a later one at
        the same place; only its mark is kept. It defaults to the message. A function is called only if there is a key.
        """
        mark = ""
        if self.key:
            mark = identity.mark(self.key, message if stands is None else stands() if callable(stands) else stands)
        self.findings.append(AuditFinding(rule, place, message, level=level, mark=mark))

    def refused(self, error: FoundSettingsError) -> None:
        """Add a request of found settings that was denied; the path that they name is not shown."""
        message = f"the {error.what} of this vault {error.reason}; not looked at"
        self.finding(rules.UNREADABLE, self.place(error.settings), message, level=Level.WARNING)

    def add(self, other: Ledger) -> None:
        """Append what another ledger has found."""
        self.values += other.values
        self.findings += other.findings
        self.keys += other.keys
        self.schemes += other.schemes
        self.allowed |= other.allowed


def relative(path: Path, root: Path) -> str:
    """Return a path as reports show it: relative to the root, with `/`; a path outside it is absolute."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
