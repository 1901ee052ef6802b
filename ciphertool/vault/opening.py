"""Opens what settings name, in one place: the repository, and the primary keystore as a sealer or an opener.

The certificate and keys are proved. Warnings about them are returned, not shown.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool.engine import Decryptor, Encryptor, scheme_named
from ciphertool.engine.schemes import SCHEMES
from ciphertool.errors import (
    BadCertificateError,
    OtherKeyError,
    RefusedCertificateError,
    UnsupportedKeystoreError,
    UnsupportedSchemeError,
    WrongKeyPasswordError,
)
from ciphertool.repository import open_repository
from ciphertool.runtimes.base import jca_type
from ciphertool.vault.cipher import Opener, Sealer
from ciphertool.vault.keystores import open_primary, open_unasked, opens_without
from ciphertool.vault.symmetric import is_secret, require_no_secret, sealer_of_entry, sealer_of_key, sealer_to_encrypt

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ciphertool.engine import Scheme
    from ciphertool.keystore import Keystore
    from ciphertool.passwords import PasswordChain, Passwords
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.vault.cipher import AnyOpener, AnySealer, SymmetricSealer
    from ciphertool.vault.envelopes import EnvelopeSealer
    from ciphertool.vault.recipients import NamedRecipient


class OpeningKeys(NamedTuple):
    """The opener of a vault, the keystore that it comes from, if there is one, and the warnings about both."""

    opener: AnyOpener
    keystore: Keystore | None
    warnings: tuple[str, ...] = ()


class SealingKeys(NamedTuple):
    """The sealer of a vault, which has an opener if the private key is available, and the warnings about it."""

    sealer: AnySealer
    warnings: tuple[str, ...] = ()

    @property
    def cipher(self) -> AnySealer:
        """The sealer by its former name, kept for one release: other people's scripts ask for it."""
        return self.sealer


class Access(Protocol):
    """What an application's vault is read with: `VaultAccess`, or another that returns and raises the same."""

    def repository(self) -> SecretRepository:
        """Return the repository."""

    def to_open(self, *, allow_unpadded: bool = False) -> OpeningKeys:
        """Return the opener."""


class VaultAccess:
    """Access to one vault: its repository and its keys, each opened on request."""

    def __init__(self, settings: Settings, passwords: PasswordChain) -> None:
        self._settings, self._passwords = settings, passwords

    def repository(self) -> SecretRepository:
        """Read the repository; one that does not exist is empty. Raises what `open_repository` raises."""
        settings = self._settings
        return open_repository(
            settings.kind, settings.storage, extensions=settings.trust.extensions, declared=settings.aliases
        )

    def to_open(self, *, allow_unpadded: bool = False) -> OpeningKeys:
        """Return the opener. The certificate's age, size and usage never cause a refusal.

        With `allow_unpadded`, textbook RSA is read, with a warning, if the vault declares it. Raises `KeystoreError`
        for anything wrong with the keystore, alias or passwords.
        """
        with self._passwords.named():
            return self._opening_keys(allow_unpadded=allow_unpadded)

    def to_seal(self, *, now: datetime) -> SealingKeys:
        """Return the sealer. The certificate's key usage is checked first, at the time `now`.

        The keystore password is enough, whatever opens the key: without the key's own password the sealer has no
        opener. With `[keystore] certificate` no password is asked for; the private key is then available only if a
        source has a password without asking.
        """
        with self._passwords.named():
            if self._settings.encryption.key_based:
                sealer, warnings = _key_based(self._passwords)
                return SealingKeys(sealer, tuple(warnings))
            return _sealing_keys(self._settings, self._passwords, now)

    def _opening_keys(self, *, allow_unpadded: bool) -> OpeningKeys:
        settings = self._settings
        if settings.encryption.key_based:
            sealer, warnings = _key_based(self._passwords)
            return OpeningKeys(sealer.opener, None, tuple(warnings))
        keystore, given = open_primary(settings, self._passwords)
        entry = keystore.entry(settings.keystore.alias)
        opener: AnyOpener
        if is_secret(entry):
            opener = sealer_of_entry(settings, keystore, entry.alias, given).opener
        else:
            scheme = _scheme(settings, allow_unpadded=allow_unpadded)
            decryptor = self._decryptor(keystore, given)
            opener = Opener(scheme, settings.native, decryptor, _algorithm(settings, decryptor.key_id))
        exposed = _exposed(given)
        if opener.unpadded:
            exposed.insert(
                0,
                f"{settings.repository}: its values are encrypted with textbook RSA; encrypt them with another scheme",
            )
        return OpeningKeys(opener, keystore, tuple(exposed))

    def _decryptor(self, keystore: Keystore, given: Passwords | None) -> Decryptor:
        """Return the decryptor; ask a person for the key's own password if it needs one that no source has."""
        alias = self._settings.keystore.alias
        try:
            return Decryptor(keystore.key(alias, given.key if given else None))
        except WrongKeyPasswordError:
            own = self._passwords.ask_for_key() if given is not None and given.key is None else None
            if own is None:
                raise
        try:
            return Decryptor(keystore.key(alias, own))
        except WrongKeyPasswordError as error:
            error.name_source("the prompt")
            raise


def _key_based(passwords: PasswordChain) -> tuple[SymmetricSealer, list[str]]:
    """Return the sealer of a vault whose password is its AES key, and the warnings about the password."""
    from ciphertool.engine.gcm import key_of_text

    given = passwords.read()
    return sealer_of_key(key_of_text(given.keystore)), _exposed(given)


def open_to_decrypt(settings: Settings, passwords: PasswordChain, *, allow_unpadded: bool = False) -> AnyOpener:
    """Return the opener of `VaultAccess.to_open`. Kept for one release: other people's scripts call it."""
    return VaultAccess(settings, passwords).to_open(allow_unpadded=allow_unpadded).opener


def open_to_encrypt(settings: Settings, passwords: PasswordChain, *, now: datetime) -> SealingKeys:
    """Return the keys of `VaultAccess.to_seal`. Kept for one release: other people's scripts call it."""
    return VaultAccess(settings, passwords).to_seal(now=now)


def _sealing_keys(settings: Settings, passwords: PasswordChain, now: datetime) -> SealingKeys:
    from ciphertool.certificates import chains
    from ciphertool.certificates.facts import certificate_facts
    from ciphertool.engine.envelope import Recipient
    from ciphertool.keystore.entries import error_path
    from ciphertool.vault import recipients

    source, alias, keystore, given = _sources(settings, passwords)
    entry = source.entry(alias)
    if source is keystore and is_secret(entry):
        return SealingKeys(sealer_to_encrypt(settings, source, entry.alias, given), tuple(_exposed(given)))
    certificate = source.encryption_certificate(
        alias, fingerprint=settings.keystore.fingerprint, key_password=given.key if given else None
    )
    leaf = entry.chain[0]
    subject = certificate_facts(leaf).subject
    forms = recipients.forms(settings, leaf, source.path, alias, now)
    key = chains.rsa_public_key(certificate, entry.alias)
    scheme = _scheme(settings)
    with error_path(source.path):
        encryptor = Encryptor(key, scheme, minimum_bits=settings.encryption.minimum_bits)
    doubts: list[str] = []
    primary = recipients.NamedRecipient(None, subject, Recipient(key, settings.keystore.algorithm))
    envelope = _envelope(settings, primary, now, doubts, source.path) if forms.enveloped else None
    decryptor = _decryptor(settings, keystore, given, leaf, doubts)
    opener = Opener(scheme, settings.native, decryptor, settings.keystore.algorithm) if decryptor else None
    sealer = Sealer(
        scheme,
        settings.native,
        encryptor,
        opener,
        jca_type(source.format),
        subject,
        entry.alias if source is keystore else None,
        envelope=envelope,
        direct=forms.direct,
    )
    found = [f"the certificate {one.reason}" for one in forms.findings]
    found += _judged(settings, source, alias, now)
    name = f"{source.path}{f' ({alias})' if alias else ''}"
    return SealingKeys(sealer, (*(f"{name}: {message}" for message in found), *doubts, *_exposed(given)))


def _sources(
    settings: Settings, passwords: PasswordChain
) -> tuple[Keystore, str | None, Keystore | None, Passwords | None]:
    """Return where the certificate that encrypts is, under which alias, and the keystore and passwords at hand."""
    from ciphertool.vault.recipients import open_certificate

    if settings.keystore.certificate is None:
        keystore, given = open_primary(settings, passwords)
        return keystore, keystore.entry(settings.keystore.alias).alias, keystore, given
    source = open_certificate(settings.keystore.certificate, settings.keystore)
    return source, None, *open_unasked(settings, passwords)


def _envelope(
    settings: Settings, primary: NamedRecipient, now: datetime, doubts: list[str], path: Path
) -> EnvelopeSealer:
    """Return what makes envelopes for the primary key and the other recipients; add warnings about them to `doubts`."""
    from ciphertool.vault import recipients
    from ciphertool.vault.envelopes import EnvelopeSealer

    recipients.require_algorithm(settings.keystore.algorithm, settings.encryption.policy, path, doubts)
    found = [primary, *recipients.others(settings, now, doubts)]
    recipients.require_distinct(found, settings.origin)
    return EnvelopeSealer([one.recipient for one in found])


def _algorithm(settings: Settings, key_id: str) -> str:
    """Return how content keys are encrypted to a private key: as the settings say of its certificate.

    Certificates are read only if any of them is said to be used in another way than the usual.
    """
    stated = {recipient.algorithm for recipient in settings.recipients}
    if stated <= {settings.keystore.algorithm}:
        return settings.keystore.algorithm
    from ciphertool.vault import recipients

    return recipients.algorithm_of(settings, key_id)


def _exposed(given: Passwords | None) -> list[str]:
    if given is None or given.exposed is None:
        return []
    return [f"{given.exposed}: password file is world-readable"]


def require_one_key(sealer: AnySealer, repository: SecretRepository) -> None:
    """Raise `OtherKeyError` if a vault's values were encrypted with a key other than the one for new values.

    Otherwise an unintended change of key would disclose every new value to whoever made the change. Bare ciphertexts do
    not name their key: only their length is evidence.
    """
    if others := sealer.other_keys(repository):
        raise OtherKeyError(Counter(others.values()), sealer.recipient, path=repository.where)
    if different := sealer.other_recipients(repository):
        raise different


def _judged(settings: Settings, keystore: Keystore, alias: str | None, now: datetime) -> list[str]:
    """Return further warnings about a primary keystore; under the strict policy a public default key is an error."""
    from ciphertool.certificates.findings import NO_KEY, PUBLIC_KEY
    from ciphertool.certificates.policy import DECIDED, Policy
    from ciphertool.certificates.roles import Role
    from ciphertool.findings import Level
    from ciphertool.keystore.check import check_keystore

    # By alias: a PEM file without a key has no key entry, and would go unjudged.
    judged = keystore.entry(alias).alias
    found = check_keystore(keystore, Role.PRIMARY, now=now, alias=judged, open_keys=False)
    public = [finding.message for finding in found if finding.rule is PUBLIC_KEY]
    if public and settings.encryption.policy is Policy.STRICT:
        raise RefusedCertificateError(keystore.path, alias, [f"is not secret: {message}" for message in public])
    return [
        f"{'PUBLIC KEY, it protects nothing: ' if finding.rule is PUBLIC_KEY else ''}{finding.message}"
        for finding in found
        if finding.level is not Level.NOTE and finding.rule not in {*DECIDED, NO_KEY}
    ]


def _decryptor(
    settings: Settings, keystore: Keystore | None, given: Passwords | None, certificate: bytes, doubts: list[str]
) -> Decryptor | None:
    """Return the decryptor if the private key is available, which must match the certificate.

    A key that the password does not open is not available, which is not an error: encrypting needs no private key. If
    the password was given for the key alone, `doubts` gets a warning.
    """
    from ciphertool.keystore import keys

    if keystore is None or (given is None and not opens_without(settings, keystore)):
        return None
    entry = keystore.entry(settings.keystore.alias)
    require_no_secret(entry, keystore)
    if entry.sealed is None:
        return None
    try:
        key = keystore.key(entry.alias, given.key if given else None)
    except (WrongKeyPasswordError, UnsupportedKeystoreError) as error:
        if given is not None and given.key is not None:
            if isinstance(error, WrongKeyPasswordError):
                given.name_source(error)
            doubts.append(f"{error}; values can be encrypted, but not decrypted")
        return None
    if not keys.matches(key.public, certificate, entry.alias):
        raise BadCertificateError(entry.alias, "is not the one that [keystore] certificate names").at(keystore.path)
    return Decryptor(key)


def _scheme(settings: Settings, *, allow_unpadded: bool = False) -> Scheme:
    """Return the scheme of RSA blocks."""
    scheme = scheme_named(settings.encryption.block_scheme, allow_unpadded=allow_unpadded)
    if settings.native and not scheme.native:
        raise UnsupportedSchemeError(scheme.name, "a native vault accepts only native schemes")
    if scheme.native and not settings.native:
        hint = f"use one of {', '.join(one.name for one in SCHEMES if not one.native)}"
        raise UnsupportedSchemeError(scheme.name, "no product knows a transformation of this name", hint=hint)
    return scheme
