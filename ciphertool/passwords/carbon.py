"""The password files of Carbon products: those of a Carbon 4 home, and the master keys of Carbon 5."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ciphertool.errors import ConfigError, ConfigSyntaxError, PasswordSourceError
from ciphertool.files import lies_in
from ciphertool.files.directories import reach
from ciphertool.passwords.chain import Passwords
from ciphertool.passwords.environment import variable
from ciphertool.passwords.files import lines, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.passwords.files import PasswordText

HOME_FILES = ("password", "password-tmp", "password-persist")
"""Where a Carbon home's runtime reads the keystore password: the first existing file. It keeps only the last one."""


@dataclass(frozen=True)
class CarbonHome:
    """The files of a Carbon home that its runtime reads at start-up. They are read and left as they are.

    With `consume` they are treated as by the runtime: `password` is renamed to `password-tmp`, which the next read
    deletes, so that a home's start script works as before.
    """

    home: Path
    consume: bool = False
    variables: ClassVar[tuple[str, ...]] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it reads."""
        return tuple(self.home / name for name in HOME_FILES)

    @property
    def name(self) -> str:
        """The files."""
        return f"the files {', '.join(HOME_FILES)} of {self.home}"

    def read(self) -> Passwords | None:
        """Return the passwords of the first existing file."""
        for file in HOME_FILES:
            path = self.home / file
            content = read(path)
            if content is not None:
                passwords = lines(path, content, f"{file} of {self.home}")
                if self.consume:
                    _consume(path, content)
                return passwords
        return None


def _consume(path: Path, content: PasswordText) -> None:
    """Rename or delete the file as the runtime does: the one that was read, whatever its name means by now."""
    if path.name == "password-persist":
        return
    try:
        with reach(path, follow=False) as way:
            if not way.directory.leads_to(path.name, content.status):
                raise PasswordSourceError(str(path), "it is no longer the file that was read")
            if path.name == "password":
                way.directory.replace(path.name, "password-tmp")
            else:
                way.directory.remove(path.name)
    except OSError as error:
        raise PasswordSourceError(str(path), f"it cannot be renamed or deleted: {error.strerror}") from None
    except ConfigError as error:
        raise PasswordSourceError(str(path), error.message, hint=error.hint) from None


@dataclass(frozen=True)
class MasterKeys:
    """A Carbon 5 `master-keys.yaml`, or the one it relocates to; environment variables with its names take precedence.

    With `within` no relocation leads out of that directory.
    """

    path: Path
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    within: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The first file that it reads; `within` limits where that may relocate to."""
        return (self.path,)

    @property
    def name(self) -> str:
        """The variable and the file."""
        return f"the environment variable {_MASTER_KEYS[0]} and the file {self.path}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables, named as the master keys are."""
        return _MASTER_KEYS

    def read(self) -> Passwords | None:
        """Return the passwords from the variables and the file together, None if there is neither."""
        keystore, key = (variable(self.environment, name) for name in _MASTER_KEYS)
        if keystore is not None and key is not None:
            return Passwords(keystore, key, source=_MASTER_KEYS[0], key_source=_MASTER_KEYS[1])
        file = _keys_file(self.path, self.within)
        if file is None:
            return None if keystore is None else Passwords(keystore, source=_MASTER_KEYS[0])
        sources = [name if given else str(file.path) for name, given in zip(_MASTER_KEYS, (keystore, key), strict=True)]
        if keystore is None:
            keystore = file.password(_MASTER_KEYS[0])
        if keystore is None:
            raise PasswordSourceError(str(file.path), f"it has no masterKeys.{_MASTER_KEYS[0]}")
        if key is None:
            key = file.password(_MASTER_KEYS[1])
        exposed = file.path if file.exposed else None
        return Passwords(keystore, key, exposed, source=sources[0], key_source=sources[1])


_MASTER_KEYS = ("keyStorePassword", "privateKeyPassword")


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


def _keys_file(path: Path, within: Path | None, followed: tuple[Path, ...] = ()) -> _KeysFile | None:
    """Return the file that has the keys, None if the first one is missing."""
    content = read(path)
    if content is None:
        if followed:
            raise PasswordSourceError(str(followed[-1]), f"it relocates to {path}, which does not exist")
        return None
    document = _yaml(path, content.text)
    relocation = document.get("relocation")
    if not relocation:
        keys = document.get("masterKeys")
        return _KeysFile(path, keys if isinstance(keys, dict) else {}, content.exposed)
    if not isinstance(relocation, str) or "\0" in relocation:
        raise PasswordSourceError(str(path), "its relocation is not a path")
    if path in followed:
        raise PasswordSourceError(str(path), "its relocations form a loop")
    return _keys_file(_relocated(path, relocation, within), within, (*followed, path))


def _relocated(path: Path, relocation: str, within: Path | None) -> Path:
    """Return where a relocation leads: from the working directory, as Java does, else from the file that names it."""
    named = Path(relocation).absolute()
    if within is not None:
        named = path.absolute().parent / relocation
        if not lies_in(named, within) or not named.is_file():
            raise PasswordSourceError(
                str(path),
                f"it relocates out of {within}, or to no file, and these settings were found, not named",
                hint="if you trust them, name them with --config or CIPHERTOOL_CONFIG",
            )
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
