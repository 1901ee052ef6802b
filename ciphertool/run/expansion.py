r"""The variables within the values of a `.env` file: `${NAME}` and `${NAME:-default}`.

python-dotenv, Compose and shells read more than these, each differently: `$NAME`, `$$`, `\$`, `$(command)`,
`${NAME-default}`, `${NAME:?reason}`, nested ones. All of these are refused, since it is unknown for which reader the
file was written. In single quotes nothing is expanded, as in Compose and shells; only python-dotenv expands there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError
from ciphertool.references import Filling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ciphertool.references import Reference

_VARIABLE = re.compile(
    r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^${}\r\n]*))?\}"
    # At the end, or before a blank or another sign, every reader takes a $ literally.
    r"|\\\$|\$[A-Za-z0-9_{($!@*#?-]"
)
_HINT = "write ${NAME} or ${NAME:-default}, or put the value in single quotes, where nothing is expanded"


class Expansion(Filling):
    """The replacements for references and variables in a value of a `.env` file.

    `variables` are those of the preceding lines and of the environment, None for a name without a value; `withheld`
    returns whether the child does not get a variable.
    """

    def __init__(
        self,
        reveal: Callable[[Reference], str],
        variables: Mapping[str, str | None],
        withheld: Callable[[str], bool],
    ) -> None:
        self._reveal = reveal
        self._variables = variables
        self._withheld = withheld

    def fill(self, text: str) -> str:
        """Return a text with its variables expanded; raise `ConfigError` for what readers expand differently."""
        return _VARIABLE.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if name is None:
            raise ConfigError("holds a $ that python-dotenv, Compose and a shell read differently", hint=_HINT)
        if self._withheld(name):
            raise ConfigError(
                f"asks for {name}, which the child does not receive", hint=f"pass it on with --keep-environment {name}"
            )
        if name not in self._variables:
            return default or ""
        value = self._variables[name]
        if value is None:
            raise ConfigError(
                f"asks for {name}, which stands without a value in a line before: python-dotenv takes that for nothing,"
                " Compose for the environment's",
                hint=f"write {name}= and a value",
            )
        if not value and default:
            raise ConfigError(
                f"asks for {name} with a default, and it is empty: python-dotenv leaves it so, Compose and a shell take"
                " the default",
                hint=f"set {name} to a value, or remove it",
            )
        return value
