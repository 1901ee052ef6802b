"""The keystores that a Carbon home configures, opened: `ciphertool.keystore.configured` returns one of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import settings as settings_
from ciphertool.certificates.roles import Role
from ciphertool.errors import ConfigError, KeystoreUnreadableError, WrongKeystorePasswordError
from ciphertool.keystore import Keystore, open_keystore
from ciphertool.passwords.chain import PasswordChain
from ciphertool.passwords.environment import Environment
from ciphertool.secret import Secret
from ciphertool.settings.keystore_roles import keystore_uses
from ciphertool.settings.model import unknown_path
from ciphertool.settings.stated_keystores import INTERNAL, LISTENER, PRIMARY, TLS, TOMCAT, TRUSTSTORE
from ciphertool.vault.vault import Vault

if TYPE_CHECKING:
    from ciphertool.references import Reference
    from ciphertool.settings.keystore_roles import KeystoreUse
    from ciphertool.settings.model import Settings

_PURPOSES = {
    "primary": (INTERNAL, PRIMARY),
    "tls": (TLS, TOMCAT, LISTENER),
    "message": (PRIMARY,),
    "truststore": (TRUSTSTORE,),
}
ROLES = tuple(_PURPOSES)
"""The roles that `configured` knows."""


def configured(home: Path | str, role: Role | str, *, passwords: PasswordChain | None = None) -> Keystore:
    """Return the keystore that a home configures for a role; `ciphertool.keystore.configured` states the contract."""
    name = role.value if isinstance(role, Role) else role
    if name not in _PURPOSES:
        raise ConfigError(f"unknown keystore role {name!r}", hint=f"use one of {', '.join(ROLES)}")
    settings = settings_.load(Path(home))
    chain = passwords or PasswordChain((Environment(), *settings.password_sources))
    uses = keystore_uses(settings.root, define=settings.define)
    use = next((use for purpose in _PURPOSES[name] for use in uses if use.purpose == purpose), None)
    if name == "primary":
        return _primary(settings, use, chain)
    if use is None:
        raise ConfigError(f"configures no keystore for the role {name}", path=Path(home))
    if use.missing is not None:
        raise KeystoreUnreadableError(use.path, unknown_path(use.missing))
    stated = (use.password, use.key_password)
    needed = any(password is not None and not isinstance(password, str) for password in stated)
    vault = Vault(settings, chain) if needed else None
    password, key_password = (_revealed(vault, each) for each in stated)
    return _opened(use.path, password, str(use.source), alias=use.alias, key_password=key_password)


def _primary(settings: Settings, use: KeystoreUse | None, chain: PasswordChain) -> Keystore:
    """Return the keystore of the home's vault: its password comes from the usual sources, else from its own file."""
    path, alias = settings.keystore_path(), settings.keystore.alias
    if use is not None and os.path.realpath(use.path) != os.path.realpath(path):
        use = None
    both = (use.password, use.key_password) if use is not None else (None, None)
    stated, own = (each if isinstance(each, str) else None for each in both)
    given = chain.read_unasked()
    if use is not None and given is None and stated is not None:
        return _opened(path, stated, str(use.source), alias=alias, key_password=own)
    given = given or chain.read()
    return _opened(path, given.keystore, given.source, alias=alias, key_password=given.key or own)


def _revealed(vault: Vault | None, stated: str | Reference | None) -> str | None:
    if stated is None or isinstance(stated, str):
        return stated
    return None if vault is None else vault.reveal(stated)


def _opened(path: Path, password: str | None, source: str, *, alias: str | None, key_password: str | None) -> Keystore:
    try:
        opened = open_keystore(path, password)
    except WrongKeystorePasswordError as error:
        error.name_source(source)
        raise
    secret = None if key_password is None else Secret(key_password)
    found = (opened.path, opened.format, opened.entries, opened.verified, opened.password)
    return Keystore(*found, alias=alias, key_password=secret)
