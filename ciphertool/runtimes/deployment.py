"""Carbon 4.5 and later: one `deployment.toml`, from which the product generates the rest of its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.repository import BARE_KIND
from ciphertool.runtimes.base import Files, Runtime
from ciphertool.runtimes.carbon4 import deployed, home_passwords, is_generated, opening_file, providers
from ciphertool.runtimes.reopening import reopening_file
from ciphertool.settings.carbon_homes import DEPLOYMENT_TOML

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ciphertool.files import Write
    from ciphertool.runtimes.base import KeystoreFacts, NewKeystore, Providers
    from ciphertool.settings.model import Settings


class DeploymentRuntime(Runtime):
    """Reads `deployment.toml`, whose table `[secrets]` is the repository."""

    kind = "toml-secrets"
    staged_kind = BARE_KIND  # as the copy of `[secrets]` that the product makes
    repository_name = DEPLOYMENT_TOML
    symmetric = True
    separator = "_"  # products before 2023 do not find a quoted key of `[secrets]`, as one with dots must be

    def files(self, settings: Settings) -> Files:
        """Return that file, and the deployed files, which are not generated from it."""
        return Files(always=(settings.repository,), below=deployed(settings))

    def companions(self, settings: Settings, keystore: KeystoreFacts) -> tuple[Write, ...]:
        """Return `secret-conf.properties` with its missing entries added.

        The runtime reads the ciphertexts in `cipher-text.properties`, into which the product copies `[secrets]`.
        """
        copied = _copied(settings)
        return () if copied is None else opening_file(settings, copied, keystore)

    def reopening(self, settings: Settings, ciphertexts: Path, keystore: NewKeystore | None) -> Write | None:
        """Return the write of `secret-conf.properties`; its copy of `[secrets]` stands for that table."""
        copied = _copied(settings)
        own = ciphertexts if copied is None or ciphertexts != settings.repository else copied
        return reopening_file(settings, own, keystore)

    def stated_in(self, settings: Settings) -> Path | None:
        """Return `deployment.toml`."""
        return settings.repository

    def overwrites(self, settings: Settings, path: Path) -> bool:
        """Return whether the product has a template of a file."""
        return is_generated(settings, path)

    def providers(self, settings: Settings) -> Providers:
        """Return those that references, `secret-conf.properties` or `[runtime_secrets]` name."""
        return providers(settings)

    def own_files(self, settings: Settings) -> frozenset[Path]:
        """Return `secret-conf.properties` and the copy of `[secrets]`, a table of the configuration."""
        return frozenset(path for path in (settings.secret_conf, _copied(settings)) if path is not None)

    def password_files(self, settings: Settings) -> Iterator[Path]:
        """Yield the home's files first."""
        yield from home_passwords(settings)
        yield from super().password_files(settings)


def _copied(settings: Settings) -> Path | None:
    """Return the file into which the product copies `[secrets]`; None outside a home."""
    return None if settings.home is None else settings.repository.parent / "security/cipher-text.properties"
