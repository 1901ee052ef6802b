"""Passwords from environment variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import PasswordSourceError
from ciphertool.passwords.chain import Passwords
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEYSTORE_VARIABLE = "CIPHERTOOL_KEYSTORE_PASSWORD"
KEY_VARIABLE = "CIPHERTOOL_KEY_PASSWORD"


class Environment(NamedTuple):
    """Two variables, `CIPHERTOOL_KEYSTORE_PASSWORD` and `CIPHERTOOL_KEY_PASSWORD`. An empty one counts as unset."""

    environment: Mapping[str, str] = os.environ
    variable: str = KEYSTORE_VARIABLE
    key_variable: str = KEY_VARIABLE

    def __repr__(self) -> str:
        return repr_of(self, "variable", "key_variable")

    @property
    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    @property
    def name(self) -> str:
        """The variable."""
        return f"the environment variable {self.variable}"

    @property
    def variables(self) -> tuple[str, str]:
        """Both variables."""
        return self.variable, self.key_variable

    def read(self) -> Passwords | None:
        """Return the variables' values; a key password alone is an error, because it would be ignored."""
        keystore = variable(self.environment, self.variable)
        key = variable(self.environment, self.key_variable)
        if keystore is None and key is not None:
            raise PasswordSourceError(
                f"the environment variable {self.key_variable}",
                f"{self.variable} is not set",
                hint=f"set both, or put the key password on line 2 of the password file and unset {self.key_variable}",
            )
        if keystore is None:
            return None
        return Passwords(keystore, key, source=self.variable, key_source=self.key_variable)


def variable(environment: Mapping[str, str], name: str) -> str | None:
    """Return a variable's value, None if it is not set or empty; raise `PasswordSourceError` if it is not UTF-8."""
    value = environment.get(name)
    if not value:
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # Python represents other bytes as surrogates
        raise PasswordSourceError(f"the environment variable {name}", "not UTF-8 text") from None
    return value
