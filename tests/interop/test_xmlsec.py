"""Signatures between ciphertool and `xmlsec`, the reference library for them, both ways."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
import xmlsec
from lxml import etree

from ciphertool import wsse
from ciphertool.wsse import Digest, SignatureAlgorithm
from ciphertool.wsse.names import ID, WSSE, WSU, X509_V3, clark
from tests.wsse.conftest import Pair, pair_of
from tests.wsse.parties import NOW, SECRET, SOAP11, envelope, party

if TYPE_CHECKING:
    from tests.wsse.parties import Party

K = xmlsec.constants
_SIGNATURES = {
    SignatureAlgorithm.RSA_SHA1: K.TransformRsaSha1,
    SignatureAlgorithm.RSA_SHA256: K.TransformRsaSha256,
    SignatureAlgorithm.RSA_SHA384: K.TransformRsaSha384,
    SignatureAlgorithm.RSA_SHA512: K.TransformRsaSha512,
}
_DIGESTS = {
    Digest.SHA1: K.TransformSha1,
    Digest.SHA256: K.TransformSha256,
    Digest.SHA384: K.TransformSha384,
    Digest.SHA512: K.TransformSha512,
}
WAYS = [*product(SignatureAlgorithm, Digest)]
BODIES = (
    f"<q:pay xmlns:q='urn:q' kind='xsi:x'><q:to>{SECRET}</q:to> 7 &amp; 8</q:pay>",
    "<a xmlns='urn:a' b='1' a='2'><b xmlns=''/>\r\n&#13;<c xml:lang='de' xmlns:z='urn:z' z:y='&quot;&lt;'>ü</c></a>",
    "<a><![CDATA[<&]]><!-- a comment --> <b xmlns:xsi='urn:other' xsi:c='xsi:d'/></a>",
)


@pytest.fixture(scope="module")
def parties() -> Pair:
    """A client and a server."""
    return pair_of(party("client"), party("server"))


def _signed_by_the_library(client: Party, body: str, signature: SignatureAlgorithm, digest: Digest) -> bytes:
    root = etree.fromstring(envelope(body=body))
    header, content = root
    security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
    token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken", {ID: "X-1", "ValueType": X509_V3})
    token.text = b64encode(client.chain[0]).decode()
    timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp", {ID: "TS-1"})
    etree.SubElement(timestamp, f"{{{WSU}}}Created").text = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    content.set(ID, "B-1")
    node = xmlsec.template.create(root, K.TransformExclC14N, _SIGNATURES[signature], ns="ds")
    for name in ("B-1", "TS-1"):
        reference = xmlsec.template.add_reference(node, _DIGESTS[digest], uri=f"#{name}")
        xmlsec.template.add_transform(reference, K.TransformExclC14N)
    named = etree.SubElement(xmlsec.template.ensure_key_info(node), f"{{{WSSE}}}SecurityTokenReference")
    etree.SubElement(named, f"{{{WSSE}}}Reference", URI="#X-1", ValueType=X509_V3)
    security.append(node)
    store = client.keystore()
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(store.unseal(store.entry(None)), K.KeyDataFormatDer)
    for one in (content, timestamp):
        context.register_id(one, "Id", WSU)
    context.sign(node)
    return etree.tostring(root)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("signature", "digest"), WAYS)
def test_what_the_library_signs_is_read(
    parties: Pair, signature: SignatureAlgorithm, digest: Digest, body: str
) -> None:
    message = _signed_by_the_library(parties.client, body, signature, digest)
    reads = replace(parties.reads, accept=frozenset({signature, digest}), clock=lambda: NOW)
    opened = wsse.open(message, reads)
    assert opened.signer == parties.client.chain[0]
    assert opened.signed == {"Body", "Timestamp"}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("signature", "digest"), WAYS)
def test_the_library_verifies_what_is_signed_here(
    parties: Pair, signature: SignatureAlgorithm, digest: Digest, body: str
) -> None:
    sends = replace(parties.sends, signature=signature, digest=digest, encrypt=())
    root = etree.fromstring(bytes(wsse.secure(envelope(body=body), sends)))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(parties.client.chain[0], K.KeyDataFormatCertDer)
    for one in root.iter(f"{{{SOAP11}}}Body", f"{{{WSU}}}Timestamp"):
        context.register_id(one, "Id", WSU)
    context.verify(next(root.iter(clark("ds:Signature"))))
