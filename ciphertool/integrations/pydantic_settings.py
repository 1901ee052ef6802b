"""Sources for pydantic-settings: a configuration file resolved, or another source with its references resolved.

    @classmethod
    def settings_customise_sources(cls, settings_cls, init_settings, env_settings, **others):
        vault = Vault.open()
        return (
            init_settings,
            ResolvedSource(env_settings, vault),
            VaultFileSource(settings_cls, "conf/app.yaml", vault),
        )

A field of type `SecretStr`, or of ciphertool's `Secret`, masks its value; for all others set
`hide_input_in_errors=True`, or pydantic's validation errors show the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from pydantic_settings.sources import InitSettingsSource

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic.fields import FieldInfo

    from ciphertool.vault.vault import Vault


class VaultFileSource(InitSettingsSource):
    """The data of one configuration file, its references resolved: YAML, TOML, JSON, properties, .env, INI."""

    def __init__(self, settings_cls: type[BaseSettings], path: str | Path, vault: Vault) -> None:
        super().__init__(settings_cls, vault.load(path))


class ResolvedSource(PydanticBaseSettingsSource):
    """Another source's values with the references in them resolved."""

    def __init__(self, source: PydanticBaseSettingsSource, vault: Vault) -> None:
        super().__init__(source.settings_cls)
        self._source = source
        self._vault = vault

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the other source's value of a field, resolved."""
        value, key, is_complex = self._source.get_field_value(field, field_name)
        return self._vault.resolve_tree(value), key, is_complex

    def __call__(self) -> dict[str, Any]:
        """Return the other source's values, resolved."""
        resolved: dict[str, Any] = self._vault.resolve_tree(self._source())
        return resolved
