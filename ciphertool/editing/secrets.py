"""A vault's secrets to edit, as a list: values are changed, added and removed, without any configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import lifecycle
from ciphertool.changes.plan import Note
from ciphertool.editing.keys import require_ready, require_same
from ciphertool.editing.listing import Line, read, spell
from ciphertool.editing.merging import is_unsettled, merge
from ciphertool.errors import CipherToolError, ConfigError, KeystoreError, UnknownAliasError
from ciphertool.repository import Clear, Encrypted, Malformed
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ciphertool.changes.changeset import ChangeSet
    from ciphertool.editing.keys import Keys
    from ciphertool.editing.listing import Typed
    from ciphertool.settings.model import Settings

_NAME = "secrets.yaml"


@dataclass(frozen=True, slots=True)
class SecretsEdit:
    """What the edit of a vault's list changes: the secrets with new values, those that are new, and those removed."""

    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    notes: tuple[Note, ...]
    changes: ChangeSet


class SecretsWork:
    """The edit of a vault's secrets as a list."""

    name = _NAME
    notes: tuple[Note, ...] = ()

    def __init__(self, settings: Settings, keys: Keys) -> None:
        """Raise what reading the repository and `require_ready` raise, and `KeystoreError`."""
        self._settings, self._keys = settings, keys
        self._read()

    def _read(self) -> None:
        self._repository = self._keys.repository()
        require_ready(self._settings, self._keys, self._repository)
        self._shown = {line.alias: line for line in self._lines()}
        self.text = spell(self._shown.values(), self._repository.name)

    @property
    def anchor(self) -> Path:
        """As `Work.anchor`."""
        return self._settings.anchor

    def _lines(self) -> Iterator[Line]:
        for alias, entry in self._repository.entries.items():
            if not (entry.certain or alias in self._settings.aliases):
                continue  # it may be text of another kind of file
            match entry.stored:
                case Clear(value):
                    yield Line(alias, value.reveal() or None, "" if value else "no value yet")
                case Encrypted(ciphertext) if self._keys.opener is not None:
                    try:
                        yield Line(alias, self._keys.opener.open(alias, ciphertext).reveal())
                    except KeystoreError:
                        raise
                    except CipherToolError as error:
                        yield Line(alias, None, error.message)
                case Malformed(reason):
                    yield Line(alias, None, reason)
                case _:
                    yield Line(alias, None)

    def plan(self, edited: bytes) -> SecretsEdit:
        """Return what the edited list changes.

        Raises what `read` and `lifecycle.put` raise, `ReferencesStandError` for a removed secret that files refer to,
        and `ConflictError` if a secret that is to change has changed since it was shown.
        """
        typed = read(edited, Path(_NAME))
        values = {alias: Secret(one.value or "") for alias, one in typed.items() if self._is_new(alias, one)}
        gone = [alias for alias in self._shown if alias not in typed]
        repository = self._keys.repository()
        require_same(self._repository, repository, [*values, *gone])
        if is_unsettled(edited.decode()):
            raise ConfigError("has lines of both sides of a conflict", path=Path(_NAME))
        settings = self._settings
        change = lifecycle.put(settings, repository, self._keys.sealer, values, gone)
        used = lifecycle.uses(settings, change.new) if change.new else {}
        notes = [Note(f"no configured file refers to {alias}") for alias in values if alias in change.new - set(used)]
        return SecretsEdit(
            tuple(alias for alias in values if alias not in change.new),
            tuple(alias for alias in values if alias in change.new),
            tuple(gone),
            tuple(notes),
            change.changes,
        )

    def _is_new(self, alias: str, typed: Typed) -> bool:
        """Return whether a value was typed; raise `UnknownAliasError` for a mark that stands for nothing."""
        shown = self._shown.get(alias)
        if typed.value is None and shown is None:
            raise UnknownAliasError(alias, self._repository.where, list(self._shown)).at(Path(_NAME), typed.line)
        return typed.value is not None and (shown is None or typed.value != shown.value)

    def renew(self, edited: bytes) -> bytes:
        """Read the vault again, and return its list with the edits in it."""
        base = self.text
        self._read()
        return merge(base.decode(), edited.decode(errors="replace"), self.text.decode()).encode()
