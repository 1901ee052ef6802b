"""Examines all configured files of a vault: does every reference resolve, and what does nothing refer to?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files, rewriters
from ciphertool.ciphertext import Envelope
from ciphertool.errors import CipherToolError, ConfigError, KeystoreError, ProblemsError, UnknownContentKeyError
from ciphertool.repository import Encrypted
from ciphertool.rewriters.base import rewrite
from ciphertool.settings.targets import choose, reading
from ciphertool.vault.resolver import check_document, mention_sites, reference_sites, replacements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ciphertool.repository import SecretEntry, SecretRepository
    from ciphertool.settings import Settings
    from ciphertool.vault.resolver import Resolver


class Examined(NamedTuple):
    """The numbers of resolved references and of files, and the repository's entries that no reference names."""

    references: int
    files: int
    unused: Mapping[str, SecretEntry]


def examine(settings: Settings, resolver: Resolver, only: Sequence[Path] = ()) -> tuple[Examined, int, int]:
    """Return what was examined, and the numbers of references left to the product and of files that were skipped.

    The product alone finds the secrets of some references. With `only`, other configured files are skipped, and entries
    that no reference names are not looked for. Raises what `choose` raises for a file among `only`, `ProblemsError`
    with every reference that does not resolve and every file that `resolve` would refuse, and `KeystoreError` if no key
    opens; what no key would open is reported even then.
    """
    from ciphertool.runtimes.configured import configured_files

    configured, refused = configured_files(settings)
    chosen = choose(only, configured) if only else configured
    problems: list[CipherToolError] = [] if only else [*refused]
    count, left, used = 0, 0, set[str]()
    for path, targets in configured.items():
        if path not in chosen:
            continue
        try:
            rewriter = reading(targets).rewriter(path, settings.trust.extensions)
            document = rewriters.parse(rewriter, files.read(path).bytes, path)
        except CipherToolError as error:
            problems.append(error.at(path))
            continue
        try:
            sites, found = check_document(document, path, resolver)
        except KeystoreError as error:
            lost = list(_lost(resolver.repository))
            raise ProblemsError([*lost, error]) if lost else error from None
        named = [one.alias for _, every in (*reference_sites(document), *mention_sites(document)) for one in every]
        left += sum(map(resolver.is_left, named))
        count += len(named)
        used.update(named)
        problems += found
        try:
            if not found:  # a secret that the file cannot hold, or a place that cannot be written, shows only now
                rewrite(rewriter, document, replacements(sites, resolver))
        except ConfigError as error:
            problems.append(error.at(path))
    if problems:
        raise ProblemsError(problems)
    entries = resolver.repository.entries.items()
    unused = {} if only else {alias: entry for alias, entry in entries if alias not in used}
    return Examined(count - left, len(chosen), unused), left, len(configured) - len(chosen)


def _lost(repository: SecretRepository) -> Iterator[CipherToolError]:
    """Yield an error for each value whose content key the vault has lost, which shows without any key."""
    for alias, entry in repository.entries.items():
        match entry.stored:
            case Encrypted(Envelope(content_key=content_key, wrapped=wrapped)) if not wrapped:
                error = UnknownContentKeyError(content_key)
                error.message = f"{alias!r}: {error.message}"
                yield error.at(repository.where, entry.line)
