"""Protects secrets: targets → plan → apply. Nothing is written if there is a problem.

The repository is saved first: a crash after it leaves an unused ciphertext, never a lost secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.changes import commit
from ciphertool.changes.plan import FilePlan, Note, Plan, PlanState, SitePlan, Take
from ciphertool.protection.planner import plan
from ciphertool.workers import Progress, no_progress

if TYPE_CHECKING:
    from ciphertool.settings.model import Settings

__all__ = ["FilePlan", "Note", "Plan", "PlanState", "SitePlan", "Take", "apply", "plan"]


def apply(settings: Settings, work: Plan, *, progress: Progress = no_progress) -> None:
    """Write what was planned; raise `ValueError` for a plan with problems.

    Raises `ConflictError` if a file changed since it was read and `WriteError` if one cannot be written: each
    file is then wholly old or wholly new, and planning and applying again completes the work.
    """
    if work.problems:
        raise ValueError("a plan with problems is not applied")
    with commit.begin(settings.anchor) as transaction:
        transaction.apply(work.changes, lambda done: progress("writing", done, len(work.writes)))
