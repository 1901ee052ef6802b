"""Alias → secret, and a file with its references resolved. Fail closed, with every failure of a file at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ciphertool import references, rewriters
from ciphertool.ciphertext import Envelope
from ciphertool.errors import (
    CipherToolError,
    ConfigError,
    DecryptionError,
    MovedCiphertextError,
    NotEncryptedYetError,
    ProblemsError,
    SelectorError,
    UnknownAliasError,
    UnknownContentKeyError,
)
from ciphertool.repository import Clear, Encrypted, Malformed, Placeholder, is_native
from ciphertool.rewriters.base import SAY_ENCODING, Change, Edit, put_back, rewrite
from ciphertool.vault.at_hand import FIRST

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from pathlib import Path

    from ciphertool.references import Reference
    from ciphertool.repository import SecretRepository
    from ciphertool.rewriters.base import Document, Rewriter, Site
    from ciphertool.secret import Secret
    from ciphertool.vault.at_hand import OpenerAtHand
    from ciphertool.vault.cipher import AnyOpener


_PUT_RIGHT = (
    "state its encoding with `encoding` in its target; if it is UTF-8, resolve the file with `--encoding iso-8859-1`, "
    "which restores its bytes, and protect it again with `--take file`"
)


class Resolver:
    """Resolves aliases of one repository. A secret is decrypted once and kept; thread-safe.

    `warn` is called for a value that resolves but should not be stored as it is, `tell` with every resolved value.
    `elsewhere` returns whether another provider of the product has an alias that the repository lacks.
    """

    def __init__(
        self,
        repository: SecretRepository,
        opener: OpenerAtHand,
        *,
        warn: Callable[[str], None],
        tell: Callable[[str], None],
        elsewhere: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.repository = repository
        self._elsewhere = elsewhere
        self._opener = opener
        self._warn = warn
        self._tell = tell
        self._known: dict[str, Secret] = {}
        self._misread: set[str] = set()

    @property
    def is_native(self) -> bool:
        """Whether the vault is of ciphertool's own kind, not of a product that prescribes how its files are read."""
        return is_native(self.repository.kind)

    def resolve(self, alias: str) -> Secret:
        """Return the alias's secret.

        Raises `UnknownAliasError`, or a `DecryptionError` that distinguishes a different key, a moved ciphertext and a
        damaged one as far as the repository's kind allows. Never returns the alias or an invented value.
        """
        secret = self._known.get(alias)
        if secret is None:  # two threads may both decrypt it, to the same value: a lock could be inherited by a fork
            if self._known:
                found = self._resolve(alias)
            else:
                with FIRST:
                    found = self._resolve(alias)
            secret = self._known.setdefault(alias, found)
            self._tell(secret.reveal())
        return secret

    def prepare(self, aliases: Iterable[str]) -> None:
        """Decrypt the values of several aliases at once, if that is faster; `resolve` then has them at hand.

        What fails is left for `resolve` to report; only the `KeystoreError` of a keystore that does not open is raised.
        """
        entries = {alias: self.repository.entries.get(alias) for alias in aliases if alias not in self._known}
        stored = {alias: entry.stored for alias, entry in entries.items() if entry is not None}
        blocks = {alias: one.ciphertext for alias, one in stored.items() if isinstance(one, Encrypted)}
        for alias, secret in self._opener.open_blocks(blocks):
            if alias not in self._known:
                self._known[alias] = secret
                self._tell(secret.reveal())

    def is_left(self, alias: str) -> bool:
        """Return whether only the product finds a secret: another provider has it, or a placeholder stands for it."""
        entry = self.repository.entries.get(alias)
        if entry is None:
            return self._elsewhere(alias)
        return isinstance(entry.stored, Placeholder)

    def reveal(self, reference: Reference) -> str:
        """Return what a reference stands for, spelled for its place: percent-encoded if it is the password of a URL.

        Carbon's runtimes insert a stored value into a URL unchanged, so in their vaults it is stored encoded.
        """
        value = self.resolve(reference.alias).reveal()
        if reference.in_url and self.is_native:
            from ciphertool.rewriters.spelled import in_url

            return in_url(value, self.spelling(reference))
        return value

    def spelling(self, reference: Reference | None) -> str | None:
        """Return how the secret that a reference stands for was spelled in its file, if the vault has kept that."""
        if reference is None or not self.repository.keys:
            return None
        entry = self.repository.entries.get(reference.alias)
        if entry is None or not isinstance(entry.stored, Encrypted):
            return None
        found = self._opener().spelling(reference.alias, entry.stored.ciphertext)
        return None if found is None else found.reveal()

    def warn_of_misread(self, alias: str, path: Path) -> None:
        """Warn, once per secret, that it looks like UTF-8 that was read from this file as ISO-8859-1."""
        if self.is_native and alias not in self._misread:
            self._misread.add(alias)
            self._warn(f"{path}: the secret {alias!r} looks like UTF-8 that was read as ISO-8859-1; {_PUT_RIGHT}")

    def resolved(self) -> dict[str, Secret]:
        """Return every secret that has been resolved, by alias."""
        return dict(self._known)

    def renewed(self, opener: OpenerAtHand) -> Resolver:
        """Return a resolver of the same repository that has resolved nothing yet, and has another opener."""
        return Resolver(self.repository, opener, warn=self._warn, tell=self._tell, elsewhere=self._elsewhere)

    def succeed(self, before: Resolver) -> None:
        """Take over from the resolver of the earlier repository: everything that it had resolved must resolve here too.

        An unchanged ciphertext is decrypted again only if the opener has changed. Raises what `resolve` raises, or
        `ProblemsError` for several errors.
        """
        self._misread = before._misread
        problems: list[CipherToolError] = []
        for alias, secret in before.resolved().items():
            try:
                unchanged = self.repository.get(alias).stored == before.repository.get(alias).stored
                if unchanged and self._opener is before._opener:
                    self._known[alias] = secret
                else:
                    self.resolve(alias)
            except (UnknownAliasError, DecryptionError, ConfigError) as error:
                problems.append(error)
        if problems:
            raise problems[0] if len(problems) == 1 else ProblemsError(problems)

    def _resolve(self, alias: str) -> Secret:
        entry = self.repository.get(alias)
        match entry.stored:
            case Encrypted(ciphertext):
                if isinstance(ciphertext, Envelope) and not ciphertext.wrapped:
                    raise explain(UnknownContentKeyError(ciphertext.content_key), alias, self.repository, None)
                opener = self._opener()
                try:
                    return opener.open(alias, ciphertext)
                except CipherToolError as error:
                    raise explain(error, alias, self.repository, opener) from None
            case Clear(value):
                if self.repository.clear_is_readable:
                    self._warn(f"{self.repository.name}:{entry.line}: {alias!r} is in clear; run `ciphertool protect`")
                    return value
                raise NotEncryptedYetError(alias).at(self.repository.where, entry.line)
            case Malformed(reason, hint):
                raise DecryptionError(f"{alias!r}: {reason}", hint=hint or self.repository.hint).at(
                    self.repository.where, entry.line
                )
            case Placeholder():
                raise DecryptionError(f"{alias!r}: is a placeholder, which only the product fills in").at(
                    self.repository.where, entry.line
                )
        raise AssertionError


def explain(
    error: CipherToolError,
    alias: str,
    repository: SecretRepository,
    opener: AnyOpener | None,
    label: str | None = None,
) -> CipherToolError:
    """Return why an alias's ciphertext does not decrypt, with alias and place; as moved, if the opener can detect that.

    `label` is the secret's name in the message if that is not its alias.
    """
    entry = repository.get(alias)
    if isinstance(error, MovedCiphertextError):
        return error.at(repository.path, entry.line)
    error.message = f"{repr(alias) if label in (None, alias) else label}: {error.message}"
    if opener is not None and isinstance(entry.stored, Encrypted):
        made_for = opener.moved_from(entry.stored.ciphertext, (other for other in repository.entries if other != alias))
        if made_for is not None:
            error = MovedCiphertextError(alias, made_for)
    return error.at(repository.where, entry.line)


def reference_sites(document: Document) -> Iterator[tuple[Site, tuple[Reference, ...]]]:
    """Yield every site that holds references, and its references: one for the whole value, or those within it."""
    for site in document.sites():
        if site.reference is not None:
            yield site, (site.reference,)
        elif found := tuple(references.find(site.value)):
            yield site, found


def mention_sites(document: Document) -> Iterator[tuple[Site, tuple[Reference, ...]]]:
    """Yield each reference that an expression of the product makes, and its site. It cannot be replaced by a secret."""
    if not references.may_mention(document.source.text):
        return
    for site in document.sites():
        for mention in references.mentions(site.value):
            yield site, (mention,)


def resolve_document(
    rewriter: Rewriter, data: bytes, path: Path, resolver: Resolver, only: Container[str] | None = None
) -> bytes:
    """Return a file's bytes with every reference replaced by its secret, and what only references needed removed.

    References to secrets that only the product finds stay, and those that its expressions make. With `only`, all stay
    but those to these aliases. Raises `ProblemsError` with every reference that does not resolve, or the error itself
    if there is only one.
    """
    document = rewriters.parse(rewriter, data, path)
    sites, problems = check_document(document, path, resolver, only)
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    try:
        changes = replacements(sites, resolver)
        resolved = rewrite(rewriter, document, changes)
    except ConfigError as error:
        raise error.at(path) from None
    spellings = {site.selector: text for site, _ in sites if (text := resolver.spelling(site.reference)) is not None}
    if not spellings:
        return resolved
    from ciphertool.rewriters.spelled import respelled

    return respelled(rewriter, document, changes, resolved, spellings)


def resolve_tree(value: Any, resolver: Resolver) -> Any:
    """Return a copy of nested dicts, lists and tuples with the references in its strings resolved.

    Raises as `resolve_document` does.
    """
    problems: list[CipherToolError] = []

    def revealed(reference: Reference) -> str:
        try:
            return resolver.reveal(reference)
        except CipherToolError as error:
            problems.append(error)
            return ""

    resolved = _walk(value, revealed)
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return resolved


def _walk(value: Any, reveal: Callable[[Reference], str]) -> Any:
    if isinstance(value, str):
        return references.substitute(value, reveal)
    if isinstance(value, dict):
        return {key: _walk(item, reveal) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, reveal) for item in value]
    if type(value) is tuple:
        return tuple(_walk(item, reveal) for item in value)
    return value


def check_document(
    document: Document, path: Path, resolver: Resolver, only: Container[str] | None = None
) -> tuple[list[tuple[Site, tuple[Reference, ...]]], list[CipherToolError]]:
    """Return the sites that hold references, their references, and one error for each that does not resolve.

    Those to secrets that only the product finds are left out and, with `only`, all but those to these aliases.
    If the keystore does not open, its `KeystoreError` is raised instead. `resolver` warns of values that may have been
    read from the file in the wrong encoding.
    """

    def wanted(every: Iterable[Reference]) -> tuple[Reference, ...]:
        asked = (one for one in every if only is None or one.alias in only)
        return tuple(one for one in asked if not resolver.is_left(one.alias))

    sites = [(site, found) for site, every in reference_sites(document) if (found := wanted(every))]
    mentioned = [(site, found) for site, every in mention_sites(document) if (found := wanted(every))]
    resolver.prepare(one.alias for _, found in (*sites, *mentioned) for one in found)
    problems: list[CipherToolError] = [error.at(path) for error in document.strays()] if only is None else []
    failed: dict[str, CipherToolError] = {}
    for site, found in (*sites, *mentioned):
        if resolver.is_native and (doubt := document.doubt(site)):
            problems.append(SelectorError(site.selector, doubt, line=site.line, hint=SAY_ENCODING).at(path))
        for reference in found:
            try:
                if reference.alias in failed:
                    raise failed[reference.alias]
                if document.may_misread(resolver.resolve(reference.alias).reveal()):
                    resolver.warn_of_misread(reference.alias, path)
            except (UnknownAliasError, DecryptionError, ConfigError) as error:
                if reference.alias not in failed and error.path is not None:
                    error.message = f"{error.message} (in {error.path}{f':{error.line}' if error.line else ''})"
                failed[reference.alias] = error
                problems.append(_copied(error, path, site.line))
    return sites, problems


def _copied(error: CipherToolError, path: Path, line: int) -> CipherToolError:
    """Return the same failure, located at another place."""
    copy = type(error).__new__(type(error))
    copy.__dict__.update(error.__dict__)
    copy.args = error.args
    copy.path, copy.line = path, line
    return copy


def replacements(sites: Iterable[tuple[Site, tuple[Reference, ...]]], resolver: Resolver) -> list[Change]:
    """Return the changes that replace references, all of which resolve, by their secrets."""
    changes = []
    for site, found in sites:
        if site.reference is not None:
            changes.append(Change(site, resolver.resolve(site.reference.alias).reveal()))
        else:
            edits = tuple(Edit(reference.start, reference.end, resolver.reveal(reference)) for reference in found)
            changes.append(put_back(site, edits))
    return changes
