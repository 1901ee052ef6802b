"""Who is to become a recipient of a vault, and who is to be taken out. Needs no private key, and writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.certificates.findings import PUBLIC_KEY
from ciphertool.certificates.judge import judge_key
from ciphertool.certificates.roles import Role
from ciphertool.engine.schemes import RSA_OAEP_256
from ciphertool.errors import BrokenKeyError, ConfigError, RecipientsError
from ciphertool.settings.model import RecipientSettings
from ciphertool.vault import recipients
from ciphertool.vault.readers import Named, named_of, readers

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.vault.recipients import NamedRecipient


class Candidate(NamedTuple):
    """A certificate that may become a recipient's: it was judged, and a person has still to confirm that it is right.

    `stated` is True if the settings name it already. `after` are the settings that do, with those recipients alone to
    whom the vault is encrypted already: nobody has confirmed the others.
    """

    settings: RecipientSettings
    named: Named
    target: NamedRecipient
    stated: bool
    before: Settings
    after: Settings
    warnings: tuple[str, ...]


class Departing(NamedTuple):
    """A recipient to take out: its name in the settings, if they have one, its key's id, if that can be read."""

    name: str | None
    key_id: str | None
    after: Settings

    @property
    def label(self) -> str:
        """Its name in messages."""
        return f"the key {self.key_id}" if self.name is None else repr(self.name)


def candidate(
    settings: Settings,
    repository: SecretRepository,
    name: str,
    certificate: Path,
    algorithm: str | None,
    now: datetime,
) -> Candidate:
    """Return a certificate that may become the recipient of a name.

    Raises `ConfigError` if the settings cannot have it, and a `KeystoreError` if it may not be used.
    """
    _require_native(settings)
    if not name.strip() or not name.isprintable():
        raise ConfigError("the name of a recipient is empty, or has characters that cannot be shown")
    found = named_of(RecipientSettings(name, certificate, None, algorithm or RSA_OAEP_256))
    if found.facts is None:
        raise found.problem or ConfigError("has no certificate", path=certificate)
    known = next((one for one in settings.recipients if one.name == name), None)
    if known is None:
        path = _within(certificate, settings.root)
        recipient = RecipientSettings(name, path, found.facts.sha256, found.algorithm)
    else:
        _require_same(settings, known, found, algorithm)
        recipient = known._replace(fingerprint=found.facts.sha256)
    warnings: list[str] = []
    target = recipients.recipient(settings, recipient, now, warnings)
    if public := [one.reason for one in judge_key(found.facts, Role.RECIPIENT) if one.rule is PUBLIC_KEY]:
        raise BrokenKeyError(certificate, None, public)
    present = readers(settings, repository)
    twin = next((one.named for one in present.readers if one.named and one.key_id == target.recipient.id), None)
    if twin is not None and twin.name != name:
        reason = f"{twin.label} and {name!r} have the same key, {target.recipient.id}"
        raise RecipientsError(reason, settings.origin, "name each key once")
    holders = {one.named.name for one in present.readers if one.named and present.content_keys and not one.lacking}
    others = tuple(one for one in settings.recipients if one.name != name and one.name in holders)
    after = settings._replace(recipients=(*others, recipient))
    return Candidate(recipient, found, target, known is not None, settings, after, tuple(warnings))


def _require_native(settings: Settings) -> None:
    if not settings.native or not settings.origin.is_file():
        hint = "a vault of a product's kind is encrypted to one key"
        raise ConfigError("only a native vault with a ciphertool.toml has recipients", path=settings.origin, hint=hint)


def _within(certificate: Path, root: Path) -> Path:
    """Return the absolute path of a certificate; raise `ConfigError` if it is not in the settings' directory."""
    if not files.lies_in(certificate, root):
        hint = f"copy it there first: found settings read nothing outside {root}"
        raise ConfigError("lies outside the directory of the settings", path=certificate, hint=hint)
    return certificate.absolute()


def _require_same(settings: Settings, stated: RecipientSettings, found: Named, algorithm: str | None) -> None:
    present = named_of(stated)
    prints = {
        present.facts.sha256 if present.facts else None,
        stated.fingerprint or (found.facts and found.facts.sha256),
    }
    if found.facts is None or prints != {found.facts.sha256}:
        held = f"sha256:{present.facts.sha256}" if present.facts else "one that cannot be read"
        hint = f"use another name, or run `ciphertool recipients remove {stated.name}` first"
        raise ConfigError(f"{stated.name!r} has another certificate there, {held}", path=settings.origin, hint=hint)
    if algorithm not in (None, stated.algorithm):
        hint = "leave out --algorithm, or take the recipient out first"
        raise ConfigError(
            f"{stated.name!r} has the algorithm {stated.algorithm} there", path=settings.origin, hint=hint
        )


def departing(settings: Settings, repository: SecretRepository, name: str) -> Departing:
    """Return the recipient of a name or a key id; raise `ConfigError` if there is none that can be taken out."""
    _require_native(settings)
    found = readers(settings, repository).readers
    by_name = [one for one in found if one.named is not None and one.named.name == name]
    for reader in (*by_name, *(one for one in found if one.key_id == name)):
        if reader.named is None:
            return Departing(None, reader.key_id, settings)
        if reader.named.name is None:
            hint = "the values of a vault are always encrypted to its primary keystore's key"
            raise ConfigError("is the key of the primary keystore, which stays", path=settings.origin, hint=hint)
        left = tuple(one for one in settings.recipients if one.name != reader.named.name)
        return Departing(reader.named.name, reader.key_id, settings._replace(recipients=left))
    names = [one.named.name or "" if one.named else one.key_id or "" for one in found]
    known = ", ".join(repr(one) for one in names if one) or "none"
    hint = f"it can be: {known}; see `ciphertool recipients list`"
    raise ConfigError(
        "neither the settings nor the vault have a recipient of this name", path=settings.origin, hint=hint
    )
