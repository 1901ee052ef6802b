"""Masks the secrets in a report: each of its texts passes through here before it is shown."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeVar

from ciphertool.detection import hints, patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ciphertool.audit.model import AuditFinding, KeyCard, Place, Report, Value

T = TypeVar("T")


def shown(report: Report) -> Report:
    """Return the report with `****` for every secret in a name, a path, a selector or a message."""
    return replace(
        report,
        values=_each(report.values, _value_texts, _value),
        findings=_each(report.findings, _finding_texts, _finding),
        keys=tuple(_card(card) for card in report.keys),
        schemes=tuple(replace(use, path=_masked(use.path), name=_masked(use.name)) for use in report.schemes),
        skipped=tuple(
            replace(item, reason=_masked(item.reason), examples=tuple(map(_masked, item.examples)))
            for item in report.skipped
        ),
    )


def _each(items: Iterable[T], texts: Callable[[T], tuple[str | None, ...]], mask: Callable[[T], T]) -> tuple[T, ...]:
    """Mask the items that need it; one search of their distinct texts finds them all."""
    result = list(items)
    distinct = list(filter(None, set(chain.from_iterable(map(texts, result)))))
    telling = {distinct[index] for index in hints.candidates(distinct)}
    return tuple([item if telling.isdisjoint(texts(item)) else mask(item) for item in result] if telling else result)


def _value_texts(value: Value) -> tuple[str | None, ...]:
    return value.place.path, value.place.selector, value.alias


def _value(value: Value) -> Value:
    return value._replace(place=_place(value.place), alias=_maybe(value.alias))


def _finding_texts(finding: AuditFinding) -> tuple[str | None, ...]:
    reason = finding.suppression.reason if finding.suppression else None
    return finding.place.path, finding.place.selector, finding.message, reason


def _finding(finding: AuditFinding) -> AuditFinding:
    accepted = finding.suppression
    return finding._replace(
        place=_place(finding.place),
        message=_masked(finding.message),
        suppression=accepted and replace(accepted, reason=_masked(accepted.reason)),
    )


def _card(card: KeyCard) -> KeyCard:
    return replace(
        card,
        path=_masked(card.path),
        alias=_masked(card.alias),
        subject=_masked(card.subject),
        issuer=_maybe(card.issuer),
        recipient=_maybe(card.recipient),
        vault=_maybe(card.vault),
    )


def _place(place: Place) -> Place:
    return place._replace(path=_masked(place.path), selector=_maybe(place.selector))


def _masked(text: str) -> str:
    return patterns.masked(text)


def _maybe(text: str | None) -> str | None:
    return text and patterns.masked(text)


def root(report: Report) -> PurePath:
    """Return the audited directory as reports show it."""
    return PurePath(patterns.masked(report.root.as_posix()))
