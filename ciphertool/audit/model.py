"""The results of an audit: places, their states, findings, keys. Nothing here reads a file or holds a secret."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.audit import identity
from ciphertool.detection.verdicts import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from ciphertool.audit.rules import Rule
    from ciphertool.detection.evidence import Evidence
    from ciphertool.findings import Level


class SiteState(Enum):
    """What stands at a place; the values are those of the command line's JSON."""

    PROTECTED = "protected"
    UNPROTECTED = "unprotected"
    DANGLING = "dangling"
    ORPHANED = "orphaned"
    UNJUDGED = "unjudged"
    """A reference, but no repository was read that could have its secret."""
    PLACEHOLDER = "placeholder"
    EXAMPLE = "example"
    """A mask, or a text that a person is to replace."""
    NOT_A_SECRET = "not-a-secret"  # noqa: S105 - a state, no password
    """Named or shaped like a secret, but not one."""


IN_A_COMMENT, IN_TEXT, IN_A_BACKUP, REPEATED = "comment", "text", "backup", "repeated key"
"""Where a value stands that no selector protects: in a comment, in a file without a parser, in a backup copy, or under
a key that is there more than once."""


class Place(NamedTuple):
    """Where something is: a path relative to the audit's root, with `/`; a line and a selector where there are such."""

    path: str
    line: int | None = None
    selector: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class Value(NamedTuple):
    """One place that holds a secret, a reference, or what its name or its shape makes look like one.

    `alias` is None where nothing names it yet. `doubt` is why other readers may read another value there. `reason`,
    `kind`, `decided_by` and `confidence` are those of a `detection.verdicts.Verdict`, as far as there is one. `where`
    is "", or one of `IN_A_COMMENT`, `IN_TEXT`, `IN_A_BACKUP`, `REPEATED`.
    """

    place: Place
    alias: str | None
    state: SiteState
    evidence: Evidence
    doubt: str = ""
    reason: str = ""
    kind: str = ""
    decided_by: str = ""
    confidence: Confidence = Confidence.CERTAIN
    where: str = ""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding does not count: who accepted it where (`baseline`, `inline`), for what reason, since when."""

    kind: str
    reason: str
    date: str | None = None


class AuditFinding(NamedTuple):
    """A rule that is broken at a place. `message` describes what is there and never quotes a value.

    A baseline recognises it by `mark` (`identity.mark`), which is "" without one and in no report. `ordinal`
    distinguishes findings that are alike.
    """

    rule: Rule
    place: Place
    message: str
    suppression: Suppression | None = None
    level: Level | None = None
    mark: str = ""
    ordinal: int = 0

    @property
    def effective_level(self) -> Level:
        """The finding's own level if the case is milder or graver than the rule, else the rule's."""
        return self.level or self.rule.level

    @property
    def alike(self) -> tuple[str, ...]:
        """What findings can have in common: rule, path and selector or, without a selector, the message."""
        return self.rule.id, self.place.path, identity.bare(self.place.selector) or self.message

    @property
    def fingerprint(self) -> str:
        """An identity that is unique in the report and stays when lines move; it does not depend on the value."""
        text = "\0".join((*self.alike, str(self.ordinal)))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def numbered(findings: Iterable[AuditFinding]) -> tuple[AuditFinding, ...]:
    """Return the findings, in order, each with its ordinal among those that are otherwise alike."""
    counts: Counter[tuple[str, ...]] = Counter()
    result = []
    for finding in findings:
        alike = finding.alike
        ordinal = counts[alike]
        counts[alike] += 1
        result.append(finding._replace(ordinal=ordinal) if ordinal != finding.ordinal else finding)
    return tuple(result)


@dataclass(frozen=True, slots=True)
class KeyCard:
    """One certificate of a keystore that the audit has read. `primary` marks the one that encrypts the secrets."""

    path: str
    alias: str
    subject: str
    algorithm: str
    bits: int | None
    sha256: str
    not_before: datetime | None
    not_after: datetime | None
    key_usage: tuple[str, ...] | None
    primary: bool
    issuer: str | None = None
    public_key_sha256: str | None = None
    signature_oid: str | None = None
    recipient: str | None = None
    """The name of the recipient whose it is."""
    vault: str | None = None
    """The vault that its key can read, or should, if several keys can."""
    encrypted: str | None = None
    """How much of that vault is encrypted to its key: `wholly`, `partly`, `not`; `empty` without values."""

    @property
    def key_id(self) -> str | None:
        """The id of its public key, as ciphertexts name it."""
        return self.public_key_sha256 and self.public_key_sha256[:16]


@dataclass(frozen=True, slots=True)
class SchemeUse:
    """A file with secrets or content keys encrypted by a scheme, and their numbers; 0 if it only declares it."""

    path: str
    name: str
    secrets: int = 0
    content_keys: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """Files that were skipped, and why: `ignored by git`, `binary`, `link`, …

    `examples` are the first few of `paths`, as reports show them; `paths` may hold secrets.
    """

    reason: str
    count: int
    examples: tuple[str, ...]
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one audit. `values` and `findings` are in the order of their places."""

    root: Path
    time: datetime
    values: tuple[Value, ...]
    findings: tuple[AuditFinding, ...]
    keys: tuple[KeyCard, ...] = ()
    schemes: tuple[SchemeUse, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    files: int = 0

    @property
    def active(self) -> tuple[AuditFinding, ...]:
        """The findings that are not suppressed."""
        return tuple(finding for finding in self.findings if finding.suppression is None)

    def fails(self, threshold: Level) -> bool:
        """Return whether a finding that is not suppressed is at least as grave as `threshold`."""
        return any(finding.effective_level.reaches(threshold) for finding in self.active)

    def count(self, state: SiteState) -> int:
        """Return how many values are in a state."""
        return sum(value.state is state for value in self.values)
