"""Settings as values: where the keystore, the repository and the targets are. Reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool import files
from ciphertool.certificates.strictness import Policy
from ciphertool.engine.schemes import RSA_OAEP_256
from ciphertool.errors import ConfigError, KeystoreUnreadableError
from ciphertool.files.snapshots import PRIVATE
from ciphertool.plugins import ALL_EXTENSIONS, NO_EXTENSIONS, Extensions
from ciphertool.repository import is_native
from ciphertool.secret import repr_of
from ciphertool.storage.registry import FILE, storage_named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.passwords import PasswordSource
    from ciphertool.storage.base import Storage


class Trust(NamedTuple):
    """How far a person vouches for settings.

    Settings that a person named may use `extensions`, start programs and name any file. Settings that were found are
    `confined`: they may be anybody's data, so they reach only files of their own tree, and may not keep a command busy.
    """

    extensions: Extensions
    confined: bool

    def reaches(self, path: Path, tree: Path) -> bool:
        """Return whether settings that lie in `tree` may read a file."""
        return not self.confined or files.lies_in(path, tree)


NAMED = Trust(ALL_EXTENSIONS, confined=False)
FOUND = Trust(NO_EXTENSIONS, confined=True)


def unknown_path(missing: str) -> str:
    """Return the sentence for a keystore whose path has a placeholder that nothing fills in."""
    return f"not opened, because {missing} in its path has no value here"


class KeystoreSettings(NamedTuple):
    """Where the primary keystore is. `certificate` alone is enough to encrypt; `fingerprint` is hex SHA-256 of DER.

    `format` names a plug-in that reads it; without one the format is detected by content. If `missing` is set, nothing
    fills in that placeholder of the path. `algorithm` is how content keys are encrypted to this key.
    """

    path: Path | None = None
    alias: str | None = None
    certificate: Path | None = None
    fingerprint: str | None = None
    format: str | None = None
    missing: str | None = None
    algorithm: str = RSA_OAEP_256


class RecipientSettings(NamedTuple):
    """Who else can read the vault's envelopes: a certificate, and how content keys are encrypted to its key."""

    name: str
    certificate: Path
    fingerprint: str | None = None
    algorithm: str = RSA_OAEP_256


class RepositorySettings(NamedTuple):
    """Where the secret repository is, of which kind, and which mode a new one gets.

    `path` is its file, None if its `storage` is another than a file; `options` are then what the storage is made of.
    `mode_like` is the file whose mode it takes, `new_mode` that file's mode when it was read. With `log`, each commit
    is recorded beside it. `undo` is how many commands can be undone. `max_age` is how many days old a value
    may be, for an audit.
    """

    path: Path | None
    kind: str
    mode_like: Path
    new_mode: int = PRIVATE
    storage: str = FILE
    options: Mapping[str, Any] = {}  # not a mapping proxy, which no other process can be handed
    log: bool = False
    undo: int = 1
    max_age: int | None = None

    def __repr__(self) -> str:
        return repr_of(
            self, "path", "kind", "mode_like", "new_mode", "storage", "log", "undo"
        )  # options may hold a credential

    @property
    def native(self) -> bool:
        """Whether ciphertexts describe themselves and carry their alias as the label."""
        return is_native(self.kind)


ROTATING = ".rotating"
"""The end of the name of a file that holds the ciphertexts of a Carbon vault while it moves to another key."""
AUTO, ENVELOPE = "auto", "envelope"
"""The schemes of a native vault: an RSA block where a value fits one, or always an envelope."""


class EncryptionSettings(NamedTuple):
    """The scheme for new values, and which certificates and key sizes may encrypt them.

    A native vault's scheme is `AUTO`, `ENVELOPE` or that of its RSA blocks; a product's is a JCA transformation.

    With `key_based` there is no keystore: the password is itself the AES key. If the scheme is `assumed`, nothing
    states it yet: `protect` does, and a value that is written by hand before that is read by the product's default.
    """

    scheme: str
    policy: Policy = Policy.JAVA
    minimum_bits: int = 2048
    key_based: bool = False
    assumed: bool = False

    @property
    def block_scheme(self) -> str:
        """The scheme of values that are one RSA block."""
        return RSA_OAEP_256 if self.scheme in (AUTO, ENVELOPE) else self.scheme


class Target(NamedTuple):
    """A declaration: protect these values of this file under this alias.

    `file` is relative to the settings' root and may be a glob; `alias` may be a pattern (`targets.matching`).
    `optional` turns a missing file or site into a note, `optional_if_unknown` does so only if the repository lacks the
    alias too (as for a Carbon home). `part` names the secret inside a longer value (`targets.parts`). `literal`
    protects a value even if it looks like a placeholder. `format` and `encoding` (a canonical name) say how to read the
    file if its name and bytes do not. `decode` is "base64" if the value is an encoding of the secret. `line` is the
    target's line in the settings. `base` is the directory, relative to the root, of the settings file that declares the
    target if that is another one; `{path}` starts there.
    """

    file: str
    selector: str
    alias: str
    optional: bool = False
    optional_if_unknown: bool = False
    literal: bool = False
    part: str | None = None
    format: str | None = None
    line: int | None = None
    encoding: str | None = None
    base: str = ""
    decode: str | None = None


class SettingsWarning(NamedTuple):
    """What a file of the settings states that the product does not follow. Paths in `message` are below the home."""

    path: Path
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.line is None else f"{self.path}:{self.line}: {self.message}"


class Settings(NamedTuple):
    """Everything that a run needs to know. `origin` is the file or home it comes from; paths are relative to `root`.

    It is for entry points; the functions they call take only the values that they need. The properties are for
    programs. `inherit` names the variables of `run`'s environment whose references are resolved. `home` is the Carbon 4
    home that the vault belongs to, if there is one, and `secret_conf` the file that its runtime reads to open it.
    `trust` records whether a person named these settings or a search found them. `elsewhere` is True if the product
    asks another provider for secrets that the repository lacks. `warnings` are about the files of these settings.
    `define` has a person's values of `${sys:name}` in paths. `recipients` can read the vault beside the primary
    keystore.
    """

    origin: Path
    root: Path
    keystore: KeystoreSettings
    repository_settings: RepositorySettings
    encryption: EncryptionSettings
    targets: tuple[Target, ...] = ()
    password_sources: tuple[PasswordSource, ...] = ()
    inherit: tuple[str, ...] = ()
    home: Path | None = None
    secret_conf: Path | None = None
    trust: Trust = NAMED
    elsewhere: bool = False
    warnings: tuple[SettingsWarning, ...] = ()
    define: Mapping[str, str] = {}  # not a mapping proxy, which no other process can be handed
    recipients: tuple[RecipientSettings, ...] = ()

    def keystore_path(self) -> Path:
        """Return where the keystore is; raise `ConfigError` or `KeystoreUnreadableError` if that is not known."""
        path, missing = self.keystore.path, self.keystore.missing
        if path is None:
            raise ConfigError("names no keystore", path=self.origin, hint="name it with --keystore")
        if missing is not None:
            hint = "set the environment variable, define it with --define, or name the keystore with --keystore"
            raise KeystoreUnreadableError(path, unknown_path(missing), hint)
        return path

    def sources_for(self, keystore: Path | None) -> tuple[PasswordSource, ...]:
        """Return the password sources, without those that state the password of another keystore."""
        if keystore == self.keystore.path:
            return self.password_sources
        return tuple(source for source in self.password_sources if not getattr(source, "completes", False))

    @property
    def storage(self) -> Storage:
        """Where the secret repository's bytes are. Raises what `storage_named` raises."""
        store = self.repository_settings
        options = store.options if store.path is None else {"path": store.path, "mode": store.new_mode}
        return storage_named(store.storage, self.root, options, extensions=self.trust.extensions)

    @property
    def anchor(self) -> Path:
        """The file in whose directory runs take their lock and leave their journal.

        It is the repository or, if that is in no file, the settings, which only a `ciphertool.toml` can say.
        """
        return self.repository_settings.path or self.origin

    @property
    def repository(self) -> Path:
        """The file of the secret repository, for programs that know no other storage; else use `storage`.

        Raises `ConfigError` if it is in no file.
        """
        path = self.repository_settings.path
        if path is None:
            raise ConfigError("the secret repository is in no file", path=self.origin)
        return path

    @property
    def kind(self) -> str:
        """The repository's kind."""
        return self.repository_settings.kind

    @property
    def native(self) -> bool:
        """Whether ciphertexts describe themselves and carry their alias as the label."""
        return self.repository_settings.native

    @property
    def scheme(self) -> str:
        """The scheme for new values."""
        return self.encryption.scheme

    @property
    def aliases(self) -> frozenset[str]:
        """The aliases that the targets declare, without patterns."""
        return frozenset(target.alias for target in self.targets)


class Overrides(NamedTuple):
    """The command line's overrides of settings (None: none). `define` has the values of `${sys:name}` in paths."""

    keystore: Path | None = None
    key_alias: str | None = None
    certificate: Path | None = None
    repository: Path | None = None
    policy: Policy | None = None
    minimum_bits: int | None = None
    define: Mapping[str, str] = {}  # not a mapping proxy, which no other process can be handed
