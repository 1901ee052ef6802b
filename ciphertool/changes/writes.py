"""Which files a plan writes, in which order. Nothing here writes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.repository import repository_of
from ciphertool.runtimes.registry import runtime_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ciphertool.changes.plan import FilePlan
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.errors import WriteError
    from ciphertool.files import Write
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings


def writes(
    settings: Settings,
    repository: SecretRepository,
    planned: Sequence[FilePlan],
    new: Mapping[str, Ciphertext],
    store_type: str,
) -> tuple[Write, ...]:
    """Return the files to write: the repository first, then what its runtime reads, then the configuration.

    A crash after the repository leaves an unused ciphertext, never a lost secret. A repository that is a table of a
    configuration file (`[secrets]`) is written with that file, as one.
    """
    changed = [plan for plan in planned if plan.after is not None]
    made: list[Write] = []
    if new:
        before, after = repository.snapshot, repository
        shared = next((plan for plan in changed if plan.before.real == before.real), None)
        if shared is not None:
            changed.remove(shared)
            after = repository_of(
                settings.kind, before._replace(data=shared.after), plugins=settings.named, declared=settings.aliases
            )
        made.append(files.Write(before, after.updated(new), settings.new_mode))
    if repository.entries or new:
        made += runtime_of(settings.kind).companions(settings, store_type)
    made += [files.Write(plan.before, plan.after) for plan in changed if plan.after is not None]
    return tuple(made)


def obstacles(repository: SecretRepository, planned: Sequence[FilePlan], *, save_repository: bool) -> list[WriteError]:
    """Return why files that are to change could not be replaced."""
    touched = [plan.before for plan in planned if plan.planned]
    if save_repository:
        touched.append(repository.snapshot)
    return [found for snapshot in touched if (found := files.obstacle(snapshot)) is not None]
