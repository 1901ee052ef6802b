"""What can be wrong with a key, a certificate or a store: each rule with its level and its remedy.

The conditions are in `certificates.judge` for one certificate, and in `keystore.check` for the store around it.
"""

from __future__ import annotations

from typing import NamedTuple

from ciphertool.findings import Level


class Rule:
    """One rule; `id` is stable. Rules are compared by identity, since two kinds of one fault may share an id."""

    __slots__ = ("id", "level", "remedy")

    def __init__(self, id: str, level: Level, remedy: str) -> None:  # noqa: A002 - as reports call it
        self.id = id
        self.level = level
        self.remedy = remedy


class CertificateFinding(NamedTuple):
    """One finding. `level` is the rule's unless the role changes it; `alias` is None if it is about the whole store.

    `message` stands alone. `reason` completes a sentence that begins "the certificate", or "the key" for `SHORT_KEY`
    and `PUBLIC_KEY`, or "its public key" for `BROKEN_KEY`; it is empty for rules that only the check of a store uses.
    """

    rule: Rule
    level: Level
    message: str
    reason: str = ""
    alias: str | None = None

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.rule.remedy


def finding(
    rule: Rule, message: str, reason: str = "", *, alias: str | None = None, level: Level | None = None
) -> CertificateFinding:
    """Return a finding of a rule, at the rule's level unless another is given."""
    return CertificateFinding(rule, level or rule.level, message, reason, alias)


_NEW_KEY = "create your own key: ciphertool keystore create"
_RENEW = "request a new certificate with ciphertool keystore csr, then import the reply"
_E, _W, _N = Level.ERROR, Level.WARNING, Level.NOTE

# The store and its content.
NO_KEY = Rule("no-key", _E, "import a private key entry, or check another store")
UNVERIFIED = Rule(
    "unverified", _N, "rewrite the store with keytool or ciphertool, which protect its integrity with the password"
)
FILE_READABLE = Rule("file-readable", _W, "remove read permission for others: chmod o-rwx,g-w")
FILE_WRITABLE = Rule("file-writable", _E, "remove write permission for group and others: chmod go-w")
FILE_OWNER = Rule("file-owner", _W, "change the owner to the user that the server runs as")
UNUSABLE_KEY = Rule("key-unusable", _E, "provide the key's password, or import the key again")
UNTRIED_KEY = Rule("key-not-tried", _N, "provide the key's own password, to have the key checked too")
SHARED_KEY = Rule("shared-key", _W, "use a separate key for each role")
SHARED_PASSWORD = Rule(
    "shared-password", _W, "give each keystore its own password: ciphertool keystore change-password"
)
KEY_PASSWORD = Rule("key-password", _E, "set both passwords to the same value: ciphertool keystore change-password")

# The key of a certificate.
NOT_RSA = Rule("key-algorithm", _E, "use an RSA key: ciphertool keystore create")
SHORT_KEY = Rule("key-size", _W, _NEW_KEY)
SMALL_EXPONENT = Rule("key-exponent", _W, _NEW_KEY)
BROKEN_KEY = Rule("key-broken", _E, _NEW_KEY)
# Breaking it takes an attacker some effort: a check counts it as broken, encryption warns.
WEAK_KEY = Rule("key-broken", _E, _NEW_KEY)
PUBLIC_KEY = Rule("public-default-key", _E, _NEW_KEY)

# The certificate.
UNREADABLE_CERTIFICATE = Rule("certificate-unreadable", _E, "import the certificate again")
EXPIRED = Rule("certificate-expired", _W, _RENEW)
EXPIRES_SOON = Rule("certificate-expires-soon", _W, _RENEW)
NOT_YET_VALID = Rule("certificate-not-yet-valid", _W, "correct the clock, or wait")
KEY_USAGE_REFUSED = Rule(
    "key-usage-refused", _E, "create a certificate whose KeyUsage has what the role needs: ciphertool keystore create"
)
KEY_USAGE_UNSTATED = Rule(
    "key-usage-unstated", _W, "create a certificate that states its usage: ciphertool keystore create"
)
KEY_USAGE_NOT_CRITICAL = Rule(
    "key-usage-not-critical", _N, "no action needed: Java reads a KeyUsage only if it is critical"
)
EXTENDED_KEY_USAGE = Rule(
    "extended-key-usage",
    _E,
    "create a certificate with the extended key usage that the role needs: serverAuth for TLS, none for messages",
)
NO_HOST_NAMES = Rule("no-host-names", _W, "create a certificate with its host names as subject alternative names")

# The chain.
WEAK_HASH = Rule("signature-hash", _W, _RENEW)
SELF_SIGNED = Rule(
    "self-signed", _W, "have it signed by a certificate authority, or add it to every client's truststore"
)
CHAIN_ORDER = Rule("chain-order", _E, "import the chain again, leaf first")
CHAIN_SIGNATURE = Rule("chain-signature", _E, "import the certificate of the actual issuer")
CHAIN_INCOMPLETE = Rule(
    "chain-incomplete", _W, "import the reply with its whole chain, or with a truststore that completes it"
)
TRUSTED = Rule("trusted", _N, "no action needed: trust is granted by one certificate of the chain")
NOT_TRUSTED = Rule(
    "not-trusted", _E, "add the issuer, or the certificate, to the truststore: ciphertool keystore trust"
)
WEAK_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
"""The hashes whose collisions make a signature on a certificate worthless."""
