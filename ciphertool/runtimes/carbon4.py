"""Carbon 4: a home with XML configuration, whose runtime opens the vault according to `secret-conf.properties`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.passwords.carbon import HOME_FILES
from ciphertool.references import Syntax
from ciphertool.rewriters.properties import PropertiesRewriter, rewrite_entries
from ciphertool.runtimes.base import Files, Runtime
from ciphertool.settings.secret_conf import ALGORITHM, LEGACY_SCHEME, LOCATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ciphertool.files import Write
    from ciphertool.rewriters.base import Rewriter
    from ciphertool.settings.model import Settings


class Carbon4Runtime(Runtime):
    """Reads the configuration of a home; any file of it may refer to a secret."""

    kind = "carbon4"
    reads_ignored = True

    def files(self, settings: Settings) -> Files:
        """Return the directory of `carbon.xml`, and the deployed files."""
        return Files(below=(settings.repository_settings.mode_like.parent, *deployed(settings)))

    def syntax(self, rewriter: Rewriter) -> Syntax:
        """Return `secretAlias:ALIAS` for `.properties` files: every version reads it there."""
        return Syntax.SECRET_ALIAS if rewriter.name == "properties" else rewriter.syntax

    def companions(self, settings: Settings, store_type: str) -> tuple[Write, ...]:
        """Return `secret-conf.properties` with its missing entries added."""
        if settings.secret_conf is None:
            return ()
        snapshot = files.read_if_there(settings.secret_conf)
        document = PropertiesRewriter().parse(snapshot.bytes)
        present = {site.selector: site.value for site in document.sites()}
        changes = _missing(settings, store_type, present)
        return (
            (files.Write(snapshot, rewrite_entries(document, changes), settings.repository_settings.new_mode),)
            if changes
            else ()
        )

    def own_files(self, settings: Settings) -> frozenset[Path]:
        """Return the repository and `secret-conf.properties`."""
        return frozenset(path for path in (settings.repository, settings.secret_conf) if path is not None)

    def password_files(self, settings: Settings) -> Iterator[Path]:
        """Yield the home's files first."""
        yield from home_passwords(settings)
        yield from super().password_files(settings)


def deployed(settings: Settings) -> tuple[Path, ...]:
    """Return the directories of what a home serves: user stores and integrations, tenants' included."""
    return tuple(settings.root / "repository" / name for name in ("deployment", "tenants"))


def home_passwords(settings: Settings) -> Iterator[Path]:
    """Yield the files that may hold the keystore's password in a home."""
    yield from (settings.root / name for name in HOME_FILES)


def _missing(settings: Settings, store_type: str, present: Mapping[str, str]) -> dict[str, str]:
    """Return the entries that `secret-conf.properties` lacks for the runtime to open this vault.

    `present` are the file's entries; all of them are kept, except that the vault must be enabled. `store_type` is the
    JCA name of the keystore's format.
    """
    handler = "org.wso2.carbon.securevault.DefaultSecretCallbackHandler"
    needed = {
        "carbon.secretProvider": "org.wso2.securevault.secret.handler.SecretManagerSecretCallbackHandler",
        "secretRepositories": "file",
        "secretRepositories.file.provider": "org.wso2.securevault.secret.repository.FileBaseSecretRepositoryProvider",
        LOCATION: os.path.relpath(settings.repository, settings.root),
        "keystore.identity.location": str(settings.keystore.path.absolute()) if settings.keystore.path else "",
        "keystore.identity.type": store_type,
        "keystore.identity.alias": settings.keystore.alias or "",
        "keystore.identity.store.password": "identity.store.password",
        "keystore.identity.store.secretProvider": handler,
        "keystore.identity.key.password": "identity.key.password",
        "keystore.identity.key.secretProvider": handler,
        ALGORITHM: "" if settings.scheme == LEGACY_SCHEME else settings.scheme,
    }
    changes = {key: value for key, value in needed.items() if value and not present.get(key, "").strip()}
    if present.get("secVault.enabled", "").strip().lower() != "true":
        changes = {"secVault.enabled": "true", **changes}
    return changes
