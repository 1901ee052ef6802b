"""What attackers make of messages is refused, with one error, and nothing of it is read."""

from __future__ import annotations

import re
import socket
import time
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import xmlsec
from lxml import etree

from ciphertool import wsse
from ciphertool.errors import MessageSecurityError
from ciphertool.wsse import Digest, Encryption, KeyTransport, MemoryReplayCache, Order, Part, SignatureAlgorithm
from ciphertool.wsse.names import ENCRYPTED_DATA, ENCRYPTED_KEY, ID, SECURITY, SIGNATURE, SOAP11, WSU, clark
from tests.wsse.parties import ADDRESSING, NOW, SECRET, Party, envelope, party, truststore
from tests.wsse.shapes import WRAPPING, attack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.wsse.conftest import Pair

TO = f"{{{ADDRESSING}}}To"
SIGNED = (Part.BODY, Part.TIMESTAMP, TO)


def signed_message(pair: Pair) -> etree._Element:
    """Return a message whose Body, Timestamp and To are signed."""
    return etree.fromstring(bytes(wsse.secure(envelope(), replace(pair.sends, sign=SIGNED, encrypt=()))))


def refusal(message: bytes | etree._Element, policy: wsse.MessagePolicy) -> str:
    """Return what a message is refused for not having."""
    with pytest.raises(MessageSecurityError) as refused:
        wsse.open(message, policy)
    assert SECRET not in str(refused.value)
    return refused.value.demand


class TestWrapping:
    def test_the_untouched_message_is_read(self, pair: Pair) -> None:
        opened = wsse.open(signed_message(pair), replace(pair.reads, require_signed=SIGNED))
        assert opened.signed == {"Body", "Timestamp", "To"}

    @pytest.mark.parametrize(("shape", "valid", "demand"), WRAPPING.values(), ids=WRAPPING)
    def test_a_wrapped_message_is_refused(
        self, pair: Pair, shape: Callable[[etree._Element], object], valid: bool, demand: str
    ) -> None:
        message = attack(signed_message(pair), shape)
        assert _signature_is_valid(message, pair.client) or not valid
        assert refusal(message, replace(pair.reads, require_signed=SIGNED)) == demand

    def test_there_are_enough_of_them(self) -> None:
        assert sum(valid for _, valid, _ in WRAPPING.values()) >= 20


def _signature_is_valid(message: bytes, signer: Party) -> bool:
    """Return what the library says of the last signature, if every id that it knows is registered."""
    root = etree.fromstring(message)
    signatures = list(root.iter(SIGNATURE))
    if not signatures:
        return False
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signer.chain[0], xmlsec.constants.KeyDataFormatCertDer)
    try:
        for element in root.iter(etree.Element):
            if element.get(ID) is not None:
                context.register_id(element, "Id", WSU)
        context.verify(signatures[-1])
    except xmlsec.Error:
        return False
    return True


def edited(message: etree._Element, edit: Callable[[etree._Element], object]) -> bytes:
    """Return a message after an edit of its Signature."""
    (signature,) = message.iter(SIGNATURE)
    edit(signature)
    return etree.tostring(message)


def _set(path: str, name: str, value: str) -> Callable[[etree._Element], None]:
    def edit(signature: etree._Element) -> None:
        found = signature.findall(f".//{clark(path)}")
        assert found
        found[0].set(name, value)

    return edit


def _transform(algorithm: str, content: str = "") -> Callable[[etree._Element], None]:
    def edit(signature: etree._Element) -> None:
        transform = signature.findall(f".//{clark('ds:Transform')}")[0]
        transform[:] = etree.fromstring(f"<x>{content}</x>")[:]
        transform.set("Algorithm", algorithm)

    return edit


def _more_transforms(signature: etree._Element) -> None:
    transforms = signature.findall(f".//{clark('ds:Transforms')}")[0]
    etree.SubElement(transforms, clark("ds:Transform"), Algorithm=transforms[0].get("Algorithm", ""))


def _key_value(signature: etree._Element) -> None:
    signature[2][:] = [etree.Element(clark("ds:KeyValue"))]


def _two_keys(signature: etree._Element) -> None:
    etree.SubElement(signature[2], clark("ds:KeyName")).text = "client"


def _external_token(signature: etree._Element) -> None:
    signature[2][0][0].set("URI", "http://127.0.0.1:9/certificate")


SHAPE = "a signature of the form that is read here"
ALGORITHM = "only algorithms that the policy allows"
REFERENCE = "references to parts of this message, each by its id"
STYLESHEET = (
    '<s:stylesheet xmlns:s="http://www.w3.org/1999/XSL/Transform" version="1.0"><s:template match="/">'
    "<s:copy-of select=\"document('http://127.0.0.1:9/')\"/></s:template></s:stylesheet>"
)


@pytest.mark.parametrize(
    ("edit", "demand"),
    [
        (_transform("http://www.w3.org/TR/1999/REC-xslt-19991116", STYLESHEET), SHAPE),
        (_transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<XPath>not(ancestor::*)</XPath>"), SHAPE),
        (_transform("http://www.w3.org/2002/06/xmldsig-filter2"), SHAPE),
        (_transform("http://www.w3.org/2000/09/xmldsig#enveloped-signature"), SHAPE),
        (_transform("http://www.w3.org/2000/09/xmldsig#base64"), SHAPE),
        (_transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"), SHAPE),
        (_transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments"), SHAPE),
        (_more_transforms, SHAPE),
        (_set("ds:CanonicalizationMethod", "Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116"), SHAPE),
        (_set("ds:SignatureMethod", "Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"), ALGORITHM),
        (_set("ds:SignatureMethod", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"), ALGORITHM),
        (_set("ds:SignatureMethod", "Algorithm", Digest.SHA256.value), ALGORITHM),
        (_set("ds:DigestMethod", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5"), ALGORITHM),
        (_set("ds:Reference", "URI", ""), REFERENCE),
        (_set("ds:Reference", "URI", "#nothing"), REFERENCE),
        (_set("ds:Reference", "URI", "#xpointer(/)"), REFERENCE),
        (_set("ds:Reference", "URI", "http://127.0.0.1:9/body"), REFERENCE),
        (_set("ds:Reference", "URI", "file:///etc/passwd"), REFERENCE),
        (lambda signature: signature.append(etree.Element(clark("ds:Object"))), SHAPE),
        (lambda signature: signature.remove(signature[2]), SHAPE),
        (lambda signature: signature[0].append(signature[0][2]), "signed parts only where they are read"),
        (_key_value, "a reference to one certificate, in a form that is read here"),
        (_two_keys, "a reference to one certificate, in a form that is read here"),
        (_external_token, "a reference to one certificate, in a form that is read here"),
        (lambda signature: signature[1].__setattr__("text", "AAAA"), "a valid signature"),
        (lambda signature: signature[1].__setattr__("text", "*"), "binary values in base64"),
    ],
)
def test_a_signature_of_another_form_is_refused(
    pair: Pair, edit: Callable[[etree._Element], object], demand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object) -> None:
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket, "socket", connect)
    message = edited(signed_message(pair), edit)
    if demand == "signed parts only where they are read":
        assert refusal(message, pair.reads) == "a valid signature"  # the same references in another order
    else:
        assert refusal(message, pair.reads) == demand


class TestText:
    @pytest.mark.parametrize(
        "prolog",
        [
            "<!DOCTYPE e>",
            "<!-- a --><!DOCTYPE e SYSTEM 'http://127.0.0.1:9/a.dtd'>",
            "<?xml version='1.0'?>\n<!DOCTYPE e [<!ENTITY a 'x'><!ENTITY b '&a;&a;&a;'>]>",
            "<!DOCTYPE e [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
            "<!DOCTYPE e [<!ATTLIST e:Body b ID #IMPLIED>]>",
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_a_document_type_is_refused(self, pair: Pair, prolog: str, encoding: str) -> None:
        text = etree.tostring(signed_message(pair), encoding="unicode")
        assert refusal((prolog + text).encode(encoding), pair.reads).startswith("well-formed XML without a document")

    def test_a_parsed_document_type_is_refused(self, pair: Pair) -> None:
        text = b"<!DOCTYPE e [<!ENTITY a 'x'>]>" + etree.tostring(signed_message(pair))
        assert refusal(etree.fromstring(text), pair.reads).startswith("well-formed XML without a document type")

    @pytest.mark.parametrize(
        "message",
        [
            b"",
            b"   ",
            b"not xml",
            b"<a>&undefined;</a>",
            b"<a>",
            b"\xff\xfe",
            b"\x00",
            b"<a/><b/>",
            b"<?xml version='1.0' encoding='utf-7'?>+ADw-a/+AD4-",
            "<a>\udc80</a>",
        ],
    )
    def test_what_is_no_xml_is_refused(self, pair: Pair, message: bytes | str) -> None:
        with pytest.raises(MessageSecurityError):
            wsse.open(message, pair.reads)

    def test_a_processing_instruction_is_refused(self, pair: Pair) -> None:
        message = etree.tostring(signed_message(pair)).replace(b"<e:Body", b"<?run it?><e:Body")
        assert refusal(message, pair.reads) == "only elements and text"

    @pytest.mark.parametrize(
        ("old", "new"), [(b"urn:q", b"relative"), (b'"http://www.w3.org/2000/09/xmldsig#"', b'""')]
    )
    def test_a_relative_namespace_is_refused(self, pair: Pair, old: bytes, new: bytes) -> None:
        message = etree.tostring(signed_message(pair))
        assert old in message
        assert refusal(message.replace(old, new), pair.reads) in (
            "only namespaces that are absolute names",
            "only what is read here in its Security header",
            "a signature of the form that is read here",
            "well-formed XML without a document type",
        )

    def test_a_relative_namespace_in_a_signature_is_refused(self, pair: Pair) -> None:
        message = etree.tostring(signed_message(pair))
        message = message.replace(b"<ds:SignedInfo", b'<ds:SignedInfo xmlns:r="relative" r:a="b"', 1)
        assert refusal(message, pair.reads) == "only namespaces that are absolute names"

    def test_a_giant_message_is_refused_before_it_is_parsed(self, pair: Pair) -> None:
        message = bytes(wsse.secure(envelope(body=f"<a>{'x' * 200_000}</a>"), pair.sends))
        assert refusal(message, replace(pair.reads, most_bytes=100_000)) == "at most 100000 bytes"

    @pytest.mark.parametrize("depth", [101, 300, 100_000])
    def test_a_deep_message_is_refused(self, pair: Pair, depth: int) -> None:
        message = envelope(body="<a>" * depth + "</a>" * depth)
        assert refusal(message, pair.reads) in (
            "elements nested at most 100 deep",
            "well-formed XML without a document type",
        )

    def test_a_deep_message_that_is_encrypted_is_refused(self, pair: Pair) -> None:
        sends = replace(pair.sends, sign=(), encrypt=(Part.BODY,))
        reads = replace(pair.reads, require_signed=())
        message = etree.fromstring(bytes(wsse.secure(envelope(body="<a>" * 90 + "</a>" * 90), sends)))
        assert wsse.open(message, reads).signer is None
        message = etree.fromstring(_encrypted(b"<a>" * 99 + b"</a>" * 99, pair))
        assert refusal(message, reads) == "elements nested at most 100 deep"

    @pytest.mark.parametrize(
        "plaintext",
        [
            b"</content><content>",
            b"<!DOCTYPE a><a/>",
            b"&e;",
            b"<a>",
            b"\xff",
            b"<?xml version='1.0'?><a/>",
            b"<?run it?>",
        ],
    )
    def test_what_is_encrypted_must_be_content(self, pair: Pair, plaintext: bytes) -> None:
        reads = replace(pair.reads, require_signed=())
        assert refusal(_encrypted(plaintext, pair), reads) in (
            "content that decrypts with the key of the policy, and is then valid",
            "only elements and text",
        )

    def test_many_headers_and_names_take_no_time(self, pair: Pair) -> None:
        root = signed_message(pair)
        for number in range(5000):
            etree.SubElement(root[0], f"{{urn:{number}}}H", {ID: f"i{number}"})
        started = time.process_time()
        assert refusal(etree.tostring(root), pair.reads) == "at most 100 headers, and nothing else in its Header"
        assert time.process_time() - started < 2


def _encrypted(plaintext: bytes, pair: Pair) -> bytes:
    """Return a message whose Body holds encrypted bytes, which need not be XML."""
    from ciphertool.engine import messages

    sends = replace(pair.sends, sign=(), encrypt=(Part.BODY,))
    root = etree.fromstring(bytes(wsse.secure(envelope(), sends)))
    key = messages.new_key("aes256-gcm")
    wrapped = messages.wrap(key, pair.server.key.public_key(), "rsa-oaep")
    values = [b64encode(wrapped).decode(), b64encode(messages.encrypt(plaintext, key, "aes256-gcm")).decode()]
    for value, text in zip(root.iter(clark("xenc:CipherValue")), values, strict=True):
        value.text = text
    return etree.tostring(root)


class TestTime:
    @pytest.mark.parametrize(
        ("later", "reason"),
        [(-62, "created in the future"), (361, "has expired"), (10_000_000, "has expired")],
    )
    def test_a_message_is_read_in_its_time(self, pair: Pair, later: int, reason: str) -> None:
        message = bytes(wsse.secure(envelope(), pair.sends))
        reads = replace(pair.reads, clock=lambda: created(message) + timedelta(seconds=later))
        with pytest.raises(
            MessageSecurityError, match=f"a Timestamp that is valid now: it (?:was )?{reason}"
        ) as refused:
            wsse.open(message, reads)
        assert refused.value.demand == "a Timestamp that is valid now"

    @pytest.mark.parametrize("later", [-59, 0, 359])
    def test_clocks_may_differ(self, pair: Pair, later: int) -> None:
        message = bytes(wsse.secure(envelope(), pair.sends))
        reads = replace(pair.reads, clock=lambda: created(message) + timedelta(seconds=later))
        assert wsse.open(message, reads).created == created(message)

    def test_a_message_is_not_valid_for_longer_than_the_reader_allows(self, pair: Pair) -> None:
        message = bytes(wsse.secure(envelope(), replace(pair.sends, lifetime=timedelta(days=1000))))
        reads = replace(pair.reads, clock=lambda: created(message) + timedelta(seconds=361))
        assert refusal(message, reads) == "a Timestamp that is valid now"

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "<u:Expires>2030-01-01T00:00:00Z</u:Expires>",
            "<u:Created>2030-01-01T00:00:00</u:Created>",
            "<u:Created>9999-12-31T23:59:59Z</u:Created>",
            "<u:Created>0001-01-01T00:00:00+14:00</u:Created>",
            "<u:Created>2030-02-30T00:00:00Z</u:Created>",
            "<u:Created>٢030-01-01T00:00:00Z</u:Created>",
            "<u:Created>2030-01-01T00:00:00Z<u:x/></u:Created>",
            "<u:Created>2030-01-01T00:00:00Z</u:Created><u:Created>2030-01-01T00:00:00Z</u:Created>",
        ],
    )
    def test_an_odd_timestamp_is_refused(self, pair: Pair, content: str) -> None:
        from ciphertool.wsse.timestamps import require_valid

        timestamp = etree.fromstring(f'<u:Timestamp xmlns:u="{WSU}">{content}</u:Timestamp>')
        with pytest.raises(MessageSecurityError) as refused:
            require_valid(timestamp, pair.reads)
        assert refused.value.demand == "a Timestamp that is valid now"

    def test_a_message_without_a_timestamp_is_refused(self, pair: Pair) -> None:
        root = signed_message(pair)
        security = root.find(f".//{SECURITY}")
        assert security is not None
        security.remove(security[0])
        assert refusal(root, pair.reads) in ("a trusted signature over its Timestamp", REFERENCE)


def created(message: bytes) -> datetime:
    """Return when a message was created."""
    found = re.search(rb"Created>([^<]+)<", message)
    assert found
    return datetime.fromisoformat(found[1].decode())


class TestReplays:
    def test_a_message_is_read_once(self, pair: Pair) -> None:
        reads = replace(pair.reads, replays=MemoryReplayCache())
        message = bytes(wsse.secure(envelope(), pair.sends))
        assert wsse.open(message, reads).signer == pair.client.chain[0]
        assert refusal(message, reads) == "content that is new"
        reformatted = re.sub(rb"(SignatureValue>[^<]{20})", rb"\1\n ", message)
        assert refusal(reformatted, reads) == "content that is new"
        assert wsse.open(bytes(wsse.secure(envelope(), pair.sends)), reads).signer == pair.client.chain[0]

    def test_a_refused_message_is_not_remembered(self, pair: Pair) -> None:
        cache = MemoryReplayCache()
        message = bytes(wsse.secure(envelope(), replace(pair.sends, encrypt=())))
        refusal(message, replace(pair.reads, replays=cache, require_encrypted=(Part.BODY,)))
        assert wsse.open(message, replace(pair.reads, replays=cache)).signer == pair.client.chain[0]

    def test_the_cache_forgets_what_would_be_refused_for_its_age_and_nothing_else(self) -> None:
        cache = MemoryReplayCache(most=3)
        for number in range(3):
            assert cache.is_new(bytes([number]), NOW, NOW + timedelta(seconds=10 * number))
        assert not cache.is_new(b"\x01", NOW, NOW + timedelta(seconds=10))
        with pytest.raises(MessageSecurityError, match="a place in the replay cache"):
            cache.is_new(b"\x09", NOW, NOW + timedelta(seconds=10))
        assert cache.is_new(b"\x09", NOW + timedelta(seconds=5), NOW + timedelta(seconds=30))
        assert not cache.is_new(b"\x02", NOW + timedelta(seconds=15), NOW + timedelta(seconds=30))

    def test_threads_read_a_message_once(self, pair: Pair) -> None:
        reads = replace(pair.reads, replays=MemoryReplayCache())
        message = bytes(wsse.secure(envelope(), pair.sends))
        results = []

        def read() -> None:
            try:
                results.append(wsse.open(message, reads).signer or b"")
            except MessageSecurityError as error:
                results.append(error.demand.encode())

        threads = [Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == sorted([pair.client.chain[0], *[b"content that is new"] * 7])


class TestSigners:
    """`tests/wsse/test_trust.py` has the chains."""

    def test_a_foreign_signer_is_refused(self, pair: Pair) -> None:
        foreign = party("client")
        message = bytes(wsse.secure(envelope(), replace(pair.sends, keystore=foreign.keystore())))
        assert refusal(message, pair.reads) == "the signature of a trusted signer"

    def test_a_foreign_signer_under_the_name_of_a_trusted_one_is_refused(self, pair: Pair) -> None:
        trusted = wsse.MessagePolicy(keystore=pair.client.keystore(), truststore=truststore(pair.server)).identity.names
        foreign = party("client", serial=trusted.serial)
        for reference in wsse.Reference:
            sends = replace(pair.sends, keystore=foreign.keystore(), signer_reference=reference)
            assert refusal(bytes(wsse.secure(envelope(), sends)), pair.reads) in (
                "the signature of a trusted signer",
                "a valid signature",
            )

    def test_the_token_of_a_trusted_signer_does_not_help(self, pair: Pair) -> None:
        foreign = etree.fromstring(
            bytes(wsse.secure(envelope(), replace(pair.sends, keystore=party("client").keystore(), encrypt=())))
        )
        token = clark("wsse:BinarySecurityToken")
        own = next(signed_message(pair).iter(token))
        next(foreign.iter(token)).text = own.text
        assert refusal(foreign, pair.reads) == "a valid signature"


class TestEncryption:
    def test_every_failure_of_a_decryption_is_the_same(self, pair: Pair) -> None:
        """A ciphertext of CBC that is not signed tells nobody what is wrong with it."""
        sends = replace(pair.sends, encrypt=(Part.BODY,), encryption=Encryption.AES128_CBC)
        reads = replace(pair.reads, accept=frozenset({Encryption.AES128_CBC}), unsigned_cbc=True)
        message = bytes(wsse.secure(envelope(body="a text of letters, longer than a block"), sends))
        assert wsse.open(message, reads).signer == pair.client.chain[0]
        seen = set()
        for place in range(120):
            root = etree.fromstring(message)
            value = list(root.iter(clark("xenc:CipherValue")))[1]
            ciphertext = bytearray(b64decode(value.text or ""))
            ciphertext[place % len(ciphertext)] ^= 1  # in the vector: another letter, in XML that is well-formed
            value.text = b64encode(ciphertext).decode()
            with pytest.raises(MessageSecurityError) as refused:
                wsse.open(root, reads)
            seen.add(str(refused.value))
        assert len(seen) == 1

    @pytest.mark.parametrize("transport", KeyTransport)
    def test_a_wrong_key_and_a_damaged_value_are_the_same(self, pair: Pair, transport: KeyTransport) -> None:
        sends = replace(pair.sends, transport=transport)
        reads = replace(pair.reads, accept=frozenset({transport}))
        message = bytes(wsse.secure(envelope(), sends))
        seen = set()
        for number, position in ((0, 10), (0, 200), (1, 10), (1, 60)):
            root = etree.fromstring(message)
            value = list(root.iter(clark("xenc:CipherValue")))[number]
            text = value.text or ""
            value.text = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
            with pytest.raises(MessageSecurityError) as refused:
                wsse.open(root, reads)
            seen.add(str(refused.value))
        other = party("server", key=party("other").key)
        with pytest.raises(MessageSecurityError) as refused:
            wsse.open(message, replace(reads, keystore=other.keystore()))
        seen.add(str(refused.value))
        with pytest.raises(MessageSecurityError) as refused:
            wsse.open(message, replace(reads, keystore=None))
        seen.add(str(refused.value))
        assert len(seen) == 1

    def test_what_somebody_else_encrypts_is_not_read_as_signed(self, pair: Pair) -> None:
        """Anybody can encrypt for the server: a part that is put in beside, or instead, breaks the signature."""
        message = signed_message(pair)
        anonymous = etree.fromstring(
            bytes(wsse.secure(envelope(body="<evil/>"), replace(pair.sends, sign=(), encrypt=(Part.BODY,))))
        )
        security = message.find(f".//{SECURITY}")
        assert security is not None
        security.insert(0, next(anonymous.iter(ENCRYPTED_KEY)))
        message[1][:] = [next(anonymous.iter(ENCRYPTED_DATA))]
        assert refusal(message, pair.reads) == "a valid signature"

    @pytest.mark.parametrize(
        ("path", "edit"),
        [
            ("xenc:DataReference", lambda one: one.set("URI", "http://127.0.0.1:9/x")),
            ("xenc:DataReference", lambda one: one.set("URI", "#nothing")),
            ("xenc:DataReference", lambda one: one.getparent().append(etree.Element(clark("xenc:KeyReference")))),
            ("xenc:EncryptedData", lambda one: one.set("Type", "urn:other")),
            ("xenc:EncryptedData", lambda one: one.append(etree.Element(clark("xenc:EncryptionProperties")))),
            ("xenc:CipherValue", lambda one: one.getparent().append(etree.Element(clark("xenc:CipherReference")))),
            ("xenc:EncryptedKey", lambda one: one.append(etree.Element(clark("xenc:CarriedKeyName")))),
            (
                "xenc:EncryptionMethod",
                lambda one: one.set("Algorithm", "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
            ),
            ("xenc:EncryptionMethod", lambda one: one.append(etree.Element(clark("xenc:OAEPparams")))),
        ],
    )
    def test_encryption_of_another_form_is_refused(
        self, pair: Pair, path: str, edit: Callable[[etree._Element], object]
    ) -> None:
        root = etree.fromstring(bytes(wsse.secure(envelope(), pair.sends)))
        edit(next(root.iter(clark(path))))
        assert refusal(root, pair.reads) in ("encryption of the form that is read here", ALGORITHM)

    def test_a_header_that_is_encrypted_is_refused(self, pair: Pair) -> None:
        root = etree.fromstring(bytes(wsse.secure(envelope(), replace(pair.sends, encrypt=(Part.BODY,)))))
        root[0].append(next(root[1].iter(ENCRYPTED_DATA)))
        assert refusal(root, pair.reads) == "encrypted parts only in its Body, or of its Security header"

    def test_other_tokens_are_refused(self, pair: Pair) -> None:
        root = signed_message(pair)
        security = root.find(f".//{SECURITY}")
        assert security is not None
        etree.SubElement(security, clark("wsse:UsernameToken"))
        assert refusal(root, pair.reads) == "only what is read here in its Security header"

    def test_an_order_that_the_header_does_not_have_gains_nothing(self, pair: Pair) -> None:
        """A signature that is moved before the key is over plaintext, and is then over something else."""
        root = etree.fromstring(bytes(wsse.secure(envelope(), replace(pair.sends, encrypt=(Part.BODY,)))))
        security = root.find(f".//{SECURITY}")
        assert security is not None
        security.append(next(security.iter(ENCRYPTED_KEY)))
        assert refusal(root, pair.reads) == "a valid signature"


def test_signature_algorithms_cannot_be_confused(pair: Pair) -> None:
    root = signed_message(pair)
    method = next(root.iter(clark("ds:SignatureMethod")))
    method.set("Algorithm", SignatureAlgorithm.RSA_SHA512.value)
    assert refusal(root, pair.reads) == "a valid signature"


def test_order_and_parts_are_read_from_the_message_not_believed(pair: Pair) -> None:
    sends = replace(pair.sends, order=Order.ENCRYPT_THEN_SIGN, encrypt=(Part.BODY,), encryption=Encryption.AES256_CBC)
    reads = replace(pair.reads, accept=frozenset({Encryption.AES256_CBC}))
    root = etree.fromstring(bytes(wsse.secure(envelope(), sends)))
    assert wsse.open(root, reads).signer == pair.client.chain[0]
    value = list(root.iter(clark("xenc:CipherValue")))[1]
    value.text = "A" + (value.text or "")[1:] if (value.text or "")[0] != "A" else "B" + (value.text or "")[1:]
    assert refusal(root, reads) == "a valid signature"


def test_a_signature_that_does_not_cover_the_body_is_refused_whatever_is_demanded(pair: Pair) -> None:
    message = bytes(wsse.secure(envelope(), replace(pair.sends, sign=(Part.TIMESTAMP,), encrypt=())))
    for demanded in ((), (Part.TIMESTAMP,)):
        assert refusal(message, replace(pair.reads, require_signed=demanded)) == "a trusted signature over its Body"


def test_another_soap_is_refused(pair: Pair) -> None:
    message = etree.tostring(signed_message(pair))
    assert refusal(message.replace(SOAP11.encode(), b"urn:soap"), pair.reads).startswith("an Envelope of SOAP 1.1")
