"""Settings, keystore and repository wired together: the public entry point for applications."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ciphertool import files, references, rewriters
from ciphertool.errors import CipherToolError, ConfigError, UnknownPlaceholderError
from ciphertool.secret import Values
from ciphertool.settings.targets import Reading, reading_of, rewriter_of
from ciphertool.vault.at_hand import OpenerAtHand
from ciphertool.vault.doubts import Doubts
from ciphertool.vault.examination import Examined, examine
from ciphertool.vault.opening import VaultAccess
from ciphertool.vault.resolver import Resolver, check_document, resolve_document, resolve_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from ciphertool.passwords import PasswordChain
    from ciphertool.redaction.logs import Redactor
    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Rewriter
    from ciphertool.rewriters.yaml.loading import Version
    from ciphertool.secret import Secret
    from ciphertool.settings import Overrides, Settings
    from ciphertool.storage.base import Storage
    from ciphertool.vault.cipher import AnyOpener
    from ciphertool.vault.opening import Access


class Vault(Mapping[str, "Secret"]):
    """An opened vault. `Vault.open()` makes one; `vault["alias"]` gives a `Secret`.

    It is a read-only mapping of the repository's aliases, in its order: `in`, `len` and iteration decrypt nothing;
    `get` returns its default only for an unknown alias, never for a value that does not decrypt; `values` and `items`
    decrypt each secret as it is reached. Vaults are equal only if they are the same object, and an empty one is true.

    The keystore is opened once, when the first secret is resolved; each secret is decrypted once and kept. A vault is
    thread-safe, and a forked child may go on using it. Nothing ever resolves to a wrong value: an unknown alias, or a
    damaged or foreign ciphertext, is a `CipherToolError` that names alias, place and remedy. As a context manager it
    calls `close` at the end.
    """

    def __init__(
        self,
        settings: Settings,
        passwords: PasswordChain,
        *,
        define: Mapping[str, str] | None = None,
        watch: float | None = None,
        warn: Callable[[str], None] | None = None,
        access: Access | None = None,
    ) -> None:
        """Read the repository; raise `ConfigError` if it is missing or damaged. See `open` for the other parameters.

        `access` opens repository and keys in another way than the settings state.
        """
        self.settings = settings
        self._access = access or VaultAccess(settings, passwords)
        self._define = define or {}
        self._warn = warn or (lambda message: warnings.warn(message, stacklevel=3))
        self._seen = Values()
        self._doubts = Doubts(settings, self._warn)
        self._watch = watch
        self._storage: Storage | None = None
        self.left = 0
        """How many references `examine` has left to the product, which alone finds their secrets."""
        self.skipped = 0
        """How many configured files `examine` has not looked at, because others were named."""
        self._looked = time.monotonic()
        stamp = files.stamp(settings.keystore.path)
        opener = OpenerAtHand(self._make_opener)
        self._view = _View(self._read(opener), opener, stamp)

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        *,
        overrides: Overrides | None = None,
        passwords: PasswordChain | None = None,
        watch: float | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> Vault:
        """Open the vault of a `ciphertool.toml`, a Carbon home or a Carbon 5 YAML file.

        Without a path, it is the configuration that `CIPHERTOOL_CONFIG` names, or the nearest one from the working
        directory upwards. The latter is found, not named: it starts no program, loads no plug-in and reads nothing
        outside its directory; if it asks for more, a `FoundSettingsError` says what it must be named for. Passwords
        come from the environment and from the sources in the settings; there is no prompt. With `watch`, a request for
        a secret checks the files, at most once in that many seconds, and calls `reload` after a change; a failure goes
        to `warn` and leaves everything as it was. `warn` is `warnings.warn` unless given. Raises `ConfigError` if the
        settings or the repository cannot be read.
        """
        from ciphertool import settings as settings_
        from ciphertool.passwords.chain import PasswordChain
        from ciphertool.passwords.environment import Environment

        settings = settings_.load(Path(path) if path is not None else None, overrides)
        chain = passwords or PasswordChain((Environment(), *settings.password_sources))
        return cls(settings, chain, define=overrides.define if overrides else None, watch=watch, warn=warn)

    @classmethod
    def of(
        cls,
        secrets: Mapping[str, str | Secret],
        path: str | Path | None = None,
        *,
        define: Mapping[str, str] | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> Vault:
        """Return a vault in memory with these secrets, for tests: it reads no keystore, repository or password.

        It resolves references as one from `open` does. With a `path`, it takes the targets of that configuration, so
        that `check` examines its files and `load` reads them as it states; without one, no settings are read. `define`
        has the values of `${sys:…}`; `warn` is as for `open`.
        """
        from ciphertool import settings as settings_
        from ciphertool.passwords.chain import PasswordChain
        from ciphertool.vault.memory import MemoryAccess, settings_of

        settings = settings_of(settings_.load(Path(path)) if path is not None else None)
        access = MemoryAccess(secrets, settings.kind)
        return cls(settings, PasswordChain(()), define=define, warn=warn, access=access)

    def _make_opener(self) -> AnyOpener:
        # Whatever the application has used must still resolve before the old state may be replaced.
        keys = self._access.to_open(allow_unpadded=True)
        for warning in keys.warnings:
            self._warn(warning)
        return keys.opener

    def _read(self, opener: OpenerAtHand) -> Resolver:
        repository = self._access.repository()
        if repository.version is None:
            raise ConfigError("no such secret repository", path=repository.where, hint=self._how_to_create_it())
        return Resolver(repository, opener, warn=self._warn, tell=self._seen.add, elsewhere=self._elsewhere)

    def _elsewhere(self, alias: str) -> bool:
        """Return whether the product takes a secret that the repository lacks from another provider."""
        if self.settings.native:
            return False
        from ciphertool.runtimes.registry import runtime_of

        return runtime_of(self.settings.kind).providers(self.settings).have(alias)

    def _how_to_create_it(self) -> str:
        count = len(self.settings.targets)
        if not count:
            return "declare what to protect, then run `ciphertool protect`; the settings have no targets yet"
        declared = "1 target" if count == 1 else f"{count} targets"
        return f"run `ciphertool protect` to create it from {declared}, or restore it if it was there before"

    # --- secrets -----------------------------------------------------------------------------------------------------

    def resolve(self, alias: str) -> Secret:
        """Return an alias's secret, or raise `UnknownAliasError` or a `DecryptionError`."""
        resolver = self._current()
        secret = resolver.resolve(alias)
        self._doubts.judge_secret(alias, secret.reveal(), resolver)
        return secret

    def reveal(self, reference: Reference) -> str:
        """Return what a reference stands for, spelled for its place: percent-encoded if it is the password of a URL."""
        return self._current().reveal(reference)

    __getitem__ = resolve

    def __iter__(self) -> Iterator[str]:
        return iter(self._current().repository.entries)

    def __len__(self) -> int:
        return len(self._current().repository.entries)

    def __contains__(self, alias: object) -> bool:
        return alias in self._current().repository.entries

    def __bool__(self) -> bool:
        return True  # or `vault or Vault.open()` would replace an empty vault by another one

    # A comparison of contents would decrypt both vaults, and a vault could be in no cache.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        resolver = self._view.resolver
        counts = f"{len(resolver.repository.entries)} secrets, {len(resolver.resolved())} resolved"
        return f"<Vault {resolver.repository.name}: {counts}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget the key and the decrypted secrets, except what was handed out and what `redactor` masks.

        No file is open between calls, so this is optional. A closed vault opens its keystore again if a secret is
        requested.
        """
        opener = OpenerAtHand(self._make_opener)
        self._view = self._view._replace(resolver=self._view.resolver.renewed(opener), opener=opener)

    def load(
        self,
        path: str | Path,
        *,
        format: str | None = None,  # noqa: A002 - the option's name
        encoding: str | None = None,
        placeholders: bool = False,
        yaml: Version = "1.2",
    ) -> Any:
        """Return a file's data with its references resolved: plain data, or an lxml tree for XML.

        YAML is read as YAML 1.2, or with `yaml="1.1"` as PyYAML reads it, unless a directive in the file names its
        version; docs/applications.md has the differences. Format and encoding are those given here, else those of the
        file's targets, else those that its name and bytes imply. With `placeholders`, `${env:X}`, `${env:X,default}`,
        `${sys:X}`, `$env{X}` and `$sys{X}` are filled in as well: from the environment, and from the `define` of
        `Overrides`. Raises `ProblemsError` with every reference that does not resolve.
        """
        path = Path(path)
        data = files.read(path).bytes
        rewriter = rewriter_of(self.settings, path, Reading(format, encoding))
        if yaml == "1.1":
            from ciphertool.rewriters.yaml import YamlRewriter

            rewriter = rewriter.with_version(yaml) if isinstance(rewriter, YamlRewriter) else rewriter
        elif yaml != "1.2":
            raise ValueError(f"yaml must be '1.1' or '1.2', not {yaml!r}")
        resolver = self._current()
        reveal: Callable[[Reference], str] = resolver.reveal
        if placeholders:
            reveal = references.Filling(reveal, self._look_up)
        try:
            loaded = rewriter.load(data, reveal)
            if resolver.is_native and rewriter.name == "properties":
                document = rewriter.parse(data)
                self._doubts.judge_file(document, path)
                check_document(document, path, resolver)
            return loaded
        except UnknownPlaceholderError as error:
            raise error.at(path, _line_of(rewriter, data, error)) from None
        except ConfigError as error:
            raise error.at(path) from None
        except CipherToolError:
            # Only now is it worth locating every reference that fails, with its line.
            resolve_document(rewriter, data, path, resolver)
            raise

    def resolve_file(
        self,
        path: str | Path,
        *,
        format: str | None = None,  # noqa: A002 - the option's name
        encoding: str | None = None,
    ) -> bytes:
        """Return a file's bytes with its references resolved: the file as it was before it was protected.

        Format and encoding are found as `load` finds them.
        """
        path = Path(path)
        data = files.read(path).bytes
        rewriter = rewriter_of(self.settings, path, Reading(format, encoding))
        return resolve_document(rewriter, data, path, self._current())

    def resolve_bytes(
        self,
        data: bytes,
        *,
        format: str,  # noqa: A002 - as above
        encoding: str | None = None,
        name: str = "<bytes>",
    ) -> bytes:
        """Return a document's bytes with its references resolved; errors call the document `name`."""
        rewriter = rewriters.by_name(format, encoding, extensions=self.settings.trust.extensions)
        return resolve_document(rewriter, data, Path(name), self._current())

    def reading(self, path: str | Path) -> Reading:
        """Return the format and the encoding that the settings' targets give for a file, each None if no target does.

        Raises `ConfigError` if targets contradict each other.
        """
        return reading_of(self.settings, path)

    def resolve_tree(self, value: Any) -> Any:
        """Return a copy of nested dicts, lists and tuples with the references in its strings resolved.

        Keys and everything that is not a string stay as they are; a resolved value is not scanned again. Raises
        `ProblemsError` with every reference that does not resolve, or the error itself if there is only one.
        """
        return resolve_tree(value, self._current())

    def check(self, *only: str | Path) -> int:
        """Resolve every reference of every configured file, or of these alone; return the number of references.

        Raises `ProblemsError` with every reference that does not resolve and every file that `resolve_file` would
        refuse, `KeystoreError` if no key opens, and `ConfigError` for a file among `only` that is not a configured one.
        """
        return self.examine(*only).references

    def examine(self, *only: str | Path) -> Examined:
        """Do what `check` does, and return what was examined and, of all files, what nothing refers to."""
        examined, self.left, self.skipped = examine(self.settings, self._current(), [Path(path) for path in only])
        return examined

    def resolved(self) -> dict[str, str]:
        """Return the value of every secret that has been resolved, by alias: none of them may show in any output."""
        return {alias: secret.reveal() for alias, secret in self._view.resolver.resolved().items()}

    def redactor(self) -> Redactor:
        """Return a `logging.Filter` that masks in log records every value that this vault resolves, now or later.

        Add it to handlers: `handler.addFilter(vault.redactor())`.
        """
        from ciphertool.redaction.logs import Redactor

        return Redactor(self._seen)

    # --- following a changed vault -----------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the repository again, and the keystore if its file has changed: all or nothing.

        Every secret that was resolved before must resolve again; otherwise the vault stays as it was and the
        `CipherToolError` says why. A `Secret` that was handed out keeps its old value.
        """
        # Two threads may both reload: each leaves a complete vault. A lock could be inherited by a fork.
        before = self._view
        stamp = files.stamp(self.settings.keystore.path)
        opener = before.opener if stamp == before.stamp else OpenerAtHand(self._make_opener)
        view = _View(self._read(opener), opener, stamp)
        view.resolver.succeed(before.resolver)
        self._view = view

    def _current(self) -> Resolver:
        if self._watch is not None and time.monotonic() - self._looked >= self._watch:
            self._looked = time.monotonic()
            try:
                if self._has_changed(self._view):
                    self.reload()
            except (CipherToolError, OSError) as error:
                self._warn(f"the vault changed but could not be reloaded: {error}")
        return self._view.resolver

    def _has_changed(self, view: _View) -> bool:
        """Return whether repository or keystore, which are replaced and never overwritten, are not as they were."""
        if files.stamp(self.settings.keystore.path) != view.stamp:
            return True
        if self._storage is None:
            self._storage = self.settings.storage
        return self._storage.changed(view.resolver.repository.version, 0)

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _look_up(self, kind: str, name: str, default: str | None) -> str:
        value = (os.environ if kind == "env" else self._define).get(name, default)
        if value is None:
            raise UnknownPlaceholderError(kind, name)
        return value


class _View(NamedTuple):
    """One state of a vault, replaced as a whole; `stamp` is that of the keystore."""

    resolver: Resolver
    opener: OpenerAtHand
    stamp: tuple[int, ...] | None


def _line_of(rewriter: Rewriter, data: bytes, error: UnknownPlaceholderError) -> int | None:
    for site in rewriter.parse(data).sites():
        if (error.kind, error.name) in references.placeholders(site.value):
            return site.line
    return None
