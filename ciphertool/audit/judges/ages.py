"""Judges how old values are, by the time that their envelopes state. Needs and uses no key, so nothing proves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ciphertool.audit import rules
from ciphertool.ciphertext import Envelope
from ciphertool.findings import Level
from ciphertool.repository import Encrypted
from ciphertool.vault.envelopes import stated_time

if TYPE_CHECKING:
    from ciphertool.audit.ledger import Ledger
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings


def judge(gathered: Ledger, settings: Settings, repository: SecretRepository, now: datetime) -> None:
    """Find the values that are older than `max_age`, and report once how many have no age, if the settings set one."""
    days = settings.repository_settings.max_age
    if days is None:
        return
    unknown = []
    for alias, entry in repository.entries.items():
        if not isinstance(entry.stored, Encrypted):
            continue
        ciphertext = entry.stored.ciphertext
        stated = stated_time(ciphertext) if isinstance(ciphertext, Envelope) else None
        if stated is None:
            unknown.append(entry.line)
            continue
        made = datetime.fromtimestamp(stated, UTC)
        if now - made > timedelta(days=days):
            message = f"{alias!r} is of {made:%Y-%m-%d}, {(now - made).days} days old; at most {days} are allowed"
            place = gathered.place(repository.where, entry.line, alias)
            gathered.finding(rules.OLD_SECRET, place, message, stands=f"{alias} {stated}")
    if unknown:
        count = f"{len(unknown)} of {len(repository.entries)} values"
        place = gathered.place(repository.where, unknown[0], "age")
        message = f"the age of {count} is unknown: only envelopes state a time"
        gathered.finding(rules.OLD_SECRET, place, message, stands="", level=Level.NOTE)
