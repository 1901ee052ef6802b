"""Every error that ciphertool raises on purpose. Each carries its facts and builds its own message.

A message is lower case and says what, where and why; `hint` says what to do. No message holds a secret,
a password or a line of a file that may hold one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class CipherToolError(Exception):
    """Base of every error of this package.

    `message` says what went wrong and `hint` what to do about it ("" where there is nothing to add);
    `path` and `line` (1-based) say where, if it was in a file. `str()` gives "path:line: message".
    """

    def __init__(self, message: str, *, hint: str = "", path: Path | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = path
        self.line = line

    def at(self, path: Path, line: int | None = None) -> CipherToolError:
        """Say where the error is, unless that is known already; return the error itself."""
        self.path = self.path or path
        self.line = self.line or line
        return self

    def __str__(self) -> str:
        if self.path is None:
            return self.message
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.message}"


class ProblemsError(CipherToolError):
    """Several problems found in one run; `problems` holds each as an error of its own."""

    def __init__(self, problems: Iterable[CipherToolError]) -> None:
        self.problems: Sequence[CipherToolError] = tuple(problems)
        super().__init__(f"{len(self.problems)} problems")


# --- configuration and input (exit status 3) ---------------------------------------------------------------------


class ConfigError(CipherToolError):
    """Configuration or input that cannot be read, or that is refused."""


class ConfigSyntaxError(ConfigError):
    """A document that is not well-formed; `reason` never quotes it."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        self.reason = reason
        self.column = column
        where = f" (column {column})" if column else ""
        super().__init__(f"{reason}{where}", line=line)


class SelectorError(ConfigError):
    """A selector that cannot be understood, matches nothing, or matches what cannot be protected."""

    def __init__(self, selector: str, reason: str, *, line: int | None = None, hint: str = "") -> None:
        self.selector = selector
        self.reason = reason
        super().__init__(f"{selector}: {reason}", line=line, hint=hint)


class NoMatchError(SelectorError):
    """A selector that matches nothing, or only an empty value."""

    def __init__(self, selector: str, reason: str = "matches nothing", *, line: int | None = None) -> None:
        super().__init__(selector, reason, line=line)


class UnrepresentableValueError(ConfigError):
    """A value that the format cannot hold at that place, as a control character in XML."""

    def __init__(self, selector: str, reason: str) -> None:
        self.selector = selector
        self.reason = reason
        super().__init__(f"{selector}: the value cannot be written here: {reason}")


class UnknownFormatError(ConfigError):
    """A file whose format is not known; `known` lists those that are."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(
            f"unknown format {name!r}", hint=f"known are {', '.join(self.known)}; name one in the settings or by --format"
        )


# --- keystores, passwords, key usage (exit status 4) -------------------------------------------------------------


class KeystoreError(CipherToolError):
    """A keystore, password, key or certificate that cannot be used."""


# --- decryption (exit status 5) ----------------------------------------------------------------------------------


class DecryptionError(CipherToolError):
    """A ciphertext that does not decrypt."""


class UnknownAliasError(CipherToolError):
    """A secret alias that the repository does not have."""

    def __init__(self, alias: str, repository: Path) -> None:
        self.alias = alias
        self.repository = repository
        super().__init__(
            f"unknown secret alias {alias!r}: {repository} has no such entry",
            hint="check the reference's spelling; `ciphertool audit` lists references and secrets",
        )


# --- writing (exit status 6 and 7) -------------------------------------------------------------------------------


class WriteError(CipherToolError):
    """A file that could not be written; it is as it was before."""


class ConflictError(CipherToolError):
    """Somebody else is writing, or a file changed between reading and writing."""
