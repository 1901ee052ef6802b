"""Where a keystore password and a key password come from. Knows no keystore; a person is asked by who calls.

A new kind of source is a class of its own with a `name` and a `read`, put where it belongs into a `PasswordChain`.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from ciphertool.errors import ConfigSyntaxError, NoPasswordError, PasswordSourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

KEYSTORE_VARIABLE = "CIPHERTOOL_KEYSTORE_PASSWORD"
KEY_VARIABLE = "CIPHERTOOL_KEY_PASSWORD"

_MOST_BYTES = 65_536
"""More than any file of passwords has: who names a device or a log by mistake is told so."""


@dataclass(frozen=True, slots=True)
class Passwords:
    """The keystore's password and the key's own, None where that is the same.

    `exposed` is the file that they came from, if everybody on the machine can read it: a reason to warn.
    """

    keystore: str = field(repr=False)
    key: str | None = field(default=None, repr=False)
    exposed: Path | None = None

    @property
    def for_key(self) -> str:
        """The password that opens the key."""
        return self.keystore if self.key is None else self.key


class PasswordSource(Protocol):
    """One place where passwords may be. Asked at most once in a run."""

    @property
    def name(self) -> str:
        """How messages name it."""

    def read(self) -> Passwords | None:
        """Return the passwords, or None where it has none; raise `PasswordSourceError` if it is there and useless."""


class PasswordChain:
    """Sources in the order in which they are asked, when a password is first needed; the first that has one wins.

    Both passwords come from one source, so that nobody's key password is tried on somebody else's keystore.
    """

    def __init__(self, sources: Sequence[PasswordSource]) -> None:
        self._sources = tuple(sources)

    def read(self) -> Passwords:
        """Return the passwords, the same at every call, or raise `NoPasswordError`."""
        return self._passwords

    def read_unasked(self) -> Passwords | None:
        """Return the passwords that are there without asking a person, or None."""
        return self._unasked

    @cached_property
    def _passwords(self) -> Passwords:
        passwords = self._unasked or self._first(source for source in self._sources if isinstance(source, Prompt))
        if passwords is None:
            raise NoPasswordError(source.name for source in self._sources)
        return passwords

    @cached_property
    def _unasked(self) -> Passwords | None:
        return self._first(source for source in self._sources if not isinstance(source, Prompt))

    def _first(self, sources: Iterable[PasswordSource]) -> Passwords | None:
        return next((found for source in sources if (found := source.read()) is not None), None)


@dataclass(frozen=True)
class Environment:
    """The variables `CIPHERTOOL_KEYSTORE_PASSWORD` and `CIPHERTOOL_KEY_PASSWORD`. An empty one is as good as none."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    name: ClassVar[str] = f"the environment variable {KEYSTORE_VARIABLE}"

    def read(self) -> Passwords | None:
        """Return the variables' values; a key password alone is an error, for it would be ignored."""
        keystore = _variable(self.environment, KEYSTORE_VARIABLE)
        key = _variable(self.environment, KEY_VARIABLE)
        if keystore is None and key is not None:
            raise PasswordSourceError(
                f"the environment variable {KEY_VARIABLE}",
                f"{KEYSTORE_VARIABLE} is not set",
                hint=f"set both, or write the key password to line 2 of the password file and unset {KEY_VARIABLE}",
            )
        return None if keystore is None else Passwords(keystore, key)


@dataclass(frozen=True)
class PasswordFile:
    """A file that somebody named: line 1 is the keystore password, line 2 the key password. It may be a pipe."""

    path: Path

    @property
    def name(self) -> str:
        """The file."""
        return f"the password file {self.path}"

    def read(self) -> Passwords:
        """Return the file's passwords; a file that is named and not there is an error."""
        content = _read(self.path)
        if content is None:
            raise PasswordSourceError(str(self.path), "no such file")
        return _lines(self.path, content)


@dataclass(frozen=True)
class CarbonHome:
    """The files of a Carbon home that its runtime reads at start-up. They are read, never renamed or deleted."""

    home: Path

    @property
    def name(self) -> str:
        """The files."""
        return f"the files {', '.join(_CARBON_FILES)} of {self.home}"

    def read(self) -> Passwords | None:
        """Return the passwords of the first file that is there."""
        for file in _CARBON_FILES:
            content = _read(self.home / file)
            if content is not None:
                return _lines(self.home / file, content)
        return None


_CARBON_FILES = ("password", "password-tmp", "password-persist")


@dataclass(frozen=True)
class MasterKeys:
    """A Carbon 5 `master-keys.yaml`, or the one it relocates to; environment variables of its names come first."""

    path: Path
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @property
    def name(self) -> str:
        """The variable and the file."""
        return f"the environment variable {_MASTER_KEYS[0]} and the file {self.path}"

    def read(self) -> Passwords | None:
        """Return the passwords that the variables and the file give together, None where there is neither."""
        keystore, key = (_variable(self.environment, name) for name in _MASTER_KEYS)
        if keystore is not None and key is not None:
            return Passwords(keystore, key)
        file = _keys_file(self.path)
        if file is None:
            return None if keystore is None else Passwords(keystore)
        if keystore is None:
            keystore = file.password(_MASTER_KEYS[0])
        if keystore is None:
            raise PasswordSourceError(str(file.path), f"it has no masterKeys.{_MASTER_KEYS[0]}")
        if key is None:
            key = file.password(_MASTER_KEYS[1])
        return Passwords(keystore, key, file.path if file.exposed else None)


_MASTER_KEYS = ("keyStorePassword", "privateKeyPassword")


@dataclass(frozen=True)
class Prompt:
    """A person. `ask` returns what was typed, or None where there is no terminal."""

    ask: Callable[[], str | None] = field(repr=False)
    name: ClassVar[str] = "a prompt on the terminal"

    def read(self) -> Passwords | None:
        """Return the keystore password that was typed; the key's is taken to be the same."""
        typed = self.ask()
        return None if typed is None else Passwords(typed)


@dataclass(frozen=True, slots=True)
class _Content:
    text: str = field(repr=False)
    exposed: bool


def _variable(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name)
    if not value:
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # Python smuggles other bytes in as surrogates
        raise PasswordSourceError(f"the environment variable {name}", "not UTF-8 text") from None
    return value


def _read(path: Path) -> _Content | None:
    """Return a file's text and whether everybody can read it, None where there is no such file."""
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
    exposed = os.name == "posix" and bool(status.st_mode & stat.S_IROTH)
    return _Content(text, exposed)


def _lines(path: Path, content: _Content) -> Passwords:
    # As Java's readLine ends a line; blanks belong to the password.
    keystore, key, *_ = [*re.split(r"\r\n|\r|\n", content.text), ""]
    if not keystore:
        raise PasswordSourceError(str(path), "its first line is empty")
    return Passwords(keystore, key or None, path if content.exposed else None)


@dataclass(frozen=True, slots=True)
class _KeysFile:
    """The file of master keys at the end of all relocations."""

    path: Path
    keys: Mapping[str, object] = field(repr=False)
    exposed: bool

    def password(self, name: str) -> str | None:
        value = self.keys.get(name)
        if value is None:
            return None
        try:
            password = value.decode("utf-8") if isinstance(value, bytes) else ""
        except UnicodeDecodeError:
            password = ""
        if not password:
            raise PasswordSourceError(str(self.path), f"masterKeys.{name} is not UTF-8 text under !!binary")
        return password


def _keys_file(path: Path, followed: tuple[Path, ...] = ()) -> _KeysFile | None:
    """Return the file that has the keys, None if the first one is not there."""
    content = _read(path)
    if content is None:
        if followed:
            raise PasswordSourceError(str(followed[-1]), f"it relocates to {path}, which is not there")
        return None
    document = _yaml(path, content.text)
    relocation = document.get("relocation")
    if not relocation:
        keys = document.get("masterKeys")
        return _KeysFile(path, keys if isinstance(keys, dict) else {}, content.exposed)
    if not isinstance(relocation, str) or "\0" in relocation:
        raise PasswordSourceError(str(path), "its relocation is not a path")
    if path in followed:
        raise PasswordSourceError(str(path), "its relocations lead back to itself")
    return _keys_file(_relocated(path, relocation), (*followed, path))


def _relocated(path: Path, relocation: str) -> Path:
    """Return where a relocation leads: from the working directory, as Java does, else from the file that names it."""
    named = Path(relocation).absolute()
    return (named if named.is_file() else path.absolute().parent / relocation).resolve()


def _yaml(path: Path, text: str) -> Mapping[str, object]:
    from ciphertool.rewriters.yaml import YamlRewriter  # few vaults have master keys

    def refuse(_: object) -> str:
        raise PasswordSourceError(str(path), "a master key cannot be a reference to a secret")

    try:
        document = YamlRewriter().load(text.encode("utf-8"), refuse)
    except ConfigSyntaxError as error:
        raise PasswordSourceError(str(path), f"not YAML: {error}") from None
    if not isinstance(document, dict):
        raise PasswordSourceError(str(path), "it has no masterKeys")
    return document
