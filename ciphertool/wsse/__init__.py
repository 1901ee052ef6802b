"""WS-Security: SOAP messages signed and encrypted with the keystores of this project.

`secure` makes a message secure by a `MessagePolicy`, `open` returns what was verified of one; `docs/wsse.md` has an
example of each name. What is wrong with a message is a `MessageSecurityError`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ciphertool.wsse.algorithms import Digest, Encryption, KeyTransport, SignatureAlgorithm
    from ciphertool.wsse.messages import OpenedMessage, SecuredMessage
    from ciphertool.wsse.opening import open  # noqa: A004 - what it does
    from ciphertool.wsse.policy import MessagePolicy, Order, Part, Reference
    from ciphertool.wsse.replays import MemoryReplayCache, ReplayCache
    from ciphertool.wsse.securing import secure
    from ciphertool.wsse.security_policy import Side, read_policy
    from ciphertool.wsse.zeep import ZeepSecurity

__all__ = [
    "Digest",
    "Encryption",
    "KeyTransport",
    "MemoryReplayCache",
    "MessagePolicy",
    "OpenedMessage",
    "Order",
    "Part",
    "Reference",
    "ReplayCache",
    "SecuredMessage",
    "Side",
    "SignatureAlgorithm",
    "ZeepSecurity",
    "open",
    "read_policy",
    "secure",
]

_HOMES = {
    "Digest": "algorithms",
    "Encryption": "algorithms",
    "KeyTransport": "algorithms",
    "MemoryReplayCache": "replays",
    "MessagePolicy": "policy",
    "OpenedMessage": "messages",
    "Order": "policy",
    "Part": "policy",
    "Reference": "policy",
    "ReplayCache": "replays",
    "SecuredMessage": "messages",
    "Side": "security_policy",
    "SignatureAlgorithm": "algorithms",
    "ZeepSecurity": "zeep",
    "open": "opening",
    "read_policy": "security_policy",
    "secure": "securing",
}


def __getattr__(name: str) -> Any:
    """Import lazily: who only names a policy does not load a parser."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"ciphertool.wsse.{_HOMES[name]}"), name)
