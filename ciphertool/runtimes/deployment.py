"""Carbon 4.5 and later: one `deployment.toml`, from which the product makes the rest of its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.runtimes.base import Files, Runtime

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.settings.model import Settings


class DeploymentRuntime(Runtime):
    """Reads `deployment.toml`, whose table `[secrets]` is the repository."""

    kind = "toml-secrets"

    def files(self, settings: Settings) -> Files:
        """Return that file."""
        return Files(always=(settings.repository,))

    def own_files(self, settings: Settings) -> frozenset[Path]:  # noqa: ARG002
        """Return nothing: the repository is a part of the configuration."""
        return frozenset()
