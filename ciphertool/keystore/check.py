"""A keystore judged by what it is for. The rules' ids, levels and remedies are in `findings`."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from ciphertool.certificates import chains
from ciphertool.certificates.facts import (
    CertificateFacts,
    certificate_facts,
    extended_key_usages,
    has_names,
)
from ciphertool.certificates.findings import Finding, Level, finding
from ciphertool.certificates.public_keys import origin_of
from ciphertool.certificates.roles import Role
from ciphertool.certificates.weak_keys import weaknesses
from ciphertool.errors import KeystoreError
from ciphertool.keystore import keys
from ciphertool.keystore.entries import Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ciphertool.keystore.store import Keystore

_SOON = timedelta(days=30)
_MINIMUM_BITS = 2048
_MINIMUM_EXPONENT = 65_537
_WEAK_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
_SERVER_AUTH, _ANY_PURPOSE = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
_NEEDED = {
    Role.PRIMARY: ("dataEncipherment",),
    Role.TLS: ("digitalSignature",),
    Role.MESSAGE: ("digitalSignature", "keyEncipherment"),
}


@dataclass(frozen=True)
class _Subject:
    """One key entry under examination, and what it is judged against."""

    keystore: Keystore
    entry: Entry
    facts: Sequence[CertificateFacts]
    role: Role
    now: datetime
    truststore: Keystore | None
    others: Sequence[Keystore]
    key_password: str | None

    def finding(self, rule: str, message: str, level: Level | None = None) -> Finding:
        return finding(rule, message, self.entry.alias, level)


def check(
    keystore: Keystore,
    role: Role,
    *,
    now: datetime,
    alias: str | None = None,
    truststore: Keystore | None = None,
    others: Sequence[Keystore] = (),
    key_password: str | None = None,
) -> list[Finding]:
    """Return what is to be said about a keystore in a role: of the entry `alias`, or of every key entry.

    `others` are the keystores that serve the other roles. What only a password would show is left out where the store
    was opened without one.
    """
    entries = [keystore.entry(alias)] if alias else [e for e in keystore.entries if e.kind is EntryKind.KEY]
    found = [*_check_file(keystore.path, private=any(entry.sealed or entry.secret for entry in keystore.entries))]
    if not any(entry.sealed for entry in entries):
        found.append(finding("no-key", "no private key is there", alias))
    if keystore.password is not None and not keystore.verified and keystore.format != "PEM":
        found.append(finding("unverified", "nothing in the store proves that nobody changed it"))
    for entry in entries:
        facts = [certificate_facts(data) for data in entry.chain]
        subject = _Subject(keystore, entry, facts, role, now, truststore, others, key_password)
        for rule in (_check_key, _check_public_key, _check_usage, _check_validity, _check_chain, _check_trust):
            found += rule(subject)
    return found


def _check_file(path: Path, *, private: bool) -> Iterator[Finding]:
    try:
        status = path.stat()
    except OSError:  # its content was given
        return
    if os.name != "posix":
        return
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield finding("file-writable", "users other than its owner may write the file")
    if private and status.st_mode & stat.S_IROTH:
        yield finding("file-readable", "everybody on this machine may read the file")
    if status.st_uid not in (0, os.getuid()):
        yield finding("file-owner", f"the file belongs to user {status.st_uid}")


def _check_key(subject: _Subject) -> Iterator[Finding]:
    """The private key: opens, is consistent, is its certificate's; for tls, under the store's own password."""
    store, entry = subject.keystore, subject.entry
    if entry.sealed is None or (store.password is None and subject.key_password is None):
        return
    try:
        key = keys.load(store.unseal(entry, subject.key_password), entry.alias)
        if entry.chain:
            keys.prove_match(key, entry.chain[0], entry.alias)
    except KeystoreError as error:
        yield subject.finding("key-unusable", error.message)
        return
    if subject.role is Role.TLS and subject.key_password is not None and store.password is not None:
        try:
            store.unseal(entry)
        except KeystoreError:
            yield subject.finding("key-password", "the key's password is not the keystore's, as Tomcat needs it")


def _check_public_key(subject: _Subject) -> Iterator[Finding]:
    if not subject.facts:
        yield subject.finding("certificate-unreadable", "there is no certificate")
        return
    leaf = subject.facts[0]
    if leaf.public_key_sha256 is None:
        yield subject.finding("certificate-unreadable", "the certificate cannot be read")
        return
    if origin := origin_of(leaf.public_key_sha256):
        yield subject.finding("public-default-key", f"everybody has this private key: it is published in {origin}")
    if leaf.algorithm != "RSA" and subject.role is not Role.TLS:
        yield subject.finding("key-algorithm", f"the key is {leaf.algorithm}: only RSA keys encrypt")
    if leaf.algorithm == "RSA" and leaf.bits is not None and leaf.bits < _MINIMUM_BITS:
        yield subject.finding("key-size", f"the key has {leaf.bits} bits, fewer than {_MINIMUM_BITS}")
    if leaf.exponent is not None and leaf.exponent < _MINIMUM_EXPONENT:
        yield subject.finding("key-exponent", f"the public exponent is {leaf.exponent}, less than {_MINIMUM_EXPONENT}")
    if leaf.modulus is not None and leaf.exponent is not None:
        for weakness in weaknesses(leaf.modulus, leaf.exponent):
            yield subject.finding("key-broken", f"the public key {weakness.reason}")
    for other in subject.others:
        for entry in other.entries:
            if (
                entry.sealed
                and entry.chain
                and certificate_facts(entry.chain[0]).public_key_sha256 == leaf.public_key_sha256
            ):
                yield subject.finding("shared-key", f"{other.path} uses the same key, as {entry.alias!r}")


def _check_usage(subject: _Subject) -> Iterator[Finding]:
    """What the certificate says that its key may do. Java heeds it for encryption only where it is critical."""
    if not subject.facts or subject.facts[0].public_key_sha256 is None:
        return
    usage, needed = subject.facts[0].key_usage, _NEEDED[subject.role]
    missing = ", ".join(name for name in needed if usage is None or name not in usage.usages)
    if usage is None:
        yield subject.finding("key-usage-unstated", f"there is no KeyUsage that states {missing}", _unstated(subject))
    elif missing and usage.critical:
        wrong = "wrong key usage" if subject.role is Role.PRIMARY else "not for this role"
        has = ", ".join(usage.usages) or "nothing"
        yield subject.finding("key-usage-refused", f"{wrong}: the critical KeyUsage lacks {missing} and has {has}")
    elif missing:
        yield subject.finding("key-usage-unstated", f"the KeyUsage lacks {missing}; Java ignores it: not critical")
    elif not usage.critical:
        yield subject.finding("key-usage-not-critical", f"the KeyUsage states {', '.join(needed)}, but is not critical")
    if subject.role is Role.TLS:
        purposes = extended_key_usages(subject.entry.chain[0])
        if purposes is not None and not {_SERVER_AUTH, _ANY_PURPOSE} & purposes:
            yield subject.finding("extended-key-usage", "the extended key usage lacks serverAuth: clients refuse it")
        if not has_names(subject.entry.chain[0]):
            yield subject.finding("no-host-names", "there are no subject alternative names: browsers refuse it")


def _unstated(subject: _Subject) -> Level:
    # A TLS certificate without KeyUsage is common and accepted everywhere.
    return Level.NOTE if subject.role is Role.TLS else Level.WARNING


def _check_validity(subject: _Subject) -> Iterator[Finding]:
    # Java encrypts with an expired certificate, but no client connects to one.
    level = Level.ERROR if subject.role is Role.TLS else None
    for place, facts in enumerate(subject.facts):
        what = "the certificate" if place == 0 else f"certificate {place + 1} of the chain"
        if facts.not_after is not None and facts.not_after < subject.now:
            yield subject.finding("certificate-expired", f"{what} expired on {facts.not_after:%Y-%m-%d}", level)
        elif facts.not_after is not None and facts.not_after < subject.now + _SOON:
            yield subject.finding("certificate-expires-soon", f"{what} expires on {facts.not_after:%Y-%m-%d}")
        if facts.not_before is not None and facts.not_before > subject.now:
            message = f"{what} is not valid before {facts.not_before:%Y-%m-%d}"
            yield subject.finding("certificate-not-yet-valid", message, level)


def _check_chain(subject: _Subject) -> Iterator[Finding]:
    chain = subject.entry.chain
    for place, (data, issuer) in enumerate(pairwise(chain), 2):
        name, issuer_name = chains.names(data), chains.names(issuer)
        if name is None or issuer_name is None or name[1] != issuer_name[0]:
            yield subject.finding(
                "chain-order", f"certificate {place} of the chain is not the issuer of the one before"
            )
        elif not chains.issued_by(data, issuer):
            yield subject.finding("chain-signature", f"certificate {place} of the chain did not sign the one before")
    for data, facts in zip(chain, subject.facts, strict=True):
        # Nobody relies on the signature by which a certificate vouches for itself.
        if facts.signature_hash in _WEAK_HASHES and not _is_self_signed(data):
            yield subject.finding("signature-hash", f"a certificate of the chain is signed with {facts.signature_hash}")
    if chain and not _is_self_signed(chain[-1]) and not _is_vouched_for(chain[-1:], subject.truststore):
        yield subject.finding("chain-incomplete", "the chain ends before a root, with an issuer that is not there")


def _check_trust(subject: _Subject) -> Iterator[Finding]:
    chain = subject.entry.chain
    if subject.role is Role.PRIMARY or not chain:
        return
    if subject.truststore is not None:
        if not _is_vouched_for(chain, subject.truststore):
            yield subject.finding("not-trusted", f"no certificate of the chain is trusted by {subject.truststore.path}")
    elif subject.role is Role.TLS and len(chain) == 1 and _is_self_signed(chain[0]):
        yield subject.finding("self-signed", "the certificate is signed by itself: no client trusts it unasked")


def _is_self_signed(data: bytes) -> bool:
    name = chains.names(data)
    return name is not None and name[0] == name[1]


def _is_vouched_for(chain: Sequence[bytes], truststore: Keystore | None) -> bool:
    """Tell whether a truststore has one of the certificates, or the issuer of the last."""
    if truststore is None:
        return False
    trusted = [entry.chain[0] for entry in truststore.entries if entry.kind is EntryKind.TRUSTED and entry.chain]
    if set(chain) & set(trusted):
        return True
    name = chains.names(chain[-1])
    return name is not None and any(
        known is not None and known[0] == name[1] and chains.issued_by(chain[-1], issuer)
        for issuer, known in ((data, chains.names(data)) for data in trusted)
    )
