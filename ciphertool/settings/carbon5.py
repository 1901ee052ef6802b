"""Reads the vault of a Carbon 5 product: the key `securevault` or `wso2.securevault` of a YAML file.

wso2/carbon-secvault defines its meaning. Relative paths are tried from the working directory, as in Java, then from the
file; `${sys:name}` is the value of `--define name=value`, `${env:NAME}` that of the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError, SelectorError
from ciphertool.passwords import MasterKeys
from ciphertool.rewriters.yaml import YamlRewriter
from ciphertool.settings.carbon_paths import environment, expand
from ciphertool.settings.model import EncryptionSettings, KeystoreSettings, Overrides, RepositorySettings, Settings

if TYPE_CHECKING:
    from ciphertool.files import Snapshot

SCHEME = "RSA"  # the only transformation that the runtime knows
_KEYS = ("wso2.securevault", "securevault")
_KEYSTORE = "secretRepository.parameters.keystoreLocation"
_REPOSITORY = "secretRepository.parameters.secretPropertiesFile"
_KEY_ALIAS = "secretRepository.parameters.privateKeyAlias"
_MASTER_KEYS = "masterKeyReader.parameters.masterKeyReaderFile"


def read_vault(snapshot: Snapshot, overrides: Overrides) -> Settings:
    """Return the vault's settings; raise `ConfigError` if the file has none."""
    values, names = _values(snapshot), {**environment(), **overrides.define}
    directory = snapshot.path.absolute().parent

    def path(name: str) -> Path | None:
        value = values.get(name)
        if value is None:
            return None
        relative = Path(expand(value, names))
        return relative if relative.exists() else directory / relative

    repository = overrides.repository or path(_REPOSITORY)
    if repository is None:
        raise ConfigError("names no secret repository", path=snapshot.path, hint="name it with --repository")
    master_keys = path(_MASTER_KEYS)
    return Settings(
        origin=snapshot.path,
        root=directory,
        keystore=KeystoreSettings(path(_KEYSTORE), values.get(_KEY_ALIAS)),
        repository_settings=RepositorySettings(repository, "carbon5", snapshot.path, snapshot.mode_beside),
        encryption=EncryptionSettings(SCHEME),
        password_sources=(MasterKeys(master_keys),) if master_keys else (),
    )


def _values(snapshot: Snapshot) -> dict[str, str]:
    try:
        document = YamlRewriter().parse(snapshot.bytes)
    except ConfigError as error:
        raise error.at(snapshot.path) from None
    names = (_KEYSTORE, _REPOSITORY, _KEY_ALIAS, _MASTER_KEYS)
    values = {}
    for key in _KEYS:
        selectors = [f"$['{key}'].{name}" for name in names]
        for name, found in zip(names, document.locate(selectors), strict=True):
            if not isinstance(found, SelectorError):
                values[name] = found[0].value
    return values
