"""The entries of `secret-conf.properties` that every Carbon 4 vault has. Reads and writes no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.settings.secret_conf import FILE_PROVIDER, PROVIDER, REPOSITORIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.settings.secret_conf import SecretConf


def enabling(conf: SecretConf) -> dict[str, str]:
    """Return the entry that enables a vault that is disabled."""
    return {} if (conf.get("secVault.enabled") or "").lower() == "true" else {"secVault.enabled": "true"}


def needed_entries(location: Mapping[str, str], keystore: Mapping[str, str] | None) -> dict[str, str]:
    """Return the entries of every vault in a file; without a keystore, of one whose password is its key."""
    handler = "org.wso2.carbon.securevault.DefaultSecretCallbackHandler"
    entries = {
        "carbon.secretProvider": "org.wso2.securevault.secret.handler.SecretManagerSecretCallbackHandler",
        REPOSITORIES: "file",
        PROVIDER: FILE_PROVIDER,
        **location,
    }
    if keystore is None:
        return {**entries, "key.based.password": "key.based.password", "key.based.secretProvider": handler}
    return {
        **entries,
        **keystore,
        "keystore.identity.store.password": "identity.store.password",
        "keystore.identity.store.secretProvider": handler,
        "keystore.identity.key.password": "identity.key.password",
        "keystore.identity.key.secretProvider": handler,
    }
