"""Passwords that a product's own configuration states in clear, beside the path of its keystore."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from ciphertool.passwords.chain import Passwords

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class StatedPasswords:
    """The passwords that were read from a file together with other settings."""

    file: Path
    keystore: str = field(repr=False)
    key: str | None = field(repr=False)
    variables: ClassVar[tuple[str, ...]] = ()
    completes: ClassVar[bool] = True

    @property
    def files(self) -> tuple[Path, ...]:
        """The file that states them."""
        return (self.file,)

    @property
    def name(self) -> str:
        """The file."""
        return f"the keystore passwords in {self.file}"

    def read(self) -> Passwords:
        """Return the passwords."""
        return Passwords(self.keystore, self.key)
