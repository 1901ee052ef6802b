"""Judges the entries of the secret repository by the form of their ciphertexts. Needs and uses no key."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool.audit import rules
from ciphertool.audit.model import SchemeUse, SiteState
from ciphertool.ciphertext import ENVELOPE, Envelope, Native, SelfContained, Symmetric
from ciphertool.detection.evidence import Evidence
from ciphertool.engine import scheme_named
from ciphertool.engine.oaep import Oaep
from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import (
    CipherToolError,
    MalformedCiphertextError,
    NotARecipientError,
    UnknownContentKeyError,
    UnsupportedSchemeError,
)
from ciphertool.repository import Clear, Encrypted, Malformed
from ciphertool.vault.cipher import SymmetricOpener
from ciphertool.vault.envelopes import require_plausible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from ciphertool.audit.ledger import Ledger
    from ciphertool.audit.model import Place
    from ciphertool.audit.rules import Rule
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.repository import SecretEntry, SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.vault.cipher import AnyOpener, Sealer


def judge(
    gathered: Ledger,
    settings: Settings,
    repository: SecretRepository,
    key: AnyOpener | Sealer | None,
    used: AbstractSet[str] | None,
    named: AbstractSet[str],
) -> None:
    """Judge every entry; `key` tells it can have made.

    `used` are the aliases that files refer to, None where that is not known; `named` those that are known to be names,
    whatever stands in the repository.
    """
    _Judge(gathered, settings, repository, key, used, named | settings.aliases).all()


@dataclass(frozen=True)
class _Judge:
    gathered: Ledger
    settings: Settings
    repository: SecretRepository
    key: AnyOpener | Sealer | None
    used: AbstractSet[str] | None
    named: AbstractSet[str]

    def all(self) -> None:
        same: defaultdict[bytes | str, list[str]] = defaultdict(list)
        foreign = self._other_keys()
        for alias, entry in self.repository.entries.items():
            match entry.stored:
                case Clear(value):
                    if value:
                        self._finding(rules.REPOSITORY_IN_CLEAR, alias, "{} stands in clear", stands=value.reveal())
                    elif not self._is_name(alias):
                        self._finding(rules.MALFORMED, alias, "{}: has no value, and nothing else names it")
                case Malformed(reason, hint):
                    self._finding(rules.MALFORMED, alias, f"{{}}: {reason}{f'; {hint}' if hint else ''}")
                case Encrypted(ciphertext):
                    same[ciphertext.token if isinstance(ciphertext, Envelope) else ciphertext.data].append(alias)
                    if alias not in foreign:
                        self._origin(alias, ciphertext)
            self._use(alias, entry)
        for aliases in same.values():
            if len(aliases) > 1:
                labels = ", ".join(map(self._label, aliases))
                self._finding(rules.SAME_CIPHERTEXT, aliases[1], f"one ciphertext for {labels}")
        self._schemes()

    def _is_name(self, alias: str) -> bool:
        return alias in self.named or self.repository.get(alias).certain

    def _label(self, alias: str) -> str:
        return repr(alias) if self._is_name(alias) else self.repository.get(alias).label(alias)

    def _place(self, alias: str, selector: str | None = None) -> Place:
        selector = selector or (alias if self._is_name(alias) else None)
        return self.gathered.place(self.repository.where, self.repository.get(alias).line, selector)

    def _finding(self, rule: Rule, alias: str, message: str, *, stands: str | None = None) -> None:
        self.gathered.finding(rule, self._place(alias), message.replace("{}", self._label(alias)), stands=stands)

    def _use(self, alias: str, entry: SecretEntry) -> None:
        nothing = isinstance(entry.stored, Malformed) and not self._is_name(alias)
        if self.used is not None and alias not in self.used and not entry.is_vacant and not nothing:
            name = alias if self._is_name(alias) else None
            self.gathered.value(self._place(alias), name, SiteState.ORPHANED, Evidence.DECLARED, "no file refers to it")
            self._finding(rules.ORPHANED, alias, "no file refers to {}")

    def _origin(self, alias: str, ciphertext: Ciphertext) -> None:
        if isinstance(ciphertext, Native) and not _is_native(ciphertext.scheme):
            self._finding(rules.MALFORMED, alias, f"{{}}: encryption scheme {ciphertext.scheme!r}: not known")
            return
        try:
            if isinstance(ciphertext, Envelope) and self.settings.native:
                require_plausible(alias, ciphertext)
            if self.key is not None:
                self.key.prove(alias, ciphertext)
        except UnknownContentKeyError as error:
            self._finding(rules.LOST_CONTENT_KEY, alias, f"{{}}: {error.message}")
        except NotARecipientError:
            pass  # `judges.recipients` reports it for the whole vault
        except CipherToolError as error:
            malformed = isinstance(ciphertext, Envelope) and isinstance(error, MalformedCiphertextError)
            rule = rules.MALFORMED if malformed else rules.DOES_NOT_DECRYPT
            self._finding(rule, alias, f"{{}}: {error.message}")

    def _other_keys(self) -> AbstractSet[str]:
        """Report each key, other than the one that the settings name, that values are encrypted to; return those."""
        if self.key is None or isinstance(self.key, SymmetricOpener):
            return frozenset()
        foreign = self.key.other_keys(self.repository)
        aliases: defaultdict[str, list[str]] = defaultdict(list)
        for alias, key in foreign.items():
            aliases[key].append(alias)
        for key, found in aliases.items():
            message = (
                f"{len(found)} of {len(self.repository.entries)} values are encrypted to {key}, and new ones would "
            )
            message += f"be to {self.key.recipient}: {', '.join(map(self._label, found))}"
            self.gathered.finding(rules.FOREIGN, self._place(found[0], key), message, stands="\0".join(sorted(found)))
        return foreign.keys()

    def _schemes(self) -> None:
        """Judge each scheme that ciphertexts are made by, once; of native ones that are not known each is judged."""
        by_scheme: defaultdict[str, list[str]] = defaultdict(list)
        for alias, entry in self.repository.entries.items():
            if isinstance(entry.stored, Encrypted):
                by_scheme[_scheme_of(entry.stored.ciphertext, self.settings)].append(alias)
        for name, aliases in by_scheme.items():
            place = self._place(aliases[0], f"scheme {name}")
            self.gathered.schemes.append(SchemeUse(place.path, name, len(aliases)))
            # AES-GCM is authenticated, under a key that is no RSA key's.
            if name in (AES_GCM, ENVELOPE) or (self.settings.native and not _is_native(name)):
                continue
            message = f"{len(aliases)} secrets are encrypted by {name}"
            try:
                scheme = scheme_named(name, allow_unpadded=True)
            except UnsupportedSchemeError:
                self.gathered.finding(rules.MALFORMED, place, f"{message}, which is not known")
                continue
            if scheme.name.endswith("/NoPadding"):
                self.gathered.finding(rules.UNPADDED, place, message, stands=name)
            elif not isinstance(scheme, Oaep):
                self.gathered.finding(rules.PKCS1, place, message, stands=name)


def plaintexts(repository: SecretRepository, opener: AnyOpener) -> Iterator[tuple[str, str]]:
    """Yield the alias and value of each ciphertext that decrypts."""
    for alias, entry in repository.entries.items():
        if isinstance(entry.stored, Encrypted):
            with contextlib.suppress(CipherToolError):
                yield alias, opener.open(alias, entry.stored.ciphertext).reveal()


def _is_native(name: str) -> bool:
    """Return whether a native ciphertext may name this scheme."""
    try:
        return scheme_named(name, allow_unpadded=True).native
    except UnsupportedSchemeError:
        return False


def _scheme_of(ciphertext: Ciphertext, settings: Settings) -> str:
    match ciphertext:
        case Native(scheme=scheme):
            return scheme
        case Envelope():
            return ENVELOPE
    return (
        ciphertext.transformation
        if isinstance(ciphertext, SelfContained | Symmetric)
        else settings.encryption.block_scheme
    )
