"""Checks whether a keystore fits its role. `certificates.judge` judges the certificate itself."""

from __future__ import annotations

import os
import stat
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.certificates import chains
from ciphertool.certificates import findings as rules
from ciphertool.certificates.facts import CertificateFacts, certificate_facts
from ciphertool.certificates.findings import WEAK_HASHES, CertificateFinding, finding
from ciphertool.certificates.judge import judge_key, judge_purpose, judge_server, judge_usage, judge_validity
from ciphertool.certificates.paths import path_to_anchor
from ciphertool.certificates.roles import Role
from ciphertool.errors import KeystoreError, WrongKeyPasswordError
from ciphertool.findings import Level
from ciphertool.keystore import keys
from ciphertool.keystore.entries import EntryKind, KeyEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from ciphertool.keystore.store import Keystore


class _Subject(NamedTuple):
    """One key entry under examination, and what it is judged against."""

    keystore: Keystore
    entry: KeyEntry
    facts: Sequence[CertificateFacts]
    role: Role
    now: datetime
    truststore: Keystore | None
    others: Sequence[Keystore]
    key_password: str | None


def check_keystore(
    keystore: Keystore,
    role: Role,
    *,
    now: datetime,
    alias: str | None = None,
    truststore: Keystore | None = None,
    others: Sequence[Keystore] = (),
    key_password: str | None = None,
    open_keys: bool = True,
) -> list[CertificateFinding]:
    """Return the findings about a keystore in a role: for the entry `alias`, or for every key entry.

    `others` are the keystores of the other roles. Checks that need a password are skipped if the store was opened
    without one. A key with a password of its own that was not given is not called unusable: nothing is known of it.
    Without `open_keys` no private key is opened and proved, which takes most of the time.
    """
    entries = [keystore.entry(alias)] if alias else [e for e in keystore.entries if e.kind is EntryKind.KEY]
    found = [*_check_file(keystore.path, private=any(entry.sealed or entry.secret for entry in keystore.entries))]
    if not any(entry.sealed for entry in entries):
        found.append(finding(rules.NO_KEY, "the store holds no private key", alias=alias))
    if keystore.password is not None and not keystore.verified and keystore.format != "PEM":
        found.append(finding(rules.UNVERIFIED, "nothing in the store proves its integrity"))
    for entry in entries:
        facts = [certificate_facts(data) for data in entry.chain]
        subject = _Subject(keystore, entry, facts, role, now, truststore, others, key_password)
        if open_keys:
            found += (one._replace(alias=entry.alias) for one in _check_key(subject))
        for judge in (_check_public_key, _check_usage, _check_validity, _check_chain, _check_trust):
            found += (one._replace(alias=entry.alias) for one in judge(subject))
    return found


check = check_keystore
"""The former name, kept for one release."""


def trusted_by(chain: Sequence[bytes], truststore: Keystore) -> KeyEntry | None:
    """Return the entry of a truststore that makes a chain trusted, or None.

    Trust is automatically granted if one of the certificates of the chain is in the truststore; the issuer of the last
    one counts as well. The certificates are DER, the leaf first.
    """
    trusted = [entry for entry in truststore.entries if entry.kind is EntryKind.TRUSTED and entry.chain]
    for data in chain:
        for entry in trusted:
            if entry.chain[0] == data:
                return entry
    name = chains.names(chain[-1]) if chain else None
    for entry in trusted:
        known = chains.names(entry.chain[0])
        if name and known and known[0] == name[1] and chains.issued_by(chain[-1], entry.chain[0]):
            return entry
    return None


def check_trust(keystore: Keystore, truststore: Keystore, alias: str | None = None) -> list[CertificateFinding]:
    """Return a note for each trusted entry of a keystore, or for `alias`: which certificate makes it trusted."""
    entries = [keystore.entry(alias)] if alias else [e for e in keystore.entries if e.kind is EntryKind.KEY]
    found = []
    for entry in entries:
        if (anchor := trusted_by(entry.chain, truststore)) is not None:
            place = next((n for n, data in enumerate(entry.chain, 1) if data == anchor.chain[0]), None)
            which = "the issuer of the last one" if place is None else f"certificate {place} of {len(entry.chain)}"
            subject = certificate_facts(anchor.chain[0]).subject or "no subject"
            message = f"trusted by {anchor.alias!r} of {truststore.path} ({subject}): {which}"
            found.append(finding(rules.TRUSTED, message, alias=entry.alias))
    return found


def check_passwords(keystore: Keystore, others: Sequence[Keystore]) -> list[CertificateFinding]:
    """Return a finding for each other keystore that has the same password; each was opened with its own."""
    return [
        finding(rules.SHARED_PASSWORD, f"{other.path} has the same password")
        for other in others
        if keystore.password is not None and other.password == keystore.password
    ]


def _check_file(path: Path, *, private: bool) -> Iterator[CertificateFinding]:
    try:
        status = path.stat()
    except OSError:  # the caller passed its content
        return
    if os.name != "posix":
        return
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield finding(rules.FILE_WRITABLE, "users other than its owner can write the file")
    if private and status.st_mode & stat.S_IROTH:
        yield finding(rules.FILE_READABLE, "the file is world-readable")
    if status.st_uid not in (0, os.getuid()):
        yield finding(rules.FILE_OWNER, f"the file belongs to user {status.st_uid}")


def _check_key(subject: _Subject) -> Iterator[CertificateFinding]:
    """Check that the private key opens (for tls, with the store's password), is consistent and fits its certificate."""
    store, entry = subject.keystore, subject.entry
    if entry.sealed is None or (store.password is None and subject.key_password is None):
        return
    try:
        key = keys.load(store.unseal(entry, subject.key_password), entry.alias)
        if entry.chain:
            keys.prove_match(key, entry.chain[0], entry.alias)
    except WrongKeyPasswordError as error:
        if subject.key_password is not None:
            yield finding(rules.UNUSABLE_KEY, error.message)
        elif subject.role is Role.TLS:
            yield finding(
                rules.KEY_PASSWORD, "the keystore's password does not open the key; Tomcat needs them to be the same"
            )
        else:
            yield finding(
                rules.UNTRIED_KEY,
                "the keystore's password does not open the key, and no password of its own was given: "
                "the key was not checked",
            )
        return
    except KeystoreError as error:
        yield finding(rules.UNUSABLE_KEY, error.message)
        return
    if subject.role is Role.TLS and subject.key_password is not None and store.password is not None:
        try:
            store.unseal(entry)
        except KeystoreError:
            yield finding(
                rules.KEY_PASSWORD, "the key's password differs from the keystore's; Tomcat needs them to be the same"
            )


def _check_public_key(subject: _Subject) -> Iterator[CertificateFinding]:
    if not subject.facts:
        yield finding(rules.UNREADABLE_CERTIFICATE, "there is no certificate")
        return
    leaf = subject.facts[0]
    yield from judge_key(leaf, subject.role)
    if leaf.public_key_sha256 is None:
        return
    for other in subject.others:
        for entry in other.entries:
            if (
                entry.sealed
                and entry.chain
                and certificate_facts(entry.chain[0]).public_key_sha256 == leaf.public_key_sha256
            ):
                yield finding(rules.SHARED_KEY, f"{other.path} uses the same key, as {entry.alias!r}")


def _check_usage(subject: _Subject) -> Iterator[CertificateFinding]:
    """Check what the certificate allows its key to do."""
    if subject.facts:
        yield from judge_usage(subject.facts[0], subject.role)
        if subject.role is Role.TLS and subject.facts[0].public_key_sha256 is not None:
            yield from judge_server(subject.entry.chain[0])
        elif subject.role is Role.MESSAGE and subject.facts[0].public_key_sha256 is not None:
            yield from judge_purpose(subject.entry.chain[0])


def _check_validity(subject: _Subject) -> Iterator[CertificateFinding]:
    for place, facts in enumerate(subject.facts):
        what = "the certificate" if place == 0 else f"certificate {place + 1} of the chain"
        yield from judge_validity(facts, subject.role, subject.now, what)


def _check_chain(subject: _Subject) -> Iterator[CertificateFinding]:
    chain = subject.entry.chain
    for place, (data, issuer) in enumerate(pairwise(chain), 2):
        name, issuer_name = chains.names(data), chains.names(issuer)
        if name is None or issuer_name is None or name[1] != issuer_name[0]:
            yield finding(rules.CHAIN_ORDER, f"certificate {place} of the chain is not the issuer of the one before")
        elif not chains.issued_by(data, issuer):
            yield finding(rules.CHAIN_SIGNATURE, f"certificate {place} of the chain did not sign the one before")
    for data, facts in zip(chain, subject.facts, strict=True):
        # Nobody relies on a self-signature.
        if facts.signature_hash in WEAK_HASHES and not chains.is_self_issued(data):
            level = Level.ERROR if subject.role is Role.MESSAGE else None
            message = f"a certificate of the chain is signed with {facts.signature_hash}"
            yield finding(rules.WEAK_HASH, message, level=level)
    vouched = subject.truststore is not None and trusted_by(chain[-1:], subject.truststore) is not None
    if chain and not chains.is_self_issued(chain[-1]) and not vouched:
        yield finding(rules.CHAIN_INCOMPLETE, "the chain ends before a root; the next issuer is missing")


def _check_trust(subject: _Subject) -> Iterator[CertificateFinding]:
    chain = subject.entry.chain
    if subject.role is Role.PRIMARY or not chain:
        return
    if subject.truststore is not None:
        if not _is_trusted(subject.role, chain, subject.truststore):
            yield finding(rules.NOT_TRUSTED, f"no certificate of the chain is trusted by {subject.truststore.path}")
    elif subject.role is Role.TLS and len(chain) == 1 and chains.is_self_issued(chain[0]):
        yield finding(rules.SELF_SIGNED, "the certificate is self-signed; no client trusts it by default")


def _is_trusted(role: Role, chain: Sequence[bytes], truststore: Keystore) -> bool:
    """Return whether a truststore trusts a chain: for messages, as the one who reads them decides."""
    if role is not Role.MESSAGE:
        return trusted_by(chain, truststore) is not None
    return path_to_anchor(chain[0], chain[1:], truststore.anchors) is not None
