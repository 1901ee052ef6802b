"""Policies built as Carbon's security scenarios 1 to 15 are: the same assertions, in the same nesting."""

from __future__ import annotations

from typing import NamedTuple

WSP, SP = "http://schemas.xmlsoap.org/ws/2004/09/policy", "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"
RAMPART = (
    '<rampart:RampartConfig xmlns:rampart="http://ws.apache.org/rampart/policy"><rampart:user>wso2carbon</rampart:user>'
    "<rampart:encryptionUser>useReqSigCert</rampart:encryptionUser><rampart:timestampTTL>300</rampart:timestampTTL>"
    "<rampart:timestampMaxSkew>300</rampart:timestampMaxSkew></rampart:RampartConfig>"
)
TRUST = (
    "<sp:Trust10><wsp:Policy><sp:MustSupportIssuedTokens/><sp:RequireClientEntropy/><sp:RequireServerEntropy/>"
    "</wsp:Policy></sp:Trust10>"
)
SIGNED, ENCRYPTED = "<sp:SignedParts><sp:Body/></sp:SignedParts>", "<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>"
USER = (
    f'<sp:SignedSupportingTokens><wsp:Policy><sp:UsernameToken sp:IncludeToken="{SP}/IncludeToken/AlwaysToRecipient">'
    "<wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken></wsp:Policy></sp:SignedSupportingTokens>"
)
WSS10 = (
    "<sp:Wss10><wsp:Policy><sp:MustSupportRefKeyIdentifier/><sp:MustSupportRefIssuerSerial/></wsp:Policy></sp:Wss10>"
)
WSS11 = (
    "<sp:Wss11><wsp:Policy><sp:MustSupportRefKeyIdentifier/><sp:MustSupportRefIssuerSerial/>"
    "<sp:MustSupportRefThumbprint/><sp:MustSupportRefEncryptedKey/><sp:RequireSignatureConfirmation/></wsp:Policy>"
    "</sp:Wss11>"
)


def x509(name: str, include: str) -> str:
    """Return a token assertion that has an X.509 certificate."""
    return (
        f'<sp:{name}><wsp:Policy><sp:X509Token sp:IncludeToken="{SP}/IncludeToken/{include}"><wsp:Policy>'
        f"<sp:RequireThumbprintReference/><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token></wsp:Policy></sp:{name}>"
    )


def binding(name: str, tokens: str, layout: str, suite: str = "Basic256", more: str = "") -> str:
    """Return a binding."""
    return (
        f"<sp:{name}><wsp:Policy>{tokens}<sp:AlgorithmSuite><wsp:Policy><sp:{suite}/></wsp:Policy></sp:AlgorithmSuite>"
        f"<sp:Layout><wsp:Policy><sp:{layout}/></wsp:Policy></sp:Layout><sp:IncludeTimestamp/>"
        f"<sp:OnlySignEntireHeadersAndBody/>{more}</wsp:Policy></sp:{name}>"
    )


def policy(assertions: str, name: str = "SigEncr") -> bytes:
    """Return the file."""
    return (
        f'<wsp:Policy wsu:Id="{name}" xmlns:wsp="{WSP}" xmlns:sp="{SP}" xmlns:wsu="http://docs.oasis-open.org/wss/2004/'
        f'01/oasis-200401-wss-wssecurity-utility-1.0.xsd"><wsp:ExactlyOne><wsp:All>{assertions}</wsp:All>'
        f"</wsp:ExactlyOne>{RAMPART}</wsp:Policy>"
    ).encode()


def asymmetric(suite: str = "Basic256", more: str = "") -> str:
    """Return the binding of two certificates."""
    tokens = x509("InitiatorToken", "AlwaysToRecipient") + x509("RecipientToken", "Never")
    return binding("AsymmetricBinding", tokens, "Strict", suite, more)


_SYMMETRIC = binding("SymmetricBinding", x509("ProtectionToken", "Never"), "Lax")
_HTTPS = (
    "<sp:TransportToken><wsp:Policy><sp:HttpsToken RequireClientCertificate='false'/></wsp:Policy></sp:TransportToken>"
)


def _conversation(parts: str, bootstrap: str) -> bytes:
    token = (
        f'<sp:ProtectionToken><wsp:Policy><sp:SecureConversationToken sp:IncludeToken="{SP}/IncludeToken/'
        f'AlwaysToRecipient"><wsp:Policy><sp:RequireDerivedKeys/><sp:BootstrapPolicy><wsp:Policy>{bootstrap}'
        "</wsp:Policy></sp:BootstrapPolicy></wsp:Policy></sp:SecureConversationToken></wsp:Policy></sp:ProtectionToken>"
    )
    return policy(binding("SymmetricBinding", token, "Strict") + parts + WSS11 + TRUST)


class Scenario(NamedTuple):
    """One of Carbon's scenarios; `refusal` is a part of why it is not served."""

    name: str
    data: bytes
    refusal: str = ""


_BOTH = SIGNED + ENCRYPTED
_ANONYMOUS = "SymmetricBinding, which is not served: its messages carry no certificate"
SCENARIOS = (
    Scenario("UsernameToken", policy(binding("TransportBinding", _HTTPS, "Lax") + USER), "TransportBinding"),
    Scenario("Non-repudiation", policy(asymmetric() + WSS10 + SIGNED, "SigOnly")),
    Scenario("Integrity", policy(_SYMMETRIC + SIGNED + WSS11 + TRUST), _ANONYMOUS),
    Scenario("Confidentiality", policy(_SYMMETRIC + ENCRYPTED + WSS11 + TRUST), _ANONYMOUS),
    Scenario("Sign and encrypt - X509 authentication", policy(asymmetric() + WSS11 + WSS10 + _BOTH)),
    Scenario("Sign and encrypt - anonymous clients", policy(_SYMMETRIC + _BOTH + WSS11 + TRUST), _ANONYMOUS),
    Scenario("Encrypt only - username token", policy(_SYMMETRIC + ENCRYPTED + USER + WSS11 + TRUST), _ANONYMOUS),
    Scenario("Sign and encrypt - username token", policy(_SYMMETRIC + _BOTH + USER + WSS11 + TRUST), _ANONYMOUS),
    *(
        Scenario(f"SecureConversation - {kind} - bootstrap {name}", _conversation(parts, bootstrap), _ANONYMOUS)
        for kind, parts, name, bootstrap in (
            ("sign only", SIGNED, "X509", asymmetric()),
            ("encrypt only", ENCRYPTED, "X509", asymmetric()),
            ("sign and encrypt", _BOTH, "X509", asymmetric()),
            ("sign only", SIGNED, "anonymous", _SYMMETRIC),
            ("encrypt only", ENCRYPTED, "anonymous", _SYMMETRIC),
            ("encrypt only", ENCRYPTED, "username token", _SYMMETRIC + USER),
            ("sign and encrypt", _BOTH, "username token", _SYMMETRIC + USER),
        )
    ),
)
