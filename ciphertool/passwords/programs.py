"""Passwords from other programs: a command's output, the system's keyring."""

from __future__ import annotations

from dataclasses import dataclass

from ciphertool import core_dumps
from ciphertool.errors import PasswordSourceError
from ciphertool.passwords.chain import Passwords

_SECONDS = 60


@dataclass(frozen=True)
class Command:
    """A command that prints the keystore password on line 1 and, perhaps, the key password on line 2.

    It is started without a shell and without input; to ask a person, it must use the terminal. `variables` are the
    environment variables that it reads, as declared in the settings.
    """

    arguments: tuple[str, ...]
    variables: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The command, without its arguments."""
        return f"the command {self.arguments[0]}"

    def read(self) -> Passwords:
        """Return what the command prints; a command that fails or prints nothing is an error."""
        import subprocess

        try:
            done = subprocess.run(  # noqa: S603 - the settings name the command, and only settings that a person named may
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                check=False,
                timeout=_SECONDS,
                preexec_fn=core_dumps.for_programs(),
            )
        except subprocess.TimeoutExpired:
            raise PasswordSourceError(self.name, f"it did not end within {_SECONDS} seconds") from None
        except OSError as error:
            raise PasswordSourceError(self.name, f"it cannot be started: {error.strerror}") from None
        if done.returncode:
            raise PasswordSourceError(self.name, f"it ended with status {done.returncode}")
        try:
            keystore, key, *_ = [*done.stdout.decode("utf-8").splitlines(), "", ""]
        except UnicodeDecodeError:
            raise PasswordSourceError(self.name, "it did not print UTF-8 text") from None
        if not keystore:
            raise PasswordSourceError(self.name, "it printed nothing on its first line")
        return Passwords(keystore, key or None)


@dataclass(frozen=True)
class Keyring:
    """The system's keyring, accessed by the package `keyring`, which the extra `keyring` installs.

    `variables` are the environment variables that its backend reads, as declared in the settings.
    """

    service: str
    user: str
    key_user: str | None = None
    variables: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The entry."""
        return f"the keyring entry {self.service}/{self.user}"

    def read(self) -> Passwords | None:
        """Return the passwords, or None if the keyring has no such entry."""
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            raise PasswordSourceError(
                self.name, "the package keyring is not installed", hint="install ciphertool[keyring]"
            ) from None
        try:
            keystore = keyring.get_password(self.service, self.user)
            key = keyring.get_password(self.service, self.key_user) if self.key_user else None
        except KeyringError as error:
            hint = "`keyring diagnose` shows which backends it finds"
            raise PasswordSourceError(self.name, f"the keyring failed: {type(error).__name__}", hint=hint) from None
        return Passwords(keystore, key) if keystore else None
