"""Policies from WS-SecurityPolicy files, as WSO2 products ship them: what they demand is served, or the file refused.

A file is refused for the first assertion that is not known here: a demand that is ignored would not be met.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from lxml import etree

from ciphertool.errors import ConfigError, MessageSecurityError
from ciphertool.wsse.algorithms import Digest, Encryption, KeyTransport, SignatureAlgorithm
from ciphertool.wsse.envelope import parse_fragment
from ciphertool.wsse.policy import MessagePolicy, Order, Part, Parts, Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLICIES = ("http://schemas.xmlsoap.org/ws/2004/09/policy", "http://www.w3.org/ns/ws-policy")
_ASSERTIONS = (
    "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
    "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
)
_RAMPART = "http://ws.apache.org/rampart/policy"
_OF_OTHERS = frozenset({_RAMPART, "http://www.wso2.org/products/carbon/security"})
"""Assertions about keystores and roles, which are those of the other side."""


class Side(Enum):
    """Whose policy it is."""

    INITIATOR = "initiator"
    """The client, who asks."""
    RECIPIENT = "recipient"
    """The service, which answers."""


class _Suite(NamedTuple):
    digest: Digest
    encryption: Encryption
    transport: KeyTransport


_SUITES = {
    f"Basic{bits}{digest_name}{transport_name}": _Suite(digest, encryption, transport)
    for bits, encryption in ((256, Encryption.AES256_CBC), (128, Encryption.AES128_CBC))
    for digest_name, digest in (("", Digest.SHA1), ("Sha256", Digest.SHA256))
    for transport_name, transport in (("", KeyTransport.RSA_OAEP_MGF1P), ("Rsa15", KeyTransport.RSA_1_5))
}
"""WS-SecurityPolicy 1.2, section 6.1: all of them sign with RSA-SHA1."""
_NOT_SERVED = {
    "TransportBinding": "it leaves the protection to TLS",
    "SymmetricBinding": "its messages carry no certificate of their sender, and so authenticate nobody",
    "SignedElements": "XPath chooses the parts",
    "EncryptedElements": "XPath chooses the parts",
    "ContentEncryptedElements": "XPath chooses the parts",
}
_SETTLED = frozenset({"Layout", "OnlySignEntireHeadersAndBody", "Trust10", "Trust13", "Wss10"})
"""What is met anyway, or is about tokens that others issue."""


def read_policy(data: bytes, side: Side, **keys: Any) -> MessagePolicy:
    """Return the policy of a WS-SecurityPolicy file for one side; `keys` are further fields of `MessagePolicy`.

    An algorithm suite of the file names old algorithms. Unless the file encrypts before it signs, the policy reads
    AES-CBC without a signature over the ciphertext. Raise `ConfigError` if the file demands what is not served.
    """
    try:
        root = parse_fragment(data)
    except MessageSecurityError:
        raise ConfigError("the security policy is not well-formed XML without a document type") from None
    reading = _Reading(side)
    for assertion in _assertions(root):
        reading.read(assertion)
    if (ttl := root.findtext(f".//{{{_RAMPART}}}timestampTTL")) is not None:
        reading.fields["lifetime"] = _seconds(ttl)
    if (skew := root.findtext(f".//{{{_RAMPART}}}timestampMaxSkew")) is not None:
        reading.fields["skew"] = _seconds(skew)
    return MessagePolicy(**{**reading.result(), **keys})


def _assertions(policy: etree._Element) -> Iterator[etree._Element]:
    """Yield the assertions of a policy that has one alternative."""
    if etree.QName(policy).namespace not in _POLICIES or etree.QName(policy).localname not in ("Policy", "All"):
        raise ConfigError("the security policy is not a Policy of WS-Policy 1.2 or 1.5")
    for one in policy:
        name = etree.QName(one)
        if name.namespace not in _POLICIES:
            yield one
        elif name.localname == "ExactlyOne":
            if len(one) != 1:
                raise ConfigError("the security policy has alternatives", hint="keep the one that the service uses")
            yield from _assertions(one[0])
        else:
            yield from _assertions(one)


def _nested(assertion: etree._Element) -> list[etree._Element]:
    """Return the assertions in the Policy that an assertion contains."""
    return [one for policy in assertion for one in _assertions(policy)]


def _name(assertion: etree._Element) -> str:
    """Return the name of an assertion of WS-SecurityPolicy; raise `ConfigError` for one of another kind."""
    name = etree.QName(assertion)
    if name.namespace not in _ASSERTIONS:
        raise ConfigError(f"the security policy has an assertion that is not known here: {name.localname}")
    return str(name.localname)


def _refused(name: str) -> ConfigError:
    why = _NOT_SERVED.get(name, "it is not known here")
    if name.endswith("SupportingTokens"):
        why = "only X.509 certificates authenticate here, not user names, SAML or Kerberos"
    return ConfigError(f"the security policy demands {name}, which is not served: {why}")


def _seconds(text: str) -> timedelta:
    if not text.strip().isdecimal() or len(text.strip()) > 6:
        raise ConfigError("the security policy has a time that is not a number of seconds")
    return timedelta(seconds=int(text))


class _Reading:
    """The fields of a policy, as its assertions state them."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self.fields: dict[str, Any] = {}
        self._signed: list[Part | str] = []
        self._encrypted: list[Part | str] = []
        self._own, self._other = ("Initiator", "Recipient") if side is Side.INITIATOR else ("Recipient", "Initiator")

    def read(self, assertion: etree._Element) -> None:
        """Read one assertion of the policy."""
        if etree.QName(assertion).namespace in _OF_OTHERS:
            return
        name = _name(assertion)
        if name == "AsymmetricBinding":
            for one in _nested(assertion):
                self._bind(one)
        elif name == "SignedParts":
            self._signed += _parts(assertion, headers=True)
        elif name == "EncryptedParts":
            self._encrypted += _parts(assertion, headers=False)
        elif name == "Wss11":
            self.fields["confirm"] = any(_name(one) == "RequireSignatureConfirmation" for one in _nested(assertion))
        elif name not in _SETTLED:
            raise _refused(name)

    def _bind(self, assertion: etree._Element) -> None:
        name = _name(assertion)
        if name in (f"{self._own}Token", f"{self._own}SignatureToken"):
            self.fields["signer_reference"] = _reference(assertion, self._side)
        elif name in (f"{self._other}Token", f"{self._other}EncryptionToken"):
            self.fields["recipient_reference"] = _reference(assertion, None)
        elif name == "AlgorithmSuite":
            self._use(_nested(assertion))
        elif name == "IncludeTimestamp":
            self._signed.append(Part.TIMESTAMP)
        elif name == "EncryptBeforeSigning":
            self.fields["order"] = Order.ENCRYPT_THEN_SIGN
        elif name == "EncryptSignature":
            self._encrypted.append(Part.SIGNATURE)
        elif name == "ProtectTokens":
            self._signed.append(Part.TOKEN)
        elif name not in (*_SETTLED, "SignBeforeEncrypting"):
            raise _refused(name)

    def _use(self, assertions: list[etree._Element]) -> None:
        names = [_name(one) for one in assertions if _name(one) != "InclusiveC14N"]
        if len(names) != len(assertions) or len(names) != 1 or names[0] not in _SUITES:
            stated = ", ".join(map(_name, assertions)) or "nothing"
            raise ConfigError(f"the security policy has an algorithm suite that is not served: {stated}")
        suite = _SUITES[names[0]]
        self.fields |= {
            "signature": SignatureAlgorithm.RSA_SHA1,
            "digest": suite.digest,
            "encryption": suite.encryption,
            "transport": suite.transport,
        }

    def result(self) -> dict[str, Any]:
        """Return the fields; raise `ConfigError` if the policy authenticates nobody."""
        if "signature" not in self.fields or Part.BODY not in self._signed:
            raise ConfigError("the security policy demands no signature of a certificate over the Body")
        signed: Parts = tuple(dict.fromkeys(self._signed))
        encrypted: Parts = tuple(dict.fromkeys(self._encrypted))
        order = self.fields.get("order", Order.SIGN_THEN_ENCRYPT)
        return {
            **self.fields,
            "sign": signed,
            "encrypt": encrypted,
            "require_signed": signed,
            "require_encrypted": encrypted,
            "unsigned_cbc": bool(encrypted) and order is Order.SIGN_THEN_ENCRYPT,
        }


def _parts(assertion: etree._Element, *, headers: bool) -> list[Part | str]:
    found: list[Part | str] = []
    for part in assertion:
        name = _name(part)
        if name == "Header" and headers and part.get("Name"):
            found.append(f"{{{part.get('Namespace', '')}}}{part.get('Name')}")
        elif name == "Body":
            found.append(Part.BODY)
        else:
            raise ConfigError(f"the security policy protects a {name} in a way that is not served")
    if not found:
        raise ConfigError("the security policy protects every header, whichever there are, which is not served")
    return found


def _reference(assertion: etree._Element, sender: Side | None) -> Reference:
    """Return how a token is referred to; `sender` is whose message it would be included in, if it is theirs."""
    tokens = _nested(assertion)
    if [_name(one) for one in tokens] != ["X509Token"]:
        raise ConfigError("the security policy demands another token than X509Token, which is not served")
    included = next((str(v) for k, v in tokens[0].attrib.items() if str(k).endswith("IncludeToken")), "/Always")
    wanted = included.rpartition("/")[2]
    to_recipient = sender is Side.INITIATOR and wanted in ("AlwaysToRecipient", "Once")
    if sender is not None and (
        wanted == "Always" or to_recipient or (sender is Side.RECIPIENT and wanted == "AlwaysToInitiator")
    ):
        return Reference.DIRECT
    names = {_name(one) for one in _nested(tokens[0])}
    if names & {"RequireDerivedKeys", "RequireExplicitDerivedKeys", "RequireImpliedDerivedKeys"}:
        raise ConfigError("the security policy demands derived keys, which are not served")
    if "RequireThumbprintReference" in names:
        return Reference.THUMBPRINT
    return Reference.KEY_IDENTIFIER if "RequireKeyIdentifierReference" in names else Reference.ISSUER_SERIAL
