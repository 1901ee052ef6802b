"""Carbon 5: the secure vault of a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.runtimes.base import Files, Runtime

if TYPE_CHECKING:
    from ciphertool.settings.model import Settings


class Carbon5Runtime(Runtime):
    """Reads the YAML file that has the vault's settings."""

    kind = "carbon5"

    def files(self, settings: Settings) -> Files:
        """Return that file."""
        return Files(always=(settings.origin,))
