"""Judges the keystores of Carbon homes by their purposes, and compares those of several instances.

The primary keystore's own certificate is judged in `keys`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.audit import rules
from ciphertool.audit.judges.keys import card_of
from ciphertool.audit.ledger import relative
from ciphertool.certificates import findings
from ciphertool.certificates.facts import certificate_facts
from ciphertool.certificates.roles import Role
from ciphertool.errors import (
    CipherToolError,
    KeystoreUnreadableError,
    PasswordNeededError,
    WrongKeystorePasswordError,
)
from ciphertool.findings import Level
from ciphertool.keystore import check_keystore, open_keystore
from ciphertool.settings.keystore_roles import keystore_uses
from ciphertool.settings.model import unknown_path
from ciphertool.settings.stated_keystores import LISTENER, SENDER, TLS, TOMCAT, TRUSTSTORE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from ciphertool.audit.ledger import Ledger
    from ciphertool.certificates.findings import CertificateFinding
    from ciphertool.keystore import KeyEntry, Keystore
    from ciphertool.settings.keystore_roles import KeystoreUse
    from ciphertool.settings.model import Settings

_OF_SERVERS = frozenset({findings.EXTENDED_KEY_USAGE, findings.NO_HOST_NAMES, findings.SELF_SIGNED})
"""What only those need that clients connect to."""
_OF_KEYS = frozenset(
    {findings.PUBLIC_KEY, findings.SHORT_KEY, findings.BROKEN_KEY, findings.WEAK_KEY, findings.SMALL_EXPONENT}
)
"""What has been reported of a key that is the primary one as well."""
_OF_FILES = frozenset({findings.FILE_OWNER, findings.FILE_READABLE, findings.FILE_WRITABLE, findings.NO_KEY})
"""What does not depend on a purpose; the exposure of files is judged elsewhere."""


class KeyInUse(NamedTuple):
    """The key that a home uses for a purpose: by the SHA-256 of its certificate, and of its public key."""

    use: KeystoreUse
    certificate: str
    public_key: str
    subject: str


def judge(gathered: Ledger, settings: Settings, now: datetime, *, opened: Keystore | None = None) -> None:
    """Judge each keystore of a home for its purposes, and find keys that serve several; nothing outside a home.

    `opened` is the home's primary keystore, if there was a password for it.
    """
    home = settings.root
    try:
        uses = keystore_uses(home, tree=home if settings.trust.confined else None, define=settings.define)
    except CipherToolError as error:
        gathered.finding(rules.UNREADABLE, gathered.place(error.path or home, error.line), error.message)
        return
    judge = _Judge(gathered, home, now)
    for use in uses:
        judge.open(use, opened)
    judge.fitness()
    judge.sharing()


def compare(gathered: Ledger, homes: Sequence[Settings]) -> None:
    """Find the purposes for which instances of a product, each a home that a person named, differ.

    They use different keys, or one of them names no keystore. A tree may hold the homes of several products, so homes
    that were found are not compared.
    """
    named: dict[Path, list[KeystoreUse]] = {}
    for settings in homes if len(homes) > 1 else ():
        if not settings.trust.confined:
            with suppress(CipherToolError):  # `judge` has reported it
                named[settings.root] = keystore_uses(settings.root, define=settings.define)
    _compare_keys(gathered, list(named.values()))
    if len(named) > 1:
        _compare_purposes(gathered, named)


def _compare_keys(gathered: Ledger, homes: Sequence[Sequence[KeystoreUse]]) -> None:
    keys: dict[str, list[KeyInUse]] = defaultdict(list)
    for uses in homes:
        for key in {key.use.purpose: key for key in _keys(uses)}.values():
            keys[key.use.purpose].append(key)
    for purpose, (first, *others) in keys.items():
        for other in others:
            if other.public_key != first.public_key:
                mine, theirs = (
                    f"{gathered.place(key.use.path).path} ({key.subject}, sha256:{key.certificate[:16]})"
                    for key in (other, first)
                )
                _differ(gathered, other.use, f"{purpose}: {mine} differs from {theirs}")


def _compare_purposes(gathered: Ledger, homes: Mapping[Path, Sequence[KeystoreUse]]) -> None:
    """Report each home that names no keystore for a purpose for which another home names one."""
    known = {home: {use.purpose for use in uses} for home, uses in homes.items()}
    for purposes in known.values():
        # What `deployment.toml` names once stands in three places of the files that are generated from it.
        purposes |= {TOMCAT, LISTENER, SENDER} if TLS in purposes else {TLS} if TOMCAT in purposes else set()
    first = {
        use.purpose: use for uses in reversed(list(homes.values())) for use in reversed(uses) if use.role is not None
    }
    for purpose, use in first.items():
        for home, purposes in known.items():
            if purpose not in purposes:
                there = gathered.place(use.path).path
                message = (
                    f"{purpose}: {gathered.place(home).path} names no keystore for it; another instance uses {there}"
                )
                _differ(gathered, use, message)


def _differ(gathered: Ledger, use: KeystoreUse, message: str) -> None:
    level = None if use.role is Role.TLS else Level.NOTE
    gathered.finding(rules.INSTANCES_DIFFER, gathered.place(use.source, use.line), message, level=level)


class _Judge:
    """Judges the keystores of one home. Messages name them by their paths in it."""

    def __init__(self, gathered: Ledger, home: Path, now: datetime) -> None:
        self._gathered, self._home, self._now = gathered, home, now
        self._stores: dict[KeystoreUse, Keystore] = {}

    def open(self, use: KeystoreUse, primary: Keystore | None) -> None:
        """Open a keystore, or report why that cannot be done."""
        if primary is not None and os.path.realpath(primary.path) == os.path.realpath(use.path):
            self._stores[use] = primary
            return
        try:
            self._stores[use] = _open(use)
        except (PasswordNeededError, KeystoreUnreadableError) as error:
            self._report(rules.KEYSTORE_NOT_JUDGED, use, error.message)
        except CipherToolError as error:
            self._report(rules.KEYSTORE_ROLE, use, error.message)

    def fitness(self) -> None:
        """Judge each keystore for what it is used for; the primary one is judged elsewhere."""
        known = {key.public_key for key in self._keys() if key.use.role is Role.PRIMARY}
        for use, store in self._stores.items():
            if use.role not in (Role.TLS, Role.MESSAGE):
                continue
            try:
                entry = _entry(store, use)
                found = self._check(use, store, entry, use.role)
            except CipherToolError as error:
                self._report(rules.KEYSTORE_ROLE, use, error.message)
                continue
            facts = certificate_facts(entry.chain[0]) if entry.chain else None
            told = facts is not None and facts.public_key_sha256 in known
            if facts is not None and all(card.sha256 != facts.sha256 for card in self._gathered.keys):
                place = self._gathered.place(use.path, selector=entry.alias)
                self._gathered.keys.append(card_of(facts, place, entry.alias, primary=False))
            for one in found:
                beside = one.rule in _OF_FILES or (one.rule in _OF_SERVERS and not use.serves)
                if one.level is not Level.NOTE and not beside and not (told and one.rule in _OF_KEYS):
                    self._report(rules.KEYSTORE_ROLE, use, f"{entry.alias!r}: {one.message}", one.level)

    def sharing(self) -> None:
        """Find the keys that serve several purposes."""
        by_key: dict[str, list[KeyInUse]] = defaultdict(list)
        for key in self._keys():
            by_key[key.public_key].append(key)
        for public_key, found in by_key.items():
            if len({key.use.role for key in found}) > 1:
                first = found[0].use
                place = self._gathered.place(first.source, first.line)
                purposes = ", ".join(f"{key.use.purpose} ({self._shown(key.use.source)})" for key in found)
                message = f"the key of {self._shown(first.path)} ({found[0].subject}) is used as {purposes}"
                self._gathered.finding(rules.KEY_IN_ROLES, place, message, stands=public_key)

    def _check(self, use: KeystoreUse, store: Keystore, entry: KeyEntry, role: Role) -> list[CertificateFinding]:
        own = use.key_password if isinstance(use.key_password, str) else None
        if store.password is not None and store.password.reveal() == own:
            own = None
        trusted = self._truststore(use)
        return check_keystore(store, role, now=self._now, alias=entry.alias, truststore=trusted, key_password=own)

    def _truststore(self, use: KeystoreUse) -> Keystore | None:
        """Return the truststore beside a keystore, else that of the home."""
        by_purpose = {other.purpose: store for other, store in self._stores.items() if other.role is None}
        return by_purpose.get(f"{use.purpose} {TRUSTSTORE}") or by_purpose.get(TRUSTSTORE)

    def _keys(self) -> list[KeyInUse]:
        return [key for use, store in self._stores.items() if (key := _key(use, store)) is not None]

    def _report(self, rule: rules.Rule, use: KeystoreUse, message: str, level: Level | None = None) -> None:
        place = self._gathered.place(use.source, use.line)
        self._gathered.finding(rule, place, f"{use.purpose}: {self._shown(use.path)}: {message}", level=level)

    def _shown(self, path: Path) -> str:
        return relative(path, Path(os.path.abspath(self._home)))  # noqa: PTH100 - Path.resolve would follow links


def _open(use: KeystoreUse) -> Keystore:
    """Return a keystore, opened with the password that stands in clear in the home's file, or without one."""
    if use.missing is not None:
        raise KeystoreUnreadableError(use.path, unknown_path(use.missing))
    password = use.password if isinstance(use.password, str) else None
    try:
        return open_keystore(use.path, password)
    except WrongKeystorePasswordError as error:
        # The certificates of some formats can be read without a password, whatever stands there.
        with suppress(PasswordNeededError):
            return open_keystore(use.path, None)
        raise error from None


def _entry(store: Keystore, use: KeystoreUse) -> KeyEntry:
    """Return the entry that a product takes: the configured one, else the first that has a key."""
    if use.alias is not None:
        return store.entry(use.alias)
    return next((entry for entry in store.entries if entry.sealed is not None), None) or store.entry(None)


def _keys(uses: Sequence[KeystoreUse]) -> Iterator[KeyInUse]:
    for use in uses:
        with suppress(CipherToolError):
            if (key := _key(use, _open(use))) is not None:
                yield key


def _key(use: KeystoreUse, store: Keystore) -> KeyInUse | None:
    with suppress(CipherToolError):
        entry = _entry(store, use)
        if use.role is not None and entry.chain:
            facts = certificate_facts(entry.chain[0])
            if facts.public_key_sha256 is not None:
                return KeyInUse(use, facts.sha256, facts.public_key_sha256, facts.subject or "no subject")
    return None
