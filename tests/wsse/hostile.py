"""Messages that are changed at random, and what reading one must come to: what was signed, or one error."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lxml import etree

from ciphertool import wsse
from ciphertool.errors import MessageSecurityError
from ciphertool.wsse import Encryption, KeyTransport, Order, Part
from ciphertool.wsse.names import ID
from tests.wsse.parties import ADDRESSING, SOAP12, Party, envelope, truststore

if TYPE_CHECKING:
    from random import Random

    from ciphertool.wsse.algorithms import Algorithm

TO = f"{{{ADDRESSING}}}To"
_PARTS = (Part.BODY, Part.TIMESTAMP, TO)
_WORDS = (
    b"#",
    b"<a/>",
    b"&amp;",
    b"<!--x-->",
    b"<?x y?>",
    b"<![CDATA[x]]>",
    b"<!DOCTYPE a>",
    b"&x;",
    b"http://127.0.0.1:9/",
    b"#xpointer(/)",
    b"\x00",
    b"\xff\xfe",
    b'"',
    b"-1",
    b"9" * 400,
    b"A" * 64,
)


class WrongAcceptanceError(Exception):
    """A changed message that was read as something that was never signed."""


@dataclass(frozen=True)
class Original:
    """A message, the policy that reads it, and what reading it returns."""

    name: str
    message: bytes
    reads: wsse.MessagePolicy
    content: frozenset[bytes]


def originals(client: Party, server: Party) -> list[Original]:
    """Return messages of several kinds from the client to the server."""
    trust = truststore(client, server)
    sends = wsse.MessagePolicy(keystore=client.keystore(), truststore=trust, recipient="server", sign=_PARTS)
    old: frozenset[Algorithm] = frozenset(
        {Encryption.AES256_CBC, Encryption.AES128_CBC, KeyTransport.RSA_OAEP_MGF1P, KeyTransport.RSA_1_5}
    )
    reads = wsse.MessagePolicy(
        keystore=server.keystore(), truststore=trust, require_signed=_PARTS, accept=old, unsigned_cbc=True
    )
    both = (Part.BODY, Part.SIGNATURE)
    kinds = {
        "signed": (envelope(), sends),
        "signed, encrypted": (envelope(SOAP12), replace(sends, encrypt=both)),
        "encrypted, signed": (envelope(), replace(sends, encrypt=(Part.BODY,), order=Order.ENCRYPT_THEN_SIGN)),
        "an element, by thumbprint": (
            envelope(),
            replace(
                sends,
                encrypt=("{urn:q}to",),
                signer_reference=wsse.Reference.THUMBPRINT,
                recipient_reference=wsse.Reference.DIRECT,
            ),
        ),
        "old": (
            envelope(),
            replace(sends, encrypt=both, encryption=Encryption.AES128_CBC, transport=KeyTransport.RSA_1_5),
        ),
    }
    found = []
    for name, (plain, policy) in kinds.items():
        message = bytes(wsse.secure(plain, policy))
        found.append(Original(name, message, reads, _content(wsse.open(message, reads))))
    return found


def _content(opened: wsse.OpenedMessage) -> frozenset[bytes]:
    parts = [opened.body, *opened.headers]
    return frozenset({*(etree.tostring(one, method="c14n") for one in parts), opened.signer or b""})


def exercise(original: Original, message: bytes) -> str:
    """Read a changed message; return what became of it, or raise `WrongAcceptanceError`."""
    try:
        opened = wsse.open(message, original.reads)
    except MessageSecurityError as error:
        return error.demand
    if _content(opened) != original.content:
        raise WrongAcceptanceError(original.name)
    return "read as it was signed"


def mutate(original: Original, random: Random) -> bytes:
    """Return the message with one to three changes, to its text or to its tree."""
    message = original.message
    for _ in range(random.choice((1, 1, 2, 3))):
        try:
            message = _in_tree(message, random) if random.random() < 0.6 else _in_text(message, random)
        except (etree.XMLSyntaxError, ValueError):
            message = _in_text(message, random)
    return message


def _in_text(message: bytes, random: Random) -> bytes:
    start = random.randrange(len(message) + 1)
    end = min(len(message), start + random.choice((0, 1, 1, 2, 10, 500)))
    kind = random.randrange(4)
    if kind == 0:
        return message[:start] + random.choice(_WORDS) + message[end:]
    if kind == 1:
        return message[:start] + bytes([random.randrange(256)]) + message[start + 1 :]
    if kind == 2:
        return message[:start] + message[start:end] * 2 + message[end:]
    return message[:start] + message[end:]


def _in_tree(message: bytes, random: Random) -> bytes:
    root = etree.fromstring(message)
    every = list(root.iter(etree.Element))
    one, other = random.choice(every[1:]), random.choice(every)
    kind = random.randrange(8)
    parent = one.getparent()
    assert parent is not None
    if kind == 0:
        parent.remove(one)
    elif kind == 1:
        one.addnext(deepcopy(one))
    elif kind == 2 and one not in other.iterancestors() and other is not one:
        other.insert(random.randrange(len(other) + 1), one)
    elif kind == 3:
        other.insert(random.randrange(len(other) + 1), deepcopy(one))
    elif kind == 4:
        one.tag = other.tag
    elif kind == 5:
        one.text = other.text if random.random() < 0.5 else "EVIL"
    elif kind == 6:
        name = random.choice([*one.attrib, ID, "Id", "URI", "Type", "Algorithm"])
        values = [str(value) for element in every for value in element.attrib.values()]
        one.set(name, random.choice([*values, "#x", "", "EVIL"]))
    elif one.attrib:
        del one.attrib[random.choice(list(one.attrib))]
    return etree.tostring(root)
