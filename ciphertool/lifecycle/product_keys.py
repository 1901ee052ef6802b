"""Opens the keys before and after the move of a product's vault, and says what the move leaves for a person to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import CipherToolError, ConfigError, KeystoreError
from ciphertool.lifecycle import keystore_table
from ciphertool.lifecycle.product_move import ProductMove
from ciphertool.lifecycle.rotation import settings_after
from ciphertool.runtimes.base import KeystoreFacts, NewKeystore
from ciphertool.settings.carbon4 import read_home
from ciphertool.settings.ciphertool_toml import CARBON_SCHEME, FILE_NAME
from ciphertool.settings.keystore_roles import keystore_uses
from ciphertool.settings.target_tables import content_of
from ciphertool.vault.opening import VaultAccess
from ciphertool.vault.symmetric import is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from ciphertool.keystore import Keystore
    from ciphertool.passwords import PasswordChain
    from ciphertool.settings.keystore_roles import KeystoreUse
    from ciphertool.settings.model import Settings


class To(NamedTuple):
    """The keystore to move to, opened, the alias of its key (None: its only one), and the passwords that open it."""

    keystore: Keystore
    alias: str | None
    passwords: PasswordChain


class OpenedMove(NamedTuple):
    """A move, and the warnings about the keys before and after it."""

    move: ProductMove
    warnings: tuple[str, ...]


def open_move(
    settings: Settings, to: To | None, scheme: str | None, passwords: PasswordChain, now: datetime
) -> OpenedMove:
    """Return the move of a product's vault to another keystore, another transformation, or both.

    The private keys of both sides are opened: a move whose result nobody could read is none. Raises `KeystoreError`,
    `UnsupportedSchemeError`, and `ConfigError` if nothing would change.
    """
    before = _before(settings, to)
    after, certificate = settings._replace(keystore=before.keystore), None
    if to is not None:
        entry = to.keystore.entry(to.alias)
        after, certificate = settings_after(settings, to.keystore.path.absolute(), entry)
        scheme = AES_GCM if is_secret(entry) else scheme
    wanted = _scheme(before, settings, scheme, moves=to is not None)
    after = after._replace(encryption=after.encryption._replace(scheme=wanted, key_based=False))
    if to is None and wanted == before.scheme:
        raise ConfigError(
            "nothing would change: such a vault has no content keys",
            path=settings.origin,
            hint="name another keystore with --to, or another transformation with --transformation",
        )
    opened = VaultAccess(before, passwords).to_open()
    access = VaultAccess(_by_keystore(after), passwords if to is None else to.passwords)
    sealing, proving = access.to_seal(now=now), access.to_open()
    store = proving.keystore
    if store is None:
        raise KeystoreError("the vault's password is its key, and it moves to no keystore", path=settings.origin)
    facts = KeystoreFacts(store.format, sealing.sealer.key_alias, is_secret(store.entry(after.keystore.alias)))
    keystore = NewKeystore(store.path, facts, after.scheme)
    own = tuple(_own_files(settings, after, certificate))
    move = ProductMove(before, opened.opener, after, sealing.sealer, proving.opener, keystore, own)
    return OpenedMove(move, tuple(dict.fromkeys((*opened.warnings, *sealing.warnings, *proving.warnings))))


def is_done(settings: Settings, to: To) -> bool:
    """Return whether a product's vault is that keystore's already, whatever its settings say."""
    stated = _home(settings).keystore
    same = stated.path is not None and _same(stated.path, to.keystore.path)
    return same and (stated.alias or "").lower() == to.keystore.entry(to.alias).alias.lower()


def settings_of_product(settings: Settings) -> Settings:
    """Return the settings by which the product decrypts its values, whatever a `ciphertool.toml` asks for."""
    return _before(settings, None)


def left_alone(move: ProductMove) -> list[KeystoreUse]:
    """Return what else in a home uses the former keystore, and goes on using it."""
    home, former = move.before.home, move.before.keystore.path
    if home is None or former is None or _same(former, move.keystore.path):
        return []
    uses = keystore_uses(home, tree=_tree(move.before), define=move.before.define)
    return [use for use in uses if _same(use.path, former)]


def outdated_passwords(move: ProductMove, passwords: PasswordChain) -> list[str]:
    """Return the names of the product's sources of passwords that have others than the new keystore's."""
    given = passwords.read_unasked()
    found = []
    for source in move.before.password_sources:
        if given is None or getattr(source, "completes", False):
            continue
        try:
            there = source.read()
        except CipherToolError:
            continue  # whoever starts the product is told
        if there is not None and (there.keystore, there.for_key) != (given.keystore, given.for_key):
            found.append(source.name)
    return found


def _before(settings: Settings, to: To | None) -> Settings:
    """Return the settings that open the vault now: as its product opens it.

    A `ciphertool.toml` may name the new keystore already, from a run that was interrupted, and the scheme to move to.
    """
    home = _home(settings)
    keystore, named = settings.keystore, settings.keystore.path
    if named is None or (to is not None and _same(named, to.keystore.path)):
        keystore = home.keystore
    return settings._replace(keystore=keystore, encryption=home.encryption)


def _home(settings: Settings) -> Settings:
    return settings if settings.home is None else read_home(settings.home, settings.define, tree=_tree(settings))


def _tree(settings: Settings) -> Path | None:
    return settings.home if settings.trust.confined else None


def _scheme(before: Settings, settings: Settings, scheme: str | None, *, moves: bool) -> str:
    """Return the transformation to move to: the one that is asked for, that the settings state, or the present one."""
    wanted = scheme or (settings.scheme if settings.scheme != before.scheme else None)
    if scheme is not None and settings.scheme not in (before.scheme, scheme):
        raise ConfigError(
            f"its settings state the transformation {settings.scheme}, not {scheme}",
            path=settings.origin,
            hint=f"change it in {FILE_NAME}",
        )
    kept = CARBON_SCHEME if moves and before.scheme == AES_GCM else before.scheme
    return wanted or kept


def _by_keystore(after: Settings) -> Settings:
    """Return the settings with the key from the keystore itself, whose password proves its certificate."""
    return after._replace(keystore=after.keystore._replace(certificate=None))


def _own_files(settings: Settings, after: Settings, certificate: files.Write | None) -> Iterator[files.Write]:
    """Yield what ciphertool's own settings become, if they name a keystore: their certificate's file first."""
    path = settings.root / FILE_NAME if settings.origin.is_dir() else settings.origin
    if path.suffix != ".toml" or not path.is_file():
        return
    snapshot = files.read(path)
    if not (stated := content_of(snapshot).get("keystore")):
        return
    members = keystore_table.members(settings, after)
    data = keystore_table.changed(snapshot, {name: value for name, value in members.items() if name in stated})
    if data != snapshot.data:
        yield from (() if certificate is None else (certificate,))
        yield files.Write(snapshot, data)


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
