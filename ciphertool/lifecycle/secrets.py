"""Sets, lists and removes the secrets of a vault, without touching a configuration file."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.changes.workbench import parsed
from ciphertool.ciphertext import ENVELOPE, Envelope, Native
from ciphertool.errors import CipherToolError, ConfigError, ReferencesStandError, UnknownAliasError
from ciphertool.lifecycle.writing import vault_change
from ciphertool.references import is_writable_alias
from ciphertool.repository import Clear, Encrypted, Malformed, Placeholder
from ciphertool.repository.base import certain_names
from ciphertool.runtimes.base import KeystoreFacts
from ciphertool.runtimes.configured import configured_files
from ciphertool.runtimes.registry import runtime_of
from ciphertool.secret import Secret
from ciphertool.vault.envelopes import stated_time
from ciphertool.vault.opening import require_one_key
from ciphertool.vault.resolver import mention_sites, reference_sites

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from ciphertool.changes.changeset import ChangeSet
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.engine.envelope import Recipient
    from ciphertool.repository import SecretEntry, SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.vault.cipher import AnySealer

ALPHABETS = {
    "alphanumeric": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "hex": "0123456789abcdef",
    "url": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    "ascii": "".join(map(chr, range(0x21, 0x7F))),
}
"""Named alphabets of generated values: none has a character that a person or a file would take for something else, but
`ascii`, which has every visible one."""
LEAST_BITS = 128
"""How many bits of chance a generated value has at least."""


def generate(length: int | None = None, alphabet: str = "alphanumeric") -> Secret:
    """Return a random value of characters of an alphabet: a name of `ALPHABETS`, or the characters themselves.

    Without a length it is the shortest one with `LEAST_BITS` bits, but at least 32 characters. Raises `ConfigError` for
    fewer bits, and for an alphabet that has a character twice, or fewer than two.
    """
    characters = ALPHABETS.get(alphabet, alphabet)
    if len(set(characters)) != len(characters) or len(characters) < 2 or not characters.isprintable():
        raise ConfigError(
            "the alphabet needs two different visible characters or more, each once",
            hint=f"use {', '.join(ALPHABETS)}, or the characters themselves",
        )
    each = math.log2(len(characters))
    least = math.ceil(LEAST_BITS / each)
    if length is not None and length < least:
        raise ConfigError(
            f"{length} characters of this alphabet have {int(length * each)} bits of chance, fewer than {LEAST_BITS}",
            hint=f"use a length of {least} or more",
        )
    return Secret("".join(secrets.choice(characters) for _ in range(length or max(32, least))))


@dataclass(frozen=True, slots=True)
class VaultChange:
    """What a command that changes the vault alone writes: the aliases, which of them are new, and the change set."""

    aliases: tuple[str, ...]
    new: frozenset[str]
    changes: ChangeSet


def put(
    settings: Settings,
    repository: SecretRepository,
    sealer: AnySealer,
    values: Mapping[str, Secret],
    gone: Sequence[str] = (),
) -> VaultChange:
    """Return the change that gives aliases new values, encrypted and, if a private key is available, proved.

    Those that are `gone` are taken out, as `remove` does. Public keys are enough. Raises `ConfigError` for an alias
    that cannot be written or an empty value, `OtherKeyError` and `RecipientsError` if the vault is encrypted to others,
    and `ConflictError` after an interrupted run.
    """
    require_one_key(sealer, repository)
    _require_removable(settings, repository, gone)
    made: dict[str, Ciphertext | None] = dict.fromkeys(gone)
    for alias, value in values.items():
        if not is_writable_alias(alias):
            raise ConfigError(f"{alias!r} cannot be an alias", hint="use letters, digits and . _ - @ : /")
        if not value:
            raise ConfigError(f"{alias}: the value is empty", hint="`ciphertool remove` takes a secret out")
        made[alias] = sealer.seal(alias, value)
    keystore = KeystoreFacts(sealer.store_type, sealer.key_alias)
    companions = runtime_of(settings.kind).companions(settings, keystore)
    new = frozenset(alias for alias in values if alias not in repository.entries)
    changes = vault_change(settings, repository, repository.updated(made), companions, sealer.to)
    return VaultChange(tuple(values), new, changes)


def remove(
    settings: Settings,
    repository: SecretRepository,
    aliases: Sequence[str],
    *,
    force: bool = False,
    to: tuple[Recipient, ...] = (),
) -> VaultChange:
    """Return the change that takes aliases out of a vault. No key is needed; without `to`, `undo` cannot undo it.

    Raises `UnknownAliasError` for one that is not there, and unless `force` is set `ReferencesStandError` for one that
    configured files still refer to.
    """
    _require_removable(settings, repository, aliases, force=force)
    gone = dict.fromkeys(aliases)
    changes = vault_change(settings, repository, repository.updated(gone), to=to)
    return VaultChange(tuple(gone), frozenset(), changes)


def _require_removable(
    settings: Settings, repository: SecretRepository, aliases: Sequence[str], *, force: bool = False
) -> None:
    for alias in aliases:
        if alias not in repository.entries:
            raise UnknownAliasError(alias, repository.where, certain_names(repository.entries))
    if aliases and not force:
        places = uses(settings, aliases)
        standing = {alias: places[alias] for alias in aliases if places.get(alias)}
        if standing:
            raise ReferencesStandError({alias: [str(use) for use in each] for alias, each in standing.items()})


class Use(NamedTuple):
    """A place of a reference."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class ListedSecret(NamedTuple):
    """What shows of a secret without any key.

    `scheme` is `JWE` for an envelope, and `key` the id of the key, or of the content key, that it is encrypted under;
    `recipients` are the ids of the keys that open it. `changed` is when it was encrypted, in seconds since 1970, as an
    envelope states it; nothing proves that without a key. `state` is `encrypted`, `clear`, `malformed` or
    `placeholder`.
    """

    alias: str
    line: int
    state: str
    scheme: str | None
    key: str | None
    recipients: tuple[str, ...]
    changed: int | None
    used: tuple[Use, ...]


def listed(settings: Settings, repository: SecretRepository) -> list[ListedSecret]:
    """Return the secrets of a vault, in its order, with the places that refer to them in configured files.

    A file that cannot be read has no places here: `check` reports it.
    """
    places = uses(settings, repository.entries)
    return [_listed(settings, alias, entry, places.get(alias, ())) for alias, entry in repository.entries.items()]


def uses(settings: Settings, aliases: Collection[str]) -> Mapping[str, Sequence[Use]]:
    """Return the places of references to some aliases in the configured files, those that products make included."""
    found: dict[str, list[Use]] = {}
    for path, targets in configured_files(settings)[0].items():
        try:
            document = parsed(path, targets, settings.trust.extensions)
        except CipherToolError:
            continue
        for site, every in (*reference_sites(document), *mention_sites(document)):
            for reference in every:
                if reference.alias in aliases:
                    found.setdefault(reference.alias, []).append(Use(path, site.line))
    return found


def _listed(settings: Settings, alias: str, entry: SecretEntry, used: Iterable[Use]) -> ListedSecret:
    label = alias if alias in settings.aliases else entry.label(alias)
    scheme: str | None = None
    key: str | None = None
    recipients: tuple[str, ...] = ()
    changed = None
    match entry.stored:
        case Encrypted(Native(scheme=scheme, key_id=key)):
            recipients = (key,)
        case Encrypted(Envelope() as envelope):
            scheme, key, recipients = ENVELOPE, envelope.content_key, tuple(sorted(envelope.wrapped))
            changed = stated_time(envelope)
        case Encrypted():
            scheme = settings.encryption.block_scheme
    names = {Encrypted: "encrypted", Clear: "clear", Malformed: "malformed", Placeholder: "placeholder"}
    return ListedSecret(label, entry.line, names[type(entry.stored)], scheme, key, recipients, changed, tuple(used))
