"""WS-SecurityPolicy files: what they demand is served, both ways, or the file is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import wsse
from ciphertool.errors import ConfigError, MessageSecurityError
from ciphertool.wsse import Digest, Encryption, KeyTransport, Order, Part, Reference, Side, SignatureAlgorithm
from tests.wsse.parties import envelope, truststore
from tests.wsse.scenarios import ENCRYPTED, SCENARIOS, SIGNED, Scenario, asymmetric, policy

if TYPE_CHECKING:
    from tests.wsse.conftest import Pair

PAGE = Path(__file__).resolve().parents[2] / "docs" / "wsse.md"


def sides(pair: Pair, data: bytes) -> tuple[wsse.MessagePolicy, wsse.MessagePolicy]:
    """Return the policies of the client and of the server."""
    trust = truststore(pair.client, pair.server)
    return (
        wsse.read_policy(data, Side.INITIATOR, keystore=pair.client.keystore(), truststore=trust, recipient="server"),
        wsse.read_policy(data, Side.RECIPIENT, keystore=pair.server.keystore(), truststore=trust),
    )


@pytest.mark.parametrize(("number", "scenario"), [*enumerate(SCENARIOS, 1)], ids=[one.name for one in SCENARIOS])
def test_a_scenario_is_served_or_refused(pair: Pair, number: int, scenario: Scenario) -> None:
    if scenario.refusal:
        assert number not in (2, 5)
        with pytest.raises(ConfigError, match=re.escape(scenario.refusal)):
            wsse.read_policy(scenario.data, Side.INITIATOR)
        return
    client, server = sides(pair, scenario.data)
    asked = wsse.secure(envelope(), client)
    request = wsse.open(bytes(asked), server)
    assert request.signed == {"Body", "Timestamp"}
    assert request.encrypted == ({"Body"} if number == 5 else set())
    answer = wsse.secure(envelope(), server, request=request)
    read = wsse.open(bytes(answer), client, request=asked)
    assert read.signer == pair.server.chain[0]
    assert ("SignatureConfirmation" in read.signed) is (number == 5)
    with pytest.raises(MessageSecurityError):
        wsse.open(bytes(wsse.secure(envelope(), replace(client, sign=(Part.BODY,)))), server)


def test_the_page_lists_the_scenarios_as_they_are_served() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| scenario |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "|" in line][2:]
    assert [int(row[0]) for row in rows] == list(range(1, 16))
    assert [row[1].lower() for row in rows] == [one.name.lower() for one in SCENARIOS]
    assert [row[2].startswith("served") for row in rows] == [not one.refusal for one in SCENARIOS]


def test_the_scenario_that_signs_and_encrypts_says_how() -> None:
    found = wsse.read_policy(SCENARIOS[4].data, Side.INITIATOR)
    assert (found.signature, found.digest) == (SignatureAlgorithm.RSA_SHA1, Digest.SHA1)
    assert (found.encryption, found.transport) == (Encryption.AES256_CBC, KeyTransport.RSA_OAEP_MGF1P)
    assert (found.signer_reference, found.recipient_reference) == (Reference.DIRECT, Reference.THUMBPRINT)
    assert (found.order, found.confirm, found.unsigned_cbc) == (Order.SIGN_THEN_ENCRYPT, True, True)
    assert (found.sign, found.encrypt) == ((Part.TIMESTAMP, Part.BODY), (Part.BODY,))
    assert (found.require_signed, found.require_encrypted) == (found.sign, found.encrypt)
    assert (found.lifetime, found.skew) == (timedelta(seconds=300), timedelta(seconds=300))
    other = wsse.read_policy(SCENARIOS[4].data, Side.RECIPIENT)
    assert (other.signer_reference, other.recipient_reference) == (Reference.THUMBPRINT, Reference.THUMBPRINT)


def test_what_a_binding_may_demand_besides() -> None:
    more = "<sp:EncryptBeforeSigning/><sp:ProtectTokens/>"
    header = '<sp:SignedParts><sp:Body/><sp:Header Name="To" Namespace="urn:a"/></sp:SignedParts>'
    found = wsse.read_policy(policy(asymmetric("Basic128Sha256Rsa15", more) + header + ENCRYPTED), Side.INITIATOR)
    assert found.order is Order.ENCRYPT_THEN_SIGN
    assert found.sign == (Part.TIMESTAMP, Part.TOKEN, Part.BODY, "{urn:a}To")
    assert (found.digest, found.encryption, found.transport, found.unsigned_cbc) == (
        Digest.SHA256,
        Encryption.AES128_CBC,
        KeyTransport.RSA_1_5,
        False,
    )
    signature = wsse.read_policy(policy(asymmetric(more="<sp:EncryptSignature/>") + SIGNED), Side.INITIATOR)
    assert signature.encrypt == (Part.SIGNATURE,)


def test_the_newer_namespaces_say_the_same() -> None:
    data = SCENARIOS[4].data.replace(b"http://schemas.xmlsoap.org/ws/2004/09/policy", b"http://www.w3.org/ns/ws-policy")
    data = data.replace(
        b"http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
        b"http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
    )
    assert wsse.read_policy(data, Side.INITIATOR) == wsse.read_policy(SCENARIOS[4].data, Side.INITIATOR)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not well-formed"),
        (b"<!DOCTYPE a><a/>", "without a document type"),
        (b"<a/>", "not a Policy of WS-Policy"),
        (policy(asymmetric()), "no signature of a certificate over the Body"),
        (policy(SIGNED), "no signature of a certificate over the Body"),
        (policy(asymmetric("TripleDes") + SIGNED), "algorithm suite that is not served: TripleDes"),
        (policy(asymmetric("Basic256/><sp:InclusiveC14N") + SIGNED), "algorithm suite that is not served"),
        (policy(asymmetric() + "<sp:SignedParts/>"), "protects every header"),
        (policy(asymmetric() + SIGNED + "<sp:EncryptedParts><sp:Header Namespace='u'/></sp:EncryptedParts>"), "Header"),
        (policy(asymmetric() + SIGNED + "<sp:SignedElements/>"), "XPath chooses the parts"),
        (policy(asymmetric() + SIGNED + "<sp:EndorsingSupportingTokens/>"), "only X.509 certificates"),
        (policy(asymmetric() + SIGNED + "<sp:Unheard/>"), "demands Unheard, which is not served"),
        (policy(asymmetric() + SIGNED + "<other xmlns='urn:other'/>"), "not known here: other"),
        (policy(asymmetric(more="<sp:Unheard/>") + SIGNED), "demands Unheard"),
        (policy(asymmetric().replace("X509Token", "SamlToken") + SIGNED), "another token than X509Token"),
        (
            policy(asymmetric().replace("<sp:RequireThumbprintReference/>", "<sp:RequireDerivedKeys/>") + SIGNED),
            "derived keys",
        ),
        (policy(asymmetric() + SIGNED).replace(b"</wsp:All>", b"</wsp:All><wsp:All/>"), "has alternatives"),
        (policy(asymmetric() + SIGNED).replace(b"TTL>300", b"TTL>soon"), "not a number of seconds"),
    ],
)
def test_what_is_not_served_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        wsse.read_policy(data, Side.INITIATOR)
