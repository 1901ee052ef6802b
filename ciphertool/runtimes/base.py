"""What ciphertool knows about the product that reads a vault's files at start-up. Opens and writes no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool.passwords import MasterKeys

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


class Runtime(Protocol):
    """The product that reads the files of a vault of one kind.

    The defaults hold for any application: it reads the files of the targets, in each format's usual syntax, and needs
    nothing but the repository.
    """

    kind: str
    """The kind of repository that it reads."""
    reads_ignored: bool = False
    """Whether it reads files in its directories even if git ignores them."""

    def files(self, settings: Settings) -> Files:  # noqa: ARG002
        """Return the files that it reads."""
        return Files()

    def syntax(self, rewriter: Rewriter) -> Syntax:
        """Return the syntax of references that it understands in files of one format."""
        return rewriter.syntax

    def companions(self, settings: Settings, store_type: str) -> tuple[Write, ...]:  # noqa: ARG002
        """Return the writes that enable it to open the vault; none if it already can.

        `store_type` is the JCA name of the keystore's format. Raises `ConfigError` for a file that cannot be read.
        """
        return ()

    def own_files(self, settings: Settings) -> frozenset[Path]:
        """Return the vault's files that are not configuration; the keystore is not included, since settings name it."""
        return frozenset({settings.repository})

    def password_files(self, settings: Settings) -> Iterator[Path]:
        """Yield the files from which it reads the keystore's password, whether they exist or not."""
        yield from (source.path for source in settings.password_sources if isinstance(source, MasterKeys))
