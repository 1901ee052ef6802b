"""Reads `[[password]]` of a `ciphertool.toml`: where passwords come from, in the order in which they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.passwords import PasswordSource
    from ciphertool.settings.table import Table

_BUILT_IN = ("environment", "file", "systemd", "mounted", "keyring", "command", "carbon", "master-keys")


def read_source(table: Table, root: Path, *, named: bool) -> PasswordSource | None:
    """Return the source that a table describes; None where something is wrong, which the table has noted.

    A command and a plug-in are refused unless the configuration was `named`: one that is merely found in a directory
    must not start anything.
    """
    kind = table.required("from")
    if kind and kind not in _BUILT_IN:
        return _plug_in(kind, table, named=named)
    if kind == "command":
        from ciphertool.settings.plugins import is_allowed

        if not is_allowed(table, "from", kind, named=named):
            table.rest()
            return None
    source = _source(kind, table, root)
    table.finish()
    return source


def _source(kind: str, table: Table, root: Path) -> PasswordSource | None:
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

            return CarbonHome(root / table.required("home"), consume=table.flag("consume"))
        case "master-keys":
            from ciphertool.passwords.carbon import MasterKeys

            return MasterKeys(root / table.required("path"))
    return None


def _key_variable(variable: str) -> str:
    from ciphertool.passwords import environment

    return environment.KEY_VARIABLE if variable == environment.KEYSTORE_VARIABLE else f"{variable}_KEY"


def _plug_in(kind: str, table: Table, *, named: bool) -> PasswordSource | None:
    from ciphertool import plugins
    from ciphertool.passwords.plugin import ENTRY_POINTS, PluginSource
    from ciphertool.settings.plugins import is_plug_in

    options = table.rest()
    if not is_plug_in(table, "from", kind, ENTRY_POINTS, _BUILT_IN, named=named):
        return None
    make = plugins.find(ENTRY_POINTS, kind)
    return PluginSource(kind, make(**options)) if make else None
