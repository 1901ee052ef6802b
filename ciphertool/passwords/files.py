"""Passwords from files: a named one, a systemd credential, a directory of mounted secrets."""

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
"""More than any password file has: naming a device or a log by mistake is an error."""


@dataclass(frozen=True)
class PasswordFile:
    """A named file: line 1 is the keystore password, line 2 the key password. It may be a pipe.

    A file that is one empty line has the empty password: some keystores have it, and no variable can hold it.

    A file that others can read is used but reported as `exposed`; with `private` it is refused.
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
        """Return the file's passwords; a missing file is an error, since it was named."""
        content = read(self.path)
        if content is None:
            hint = (
                "check the path; the file has the keystore's password on line 1, and the key's on line 2 if it differs"
            )
            raise PasswordSourceError(str(self.path), "no such file", hint=hint)
        if self.private and content.mode & 0o077 and os.name == "posix":
            raise PasswordSourceError(
                str(self.path), f"others can read or write it (mode {content.mode:o})", hint=f"chmod 600 {self.path}"
            )
        return lines(self.path, content)


@dataclass(frozen=True)
class MountedSecret:
    """Secrets that a platform mounts, one in each file: Docker's and Kubernetes' secrets, systemd's credentials.

    Each is a whole file without one final line end. The platform decides who may read them.
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
        """Return the passwords, or None if the file is missing."""
        keystore = self._value(self.keystore)
        if keystore is None:
            return None
        key = self._value(self.key) if self.key else None
        source, *key_source = map(str, self.files)
        return Passwords(keystore, key, source=source, key_source="".join(key_source))

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
    """A credential of this systemd service (`LoadCredential=`), in `$CREDENTIALS_DIRECTORY`."""

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
    """A file's text, and the system's facts about it when it was read."""

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
    """Return a file's text and mode, None if there is no such file; raise `PasswordSourceError` if it is unusable."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
            status = os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PasswordSourceError(str(path), f"it cannot be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise PasswordSourceError(str(path), "it is too long for a password file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PasswordSourceError(str(path), "not UTF-8 text") from None
    return PasswordText(text, status)


def lines(path: Path, content: PasswordText, name: str = "") -> Passwords:
    """Return the passwords of a file's first two lines; `name` is the file in messages about wrong ones.

    A file that is one empty line holds the empty password. Raise `PasswordSourceError` if the first line of any other
    file is empty, or if there is no line at all.
    """
    # Lines end as in Java's readLine; blanks belong to the password.
    keystore, key, *rest = [*re.split(r"\r\n|\r|\n", content.text), ""]
    if not keystore and (key or len(rest) != 1):
        reason = "its first line is empty" if content.text else "it is empty"
        hint = "for a keystore whose password is empty, write a file that is one empty line"
        raise PasswordSourceError(str(path), reason, hint=hint)
    source = name or str(path)
    exposed = path if content.exposed else None
    return Passwords(keystore, key or None, exposed, source=source, key_source=f"line 2 of {source}")
