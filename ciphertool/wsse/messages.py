"""A message that was secured, and what was verified of one. How that is done is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class SecuredMessage:
    """A message that was secured, and its signature, by which an answer may confirm that it is one."""

    envelope: etree._Element = field(repr=False)
    signature: bytes | None = field(repr=False)

    def __bytes__(self) -> bytes:
        """Return the envelope as XML in UTF-8, which is what to send: laying it out anew would change signed parts."""
        return etree.tostring(self.envelope, encoding="utf-8")


@dataclass(frozen=True)
class OpenedMessage:
    """What was verified of a message. Without a `signer`, nothing was: the policy accepts messages from anyone.

    `envelope` is a new one that has only the `body` and the verified `headers`, each exactly as it was signed: without
    comments, and without declarations of prefixes that no signature covers. `signed` and `encrypted` name the parts.
    """

    envelope: etree._Element = field(repr=False)
    body: etree._Element = field(repr=False)
    headers: tuple[etree._Element, ...] = field(repr=False)
    signer: bytes | None = field(repr=False)
    """The signer's certificate in DER."""
    signature: bytes | None = field(repr=False)
    created: datetime | None
    expires: datetime | None
    signed: frozenset[str]
    encrypted: frozenset[str]

    def __bytes__(self) -> bytes:
        """Return the envelope as XML in UTF-8."""
        return etree.tostring(self.envelope, encoding="utf-8")
