"""Settings, keystore and repository wired together for a program: the public door for applications."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ciphertool import files, references, rewriters
from ciphertool.errors import CipherToolError, ConfigError, ProblemsError
from ciphertool.repository import open_repository
from ciphertool.resolver import Resolver, check_references, reference_sites, resolve_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.cipher import VaultCipher
    from ciphertool.passwords import PasswordChain
    from ciphertool.references import Reference
    from ciphertool.secret import Secret
    from ciphertool.settings import Overrides, Settings


_CARBON_SUFFIXES = frozenset({".xml", ".properties", ".toml"})
_REFERENCE = re.compile(rb"secretAlias|\$secret\{")


class Vault:
    """An opened vault. `Vault.open()` makes one; `vault["alias"]` gives a `Secret`.

    The keystore is opened when the first secret is resolved. Nothing is resolved to a wrong value: an unknown alias, a
    damaged or a foreign ciphertext is a `CipherToolError` that names alias, place and remedy.
    """

    def __init__(
        self,
        settings: Settings,
        open_cipher: Callable[[], VaultCipher],
        *,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.settings = settings
        self._open_cipher = open_cipher
        self._warn = warn or (lambda message: warnings.warn(message, stacklevel=2))
        self._resolver = self._read()

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        *,
        overrides: Overrides | None = None,
        passwords: PasswordChain | None = None,
    ) -> Vault:
        """Open the vault of a `ciphertool.toml`, a Carbon home or a Carbon 5 YAML file.

        Without a path: what `CIPHERTOOL_CONFIG` names, or the nearest configuration from the working directory
        upwards. Passwords come from the environment and from what the settings name; there is no prompt. Raises
        `ConfigError` for settings or a repository that cannot be read.
        """
        from ciphertool import settings as settings_
        from ciphertool.passwords import Environment, PasswordChain
        from ciphertool.primary import open_to_decrypt

        settings = settings_.load(Path(path) if path is not None else None, overrides)
        source = passwords or PasswordChain((Environment(), *settings.password_sources))
        return cls(settings, lambda: open_to_decrypt(settings, source))

    def _read(self) -> Resolver:
        repository = open_repository(self.settings.kind, self.settings.repository)
        if repository.snapshot.data is None:
            raise ConfigError("no such secret repository", path=self.settings.repository)
        return Resolver(repository, self._open_cipher, warn=self._warn)

    def reload(self) -> None:
        """Read the repository again: all of it, or, with the error that says why, none."""
        self._resolver = self._read()

    def resolve(self, alias: str) -> Secret:
        """Return an alias's secret, or raise `UnknownAliasError` or a `DecryptionError`."""
        return self._resolver.resolve(alias)

    __getitem__ = resolve

    def load(self, path: str | Path, *, format: str | None = None) -> Any:  # noqa: A002 - the option's name
        """Return a file's data with its references resolved: plain data, or an lxml tree for XML.

        YAML is read as YAML 1.2. The format is told by the suffix unless named. Raises `ProblemsError` with every
        reference that does not resolve.
        """
        path = Path(path)
        rewriter = rewriters.by_name(format) if format else rewriters.for_path(path)
        data = files.read(path).bytes
        try:
            return rewriter.load(data, self._reveal)
        except ConfigError as error:
            raise error.at(path) from None
        except CipherToolError:
            # Only now is it worth finding out where: every reference that fails, with its line.
            resolve_document(rewriter, data, path, self._resolver)
            raise

    def resolve_file(self, path: str | Path, *, format: str | None = None) -> bytes:  # noqa: A002 - the option's name
        """Return a file's bytes with its references resolved: the file as it was before it was protected."""
        path = Path(path)
        rewriter = rewriters.by_name(format) if format else rewriters.for_path(path)
        return resolve_document(rewriter, files.read(path).bytes, path, self._resolver)

    def resolve_tree(self, value: Any) -> Any:
        """Return a copy of nested dicts, lists and tuples with the references in its strings resolved.

        Keys and everything that is not a string stay as they are; what a reference resolves to is not scanned again.
        """
        if isinstance(value, str):
            return references.substitute(value, self._reveal)
        if isinstance(value, dict):
            return {key: self.resolve_tree(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve_tree(item) for item in value]
        if isinstance(value, tuple):
            return tuple(self.resolve_tree(item) for item in value)
        return value

    def check(self) -> int:
        """Resolve every reference of every configured file; return how many there are.

        Raises `ProblemsError` with every one that does not resolve, and a `KeystoreError` where no key opens.
        """
        problems: list[CipherToolError] = []
        count = 0
        for path in configured_files(self.settings):
            try:
                document = rewriters.for_path(path).parse(files.read(path).bytes)
            except CipherToolError as error:
                problems.append(error.at(path))
                continue
            sites = list(reference_sites(document))
            count += sum(len(found) for _, found in sites)
            problems += check_references(sites, path, self._resolver)
        if problems:
            raise ProblemsError(problems)
        return count

    def _reveal(self, reference: Reference) -> str:
        return self._resolver.resolve(reference.alias).reveal()


def configured_files(settings: Settings) -> list[Path]:
    """Return every file whose references a vault serves: those of the targets, and those a Carbon product reads."""
    from ciphertool.protection.targets import paths

    found = {path: None for target in settings.targets for path in paths(settings.root, target.file)}
    if settings.kind == "carbon5":
        found[settings.origin] = None
    if settings.kind == "carbon4":
        # A home's configuration may refer to a secret from any file; only those that do are worth parsing.
        for path in sorted(settings.sibling.parent.rglob("*")):
            if path.suffix in _CARBON_SUFFIXES and path.is_file() and _REFERENCE.search(files.read(path).bytes):
                found[path] = None
        found.pop(settings.repository, None)
    return list(found)
