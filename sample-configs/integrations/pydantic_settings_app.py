"""pydantic-settings: a configuration file and the environment, resolved. Needs ciphertool[pydantic]."""

from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ciphertool import Vault
from ciphertool.integrations.pydantic_settings import ResolvedSource, VaultFileSource


class Datasource(BaseModel):
    username: str
    password: SecretStr


class Settings(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)
    datasource: Datasource

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], env_settings: PydanticBaseSettingsSource, **_: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        vault = Vault.open()
        return ResolvedSource(env_settings, vault), VaultFileSource(settings_cls, "conf/app.yaml", vault)


print(Settings().datasource)
