"""A secrets backend for Airflow: `[secrets] backend = ciphertool.integrations.airflow.VaultBackend`.

`backend_kwargs` may have `config` (a `ciphertool.toml` or a home) and the prefixes of the aliases.
"""

from __future__ import annotations

import logging

from airflow.secrets import BaseSecretsBackend

from ciphertool.errors import CipherToolError, UnknownAliasError
from ciphertool.vault.vault import Vault

_LOG = logging.getLogger(__name__)


class VaultBackend(BaseSecretsBackend):  # type: ignore[misc]  # Airflow is not installed when types are checked
    """Connections (as URI or JSON), variables and options from the aliases `airflow.connections.ID` and so on.

    A missing alias is left to Airflow's other backends. Every other failure is an error, which is also logged here,
    because Airflow silently goes on to its other backends. A vault serves all teams alike.
    """

    def __init__(
        self,
        config: str | None = None,
        connections: str = "airflow.connections",
        variables: str = "airflow.variables",
        options: str = "airflow.config",
    ) -> None:
        super().__init__()
        self._config = config
        self._connections, self._variables, self._options = connections, variables, options
        # Not a `cached_property`: before Python 3.12 it has a lock that might stay held for ever in a forked task.
        self._vault: Vault | None = None

    def _get(self, prefix: str, name: str) -> str | None:
        try:
            if self._vault is None:
                self._vault = Vault.open(self._config)
            return self._vault.resolve(f"{prefix}.{name}").reveal()
        except UnknownAliasError:
            return None
        except CipherToolError as error:
            _LOG.error("%s", error)
            raise

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:  # noqa: ARG002 - Airflow's
        """Return a connection, or None if the vault has no such alias."""
        return self._get(self._connections, conn_id)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:  # noqa: ARG002 - Airflow's
        """Return a variable, or None if the vault has no such alias."""
        return self._get(self._variables, key)

    def get_config(self, key: str) -> str | None:
        """Return an option that the configuration names by `..._secret`, or None."""
        return self._get(self._options, key)
