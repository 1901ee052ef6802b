"""Decrypts every value of a vault, and proves that a vault that was encrypted anew holds the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool import workers
from ciphertool.changes.changeset import Replacement
from ciphertool.ciphertext import Envelope
from ciphertool.errors import CipherToolError, ConfigError, ProblemsError
from ciphertool.repository import Encrypted, Malformed, repository_of
from ciphertool.vault.cipher import Opener
from ciphertool.vault.resolver import explain
from ciphertool.workers import Progress, no_progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.repository import SecretRepository
    from ciphertool.secret import Secret
    from ciphertool.settings.model import Settings
    from ciphertool.vault.cipher import AnyOpener, AnySealer

KeyChanges = dict[str, "Mapping[str, str] | None"]
"""What becomes of content keys: for whom each is then encrypted, or None if it goes."""


class Value(NamedTuple):
    """A decrypted value, and how it was spelled, if that was kept."""

    value: Secret
    spelling: Secret | None

    def revealed(self) -> tuple[Secret, str | None]:
        """Return both as a sealer takes them."""
        return self.value, None if self.spelling is None else self.spelling.reveal()


def values_of(
    repository: SecretRepository, opener: AnyOpener, progress: Progress = no_progress, step: str = "decrypting"
) -> dict[str, Value]:
    """Return every encrypted value with its spelling; raise `ProblemsError` with each that does not decrypt."""

    def read(alias: str, ciphertext: Ciphertext) -> Value:
        if isinstance(ciphertext, Envelope) and isinstance(opener, Opener):
            opened = opener.content_keys.read(alias, ciphertext)
            return Value(opened.value, opened.spelling)
        return Value(opener.open(alias, ciphertext), None)

    stored: dict[str, Ciphertext] = {}
    found: dict[str, Value] = {}
    problems: list[CipherToolError] = []
    for alias, entry in repository.entries.items():
        match entry.stored:
            case Encrypted(ciphertext):
                stored[alias] = ciphertext
            case Malformed(reason, hint):
                malformed = ConfigError(f"{entry.label(alias)}: {reason}", hint=hint or repository.hint)
                problems.append(malformed.at(repository.where, entry.line))
    for alias, result in workers.on_all_cores(step, read, stored, progress):
        if isinstance(result, CipherToolError):
            problems.append(explain(result, alias, repository, opener))
        else:
            found[alias] = result
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return found


def sealed(
    values: Mapping[str, Value], sealer: AnySealer, repository: SecretRepository, progress: Progress = no_progress
) -> dict[str, Ciphertext]:
    """Return every value, encrypted; raise `ProblemsError` with each that the sealer cannot encrypt.

    `repository` is where the values come from, for messages.
    """

    def seal(alias: str, value: Value) -> Ciphertext:
        return sealer.seal(alias, *value.revealed())

    made: dict[str, Ciphertext] = {}
    problems: list[CipherToolError] = []
    for alias, result in workers.on_all_cores("encrypting", seal, values, progress, few=sealer.few):
        if isinstance(result, CipherToolError):
            result.message = f"{alias!r}: {result.message}"
            problems.append(result.at(repository.where, repository.get(alias).line))
        else:
            made[alias] = result
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return made


def proved(
    settings: Settings,
    repository: SecretRepository,
    new: Mapping[str, Ciphertext],
    keys: KeyChanges,
    expected: Mapping[str, Value],
    opener: AnyOpener,
    progress: Progress = no_progress,
) -> Replacement | None:
    """Return how the vault is written, None if it stays; `opener` has decrypted every value in it again."""
    if not new and not keys:
        return None
    content = repository.content._replace(data=repository.updated(new, keys))
    after = repository_of(settings.kind, content, extensions=settings.trust.extensions, declared=settings.aliases)
    if values_of(after, opener, progress, "proving") != expected or set(after.entries) != set(repository.entries):
        raise AssertionError("a vault that is encrypted anew does not decrypt to itself")
    return Replacement(settings.storage, repository.content, content.data)
