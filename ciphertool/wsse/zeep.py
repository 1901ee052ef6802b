"""The door to `zeep`, the SOAP client: an object for its `wsse` argument. Zeep itself is not imported."""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, Any

from ciphertool.wsse.opening import open as open_message
from ciphertool.wsse.securing import secure

if TYPE_CHECKING:
    from lxml import etree

    from ciphertool.wsse.messages import OpenedMessage, SecuredMessage
    from ciphertool.wsse.policy import MessagePolicy


class ZeepSecurity:
    """Secures what a client sends, and opens what it gets: `zeep.Client(wsdl, wsse=ZeepSecurity(policy))`.

    An answer becomes what was verified of it, before zeep reads it. `replies` is the policy for answers, if they differ
    from requests in what they must have; `answer` is the last one that this thread opened.
    """

    def __init__(self, policy: MessagePolicy, replies: MessagePolicy | None = None) -> None:
        self._policy, self._replies = policy, replies or policy
        self._last = local()

    def apply(self, envelope: etree._Element, headers: Any) -> tuple[etree._Element, Any]:
        """Return the envelope secured, and the HTTP headers as they are."""
        request = secure(envelope, self._policy)
        self._last.request = request
        return request.envelope, headers

    def verify(self, envelope: etree._Element) -> etree._Element:
        """Open an answer; the envelope's content is replaced by what was verified. Raise `MessageSecurityError`."""
        request: SecuredMessage | None = getattr(self._last, "request", None)
        opened = open_message(envelope, self._replies, request=request)
        self._last.answer = opened
        envelope[:] = list(opened.envelope)
        envelope.text = None
        return envelope

    @property
    def answer(self) -> OpenedMessage | None:
        """What was verified of the last answer in this thread."""
        return getattr(self._last, "answer", None)
