"""Reads `[[password]]` of a `ciphertool.toml`: the sources of passwords, in the order in which they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import PasswordSourceError

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.passwords import Passwords, PasswordSource
    from ciphertool.plugins import Extensions
    from ciphertool.settings.model import Trust
    from ciphertool.settings.table import Table

_OF_FILES = ("environment", "file", "mounted", "carbon", "master-keys")
"""The sources that found settings may name: they start, load and ask nothing."""
_BUILT_IN = ("environment", "file", "systemd", "mounted", "keyring", "command", "carbon", "master-keys")


class Refused(NamedTuple):
    """A source that only a configuration named by a person may have. It is never created, and has no passwords."""

    kind: str

    @property
    def name(self) -> str:
        """The name of the refused source."""
        return f"{self.kind!r}"

    @property
    def variables(self) -> tuple[str, ...]:
        """None: it reads nothing."""
        return ()

    def read(self) -> Passwords | None:
        """Raise `PasswordSourceError`."""
        raise PasswordSourceError(self.name, "works only from a configuration that is named")


def read_source(table: Table, root: Path, trust: Trust) -> PasswordSource | None:
    """Return the source that a table describes; None if something is wrong, which the table notes.

    A source that would start a program, load a plug-in, ask a service or delete a file is `Refused` if the
    configuration is confined: one that was merely found in a directory must not do that.
    """
    kind = table.required("from")
    if trust.confined and kind and kind not in _OF_FILES:
        table.rest()
        return Refused(kind)
    if kind and kind not in _BUILT_IN:
        return _plug_in(kind, table, trust.extensions)
    source = _source(kind, table, root, trust)
    table.finish()
    return source


def _source(kind: str, table: Table, root: Path, trust: Trust) -> PasswordSource | None:
    from ciphertool.passwords import environment, files

    match kind:
        case "environment":
            variable = table.text("variable") or environment.KEYSTORE_VARIABLE
            return environment.Environment(
                variable=variable, key_variable=table.text("key_variable") or _key_variable(variable)
            )
        case "file":
            return files.PasswordFile(root / table.required("path"), private=True)
        case "systemd":
            return files.SystemdCredential(table.required("name"), table.text("key_name"))
        case "mounted":
            directory = root / (table.text("directory") or "/run/secrets")
            return files.MountedSecret(directory, table.required("name"), table.text("key_name"))
        case "keyring":
            from ciphertool.passwords.programs import Keyring

            service, user = table.required("service"), table.required("user")
            return Keyring(service, user, table.text("key_user"), table.names("variables"))
        case "command":
            from ciphertool.passwords.programs import Command

            arguments, variables = table.texts("command"), table.names("variables")
            return Command(arguments, variables) if arguments else None
        case "carbon":
            from ciphertool.passwords.carbon import CarbonHome

            home, consume = root / table.required("home"), table.flag("consume")
            return CarbonHome(home, consume=consume) if not (consume and trust.confined) else Refused("carbon, consume")
        case "master-keys":
            from ciphertool.passwords.carbon import MasterKeys

            return MasterKeys(root / table.required("path"), within=root if trust.confined else None)
    return None


def _key_variable(variable: str) -> str:
    from ciphertool.passwords import environment

    return environment.KEY_VARIABLE if variable == environment.KEYSTORE_VARIABLE else f"{variable}_KEY"


def _plug_in(kind: str, table: Table, extensions: Extensions) -> PasswordSource | None:
    from ciphertool.passwords.plugin import ENTRY_POINTS, PluginSource
    from ciphertool.settings.plugins import is_plug_in

    options = table.rest()
    if not is_plug_in(table, "from", kind, ENTRY_POINTS, _BUILT_IN, extensions):
        return None
    make = extensions.find(ENTRY_POINTS, kind)
    return PluginSource(kind, make(**options)) if make else None
