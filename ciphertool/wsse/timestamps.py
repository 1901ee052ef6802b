"""The Timestamp of a message: written, and judged by a clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ciphertool.errors import MessageSecurityError
from ciphertool.wsse.building import child, element, new_id
from ciphertool.wsse.names import ID, clark

if TYPE_CHECKING:
    from lxml import etree

    from ciphertool.wsse.policy import MessagePolicy

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_VALID = "a Timestamp that is valid now"


def write_timestamp(policy: MessagePolicy) -> etree._Element:
    """Return a Timestamp of now."""
    written, now = element("wsu:Timestamp"), policy.clock().astimezone(UTC)
    written.set(ID, new_id("TS"))
    for name, time in ("Created", now), ("Expires", now + policy.lifetime):
        child(written, f"wsu:{name}").text = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
    return written


def require_valid(timestamp: etree._Element, policy: MessagePolicy) -> tuple[datetime, datetime]:
    """Return when a message was created and until when it is valid; raise `MessageSecurityError` if that is not now.

    A message is not valid for longer than the policy's lifetime, whatever it states.
    """
    names = [one.tag for one in timestamp]
    created, expires = clark("wsu:Created"), clark("wsu:Expires")
    if names not in ([created], [created, expires]):
        raise MessageSecurityError(_VALID, "it has no Created, or more than that and Expires")
    times = [_time(one) for one in timestamp]
    now, until = policy.clock(), times[0] + policy.lifetime
    if len(times) == 2:
        until = min(until, times[1])
    if times[0] > now + policy.skew:
        raise MessageSecurityError(_VALID, "it was created in the future")
    if until <= times[0] or until + policy.skew <= now:
        raise MessageSecurityError(_VALID, "it has expired")
    return times[0], until


def _time(stated: etree._Element) -> datetime:
    found = _TIME.fullmatch((stated.text or "").strip())
    if found is None or len(stated):
        raise MessageSecurityError(_VALID, "its time is not one of XML Schema with a time zone")
    whole, fraction, zone = found.groups()
    try:
        time = datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone))
        time.astimezone(UTC) + timedelta(days=400)
        time.astimezone(UTC) - timedelta(days=400)
    except (ValueError, OverflowError):
        raise MessageSecurityError(_VALID, "its time is not one of XML Schema with a time zone") from None
    return time.astimezone(UTC) + timedelta(microseconds=int(f"{fraction or '':0<6}"[:6]))
