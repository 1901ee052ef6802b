"""Keystores and truststores: opened in any format, created, changed, checked, exported, and used for TLS.

This is the one door to them; `docs/keystores.md` has an example of each name. What changes a store returns the bytes of
the whole new one, for `save` or the caller to write. Errors are `KeystoreError`s. No secrets of a configuration are
encrypted or decrypted here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.certificates.findings import CertificateFinding
    from ciphertool.certificates.roles import Role
    from ciphertool.keystore.changes import (
        change_password,
        convert,
        delete,
        import_entry,
        import_reply,
        new_keystore,
        trust,
    )
    from ciphertool.keystore.check import check_keystore, check_passwords, check_trust, trusted_by
    from ciphertool.keystore.create import CertificateRequest, create_keystore
    from ciphertool.keystore.entries import Entry, EntryKind, KeyEntry
    from ciphertool.keystore.exports import (
        export_certificates,
        export_der,
        export_private_key,
        signing_request,
    )
    from ciphertool.keystore.formats.pem import read_certificates
    from ciphertool.keystore.opening import open_keystore
    from ciphertool.keystore.saving import save
    from ciphertool.keystore.store import Keystore
    from ciphertool.keystore.tls import client_context, server_context

__all__ = [
    "CertificateFinding",
    "CertificateRequest",
    "Entry",
    "EntryKind",
    "KeyEntry",
    "Keystore",
    "Role",
    "change_password",
    "check_keystore",
    "check_passwords",
    "check_trust",
    "client_context",
    "configured",
    "convert",
    "create_keystore",
    "delete",
    "export_certificates",
    "export_der",
    "export_private_key",
    "import_entry",
    "import_reply",
    "new_keystore",
    "open_keystore",
    "read_certificates",
    "save",
    "server_context",
    "signing_request",
    "trust",
    "trusted_by",
]

_HOMES = {
    "CertificateFinding": "ciphertool.certificates.findings",
    "CertificateRequest": "ciphertool.keystore.create",
    "Entry": "ciphertool.keystore.entries",  # the former name of `KeyEntry`, kept for one release
    "EntryKind": "ciphertool.keystore.entries",
    "KeyEntry": "ciphertool.keystore.entries",
    "Keystore": "ciphertool.keystore.store",
    "Role": "ciphertool.certificates.roles",
    "change_password": "ciphertool.keystore.changes",
    "check_keystore": "ciphertool.keystore.check",
    "check_passwords": "ciphertool.keystore.check",
    "check_trust": "ciphertool.keystore.check",
    "client_context": "ciphertool.keystore.tls",
    "convert": "ciphertool.keystore.changes",
    "create_keystore": "ciphertool.keystore.create",
    "delete": "ciphertool.keystore.changes",
    "export_certificates": "ciphertool.keystore.exports",
    "export_der": "ciphertool.keystore.exports",
    "export_private_key": "ciphertool.keystore.exports",
    "import_entry": "ciphertool.keystore.changes",
    "import_reply": "ciphertool.keystore.changes",
    "new_keystore": "ciphertool.keystore.changes",
    "open_keystore": "ciphertool.keystore.opening",
    "read_certificates": "ciphertool.keystore.formats.pem",
    "save": "ciphertool.keystore.saving",
    "server_context": "ciphertool.keystore.tls",
    "signing_request": "ciphertool.keystore.exports",
    "trust": "ciphertool.keystore.changes",
    "trusted_by": "ciphertool.keystore.check",
}


def configured(home: Path | str, role: Role | str = "primary", *, passwords: Any = None) -> Keystore:
    """Return the keystore that a Carbon home configures for a role, opened.

    The role is a `Role` or its name: `primary` encrypts the home's secrets, `tls` serves Tomcat and Axis2, `message`
    signs (`carbon.xml`'s `KeyStore`); `truststore` holds the trusted certificates. The keystore's `alias` and
    `key_password` are those that the home states, so that `private_key()` needs no arguments. Its password is the one
    in the home's files, resolved by the home's vault if it is a reference; that of `primary`, which opens the vault,
    comes from `passwords`, a `PasswordChain` (the environment and the home's password files unless given), and only
    then from its files. A `ciphertool.toml` configures a `primary` one. Raise `ConfigError` if there is no keystore for
    the role, and what `open_keystore` and `Vault.resolve` raise.
    """
    # Above this package: settings and vaults know keystores, not the other way round.
    opened: Keystore = import_module("ciphertool.vault.configured").configured(home, role, passwords=passwords)
    return opened


def __getattr__(name: str) -> Any:
    """Import lazily: opening a store does not pay for the code that creates one."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
