"""Judges who can read a vault: whether they are those whom the settings name, and whether their keys are fit for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ciphertool.audit import rules
from ciphertool.audit.judges import ages
from ciphertool.audit.judges.keys import card_of
from ciphertool.audit.model import SchemeUse
from ciphertool.engine import envelope
from ciphertool.findings import Level
from ciphertool.vault.differences import Kind, differences
from ciphertool.vault.readers import readers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from ciphertool.audit.ledger import Ledger
    from ciphertool.audit.model import Place
    from ciphertool.keystore import Keystore
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.vault.differences import Difference
    from ciphertool.vault.readers import Reader, Readers

_MANY = 20
_RULES = {
    Kind.MISSING: rules.RECIPIENTS_DIFFER,
    Kind.SURPLUS: rules.RECIPIENTS_DIFFER,
    Kind.UNREADABLE: rules.RECIPIENTS_DIFFER,
    Kind.DIRECT: rules.NOT_FOR_ALL,
    Kind.CERTIFICATE: rules.RECIPIENT_CERTIFICATE,
    Kind.PUBLIC_KEY: rules.RECIPIENT_CERTIFICATE,
}


def judge(
    gathered: Ledger,
    settings: Settings,
    repository: SecretRepository,
    now: datetime,
    opened: Keystore | None,
    held: Mapping[Path, bytes | None],
) -> None:
    """Judge the age of values, and the readers of a native vault; list their certificates, and what encrypts to them.

    `opened` and `held` are as for `judges.keys.judge`, which has listed the primary certificate.
    """
    ages.judge(gathered, settings, repository, now)
    if not settings.native:
        return
    found = readers(settings, repository, opened=opened, held=held)
    vault = gathered.place(repository.where)
    _schemes(gathered, repository, vault)
    for reader in found.readers if found.shared else ():
        _card(gathered, reader, vault)
    for one in differences(settings, found, now):
        if not _is_elsewhere(one, found):
            place = _place(gathered, settings, repository, found, one)
            gathered.finding(_RULES[one.kind], place, one.message, level=one.level)
    if (count := len(found.content_keys)) > _MANY:
        gathered.finding(rules.MANY_CONTENT_KEYS, vault, f"the vault has {count} content keys", stands="")


def _is_elsewhere(one: Difference, found: Readers) -> bool:
    """Return whether another judge reports it: a primary certificate that cannot be read, and values under its key."""
    reader = one.reader
    if one.kind is Kind.UNREADABLE:
        return reader is not None and reader.named is not None and reader.named.name is None
    if one.kind is not Kind.SURPLUS or reader is None:
        return False
    return one.level is Level.NOTE or len(reader.lacking) == len(found.content_keys)


def _place(
    gathered: Ledger, settings: Settings, repository: SecretRepository, found: Readers, one: Difference
) -> Place:
    if one.kind is Kind.DIRECT:
        first = next(iter(found.direct))
        return gathered.place(repository.where, repository.get(first).line, first)
    if one.reader is None or one.reader.named is None:
        return gathered.place(repository.where, selector=f"key {one.reader.key_id}" if one.reader else None)
    name = one.reader.named.name
    if one.kind in (Kind.CERTIFICATE, Kind.PUBLIC_KEY):
        return gathered.place(one.reader.named.path, selector=name)
    return gathered.place(settings.origin, selector="keystore" if name is None else f"recipient {name}")


def _card(gathered: Ledger, reader: Reader, vault: Place) -> None:
    """List a reader's certificate; say of the primary one, which is listed, what it can read."""
    named = reader.named
    if named is None or named.facts is None:
        return
    if named.name is not None:
        card = card_of(named.facts, gathered.place(named.path), named.name, primary=False)
        gathered.keys.append(replace(card, recipient=named.name, vault=vault.path, encrypted=reader.encrypted))
        return
    for index, card in enumerate(gathered.keys):
        if card.primary and card.sha256 == named.facts.sha256 and card.vault is None:
            gathered.keys[index] = replace(card, vault=vault.path, encrypted=reader.encrypted)


def _schemes(gathered: Ledger, repository: SecretRepository, vault: Place) -> None:
    wrapped = ((token, key) for held in repository.keys.values() for key, token in held.items())
    counts = Counter(
        scheme
        for token, key in wrapped
        for algorithm, scheme in envelope.WRAPPING.items()
        if envelope.is_for(token, key, algorithm)
    )
    gathered.schemes += (SchemeUse(vault.path, scheme, content_keys=count) for scheme, count in counts.items())
