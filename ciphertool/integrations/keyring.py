"""A backend for `keyring`: `PYTHON_KEYRING_BACKEND=ciphertool.integrations.keyring.VaultKeyring`. It only reads."""

from __future__ import annotations

from functools import cached_property
from typing import NoReturn

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError

from ciphertool.errors import UnknownAliasError
from ciphertool.vault.vault import Vault


class VaultKeyring(KeyringBackend):
    """The password of a service and a user is the secret `SERVICE/USER` of the vault that `Vault.open()` finds."""

    # Low, so that it is used only if it is named, never merely because it is installed.
    priority = 0.1

    @cached_property
    def _vault(self) -> Vault:
        return Vault.open()

    def get_password(self, service: str, username: str) -> str | None:
        """Return the secret, or None if the vault has no such alias; any other failure is raised."""
        try:
            return self._vault.resolve(f"{service}/{username}").reveal()
        except UnknownAliasError:
            return None

    def set_password(self, service: str, username: str, password: str) -> NoReturn:  # noqa: ARG002 - keyring's
        """Refuse: a secret is set by `ciphertool set`."""
        raise PasswordSetError("ciphertool's vault is not written by keyring")

    def delete_password(self, service: str, username: str) -> NoReturn:  # noqa: ARG002 - keyring's
        """Refuse: a secret is removed by `ciphertool remove`."""
        raise PasswordDeleteError("ciphertool's vault is not written by keyring")
