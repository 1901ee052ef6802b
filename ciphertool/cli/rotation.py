"""One vault's rotation as a command does it: its keys opened, everything proved, then written."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool.errors import ConfigError, KeystoreUnreadableError, NoPasswordError
from ciphertool.passwords import Environment, PasswordChain, Prompt

if TYPE_CHECKING:
    from ciphertool.changes.changeset import ChangeSet
    from ciphertool.changes.commit import Transaction
    from ciphertool.keystore import KeyEntry, Keystore
    from ciphertool.lifecycle.product_keys import OpenedMove, To
    from ciphertool.lifecycle.product_move import PlannedMove
    from ciphertool.lifecycle.rotation import Keys, Move, Planned, Rotation
    from ciphertool.settings import Settings
    from ciphertool.workers import Progress

NEW_PASSWORD, NEW_KEY_PASSWORD = "CIPHERTOOL_NEW_KEYSTORE_PASSWORD", "CIPHERTOOL_NEW_KEY_PASSWORD"


class Proved(NamedTuple):
    """What is, or is to be, encrypted anew: the aliases, the former content keys, whose spelling is no longer kept."""

    aliases: tuple[str, ...]
    former: tuple[str, ...] = ()
    unspelled: tuple[str, ...] = ()


class Key(NamedTuple):
    """The key that values are encrypted to: its id and subject, if it has them, and how messages call it."""

    id: str | None
    subject: str | None
    recipient: str


class Job(Protocol):
    """The rotation of one vault whose keys are open."""

    key: Key
    warnings: tuple[str, ...]
    moves: bool
    """Whether it changes what new values are encrypted to."""

    def prove(self, progress: Progress) -> Proved:
        """Encrypt and decrypt everything in memory."""

    def write(self, transaction: Transaction) -> None:
        """Write what was proved."""

    def notes(self) -> list[str]:
        """Return what is left for a person to do once it is written."""


class InPlace:
    """A native vault, encrypted anew under the same keys."""

    moves = False

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self._settings, self._keys = settings, keys
        self.key, self.warnings = _key_of(keys), keys.warnings
        self._changes: ChangeSet | None = None

    def prove(self, progress: Progress) -> Proved:
        """Plan the change of the vault."""
        from ciphertool.lifecycle import rotation
        from ciphertool.vault.opening import VaultAccess

        repository = VaultAccess(self._settings, PasswordChain(())).repository()
        done, self._changes = rotation.plan(self._settings, repository, self._keys, progress)
        return _proved(done)

    def write(self, transaction: Transaction) -> None:
        """Commit it."""
        assert self._changes is not None  # noqa: S101 - it was proved
        transaction.apply(self._changes)

    def notes(self) -> list[str]:
        """Return what a rotation cannot do."""
        return [_EARLIER]


class ToAnother:
    """A native vault on its way to another key pair."""

    moves = True

    def __init__(self, move: Move, warnings: tuple[str, ...]) -> None:
        self._move, self.warnings = move, warnings
        self.key = _key_of(move.new)
        self._planned: Planned | None = None

    def prove(self, progress: Progress) -> Proved:
        """Plan all steps."""
        self._planned = self._move.plan(progress)
        return _proved(self._planned.rotation)

    def write(self, transaction: Transaction) -> None:
        """Carry them out."""
        assert self._planned is not None  # noqa: S101 - as above
        self._move.carry_out(self._planned, transaction)

    def notes(self) -> list[str]:
        """Return what a rotation cannot do."""
        return [_EARLIER]


class OfProduct:
    """A product's vault, on its way to another key or transformation."""

    moves = True

    def __init__(self, opened: OpenedMove, to: To | None) -> None:
        self._move, self._to, self.warnings = opened.move, to, opened.warnings
        sealer = opened.move.sealer
        self.key = Key(sealer.key_id, sealer.subject, f"{sealer.recipient} by {opened.move.after.scheme}")
        self._planned: PlannedMove | None = None

    def prove(self, progress: Progress) -> Proved:
        """Plan the move."""
        self._planned = self._move.plan(progress)
        return Proved(self._planned.aliases)

    def write(self, transaction: Transaction) -> None:
        """Carry it out."""
        assert self._planned is not None  # noqa: S101 - as above
        self._move.carry_out(self._planned, transaction)

    def notes(self) -> list[str]:
        """Return where the former keystore is still named, and which passwords are still the former one's."""
        from ciphertool.cli.console import display_path
        from ciphertool.lifecycle.product_keys import left_alone, outdated_passwords

        found = [_EARLIER]
        if uses := left_alone(self._move):
            places = ", ".join(
                f"{display_path(use.source)}{f':{use.line}' if use.line else ''} ({use.purpose})" for use in uses
            )
            found.append(f"not changed, since it is not the vault's: {places} still names the former keystore")
        elif self._to is not None and self._move.before.keystore.path is not None:
            former = display_path(self._move.before.keystore.path)
            found.append(f"{former}: no file of the product names it for anything else")
        if self._to is not None:
            names = outdated_passwords(self._move, self._to.passwords)
            found += [f"{name}: the product needs the new keystore's password at its next start" for name in names]
        return found


_EARLIER = "earlier versions of the vault still open with the keys that they were encrypted to"


def _key_of(keys: Keys) -> Key:
    return Key(keys.sealer.key_id, keys.sealer.subject, keys.sealer.recipient)


def _proved(done: Rotation) -> Proved:
    return Proved(done.aliases, done.content_keys, done.unspelled)


class Target:
    """The keystore that `--to` names, opened once, with passwords of its own."""

    def __init__(self, path: Path, alias: str | None, ask: tuple[Prompt, ...] = ()) -> None:
        self._path, self.alias = path, alias
        variables = Environment(variable=NEW_PASSWORD, key_variable=NEW_KEY_PASSWORD)
        self.passwords = PasswordChain((variables, *ask))
        self._opened: dict[Path, Keystore] = {}

    def path(self, settings: Settings) -> Path:
        """Return where the keystore is: as it is named or, if that is no file, in a home."""
        inside = (settings.home or settings.root) / self._path
        path = inside if settings.home is not None and not self._path.is_file() else self._path
        if not path.is_file():
            hint = "check the path; `ciphertool keystore create` makes one"
            raise KeystoreUnreadableError(self._path, "no such keystore", hint)
        return path.absolute()

    def opened(self, settings: Settings) -> Keystore:
        """Return the keystore for a vault."""
        from ciphertool.keystore import open_keystore

        path = self.path(settings)
        if path not in self._opened:
            try:
                password = self.passwords.read().keystore
            except NoPasswordError as error:
                error.hint = f"set {NEW_PASSWORD}, or run it on a terminal"
                raise
            with self.passwords.named():
                self._opened[path] = open_keystore(path, password)
        return self._opened[path]

    def entry(self, settings: Settings) -> KeyEntry:
        """Return the entry of its key."""
        return self.opened(settings).entry(self.alias)


def finish(settings: Settings, *, dry_run: bool) -> tuple[str, ...]:
    """Complete an interrupted move; return the aliases of the vault."""
    from ciphertool.changes import commit
    from ciphertool.cli import console
    from ciphertool.lifecycle import product_move

    if dry_run:
        raise ConfigError(
            "an interrupted rotation is not complete yet",
            path=settings.repository,
            hint="run the command without --dry-run, which completes it first",
        )
    with commit.begin(settings.anchor) as transaction:
        aliases = product_move.finish(settings, transaction)
    console.say("done", "the interrupted rotation is complete", label=False)
    return aliases


def is_done(settings: Settings, target: Target | None, transformation: str | None) -> bool:
    """Return whether a vault is as it is asked for already."""
    if transformation is not None and transformation.lower() != settings.scheme.lower():
        return False
    if target is None:
        return True
    entry = target.entry(settings)
    if not settings.native:
        from ciphertool.lifecycle.product_keys import To, is_done

        return is_done(settings, To(target.opened(settings), target.alias, target.passwords))
    if not _is_named(settings, target.path(settings), entry.alias):
        return False
    from ciphertool.lifecycle.outdated import outdated
    from ciphertool.vault.opening import VaultAccess
    from ciphertool.vault.readers import readers

    repository = VaultAccess(settings, PasswordChain(())).repository()
    found = readers(settings, repository, opened=target.opened(settings)).readers
    return not outdated(settings, repository, [one.key_id for one in found if one.named and one.key_id])


def _is_named(settings: Settings, path: Path, alias: str) -> bool:
    return _same(settings.keystore.path, path) and settings.keystore.alias == alias


def job_for(settings: Settings, target: Target | None, transformation: str | None, passwords: PasswordChain) -> Job:
    """Return the job of one vault, its keys opened; raise what keeps it from being rotated."""
    now = datetime.now(UTC)
    if not settings.native:
        from ciphertool.lifecycle.product_keys import To, open_move

        to = None if target is None else To(target.opened(settings), target.alias, target.passwords)
        return OfProduct(open_move(settings, to, transformation, passwords, now), to)
    from ciphertool.lifecycle import rotation

    if transformation is not None:
        raise ConfigError(
            "a native vault has no transformation",
            path=settings.origin,
            hint="state `scheme` in [encryption], and run `ciphertool rotate`",
        )
    if target is not None and settings.origin.suffix != ".toml":
        raise ConfigError("--to changes the keystore that a ciphertool.toml names", path=settings.origin)
    if target is None:
        return InPlace(settings, rotation.open_keys(settings, passwords, now))
    entry, path = target.entry(settings), target.path(settings)
    after, certificate = rotation.settings_after(settings, path, entry)
    keystore = after.keystore._replace(certificate=None)
    new = rotation.open_keys(after._replace(keystore=keystore), target.passwords, now)
    moved = _is_named(settings, path, entry.alias)
    old = new if moved else rotation.open_keys(settings, passwords, now)
    move = rotation.Move(after if moved else settings, old, after, new, certificate)
    return ToAnother(move, tuple(dict.fromkeys((*old.warnings, *new.warnings))))


def _same(one: Path | None, other: Path | None) -> bool:
    return one is not None and other is not None and os.path.realpath(one) == os.path.realpath(other)
