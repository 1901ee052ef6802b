"""Whose signatures count. What `keystore check --role message` says of a signer is what a reader decides."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from ciphertool import wsse
from ciphertool.certificates.paths import path_to_anchor
from ciphertool.errors import CipherToolError, MessageSecurityError
from ciphertool.findings import Level
from ciphertool.keystore import Role, check_keystore, open_keystore
from tests.wsse.parties import NOW, Party, envelope, party, truststore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.wsse.conftest import Pair

AUTHORITY = ("key_cert_sign", "crl_sign")


@dataclass(frozen=True)
class Case:
    """A signer, those whom the reader trusts, and what the reader says; nothing if the message is read."""

    signer: Callable[[], Party]
    trusts: Callable[[Party], list[Party]] = field(default=lambda signer: [signer])
    refusal: str = ""


def _root(**says: object) -> Party:
    return party("root", **{"usages": AUTHORITY, "authority": True, **says})  # type: ignore[arg-type]


def _leaf(issuer: Party, **says: object) -> Party:
    return party("leaf", issuer=issuer, **says)  # type: ignore[arg-type]


def _middle(**says: object) -> Party:
    return party("middle", **{"usages": AUTHORITY, "authority": True, "issuer": _root(), **says})  # type: ignore[arg-type]


def _top(signer: Party) -> list[Party]:
    return [Party("root", signer.key, signer.chain[-1:])]


def _above(signer: Party) -> list[Party]:
    return [Party("issuer", signer.key, signer.chain[1:2])]


UNTRUSTED = "the truststore does not trust the certificate"
CASES = {
    "itself": Case(lambda: party("client")),
    "itself, without KeyUsage": Case(lambda: party("client", usages=None)),
    "somebody else": Case(lambda: party("client"), lambda _: [party("client")], UNTRUSTED),
    "nobody": Case(lambda: party("client"), lambda _: [], UNTRUSTED),
    "issued by the root": Case(lambda: _leaf(_root()), _top),
    "issued by an issuer of the root": Case(lambda: _leaf(_middle()), _top),
    "issued by a trusted issuer whose root is not": Case(lambda: _leaf(_middle()), _above),
    "issued by another root of the name": Case(lambda: _leaf(_root()), lambda _: [_root()], UNTRUSTED),
    "issued by one who is no authority": Case(lambda: _leaf(party("root")), _top, UNTRUSTED),
    "issued by one who says so": Case(lambda: _leaf(_root(authority=False)), _top, UNTRUSTED),
    "issued by a certificate for signing data": Case(
        lambda: _leaf(_middle(usages=None, authority=None)), _top, UNTRUSTED
    ),
    "issued by one without keyCertSign": Case(lambda: _leaf(_middle(usages=("digital_signature",))), _top, UNTRUSTED),
    "path too long": Case(lambda: _leaf(_middle(issuer=_root(path_length=0))), _top, UNTRUSTED),
    "path long enough": Case(lambda: _leaf(_middle(issuer=_root(path_length=1), path_length=0)), _top),
    "an unknown constraint": Case(lambda: _leaf(_root(), unknown=True), _top, "critical extension that is not known"),
    "an issuer with an unknown constraint": Case(lambda: _leaf(_middle(unknown=True)), _top, UNTRUSTED),
    "expired": Case(lambda: party("client", days=(-10, -1)), refusal="expired on"),
    "not valid yet": Case(lambda: party("client", days=(1, 10)), refusal="is valid only from"),
    "issued by one that has expired": Case(lambda: _leaf(_middle(days=(-10, -1))), _top, "expired on"),
    "issued by a root that has expired": Case(lambda: _leaf(_root(days=(-10, -1))), _top, "expired on"),
    "without digitalSignature": Case(lambda: party("client", usages=("key_encipherment",)), refusal="lacks"),
    "without it, not critical": Case(
        lambda: party("client", usages=("key_encipherment",), critical=False), refusal="lacks"
    ),
    "for servers and clients": Case(lambda: party("client", purposes=["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"])),
    "for code": Case(lambda: party("client", purposes=["1.3.6.1.5.5.7.3.3"]), refusal="is for other purposes"),
    "a short key": Case(lambda: party("client", bits=1024), refusal="has 1024 bits"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_signer_is_trusted_as_the_check_of_its_keystore_says(pair: Pair, case: Case) -> None:
    signer = case.signer()
    trust = truststore(*case.trusts(signer))
    sends = replace(pair.sends, keystore=signer.keystore(), encrypt=(), clock=lambda: NOW)
    reads = replace(pair.reads, truststore=trust, clock=lambda: NOW)
    found = check_keystore(signer.keystore(), Role.MESSAGE, now=NOW, truststore=trust)
    errors = [one.message for one in found if one.level is Level.ERROR]
    assert bool(errors) is bool(case.refusal), errors
    if case.refusal:
        with pytest.raises(CipherToolError, match=case.refusal) as refused:  # some not even the signer's side makes
            wsse.open(bytes(wsse.secure(envelope(), sends)), reads)
        if isinstance(refused.value, MessageSecurityError):
            assert refused.value.demand == "the signature of a trusted signer"
    else:
        assert wsse.open(bytes(wsse.secure(envelope(), sends)), reads).signer == signer.chain[0]


def test_a_signer_stays_trusted_only_as_long_as_its_certificates_are_valid(pair: Pair) -> None:
    """What is remembered of a signer does not outlive its certificate."""
    from datetime import timedelta

    signer = _leaf(_middle(days=(-1, 2)))
    reads = replace(pair.reads, truststore=truststore(*_top(signer)))
    sends = replace(pair.sends, keystore=signer.keystore(), encrypt=())
    assert wsse.open(bytes(wsse.secure(envelope(), sends)), reads).signer == signer.chain[0]
    later = reads.but(clock=lambda: NOW + timedelta(days=3))
    object.__setattr__(later, "trust", reads.trust)
    with pytest.raises(MessageSecurityError, match="expired on"):
        wsse.open(bytes(wsse.secure(envelope(), replace(sends, clock=lambda: NOW + timedelta(days=3)))), later)


def test_a_name_finds_only_certificates_of_the_truststore(pair: Pair) -> None:
    signer = _leaf(_root())
    for reference in wsse.Reference:
        sends = replace(pair.sends, keystore=signer.keystore(), encrypt=(), signer_reference=reference)
        message = bytes(wsse.secure(envelope(), sends))
        reads = replace(pair.reads, truststore=truststore(*_top(signer)))
        if reference is wsse.Reference.DIRECT:
            assert wsse.open(message, reads).signer == signer.chain[0]
        else:
            with pytest.raises(MessageSecurityError, match="has no certificate of the name"):
                wsse.open(message, reads)
        assert wsse.open(message, replace(reads, truststore=truststore(signer))).signer == signer.chain[0]


def test_many_certificates_of_one_name_take_no_time() -> None:
    """A sender chooses the certificates of a path: each is tried once."""
    key = party("root").key
    loops = [party("root", usages=AUTHORITY, authority=True, key=key).chain[0] for _ in range(30)]
    assert path_to_anchor(_leaf(party("root", key=key)).chain[0], loops, [party("other").chain[0]]) is None


@pytest.mark.corpus
def test_a_key_that_is_published_signs_for_nobody(pair: Pair, corpus: Path) -> None:
    carbon = open_keystore(corpus / "carbon-4.4.x-home/repository/resources/security/wso2carbon.jks", "wso2carbon")
    trust = open_keystore(corpus / "carbon-4.4.x-home/repository/resources/security/client-truststore.jks", None)
    sends = replace(pair.sends, keystore=carbon, encrypt=())
    reads = replace(pair.reads, truststore=trust)
    message = bytes(wsse.secure(envelope(), sends))
    with pytest.raises(MessageSecurityError, match="the certificate is public: "):
        wsse.open(message, reads)
    assert wsse.open(message, replace(reads, published_keys=True)).signer == carbon.entry(None).chain[0]
