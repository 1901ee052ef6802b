"""What ciphertool knows about the product that reads a vault's files at start-up. Opens and writes no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool import references
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ciphertool.files import Write
    from ciphertool.references import Syntax
    from ciphertool.rewriters.base import Rewriter
    from ciphertool.settings.model import Settings


class Files(NamedTuple):
    """Files that a product reads, besides those of the targets.

    It reads each file of `always`, and any file `below` these directories: only those that refer to a secret matter.
    """

    always: tuple[Path, ...] = ()
    below: tuple[Path, ...] = ()


JCA_TYPES = frozenset({"PKCS12", "JKS", "JCEKS", "BKS", "UBER"})
"""The formats of keystores that have a name in Java."""


def jca_type(format_name: str) -> str:
    """Return the name in Java of a keystore's format, "JKS" if it has none."""
    return format_name if format_name in JCA_TYPES else "JKS"


class KeystoreFacts(NamedTuple):
    """What a product must know about the keystore: the JCA name of its format, the alias of its key, and its kind.

    `symmetric` is True if the key is a secret key.
    """

    type: str = "JKS"
    alias: str | None = None
    symmetric: bool = False


class NewKeystore(NamedTuple):
    """The keystore that a vault moves to: its path, what a product must know about it, and the transformation."""

    path: Path
    facts: KeystoreFacts
    scheme: str


class Providers(NamedTuple):
    """The other providers of a product: those that an alias names, and one that has `every` secret the vault lacks."""

    named: bool = False
    every: bool = False

    def have(self, alias: str) -> bool:
        """Return whether one of them has a secret that the vault does not have."""
        return self.every or (self.named and references.names_provider(alias))


NO_PROVIDERS = Providers()


class Runtime(Protocol):
    """The product that reads the files of a vault of one kind.

    The defaults hold for any application: it reads the files of the targets, in each format's usual syntax, and needs
    nothing but the repository.
    """

    kind: str
    """The kind of repository that it reads."""
    reads_ignored: bool = False
    """Whether it reads files in its directories even if git ignores them."""
    separator: str = "."
    """The separator between the words of an alias."""
    repository_name: str | None = None
    """The name that the file of its repository always has, if it has one."""

    @property
    def staged_kind(self) -> str:
        """The kind of the file that has its ciphertexts while they move to another key."""
        return self.kind

    symmetric: bool = False
    """Whether it decrypts the values of a vault whose key is a secret key of the keystore."""

    def files(self, settings: Settings) -> Files:  # noqa: ARG002
        """Return the files that it reads."""
        return Files()

    def syntax(self, rewriter: Rewriter) -> Syntax:
        """Return the syntax of references that it understands in files of one format."""
        return rewriter.syntax

    def companions(self, settings: Settings, keystore: KeystoreFacts) -> tuple[Write, ...]:  # noqa: ARG002
        """Return the writes that enable it to open the vault; none if it already can.

        Raises `ConfigError` for a file that cannot be read, or that keeps the product from reading the vault.
        """
        return ()

    def reopening(
        self,
        settings: Settings,
        ciphertexts: Path,  # noqa: ARG002
        keystore: NewKeystore | None,  # noqa: ARG002
    ) -> Write | None:
        """Return the write of the one file by which the product finds its vault; None if it states all that already.

        The product then finds the ciphertexts in that file and, unless it is None, decrypts them with that keystore.
        Raises `ConfigError` if it could not, or if there is no such file.
        """
        raise ConfigError("no product reads this vault by a file of its own", path=settings.origin)

    def restating(self, settings: Settings) -> tuple[Write, ...]:  # noqa: ARG002
        """Return the writes after which other files that name a keystore for the vault alone name that of the settings.

        The product does not need them to open the vault.
        """
        return ()

    def stated_in(self, settings: Settings) -> Path | None:  # noqa: ARG002
        """Return the one file in which all its secrets are stated, if there is such a file."""
        return None

    def overwrites(self, settings: Settings, path: Path) -> bool:  # noqa: ARG002
        """Return whether it generates a configuration file at its start, so that a change of it would be lost."""
        return False

    def providers(self, settings: Settings) -> Providers:  # noqa: ARG002
        """Return which secrets it takes from other providers than the vault."""
        return Providers()

    def own_files(self, settings: Settings) -> frozenset[Path]:
        """Return the vault's files that are not configuration; the keystore is not included, since settings name it."""
        path = settings.repository_settings.path
        return frozenset() if path is None else frozenset({path})

    def password_files(self, settings: Settings) -> Iterator[Path]:
        """Yield the files from which it reads the keystore's password, whether they exist or not."""
        from ciphertool.passwords import MasterKeys  # lazy: every command imports this module, few call this

        yield from (source.path for source in settings.password_sources if isinstance(source, MasterKeys))
