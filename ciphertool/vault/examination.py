"""Examines all configured files of a vault: does every reference resolve, and what does nothing refer to?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.errors import CipherToolError, ProblemsError
from ciphertool.settings.targets import reading
from ciphertool.vault.resolver import check_document, mention_sites, reference_sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.repository import SecretEntry
    from ciphertool.settings import Settings
    from ciphertool.vault.resolver import Resolver


class Examined(NamedTuple):
    """The numbers of resolved references and of files, and the repository's entries that no reference names."""

    references: int
    files: int
    unused: Mapping[str, SecretEntry]


def examine(settings: Settings, resolver: Resolver) -> tuple[Examined, int]:
    """Return what was examined, and how many references were left to the product, which alone finds their secrets.

    Raises `ProblemsError` with every reference that does not resolve, and `KeystoreError` if no key opens.
    """
    from ciphertool.runtimes.configured import configured_files

    configured, refused = configured_files(settings)
    problems: list[CipherToolError] = [*refused]
    count, left, used = 0, 0, set[str]()
    for path, targets in configured.items():
        try:
            rewriter = reading(targets).rewriter(path, settings.trust.extensions)
            document = rewriter.parse(files.read(path).bytes)
        except CipherToolError as error:
            problems.append(error.at(path))
            continue
        _, found = check_document(document, path, resolver)
        named = [one.alias for _, every in (*reference_sites(document), *mention_sites(document)) for one in every]
        left += sum(map(resolver.is_left, named))
        count += len(named)
        used.update(named)
        problems += found
    if problems:
        raise ProblemsError(problems)
    unused = {alias: entry for alias, entry in resolver.repository.entries.items() if alias not in used}
    return Examined(count - left, len(configured), unused), left
