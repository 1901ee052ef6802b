"""What settings say, as values: where the keystore, the repository and the targets are. Nothing here reads a file."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.certificates.strictness import Policy
from ciphertool.files.snapshots import PRIVATE
from ciphertool.repository import is_native

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.passwords import PasswordSource


class KeystoreSettings(NamedTuple):
    """Where the primary keystore is. `certificate` alone is enough to encrypt; `fingerprint` is hex SHA-256 of DER.

    `format` names a plug-in that reads it; without one the format is told by content.
    """

    path: Path | None = None
    alias: str | None = None
    certificate: Path | None = None
    fingerprint: str | None = None
    format: str | None = None


class Target(NamedTuple):
    """These values of this file are to be protected, under this alias.

    `file` is relative to the settings' root and may be a glob; `alias` may be a pattern of `{stem}`, `{path}`, `{key}`.
    `optional` makes a missing file or site a note, `where_absent` only if the repository lacks the alias as well (so
    a Carbon home does). `part` names the secret inside a longer value (`protection.parts`). `literal` protects a value
    even where it looks like a placeholder. `format` and `encoding` say how the file is read, where its name and its
    bytes do not; the encoding by its canonical name. `line` is where the settings say so.
    """

    file: str
    selector: str
    alias: str
    optional: bool = False
    where_absent: bool = False
    literal: bool = False
    part: str | None = None
    format: str | None = None
    line: int | None = None
    encoding: str | None = None


class Settings(NamedTuple):
    """All that a run needs to know. `origin` is the file or home that says so, `root` what its paths start from.

    `sibling` is the file whose mode a new repository takes, `new_mode` what it was when the file was read.
    `secret_conf` is the file that a Carbon 4 runtime reads to open the vault, where there is such a runtime. `inherit`
    names the variables of `run`'s environment whose references are resolved. `named` tells that a person named these
    settings, which were not found by searching: only such may start programs and load plug-ins.
    """

    origin: Path
    root: Path
    kind: str
    keystore: KeystoreSettings
    repository: Path
    scheme: str
    sibling: Path
    policy: Policy = Policy.JAVA
    minimum_bits: int = 2048
    targets: tuple[Target, ...] = ()
    password_sources: tuple[PasswordSource, ...] = ()
    inherit: tuple[str, ...] = ()
    secret_conf: Path | None = None
    named: bool = True
    new_mode: int = PRIVATE

    @property
    def native(self) -> bool:
        """Whether ciphertexts describe themselves and carry their alias as label."""
        return is_native(self.kind)

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
