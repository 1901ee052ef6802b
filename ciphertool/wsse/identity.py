"""The own key of a message's sender, and the certificates of those for whom messages are encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.certificates import chains
from ciphertool.certificates.facts import certificate_facts
from ciphertool.certificates.findings import PUBLIC_KEY
from ciphertool.certificates.identifiers import identifiers
from ciphertool.certificates.judge import SIGNS, TAKES_KEYS, judge_key, judge_usage, judge_validity
from ciphertool.certificates.roles import Role
from ciphertool.errors import BadCertificateError, ConfigError, NoCertificateError
from ciphertool.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from ciphertool.certificates.findings import CertificateFinding
    from ciphertool.keystore import Keystore


class Identity:
    """A keystore's entry: what signs messages, and opens those that are encrypted for it."""

    def __init__(self, keystore: Keystore, alias: str | None, key_password: str | None) -> None:
        """Open the entry; raise what `Keystore.private_key` raises."""
        entry = keystore.entry(alias)
        if not entry.chain:
            raise NoCertificateError(entry.alias).at(keystore.path)
        self.alias = entry.alias
        self.path = keystore.path
        self.private = keystore.private_key(entry.alias, key_password)
        self.names = identifiers(entry.chain[0], entry.alias)
        self.issuers = [one for one in entry.chain[1:] if not chains.is_self_issued(one)]
        """The certificates that a reader may need to find a trusted one: not the root, which proves nothing."""
        self._facts = certificate_facts(entry.chain[0])

    def require_signer(self, time: datetime) -> None:
        """Raise `BadCertificateError` unless the certificate allows the key to sign now: nobody would trust it."""
        _refuse(judge_usage(self._facts, Role.MESSAGE, SIGNS), self.alias, self.path)
        _refuse(judge_validity(self._facts, Role.MESSAGE, time), self.alias, self.path)


class Recipient:
    """A certificate for which messages are encrypted."""

    def __init__(self, certificate: bytes, alias: str, minimum_bits: int, *, published_keys: bool) -> None:
        """Raise a `KeystoreError` if the certificate is not for that."""
        self.certificate = certificate
        self.names = identifiers(certificate, alias)
        self.public = chains.rsa_public_key(chains.load(certificate, alias), alias)
        self._facts = certificate_facts(certificate)
        self._alias = alias
        found = [
            *judge_key(self._facts, Role.MESSAGE, minimum_bits),
            *judge_usage(self._facts, Role.MESSAGE, TAKES_KEYS),
        ]
        _refuse((one for one in found if not (published_keys and one.rule is PUBLIC_KEY)), alias, None)

    def valid_at(self, time: datetime) -> None:
        """Raise `BadCertificateError` unless the certificate is valid."""
        _refuse(judge_validity(self._facts, Role.MESSAGE, time), self._alias, None)


class Recipients:
    """The certificates of a truststore, by alias, and those of requests that are answered."""

    def __init__(
        self, truststore: Keystore | None, alias: str | None, minimum_bits: int, *, published_keys: bool
    ) -> None:
        self._truststore, self._alias, self._minimum = truststore, alias, minimum_bits
        self._published = published_keys
        self._known: dict[bytes, Recipient] = {}

    def of(self, signer: bytes | None) -> Recipient:
        """Return the signer of the request that is answered, or else the policy's recipient."""
        if signer is not None:
            return self._recipient(signer, "the signer of the request")
        if self._truststore is None or self._alias is None:
            raise ConfigError("the policy encrypts, and needs a truststore and the alias of a recipient in it")
        entry = self._truststore.entry(self._alias)
        if not entry.chain:
            raise NoCertificateError(entry.alias).at(self._truststore.path)
        return self._recipient(entry.chain[0], entry.alias)

    def _recipient(self, certificate: bytes, alias: str) -> Recipient:
        if certificate not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[certificate] = Recipient(certificate, alias, self._minimum, published_keys=self._published)
        return self._known[certificate]


_MOST = 1000
"""The certificates that are kept parsed."""


def _refuse(found: Iterable[CertificateFinding], alias: str, path: Path | None) -> None:
    """Raise `BadCertificateError` for the first finding that is an error."""
    for finding in found:
        if finding.level is Level.ERROR:
            error = BadCertificateError(alias, finding.reason or finding.message)
            if path is not None:
                error.at(path)
            raise error
