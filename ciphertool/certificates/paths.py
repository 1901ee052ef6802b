"""Certification paths: from a certificate to one that is trusted, each issued by the next, which may issue it.

This is what signatures of messages rely on. Revocation is not checked, because nothing here opens a connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.asn1 import der
from ciphertool.asn1.limits import Budget
from ciphertool.certificates import chains
from ciphertool.certificates.key_usage import key_usage
from ciphertool.errors import MalformedStructureError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PATH = 8
_BASIC_CONSTRAINTS = "2.5.29.19"
_UNDERSTOOD = frozenset({_BASIC_CONSTRAINTS, "2.5.29.15", "2.5.29.17", "2.5.29.32", "2.5.29.37"})
"""The extensions that may be critical: basic constraints, both key usages, alternative names, policies."""


def path_to_anchor(leaf: bytes, others: Sequence[bytes], anchors: Sequence[bytes]) -> tuple[bytes, ...] | None:
    """Return the path from a certificate to the first trusted one, both included, or None; all are DER.

    `others` are certificates that may stand between them. An issuer must be a certificate authority that may sign
    certificates, whose path length allows for those below it. A certificate that is itself trusted needs no issuer.
    """
    candidates, trusted = dict.fromkeys((*anchors, *others)), frozenset(anchors)
    paths: list[tuple[bytes, ...]] = [(leaf,)]
    seen = {leaf}  # each certificate is tried once, whoever sends many with one name
    while paths:
        path = paths.pop()
        if path[-1] in trusted:
            return path
        if len(path) < MAX_PATH and understood(path[-1]):
            for issuer in reversed(candidates):
                if issuer not in seen and _issues(issuer, path):
                    seen.add(issuer)
                    paths.append((*path, issuer))
    return None


def _issues(issuer: bytes, path: Sequence[bytes]) -> bool:
    own, other = chains.names(path[-1]), chains.names(issuer)
    named = own is not None and other is not None and own[1] == other[0]
    return named and may_issue(issuer, below=len(path) - 1) and chains.issued_by(path[-1], issuer)


def may_issue(data: bytes, below: int) -> bool:
    """Return whether a certificate is that of an authority that may have `below` authorities under it."""
    usage = key_usage(data)
    if usage is not None and usage.lacks(("keyCertSign",)):
        return False
    try:
        found = [extension for extension in chains.extensions(data) if extension.oid == _BASIC_CONSTRAINTS]
        if len(found) != 1:
            return False
        parts = list(der.parse_all(found[0].value, Budget("certificate")).expect(der.SEQUENCE).children())
        if not parts or parts[0].tag != der.BOOLEAN or bytes(parts[0].content) == b"\x00":
            return False
        return len(parts) == 1 or parts[1].integer() >= below
    except MalformedStructureError:
        return False


def understood(data: bytes) -> bool:
    """Return whether a certificate has no critical extension but those that are checked."""
    try:
        return all(one.oid in _UNDERSTOOD for one in chains.extensions(data) if one.critical)
    except MalformedStructureError:
        return False
