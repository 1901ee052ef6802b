"""The sources of the keystore password and the key password. Independent of keystores; callers prompt a person.

A new kind of source is a class with `name`, `variables` and `read`, placed in a `PasswordChain`; other distributions
offer one in the entry-point group `ciphertool.passwords`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ciphertool.passwords.carbon import CarbonHome, MasterKeys
    from ciphertool.passwords.chain import PasswordChain, Passwords, PasswordSource, Prompt
    from ciphertool.passwords.environment import KEY_VARIABLE, KEYSTORE_VARIABLE, Environment
    from ciphertool.passwords.files import MountedSecret, PasswordFile, SystemdCredential
    from ciphertool.passwords.programs import Command, Keyring

__all__ = [
    "KEYSTORE_VARIABLE",
    "KEY_VARIABLE",
    "CarbonHome",
    "Command",
    "Environment",
    "Keyring",
    "MasterKeys",
    "MountedSecret",
    "PasswordChain",
    "PasswordFile",
    "PasswordSource",
    "Passwords",
    "Prompt",
    "SystemdCredential",
]

_HOMES = {
    "CarbonHome": "carbon",
    "Command": "programs",
    "Environment": "environment",
    "KEYSTORE_VARIABLE": "environment",
    "KEY_VARIABLE": "environment",
    "Keyring": "programs",
    "MasterKeys": "carbon",
    "MountedSecret": "files",
    "PasswordChain": "chain",
    "PasswordFile": "files",
    "PasswordSource": "chain",
    "Passwords": "chain",
    "Prompt": "chain",
    "SystemdCredential": "files",
}


def __getattr__(name: str) -> Any:
    """Import lazily: most vaults have only one source of passwords."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
