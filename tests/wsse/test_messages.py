"""What is secured is read, in every way that a policy can ask for; and what a reader gets is what was signed."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from ciphertool import wsse
from ciphertool.errors import BadCertificateError, ConfigError, MessageSecurityError
from ciphertool.wsse import Digest, Encryption, KeyTransport, Order, Part, Reference, SignatureAlgorithm
from ciphertool.wsse.algorithms import OLD
from ciphertool.wsse.names import CONFIRMATION, SECURITY
from tests.wsse.parties import ADDRESSING, SECRET, SOAP11, SOAP12, envelope, party, truststore

if TYPE_CHECKING:
    from tests.wsse.conftest import Pair

TO = f"{{{ADDRESSING}}}To"


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("encryption", Encryption)
def test_what_is_secured_is_read(pair: Pair, soap: str, order: Order, encryption: Encryption) -> None:
    parts: tuple[Part, ...] = (Part.BODY, Part.SIGNATURE) if order is Order.SIGN_THEN_ENCRYPT else (Part.BODY,)
    sends = replace(pair.sends, order=order, encryption=encryption, encrypt=parts)
    reads = replace(
        pair.reads,
        accept=frozenset({encryption}),
        unsigned_cbc=order is Order.SIGN_THEN_ENCRYPT,
        require_encrypted=parts,
    )
    message = bytes(wsse.secure(envelope(soap), sends))
    assert SECRET.encode() not in message
    opened = wsse.open(message, reads)
    assert opened.body.tag == f"{{{soap}}}Body"
    assert "".join(opened.body.itertext()) == f"{SECRET} 7 & 8"
    assert opened.signer == pair.client.chain[0]
    assert opened.signed == {"Body", "Timestamp"}
    assert opened.encrypted == {part.value for part in parts}


@pytest.mark.parametrize(
    ("signature", "digest", "transport"),
    [
        *product(SignatureAlgorithm, Digest, [KeyTransport.RSA_OAEP]),
        *((SignatureAlgorithm.RSA_SHA256, Digest.SHA256, transport) for transport in KeyTransport),
    ],
)
def test_old_algorithms_are_read_only_if_the_policy_names_them(
    pair: Pair, signature: SignatureAlgorithm, digest: Digest, transport: KeyTransport
) -> None:
    sends = replace(pair.sends, signature=signature, digest=digest, transport=transport)
    message = bytes(wsse.secure(envelope(), sends))
    named = replace(pair.reads, accept=frozenset({signature, digest, transport}))
    assert wsse.open(message, named).signer == pair.client.chain[0]
    if {signature, digest, transport} & OLD:
        with pytest.raises(MessageSecurityError) as refused:
            wsse.open(message, pair.reads)
        assert refused.value.demand == "only algorithms that the policy allows"
    else:
        assert wsse.open(message, pair.reads).signer == pair.client.chain[0]


@pytest.mark.parametrize(("signer", "recipient"), [*product(Reference, Reference)])
def test_every_way_to_name_a_certificate_is_read(pair: Pair, signer: Reference, recipient: Reference) -> None:
    sends = replace(pair.sends, signer_reference=signer, recipient_reference=recipient)
    message = bytes(wsse.secure(envelope(), sends))
    assert wsse.open(message, pair.reads).signer == pair.client.chain[0]


def test_headers_and_elements_are_signed_and_encrypted(pair: Pair) -> None:
    sends = replace(pair.sends, sign=(Part.BODY, Part.TIMESTAMP, Part.TOKEN, TO), encrypt=("{urn:q}to",))
    reads = replace(
        pair.reads, require_signed=(Part.BODY, Part.TIMESTAMP, Part.TOKEN, TO), require_encrypted=("{urn:q}to",)
    )
    message = bytes(wsse.secure(envelope(), sends))
    assert SECRET.encode() not in message
    opened = wsse.open(message, reads)
    assert [header.tag for header in opened.headers] == [TO]
    assert opened.encrypted == {"to"}
    assert opened.body.findtext(".//{urn:q}to") == SECRET
    with pytest.raises(MessageSecurityError, match="a trusted signature over its header To"):
        wsse.open(bytes(wsse.secure(envelope(), replace(sends, sign=(Part.BODY, Part.TIMESTAMP, Part.TOKEN)))), reads)


def test_only_what_was_signed_is_returned(pair: Pair) -> None:
    """An unsigned header, comments that cut a text, and a prefix that no signature covers, are left out."""
    text = "<q:pay xmlns:q='urn:q' q:kind='xsi:type'>10<!-- cut -->00</q:pay>"
    message = bytes(wsse.secure(envelope(body=text), replace(pair.sends, encrypt=())))
    altered = message.replace(b"<q:pay", b"<!-- added --><q:pay").replace(b'xmlns:e="', b'xmlns:z="urn:z" xmlns:e="', 1)
    opened = wsse.open(altered, pair.reads)
    assert opened.headers == ()
    assert opened.envelope.find(f".//{TO}") is None
    assert opened.body[0].text == "1000"
    assert opened.body.nsmap["xsi"] == "http://www.w3.org/2001/XMLSchema-instance"
    assert "z" not in opened.body.nsmap
    with pytest.raises(MessageSecurityError):
        wsse.open(message.replace(b"XMLSchema-instance", b"another-instance"), pair.reads)


@pytest.mark.parametrize(
    "body", ["", " \r\n ", "text only ü €", "<a/>tail<b> x </b>", "<a xmlns='urn:d'><b/></a>", "<a><![CDATA[<b>]]></a>"]
)
@pytest.mark.parametrize("order", Order)
def test_any_body_survives(pair: Pair, body: str, order: Order) -> None:
    sends = replace(pair.sends, order=order, encrypt=(Part.BODY,))
    opened = wsse.open(bytes(wsse.secure(envelope(body=body), sends)), pair.reads)
    plain = etree.fromstring(envelope(body=body))[1]
    assert [etree.tostring(one, method="c14n", exclusive=True) for one in opened.body] == [
        etree.tostring(one, method="c14n", exclusive=True) for one in plain
    ]
    assert (opened.body.text or "") == (plain.text or "")


def test_an_answer_is_for_the_one_who_asked_and_confirms_the_request(pair: Pair) -> None:
    asks = replace(pair.sends, confirm=True)
    answers = replace(pair.reads, confirm=True, encrypt=(Part.BODY,))
    asked = wsse.secure(envelope(), asks)
    request = wsse.open(bytes(asked), answers)
    answer = bytes(wsse.secure(envelope(), answers, request=request))
    opened = wsse.open(answer, asks, request=asked)
    assert opened.signer == pair.server.chain[0]
    assert opened.signed == {"Body", "Timestamp", "SignatureConfirmation"}
    other = wsse.secure(envelope(), asks)
    with pytest.raises(MessageSecurityError, match="confirmation of the signature of its request"):
        wsse.open(answer, asks, request=other)
    unconfirmed = bytes(wsse.secure(envelope(), replace(answers, confirm=False), request=request))
    with pytest.raises(MessageSecurityError, match="confirmation of the signature of its request"):
        wsse.open(unconfirmed, asks, request=asked)
    root = etree.fromstring(unconfirmed)
    (security,) = root.iter(SECURITY)
    security.append(next(etree.fromstring(answer).iter(CONFIRMATION)))  # which this signature does not cover
    with pytest.raises(MessageSecurityError, match="a signed confirmation of the signature of its request"):
        wsse.open(root, asks, request=asked)


def test_encryption_authenticates_nobody(pair: Pair) -> None:
    message = bytes(wsse.secure(envelope(), replace(pair.sends, sign=(), encrypt=(Part.BODY,))))
    with pytest.raises(MessageSecurityError, match="a trusted signature over its Body"):
        wsse.open(message, pair.reads)
    anonymous = wsse.open(message, replace(pair.reads, require_signed=(), require_encrypted=(Part.BODY,)))
    assert anonymous.signer is None
    assert anonymous.signed == frozenset()
    assert SECRET in "".join(anonymous.body.itertext())


def test_cbc_needs_a_signature_over_the_ciphertext(pair: Pair) -> None:
    sends = replace(pair.sends, encryption=Encryption.AES256_CBC, encrypt=(Part.BODY,))
    reads = replace(pair.reads, accept=frozenset({Encryption.AES256_CBC}))
    message = bytes(wsse.secure(envelope(), sends))
    with pytest.raises(MessageSecurityError, match="a signature over its ciphertext"):
        wsse.open(message, reads)
    assert wsse.open(message, replace(reads, unsigned_cbc=True)).signer == pair.client.chain[0]


def test_a_policy_may_demand_encryption(pair: Pair) -> None:
    message = bytes(wsse.secure(envelope(), replace(pair.sends, encrypt=())))
    for part in (Part.BODY, Part.SIGNATURE, "{urn:q}to"):
        with pytest.raises(MessageSecurityError, match="message refused: it does not have an encrypted"):
            wsse.open(message, replace(pair.reads, require_encrypted=(part,)))


def test_the_callers_envelope_stays_as_it_is(pair: Pair) -> None:
    plain = etree.fromstring(envelope())
    wsse.secure(plain, pair.sends)
    assert etree.tostring(plain) == etree.tostring(etree.fromstring(envelope()))
    secured = wsse.secure(plain, pair.sends)
    before = bytes(secured)
    assert wsse.open(secured.envelope, pair.reads).signer == pair.client.chain[0]
    assert bytes(secured) == before


@pytest.mark.parametrize("kind", ["utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_message_has_a_byte_order_mark_or_none(pair: Pair, kind: str) -> None:
    text = bytes(wsse.secure(envelope(), pair.sends)).decode()
    mark = "" if kind == "utf-8-sig" else "\ufeff"
    assert wsse.open((mark + text).encode(kind), pair.reads).signer == pair.client.chain[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"encrypt": (Part.SIGNATURE,), "order": Order.ENCRYPT_THEN_SIGN}, "cannot encrypt the signature"),
        ({"sign": (Part.SIGNATURE,)}, "a signature signs itself"),
        ({"require_encrypted": (Part.TIMESTAMP,)}, "the Timestamp is encrypted"),
        ({"sign": (Part.TOKEN,), "signer_reference": Reference.THUMBPRINT}, "only if it is in the message"),
        ({"replays": wsse.MemoryReplayCache(), "require_signed": (Part.BODY,)}, "must require a signed Timestamp"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(pair: Pair, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        replace(pair.sends, **changes)  # type: ignore[arg-type]  # several fields


def test_what_a_policy_lacks_is_an_error_of_the_policy(pair: Pair) -> None:
    with pytest.raises(ConfigError, match="needs a truststore"):
        wsse.open(envelope(), wsse.MessagePolicy())
    with pytest.raises(ConfigError, match="needs a keystore"):
        wsse.secure(envelope(), wsse.MessagePolicy())
    with pytest.raises(ConfigError, match="alias of a recipient"):
        wsse.secure(envelope(), replace(pair.sends, recipient=None))
    with pytest.raises(ConfigError, match="a header that the message does not have"):
        wsse.secure(envelope(), replace(pair.sends, sign=("{urn:x}none",)))
    with pytest.raises(ConfigError, match="an element that the message does not have"):
        wsse.secure(envelope(), replace(pair.sends, encrypt=("{urn:x}none",)))
    with pytest.raises(ConfigError, match="a Security header already"):
        wsse.secure(bytes(wsse.secure(envelope(), pair.sends)), pair.sends)


def test_an_own_certificate_must_be_for_its_use(pair: Pair) -> None:
    for unfit, reason in (
        (party("client", usages=("key_encipherment",)), "lacks digitalSignature"),
        (party("client", usages=("key_encipherment",), critical=False), "lacks digitalSignature"),
        (party("client", days=(-10, -1)), "expired on"),
    ):
        with pytest.raises(BadCertificateError, match=reason):
            wsse.secure(envelope(), replace(pair.sends, keystore=unfit.keystore()))
    for unfit, reason in (
        (party("server", usages=("digital_signature",)), "lacks keyEncipherment"),
        (party("server", days=(1, 5)), "is valid only from"),
        (party("server", bits=1024), "has 1024 bits"),
    ):
        with pytest.raises(BadCertificateError, match=reason):
            wsse.secure(envelope(), replace(pair.sends, truststore=truststore(unfit)))


def test_an_actor_reads_its_own_security_header(pair: Pair) -> None:
    message = bytes(wsse.secure(envelope(), replace(pair.sends, actor="urn:gate")))
    assert wsse.open(message, replace(pair.reads, actor="urn:gate")).signer == pair.client.chain[0]
    with pytest.raises(MessageSecurityError, match="one Security header: it has 0"):
        wsse.open(message, pair.reads)


def test_no_secret_is_logged_or_shown(
    pair: Pair, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    message = bytes(wsse.secure(envelope(), pair.sends))
    opened = wsse.open(message, pair.reads)
    damaged = message.replace(b"CipherValue>", b"CipherValue>AAAA", 3)
    with pytest.raises(MessageSecurityError) as refused:
        wsse.open(damaged, replace(pair.reads, lifetime=timedelta(1)))
    shown = f"{opened!r}{refused.value!r}{pair.sends!r}{caplog.text}{''.join(capfd.readouterr())}"
    assert SECRET not in shown
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_no_parser_is_loaded_before_it_is_used() -> None:
    code = (
        "import sys, ciphertool, ciphertool.cli.app, ciphertool.wsse; "
        "print('xmlsec' in sys.modules, 'lxml' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False False\n"
