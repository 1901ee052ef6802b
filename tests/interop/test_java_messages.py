"""Messages between ciphertool and WSS4J, both ways: every algorithm, reference and order, in SOAP 1.1 and 1.2."""

from __future__ import annotations

import base64
from dataclasses import replace
from itertools import cycle, product
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ciphertool import wsse
from ciphertool.errors import MessageSecurityError
from ciphertool.wsse import Digest, Encryption, KeyTransport, MessagePolicy, Order, Part, Reference, SignatureAlgorithm
from tests.interop import java_messages
from tests.interop.java_messages import ask, opened
from tests.wsse.conftest import Pair, pair_of
from tests.wsse.parties import SECRET, SOAP11, SOAP12, envelope, party
from tests.wsse.scenarios import SCENARIOS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(java_messages.missing()), reason=java_messages.missing() or "it is there")
TEXT = f"{SECRET} 7 & 8"


class Combination(NamedTuple):
    """One way to secure a message."""

    soap: str
    order: Order
    signature: SignatureAlgorithm
    digest: Digest
    encryption: Encryption
    transport: KeyTransport
    signer: Reference
    recipient: Reference

    def policy(self, policy: MessagePolicy) -> MessagePolicy:
        """Return a policy that secures messages in this way, and reads no others that are old."""
        return replace(
            policy,
            order=self.order,
            signature=self.signature,
            digest=self.digest,
            encryption=self.encryption,
            transport=self.transport,
            signer_reference=self.signer,
            recipient_reference=self.recipient,
            unsigned_cbc=self.order is Order.SIGN_THEN_ENCRYPT,
        )

    def request(self) -> list[str | bytes]:
        """Return the request that WSS4J secures a message so."""
        order = "SE" if self.order is Order.SIGN_THEN_ENCRYPT else "ES"
        uris = [one.value for one in (self.encryption, self.transport)]
        names = [self.signature.value, self.digest.value, self.signer.value, *uris, self.recipient.value]
        return ["secure", envelope(self.soap), order, *names, ""]


def combinations() -> list[Combination]:
    """Return every algorithm with every other, in both orders and both SOAPs, with the references in turn."""
    references = cycle(product(Reference, Reference))
    ways = product((SOAP11, SOAP12), Order, SignatureAlgorithm, Digest, Encryption, KeyTransport)
    return [Combination(*way, *next(references)) for way in ways]


@pytest.fixture(scope="module")
def parties() -> Pair:
    """A client and a server whose names Java and Python spell alike."""
    return pair_of(party("client"), party("server"))


@pytest.fixture(scope="module")
def store(parties: Pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of WSS4J."""
    return java_messages.keystore(tmp_path_factory.mktemp("java") / "all.p12", parties.client, parties.server)


def test_wss4j_reads_what_is_secured_here(parties: Pair, store: Path) -> None:
    ways = combinations()
    assert len(ways) == 768
    sends = replace(parties.sends, encrypt=(Part.BODY,))
    requests: list[list[str | bytes]] = [
        ["open", bytes(wsse.secure(envelope(way.soap), way.policy(sends)))] for way in ways
    ]
    for way, answer in zip(ways, ask(store, requests), strict=True):
        message = opened(answer)
        assert message.text == TEXT, way
        assert message.signed == {"Body", "Timestamp"}
        assert message.encrypted == {"Body"}
        assert message.signer == "client"


def test_what_wss4j_secures_is_read_here(parties: Pair, store: Path) -> None:
    ways = combinations()
    for way, answer in zip(ways, ask(store, [way.request() for way in ways]), strict=True):
        assert isinstance(answer, str), (way, answer)
        reads = replace(way.policy(parties.reads), require_encrypted=(Part.BODY,))
        message = wsse.open(base64.b64decode(answer), reads)
        assert "".join(message.body.itertext()) == TEXT, way
        assert message.signed == {"Body", "Timestamp"}
        assert message.signer == parties.client.chain[0]


def test_signatures_alone_and_parts_of_other_kinds(parties: Pair, store: Path) -> None:
    to = "{http://www.w3.org/2005/08/addressing}To"
    plain = replace(parties.sends, sign=(Part.BODY, Part.TIMESTAMP, Part.TOKEN, to), encrypt=())
    older = replace(plain, encrypt=(Part.SIGNATURE, "{urn:q}to"), transport=KeyTransport.RSA_OAEP_MGF1P)
    requests: list[list[str | bytes]] = [["open", bytes(wsse.secure(envelope(), policy))] for policy in (plain, older)]
    signed, encrypted = map(opened, ask(store, requests))
    assert signed.signed == {"Body", "Timestamp", "BinarySecurityToken", "To"}
    assert signed.actions >= {2, 32}
    assert encrypted.encrypted == {"Signature", "to"}
    assert encrypted.actions >= {2, 4, 32}
    assert encrypted.text == TEXT


def test_a_confirmation_goes_both_ways(parties: Pair, store: Path) -> None:
    asks = replace(parties.sends, confirm=True, encrypt=())
    asked = wsse.secure(envelope(), asks)
    assert asked.signature is not None
    way = combinations()[0]
    answer = ask(store, [[*way.request()[:-1], asked.signature]])[0]
    assert isinstance(answer, str)
    reads = replace(parties.reads, confirm=True)
    assert "SignatureConfirmation" in wsse.open(base64.b64decode(answer), reads, request=asked).signed
    with pytest.raises(MessageSecurityError, match="a signed confirmation"):
        wsse.open(base64.b64decode(answer), reads, request=wsse.secure(envelope(), asks))
    request = wsse.open(bytes(asked), parties.reads)
    reply = wsse.secure(envelope(), replace(parties.sends, confirm=True, encrypt=()), request=request)
    message = opened(ask(store, [["open", bytes(reply)]])[0])
    assert message.signed == {"Body", "Timestamp", "SignatureConfirmation"}


def test_a_path_of_certificates_is_read_by_wss4j(parties: Pair, tmp_path: Path) -> None:
    authority = {"usages": ("key_cert_sign", "digital_signature"), "authority": True}
    root = party("root", **authority)  # type: ignore[arg-type]  # both of them
    signer = party("signer", issuer=party("middle", issuer=root, **authority))  # type: ignore[arg-type]
    store = java_messages.keystore(tmp_path / "root.p12", parties.server, trusts=[root])
    sends = replace(parties.sends, keystore=signer.keystore(), encrypt=())
    message = opened(ask(store, [["open", bytes(wsse.secure(envelope(), sends))]])[0])
    assert message.signed == {"Body", "Timestamp"}


@pytest.mark.parametrize("number", [2, 5])
def test_a_scenario_of_carbon_goes_both_ways(parties: Pair, store: Path, number: int) -> None:
    """A message of WSS4J by the algorithms of Carbon's policy is read by that policy, and the other way round."""
    trust = parties.sends.truststore
    data = SCENARIOS[number - 1].data
    client = wsse.read_policy(
        data, wsse.Side.INITIATOR, keystore=parties.client.keystore(), truststore=trust, recipient="server"
    )
    service = wsse.read_policy(data, wsse.Side.RECIPIENT, keystore=parties.server.keystore(), truststore=trust)
    way = combinations()[0]._replace(
        signature=client.signature,
        digest=client.digest,
        encryption=client.encryption,
        transport=client.transport,
        recipient=client.recipient_reference,
    )
    request = way.request()
    request[2] = "SE" if client.encrypt else "S"
    made, found = ask(store, [request, ["open", bytes(wsse.secure(envelope(), client))]])
    assert isinstance(made, str), made
    read = wsse.open(base64.b64decode(made), service)
    assert read.encrypted == {part.value for part in client.encrypt if isinstance(part, Part)}
    assert opened(found).signed == {"Body", "Timestamp"}
    assert opened(found).text == TEXT


def test_wss4j_refuses_what_was_changed(parties: Pair, store: Path) -> None:
    message = bytes(wsse.secure(envelope(), replace(parties.sends, encrypt=())))
    (answer,) = ask(store, [["open", message.replace(SECRET.encode(), b"changed")]])
    assert isinstance(answer, java_messages.JavaError)
