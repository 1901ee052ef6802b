"""What a check can find: every rule with its level and its remedy. The rules' conditions are in `check`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement. `rule` is a stable id; `alias` is None where it is about the whole store."""

    rule: str
    level: Level
    message: str
    remedy: str
    alias: str | None = None


_NEW_KEY = "make a key of your own: ciphertool keystore create"
_RENEW = "ask for a new certificate: ciphertool keystore csr, then import the answer"
_E, _W, _N = Level.ERROR, Level.WARNING, Level.NOTE

RULES: dict[str, tuple[Level, str]] = {
    "no-key": (_E, "import a private key entry, or check another store"),
    "unverified": (_N, "write the store again with keytool or ciphertool, which protect it by its password"),
    "file-readable": (_W, "take the right to read from others: chmod o-rwx,g-w"),
    "file-writable": (_E, "take the right to write from group and others: chmod go-w"),
    "file-owner": (_W, "give the file to the user that the server runs as"),
    "key-unusable": (_E, "give the key's password, or import the key again"),
    "key-algorithm": (_E, "use an RSA key: ciphertool keystore create"),
    "key-size": (_W, _NEW_KEY),
    "key-exponent": (_W, _NEW_KEY),
    "key-broken": (_E, _NEW_KEY),
    "public-default-key": (_E, _NEW_KEY),
    "shared-key": (_W, "use a key of its own for each role"),
    "key-password": (_E, "make both passwords the same: ciphertool keystore change-password"),
    "certificate-unreadable": (_E, "import the certificate again"),
    "certificate-expired": (_W, _RENEW),
    "certificate-expires-soon": (_W, _RENEW),
    "certificate-not-yet-valid": (_W, "set the clock, or wait"),
    "signature-hash": (_W, _RENEW),
    "key-usage-refused": (_E, "make a certificate whose KeyUsage has what the role needs: ciphertool keystore create"),
    "key-usage-unstated": (_W, "make a certificate that states its use: ciphertool keystore create"),
    "key-usage-not-critical": (_N, "nothing has to be done: Java reads a KeyUsage only where it is critical"),
    "extended-key-usage": (_E, "make a certificate with the extended key usage serverAuth"),
    "no-host-names": (_W, "make a certificate with its host names as subject alternative names"),
    "self-signed": (_W, "have it signed by a certificate authority, or put it into every client's truststore"),
    "chain-order": (_E, "import the chain again, leaf first"),
    "chain-signature": (_E, "import the right issuer's certificate"),
    "chain-incomplete": (_W, "import the answer with its whole chain, or with a truststore that completes it"),
    "not-trusted": (_E, "put the issuer, or the certificate, into the truststore: ciphertool keystore trust"),
}


def finding(rule: str, message: str, alias: str | None = None, level: Level | None = None) -> Finding:
    """Return a finding of a rule, at the rule's level unless another is given."""
    usual, remedy = RULES[rule]
    return Finding(rule, level or usual, message, remedy, alias)
