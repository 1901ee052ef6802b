"""To whom a vault's values are encrypted: which forms the primary certificate permits, and the other recipients."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.certificates import chains
from ciphertool.certificates.facts import certificate_facts
from ciphertool.certificates.findings import KEY_USAGE_REFUSED, KEY_USAGE_UNSTATED, PUBLIC_KEY
from ciphertool.certificates.judge import judge_key, judge_usage
from ciphertool.certificates.policy import check_certificate
from ciphertool.certificates.roles import Role
from ciphertool.certificates.strictness import Policy
from ciphertool.ciphertext import Native
from ciphertool.engine import key_id as identify
from ciphertool.engine.envelope import Recipient
from ciphertool.engine.schemes import RSA_OAEP
from ciphertool.errors import (
    KeystoreError,
    KeystoreUnreadableError,
    KeyTooSmallError,
    RecipientsError,
    RefusedCertificateError,
    WrongKeyUsageError,
)
from ciphertool.keystore import open_keystore
from ciphertool.repository.base import Encrypted
from ciphertool.repository.grammar import NativeGrammar
from ciphertool.settings.model import AUTO, ENVELOPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from ciphertool.certificates.facts import CertificateFacts
    from ciphertool.certificates.findings import CertificateFinding
    from ciphertool.keystore import Keystore
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import KeystoreSettings, RecipientSettings, Settings


class Forms(NamedTuple):
    """How values may be encrypted to the primary certificate, and the warnings about it."""

    direct: bool
    enveloped: bool
    findings: tuple[CertificateFinding, ...]


class NamedRecipient(NamedTuple):
    """A recipient with the name that the settings give it; the primary keystore's key has none."""

    name: str | None
    subject: str | None
    recipient: Recipient


def forms(settings: Settings, leaf: bytes, path: Path, alias: str | None, now: datetime) -> Forms:
    """Return the forms that the settings ask for and a certificate, in DER, permits: dataEncipherment for RSA blocks.

    keyEncipherment is for envelopes. A form whose usage the certificate states is preferred to one of which it says
    nothing. Raises the refusal of `check_certificate` if there is no form.
    """
    permitted: dict[Role, tuple[CertificateFinding, ...]] = {}
    refused: list[KeystoreError] = []
    for role in roles(settings):
        try:
            permitted[role] = check_certificate(
                leaf, policy=settings.encryption.policy, now=now, keystore=path, alias=alias, role=role
            )
        except KeystoreError as error:
            refused.append(error)
    if not permitted:
        first = refused[0]
        if len(refused) > 1 and isinstance(first, WrongKeyUsageError):
            raise WrongKeyUsageError(path, alias, first.usages, "dataEncipherment or keyEncipherment")
        raise first
    stated = {role for role, found in permitted.items() if not any(one.rule is KEY_USAGE_UNSTATED for one in found)}
    chosen = {role: found for role, found in permitted.items() if role in (stated or permitted)}
    return Forms(Role.PRIMARY in chosen, Role.RECIPIENT in chosen, next(iter(chosen.values())))


def judging_role(settings: Settings, facts: CertificateFacts) -> Role:
    """Return the role for which the primary certificate is judged: of those asked for, the one that it permits best."""

    def against(role: Role) -> tuple[bool, bool]:
        found = {one.rule for one in judge_usage(facts, role)}
        return KEY_USAGE_REFUSED in found, KEY_USAGE_UNSTATED in found

    return min(roles(settings), key=against)


def roles(settings: Settings) -> tuple[Role, ...]:
    """Return for which forms settings ask, the preferred one first; raise `RecipientsError` if they contradict it."""
    if settings.kind != NativeGrammar.kind or settings.scheme not in (AUTO, ENVELOPE):
        if settings.recipients:
            hint = f'set `scheme = "{AUTO}"`, under which values for several recipients are envelopes'
            raise RecipientsError(f"{settings.scheme} encrypts to one recipient alone", settings.origin, hint)
        return (Role.PRIMARY,)
    return (Role.RECIPIENT,) if settings.scheme == ENVELOPE or settings.recipients else (Role.PRIMARY, Role.RECIPIENT)


def others(settings: Settings, now: datetime, warnings: list[str]) -> Iterator[NamedRecipient]:
    """Yield the recipients that the settings name beside the primary keystore; add what is doubtful to `warnings`.

    Raises a `KeystoreError` for a certificate that cannot be read, is not the expected one or may not be used.
    """
    for stated in settings.recipients:
        yield recipient(settings, stated, now, warnings)


def recipient(settings: Settings, stated: RecipientSettings, now: datetime, warnings: list[str]) -> NamedRecipient:
    """Return one recipient that settings state; add what is doubtful, and raise, as `others` does."""
    store = open_certificate(stated.certificate)
    certificate = store.encryption_certificate(None, fingerprint=stated.fingerprint)
    leaf = store.entry(None).chain[0]
    policy = settings.encryption.policy
    found = check_certificate(leaf, policy=policy, now=now, keystore=store.path, role=Role.RECIPIENT)
    warnings += [f"{store.path}: the certificate {one.reason}" for one in found]
    facts = certificate_facts(leaf)
    if public := [one.message for one in judge_key(facts, Role.RECIPIENT) if one.rule is PUBLIC_KEY]:
        if policy is Policy.STRICT:
            raise RefusedCertificateError(store.path, None, [f"is not secret: {message}" for message in public])
        warnings += [f"{store.path}: PUBLIC KEY, it protects nothing: {message}" for message in public]
    require_algorithm(stated.algorithm, policy, store.path, warnings)
    key = chains.rsa_public_key(certificate, stated.name)
    if key.key_size < settings.encryption.minimum_bits:
        raise KeyTooSmallError(key.key_size, settings.encryption.minimum_bits).at(store.path)
    return NamedRecipient(stated.name, facts.subject, Recipient(key, stated.algorithm))


def open_certificate(path: Path, made_from: KeystoreSettings | None = None) -> Keystore:
    """Return a certificate's file, opened; if it is missing, the error's hint makes it from a keystore that has it."""
    if path.exists():
        return open_keystore(path, None)
    hint = "check the path"
    if made_from is not None and made_from.path is not None:
        alias = ("--alias", made_from.alias) if made_from.alias else ()
        export = ("ciphertool", "keystore", "export", os.path.relpath(made_from.path), *alias)
        hint = f"{hint}, or make the file: {shlex.join([*export, '--output', os.path.relpath(path)])}"
    raise KeystoreUnreadableError(path, "no such certificate file", hint)


def require_algorithm(algorithm: str, policy: Policy, path: Path, warnings: list[str]) -> None:
    """Warn of a recipient whose key can do SHA-1 only; raise `RefusedCertificateError` under the strict policy."""
    if algorithm == RSA_OAEP:
        if policy is Policy.STRICT:
            raise RefusedCertificateError(path, None, [f"is used with {RSA_OAEP}, whose digest is SHA-1"])
        warnings.append(f"{path}: content keys are encrypted to this key with {RSA_OAEP}, whose digest is SHA-1")


def algorithm_of(settings: Settings, key_id: str) -> str:
    """Return how content keys are encrypted to a private key: as the settings say of its certificate, if any is its."""
    for stated in settings.recipients:
        certificate = open_certificate(stated.certificate).certificate(None)
        if identify(chains.rsa_public_key(certificate, stated.name)) == key_id:
            return stated.algorithm
    return settings.keystore.algorithm


def require_distinct(recipients: list[NamedRecipient], path: Path) -> None:
    """Raise `RecipientsError` if two recipients have the same key."""
    seen: dict[str, str] = {}
    for one in recipients:
        name = "the primary keystore" if one.name is None else repr(one.name)
        if one.recipient.id in seen:
            reason = f"{seen[one.recipient.id]} and {name} have the same key, {one.recipient.id}"
            raise RecipientsError(reason, path, "name each key once")
        seen[one.recipient.id] = name


def difference(repository: SecretRepository, wanted: frozenset[str]) -> RecipientsError | None:
    """Return the error of a vault that is encrypted to other keys than those of the settings, None if it is not.

    A vault without content keys differs if it has values, and not every wanted key is that of them.
    """
    keys = repository.keys
    held = {recipient for wrapped in keys.values() for recipient in wrapped}
    lacking = {one for wrapped in keys.values() for one in wanted - wrapped.keys()}
    if not keys and (direct := _direct(repository)):
        held, lacking = set(wanted), set(wanted - direct)
    surplus = held - wanted
    parts, hints = [], []
    if (keys or held) and lacking:
        parts.append(f"the vault is not, or not wholly, encrypted to {', '.join(sorted(lacking))}")
        hints.append("`ciphertool recipients add NAME CERTIFICATE` encrypts it to a recipient")
    if surplus:
        parts.append(f"the vault can be read by {', '.join(sorted(surplus))}, which the settings do not name")
        hints.append(f"`ciphertool recipients remove {min(surplus)}` takes a key out")
    if not parts:
        return None
    hint = "; ".join([*hints, "`ciphertool recipients check` says which is whose"])
    return RecipientsError("; ".join(parts), repository.where, hint)


def _direct(repository: SecretRepository) -> set[str]:
    """Return the keys to which values are encrypted directly."""
    stored = (entry.stored for entry in repository.entries.values())
    return {
        one.ciphertext.key_id for one in stored if isinstance(one, Encrypted) and isinstance(one.ciphertext, Native)
    }
