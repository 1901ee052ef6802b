"""Judges what the secret repository holds, by the form of its ciphertexts: no key is needed, and none is used."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from typing import TYPE_CHECKING

from ciphertool.audit import rules
from ciphertool.audit.model import Evidence, SchemeUse, State
from ciphertool.cipher import VaultCipher
from ciphertool.ciphertext import Native, SelfContained, Symmetric
from ciphertool.engine import scheme_named
from ciphertool.engine.oaep import Oaep
from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import CipherToolError, UnsupportedSchemeError
from ciphertool.repository import Clear, Encrypted, Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from ciphertool.audit.gather import Gathered
    from ciphertool.cipher import Cipher
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.repository import Entry, SecretRepository
    from ciphertool.settings.model import Settings


def judge(
    gathered: Gathered,
    settings: Settings,
    repository: SecretRepository,
    cipher: Cipher | None,
    used: AbstractSet[str] | None,
) -> None:
    """Judge every entry; `used` are the aliases that files refer to, None where that is not known, `cipher` tells what
    this key can have made.
    """
    same: defaultdict[bytes, list[str]] = defaultdict(list)
    foreign = cipher.other_keys(repository) if isinstance(cipher, VaultCipher) else {}
    _judge_keys(gathered, repository, foreign, cipher)
    for alias, entry in repository.entries.items():
        place = gathered.place(repository.path, entry.line, alias)
        match entry.stored:
            case Clear(value):
                if value:
                    gathered.finding(rules.REPOSITORY_IN_CLEAR, place, f"{alias!r} stands in clear")
            case Malformed(reason):
                gathered.finding(rules.MALFORMED, place, f"{alias!r}: {reason}")
            case Encrypted(ciphertext):
                same[ciphertext.data].append(alias)
                if cipher is not None and alias not in foreign:
                    _judge_origin(gathered, repository, alias, entry, cipher)
        waits = isinstance(entry.stored, Clear) and not entry.stored.value
        if used is not None and alias not in used and not waits:
            gathered.value(place, alias, State.ORPHANED, Evidence.DECLARED)
            gathered.finding(rules.ORPHANED, place, f"no file refers to {alias!r}")
    for aliases in same.values():
        if len(aliases) > 1:
            place = gathered.place(repository.path, repository.get(aliases[1]).line, aliases[1])
            gathered.finding(
                rules.SAME_CIPHERTEXT, place, f"one ciphertext for {', '.join(repr(alias) for alias in aliases)}"
            )
    _judge_schemes(gathered, settings, repository)


def plaintexts(repository: SecretRepository, cipher: Cipher) -> Iterator[tuple[str, str]]:
    """Yield alias and value of every ciphertext that decrypts."""
    for alias, entry in repository.entries.items():
        if isinstance(entry.stored, Encrypted):
            with contextlib.suppress(CipherToolError):
                yield alias, cipher.decrypt(alias, entry.stored.ciphertext).reveal()


def _judge_origin(gathered: Gathered, repository: SecretRepository, alias: str, entry: Entry, cipher: Cipher) -> None:
    assert isinstance(entry.stored, Encrypted)  # noqa: S101 - the caller has looked
    try:
        cipher.prove(alias, entry.stored.ciphertext)
    except CipherToolError as error:
        place = gathered.place(repository.path, entry.line, alias)
        gathered.finding(rules.DOES_NOT_DECRYPT, place, f"{alias!r}: {error.message}")


def _judge_keys(
    gathered: Gathered, repository: SecretRepository, foreign: Mapping[str, str], cipher: Cipher | None
) -> None:
    """Report each key, other than the one that the settings name, that values are encrypted to."""
    aliases: defaultdict[str, list[str]] = defaultdict(list)
    for alias, key in foreign.items():
        aliases[key].append(alias)
    for key, found in aliases.items():
        assert isinstance(cipher, VaultCipher)  # noqa: S101 - another tells no keys apart
        place = gathered.place(repository.path, repository.get(found[0]).line, key)
        message = f"{len(found)} of {len(repository.entries)} values are encrypted to {key}, and new ones would be to "
        gathered.finding(rules.FOREIGN, place, f"{message}{cipher.recipient}: {', '.join(map(repr, found))}")


def _judge_schemes(gathered: Gathered, settings: Settings, repository: SecretRepository) -> None:
    """Judge each scheme that ciphertexts are made by, once."""
    by_scheme: defaultdict[str, list[str]] = defaultdict(list)
    for alias, entry in repository.entries.items():
        if isinstance(entry.stored, Encrypted):
            by_scheme[_scheme_of(entry.stored.ciphertext, settings)].append(alias)
    for name, aliases in by_scheme.items():
        place = gathered.place(repository.path, repository.get(aliases[0]).line, f"scheme {name}")
        gathered.schemes.append(SchemeUse(place.path, name, len(aliases)))
        if name == AES_GCM:  # authenticated, under a key that is no RSA key's
            continue
        message = f"{len(aliases)} secrets are encrypted by {name}"
        try:
            scheme = scheme_named(name, allow_unpadded=True)
        except UnsupportedSchemeError:
            gathered.finding(rules.MALFORMED, place, f"{message}, which is not known")
            continue
        if scheme.name.endswith("/NoPadding"):
            gathered.finding(rules.UNPADDED, place, message)
        elif not isinstance(scheme, Oaep):
            gathered.finding(rules.PKCS1, place, message)


def _scheme_of(ciphertext: Ciphertext, settings: Settings) -> str:
    if isinstance(ciphertext, Native):
        return ciphertext.scheme
    return ciphertext.transformation if isinstance(ciphertext, SelfContained | Symmetric) else settings.scheme
