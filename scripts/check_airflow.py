"""What a user of the secrets backend relies on, asked of the real Airflow; `scripts/test-airflow` sets it up."""

import logging
import os
import sys
from collections.abc import Callable

import airflow
from airflow.configuration import conf, ensure_secrets_loaded
from airflow.models import Connection, Variable

from ciphertool.errors import KeystoreError
from ciphertool.integrations.airflow import VaultBackend


def main() -> None:
    check_backend()
    check_airflow_itself()
    check_failures(sys.argv[1])
    print(f"Airflow {airflow.__version__}: the secrets backend does what it says")


def check_backend() -> None:
    """The backend that Airflow has made of its settings."""
    backend = ensure_secrets_loaded()[0]
    assert isinstance(backend, VaultBackend), backend
    assert backend.get_conn_value("warehouse") == "postgres://app:p%40ss@db.example.com:5432/orders"
    assert backend.get_variable("token") == "a token"
    assert backend.get_config("sql_alchemy_conn").startswith("sqlite:///")
    for ask in (backend.get_conn_value, backend.get_connection, backend.get_variable, backend.get_config):
        assert ask("no_such_id") is None, ask


def check_airflow_itself() -> None:
    """What Airflow gives to those who know of no backend."""
    assert conf.get("database", "sql_alchemy_conn").endswith("airflow.db")
    warehouse = Connection.get_connection_from_secrets("warehouse")
    assert (warehouse.conn_type, warehouse.login, warehouse.password) == ("postgres", "app", "p@ss")
    assert (warehouse.host, warehouse.port, warehouse.schema) == ("db.example.com", 5432, "orders")
    api = Connection.get_connection_from_secrets("api")
    assert (api.conn_type, api.host, api.password) == ("http", "api.example.com", "p@ss")
    assert Variable.get("token") == "a token"
    assert Variable.get("no_such_id", None) is None


def check_failures(config: str) -> None:
    """A vault that does not open is an error, told in the log: Airflow itself would go on without a word."""
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())
    logging.getLogger("ciphertool.integrations.airflow").addHandler(handler)
    os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"] = "another password"
    assert str(raised(KeystoreError, lambda: VaultBackend(config=config).get_variable("token"))) in told
    assert "conection" in str(raised(TypeError, lambda: VaultBackend(conection="x")))


def raised(kind: type[Exception], call: Callable[[], object]) -> Exception:
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


main()
