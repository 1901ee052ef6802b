"""What detection reports about a value: a verdict. Nothing here judges; no verdict holds a value or a part of one."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ciphertool.detection.evidence import Evidence


class Outcome(Enum):
    """What a value was found to be; the members' values are those of an audit's states."""

    UNPROTECTED = "unprotected"
    """A secret in clear."""
    PLACEHOLDER = "placeholder"
    """A whole value that a product fills in from elsewhere, without a secret as its default."""
    EXAMPLE = "example"
    """A mask, or a text for a person to replace."""
    NOT_A_SECRET = "not-a-secret"  # noqa: S105 - a state, no password
    """Its name is that of a secret, or it looks like one, but it is not a secret."""


class Confidence(IntEnum):
    """How certain it is that a value is a secret."""

    DOUBTFUL = 1
    """It may equally be something else: worth a note."""
    LIKELY = 2
    """Its name means a secret, and its shape does not contradict."""
    CERTAIN = 3
    """Its name and shape agree, or one of them is enough."""


class Verdict(NamedTuple):
    """What a value is, and why.

    `reason` is one of a few short sentences. `kind` is the class of the secret, of the placeholder or of what else the
    value is. `decided_by` is the line of the table that decided, as `table/line`: `names/password`, `kinds/Stripe key`,
    `grammars/spring`, `harmless/path`. All three come from the tables of this package, never from the file.
    """

    outcome: Outcome
    evidence: Evidence
    reason: str
    kind: str = ""
    decided_by: str = ""
    confidence: Confidence = Confidence.LIKELY

    @property
    def is_secret(self) -> bool:
        """Whether the value is a secret in clear."""
        return self.outcome is Outcome.UNPROTECTED
