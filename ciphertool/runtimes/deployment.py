"""Carbon 4.5 and later: one `deployment.toml`, from which the product generates the rest of its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.runtimes.base import Files, Runtime
from ciphertool.runtimes.carbon4 import deployed, home_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ciphertool.settings.model import Settings


class DeploymentRuntime(Runtime):
    """Reads `deployment.toml`, whose table `[secrets]` is the repository."""

    kind = "toml-secrets"

    def files(self, settings: Settings) -> Files:
        """Return that file, and the deployed files, which are not generated from it."""
        return Files(always=(settings.repository,), below=deployed(settings))

    def own_files(self, settings: Settings) -> frozenset[Path]:  # noqa: ARG002
        """Return no files: the repository is part of the configuration."""
        return frozenset()

    def password_files(self, settings: Settings) -> Iterator[Path]:
        """Yield the home's files first."""
        yield from home_passwords(settings)
        yield from super().password_files(settings)
