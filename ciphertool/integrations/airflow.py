"""A secrets backend for Airflow: `[secrets] backend = ciphertool.integrations.airflow.VaultBackend`.

`backend_kwargs` may name `config` (a `ciphertool.toml` or a home) and the prefixes of the aliases.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.secrets import BaseSecretsBackend

from ciphertool.errors import UnknownAliasError
from ciphertool.vault import Vault


class VaultBackend(BaseSecretsBackend):  # type: ignore[misc]  # Airflow is not there when types are checked
    """Connections (as URI or JSON), variables and options from the aliases `airflow.connections.ID` and so on.

    An alias that is not there is left to Airflow's other backends; everything else that fails is an error.
    """

    def __init__(
        self,
        config: str | None = None,
        connections: str = "airflow.connections",
        variables: str = "airflow.variables",
        options: str = "airflow.config",
        **extra: Any,
    ) -> None:
        super().__init__(**extra)
        self._config = config
        self._connections, self._variables, self._options = connections, variables, options

    @cached_property
    def _vault(self) -> Vault:
        return Vault.open(self._config)

    def _get(self, prefix: str, name: str) -> str | None:
        try:
            return self._vault.resolve(f"{prefix}.{name}").reveal()
        except UnknownAliasError:
            return None

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:  # noqa: ARG002 - Airflow's
        """Return a connection, or None."""
        return self._get(self._connections, conn_id)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:  # noqa: ARG002 - Airflow's
        """Return a variable, or None."""
        return self._get(self._variables, key)

    def get_config(self, key: str) -> str | None:
        """Return an option that the configuration names by `..._secret`, or None."""
        return self._get(self._options, key)
