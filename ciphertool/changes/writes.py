"""Which files a plan writes, in which order. Nothing here writes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.repository import repository_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

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
                settings.kind,
                before._replace(data=shared.after),
                extensions=settings.trust.extensions,
                declared=settings.aliases,
            )
        made.append(files.Write(before, after.updated(new), settings.repository_settings.new_mode))
    if settings.secret_conf is not None and (repository.entries or new):
        made += _secret_conf(settings, settings.secret_conf, store_type)
    made += [files.Write(plan.before, plan.after) for plan in changed if plan.after is not None]
    return tuple(made)


def obstacles(repository: SecretRepository, planned: Sequence[FilePlan], *, save_repository: bool) -> list[WriteError]:
    """Return why files that are to change could not be replaced."""
    touched = [plan.before for plan in planned if plan.planned]
    if save_repository:
        touched.append(repository.snapshot)
    return [found for snapshot in touched if (found := files.obstacle(snapshot)) is not None]


def _secret_conf(settings: Settings, path: Path, store_type: str) -> list[Write]:
    from ciphertool.rewriters.properties import PropertiesRewriter, rewrite_entries
    from ciphertool.settings.carbon4 import secret_conf_changes

    snapshot = files.read_if_there(path)
    document = PropertiesRewriter().parse(snapshot.bytes)
    present = {site.selector: site.value for site in document.sites()}
    changes = secret_conf_changes(settings, store_type, present)
    return (
        [files.Write(snapshot, rewrite_entries(document, changes), settings.repository_settings.new_mode)]
        if changes
        else []
    )
