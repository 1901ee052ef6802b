"""What settings say, as values: where the keystore, the repository and the targets are. Nothing here reads a file."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.certificates.strictness import Policy
from ciphertool.files.snapshots import PRIVATE
from ciphertool.plugins import ALL_EXTENSIONS, NO_EXTENSIONS, Extensions
from ciphertool.repository import is_native

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.passwords import PasswordSource


class Trust(NamedTuple):
    """How far a person vouches for settings.

    Those that a person named may use `extensions`, start programs and name any file. Those that were found are
    `confined`: data of anybody's, which reach nothing but files of their own tree, and may not keep a command busy.
    """

    extensions: Extensions
    confined: bool

    def reaches(self, path: Path, tree: Path) -> bool:
        """Return whether settings may have a file read, if `tree` is the one in which they lie."""
        return not self.confined or files.lies_in(path, tree)


NAMED = Trust(ALL_EXTENSIONS, confined=False)
FOUND = Trust(NO_EXTENSIONS, confined=True)


class KeystoreSettings(NamedTuple):
    """Where the primary keystore is. `certificate` alone is enough to encrypt; `fingerprint` is hex SHA-256 of DER.

    `format` names a plug-in that reads it; without one the format is told by content.
    """

    path: Path | None = None
    alias: str | None = None
    certificate: Path | None = None
    fingerprint: str | None = None
    format: str | None = None


class RepositorySettings(NamedTuple):
    """Where the secret repository is and of which kind, and which mode a new one gets.

    `mode_like` is the file whose mode it takes, `new_mode` what that was when the file was read.
    """

    path: Path
    kind: str
    mode_like: Path
    new_mode: int = PRIVATE

    @property
    def native(self) -> bool:
        """Whether ciphertexts describe themselves and carry their alias as label."""
        return is_native(self.kind)


class EncryptionSettings(NamedTuple):
    """By which scheme new values are encrypted, and to which certificates and sizes of keys."""

    scheme: str
    policy: Policy = Policy.JAVA
    minimum_bits: int = 2048


class Target(NamedTuple):
    """These values of this file are to be protected, under this alias.

    `file` is relative to the settings' root and may be a glob; `alias` may be a pattern of `{stem}`, `{path}`, `{key}`.
    `optional` makes a missing file or site a note, `optional_if_unknown` only if the repository lacks the alias too (as
    a Carbon home does). `part` names the secret inside a longer value (`protection.parts`). `literal` protects a value
    even where it looks like a placeholder. `format` and `encoding` say how the file is read, where its name and its
    bytes do not; the encoding by its canonical name. `line` is where the settings say so.
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


class Settings(NamedTuple):
    """All that a run needs to know. `origin` is the file or home that says so, `root` what its paths start from.

    It is for entrances. What they call takes the values that it needs of these; the properties are for programs.
    `secret_conf` is the file that a Carbon 4 runtime reads to open the vault, where there is such a runtime. `inherit`
    names the variables of `run`'s environment whose references are resolved. `trust` tells whether a person named these
    settings or they were found by searching.
    """

    origin: Path
    root: Path
    keystore: KeystoreSettings
    repository_settings: RepositorySettings
    encryption: EncryptionSettings
    targets: tuple[Target, ...] = ()
    password_sources: tuple[PasswordSource, ...] = ()
    inherit: tuple[str, ...] = ()
    secret_conf: Path | None = None
    trust: Trust = NAMED

    @property
    def repository(self) -> Path:
        """Where the secret repository is."""
        return self.repository_settings.path

    @property
    def kind(self) -> str:
        """The repository's kind."""
        return self.repository_settings.kind

    @property
    def native(self) -> bool:
        """Whether ciphertexts describe themselves and carry their alias as label."""
        return self.repository_settings.native

    @property
    def scheme(self) -> str:
        """The scheme by which new values are encrypted."""
        return self.encryption.scheme

    @property
    def aliases(self) -> frozenset[str]:
        """The aliases that the targets declare, as far as they are no patterns."""
        return frozenset(target.alias for target in self.targets)


class Overrides(NamedTuple):
    """What the command line says over the settings; None says nothing. `define` serves `${sys:name}` in paths."""

    keystore: Path | None = None
    key_alias: str | None = None
    certificate: Path | None = None
    repository: Path | None = None
    policy: Policy | None = None
    minimum_bits: int | None = None
    define: Mapping[str, str] = MappingProxyType({})
