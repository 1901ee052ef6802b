"""Passwords from files: one that somebody named, a systemd credential, a directory of mounted secrets."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from ciphertool.errors import PasswordSourceError
from ciphertool.passwords.chain import Passwords

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOST_BYTES = 65_536
"""More than any file of passwords has: who names a device or a log by mistake is told so."""


@dataclass(frozen=True)
class PasswordFile:
    """A file that somebody named: line 1 is the keystore password, line 2 the key password. It may be a pipe.

    One that others can read is used, and said to be `exposed`; with `private` it is refused.
    """

    path: Path
    private: bool = False
    variables: ClassVar[tuple[str, ...]] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The file that it reads."""
        return (self.path,)

    @property
    def name(self) -> str:
        """The file."""
        return f"the password file {self.path}"

    def read(self) -> Passwords:
        """Return the file's passwords; a file that is named and not there is an error."""
        content = read(self.path)
        if content is None:
            raise PasswordSourceError(str(self.path), "no such file")
        if self.private and content.mode & 0o077 and os.name == "posix":
            raise PasswordSourceError(
                str(self.path), f"others can read or write it (mode {content.mode:o})", hint=f"chmod 600 {self.path}"
            )
        return lines(self.path, content)


@dataclass(frozen=True)
class MountedSecret:
    """Secrets that a platform mounts, one in each file: Docker's and Kubernetes' secrets, systemd's credentials.

    Whole files, one final line end taken off. Who may read them is the platform's business.
    """

    directory: Path
    keystore: str
    key: str | None = None
    variables: ClassVar[tuple[str, ...]] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it reads."""
        return tuple(self.directory / name for name in (self.keystore, self.key) if name is not None)

    @property
    def name(self) -> str:
        """The file."""
        return f"the mounted secret {self.directory / self.keystore}"

    def read(self) -> Passwords | None:
        """Return the passwords, or None if the file is not there."""
        keystore = self._value(self.keystore)
        if keystore is None:
            return None
        return Passwords(keystore, self._value(self.key) if self.key else None)

    def _value(self, file: str) -> str | None:
        path = self.directory / file
        content = read(path)
        if content is None:
            return None
        value = re.sub(r"(?:\r\n|\r|\n)\Z", "", content.text)
        if not value or "\n" in value or "\r" in value:
            raise PasswordSourceError(str(path), "not one line" if value else "it is empty")
        return value


@dataclass(frozen=True)
class SystemdCredential:
    """A credential of the systemd service that this is (`LoadCredential=`), in `$CREDENTIALS_DIRECTORY`."""

    keystore: str
    key: str | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    variables: ClassVar[tuple[str, ...]] = ("CREDENTIALS_DIRECTORY",)

    @property
    def name(self) -> str:
        """The credential."""
        return f"the systemd credential {self.keystore}"

    def read(self) -> Passwords | None:
        """Return the passwords, or None if there is no such credential."""
        from pathlib import Path

        directory = self.environment.get(self.variables[0])
        return MountedSecret(Path(directory), self.keystore, self.key).read() if directory else None


@dataclass(frozen=True, slots=True)
class PasswordText:
    """What a file holds, and what the system said of it when it was read."""

    text: str = field(repr=False)
    status: os.stat_result

    @property
    def mode(self) -> int:
        """Its permission bits."""
        return stat.S_IMODE(self.status.st_mode)

    @property
    def exposed(self) -> bool:
        """Whether everybody on the machine can read it."""
        return os.name == "posix" and bool(self.mode & stat.S_IROTH)


def read(path: Path) -> PasswordText | None:
    """Return a file's text and mode, None if there is no such file; `PasswordSourceError` if it does not serve."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
            status = os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PasswordSourceError(str(path), f"it cannot be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise PasswordSourceError(str(path), "it is too long for a file of passwords")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PasswordSourceError(str(path), "not UTF-8 text") from None
    return PasswordText(text, status)


def lines(path: Path, content: PasswordText) -> Passwords:
    """Return the passwords of a file's first two lines; raise `PasswordSourceError` if the first is empty."""
    # As Java's readLine ends a line; blanks belong to the password.
    keystore, key, *_ = [*re.split(r"\r\n|\r|\n", content.text), ""]
    if not keystore:
        raise PasswordSourceError(str(path), "its first line is empty")
    return Passwords(keystore, key or None, path if content.exposed else None)
