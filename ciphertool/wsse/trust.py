"""Whose signatures count: the truststore decides, by chain, validity and purpose. Revocation is not checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ciphertool.certificates import chains
from ciphertool.certificates.facts import CertificateFacts, certificate_facts
from ciphertool.certificates.findings import PUBLIC_KEY, WEAK_HASHES
from ciphertool.certificates.identifiers import Identifiers, identifiers
from ciphertool.certificates.judge import SIGNS, judge_key, judge_purpose, judge_usage, judge_validity
from ciphertool.certificates.paths import path_to_anchor
from ciphertool.certificates.roles import Role
from ciphertool.errors import KeystoreError, MessageSecurityError
from ciphertool.findings import Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_MOST = 1000
"""The signers whose paths are remembered."""
DEMAND = "the signature of a trusted signer"


class SignerTrust:
    """The trusted certificates, and what is known of signers from earlier messages."""

    def __init__(self, anchors: Sequence[bytes], minimum_bits: int, *, published_keys: bool) -> None:
        self.anchors = tuple(anchors)
        self._minimum, self._published = minimum_bits, published_keys
        self._paths: dict[bytes, tuple[CertificateFacts, ...]] = {}
        self._known: tuple[Identifiers, ...] | None = None
        self._keys: dict[bytes, Any] = {}

    @property
    def known(self) -> tuple[Identifiers, ...]:
        """The trusted certificates by the names that messages give them; one that cannot be read is skipped."""
        if self._known is None:
            self._known = tuple(one for anchor in self.anchors if (one := _identifiers(anchor)) is not None)
        return self._known

    def require(self, chain: Sequence[bytes], now: datetime) -> None:
        """Raise `MessageSecurityError` unless the first certificate of a chain is that of a trusted signer."""
        path = self._paths.get(chain[0])
        if path is None:
            path = self._judge(chain)
            if len(self._paths) >= _MOST:
                self._paths.clear()
            self._paths[chain[0]] = path
        for facts in path:
            for finding in judge_validity(facts, Role.MESSAGE, now):
                if finding.level is Level.ERROR:
                    raise MessageSecurityError(DEMAND, f"its certificate, or that of an issuer, {finding.reason}")

    def key(self, certificate: bytes) -> Any:
        """Return the RSA public key of a trusted signer."""
        if certificate not in self._keys:
            if len(self._keys) >= _MOST:
                self._keys.clear()
            self._keys[certificate] = chains.rsa_public_key(chains.load(certificate, "signer"), "signer")
        return self._keys[certificate]

    def _judge(self, chain: Sequence[bytes]) -> tuple[CertificateFacts, ...]:
        """Return the facts of the path to a trusted certificate; raise `MessageSecurityError` if there is none."""
        leaf = certificate_facts(chain[0])
        found = [*judge_key(leaf, Role.MESSAGE, self._minimum), *judge_usage(leaf, Role.MESSAGE, SIGNS)]
        for finding in (*found, *judge_purpose(chain[0])):
            if finding.level is Level.ERROR and not (self._published and finding.rule is PUBLIC_KEY):
                raise MessageSecurityError(DEMAND, f"the certificate {finding.reason}")
        path = path_to_anchor(chain[0], chain[1:], self.anchors)
        if path is None:
            raise MessageSecurityError(DEMAND, f"the truststore does not trust the certificate sha256:{leaf.sha256}")
        facts = tuple(certificate_facts(data) for data in path)
        if any(one.signature_hash in WEAK_HASHES for one in facts[:-1]):
            raise MessageSecurityError(DEMAND, "a certificate of its chain is signed with MD5 or SHA-1")
        return facts


def _identifiers(certificate: bytes) -> Identifiers | None:
    try:
        return identifiers(certificate)
    except KeystoreError:
        return None
