"""Reads the vault of a Carbon 5 product: the key `securevault` or `wso2.securevault` of a YAML file.

wso2/carbon-secvault defines its meaning. Relative paths are tried from the working directory, as in Java, then from the
file; `${sys:name}` is the value of `--define name=value`, `${env:NAME}` that of the environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError, SelectorError
from ciphertool.passwords import MasterKeys
from ciphertool.rewriters.base import Change, rewrite
from ciphertool.rewriters.yaml import YamlRewriter
from ciphertool.settings.carbon_paths import environment, expand
from ciphertool.settings.model import EncryptionSettings, KeystoreSettings, Overrides, RepositorySettings, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.files import Snapshot
    from ciphertool.rewriters.base import Document, Site

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
        return None if name not in values else _leads_to(values[name], names, directory)

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


def moved(snapshot: Snapshot, define: Mapping[str, str], ciphertexts: Path, keystore: tuple[Path, str] | None) -> bytes:
    """Return the file with other paths of its ciphertexts and keystore, and the key's alias; None keeps the keystore.

    A path in the directory of the one before it is spelled as that is, any other as an absolute one. Raises
    `ConfigError` if the file has no place for one of them.
    """
    document, sites = _sites(snapshot)
    names, directory = {**environment(), **define}, snapshot.path.absolute().parent

    def respelled(name: str, path: Path) -> str:
        before = sites[name].value if name in sites else ""
        spelled = before[: max(before.rfind("/"), before.rfind("\\")) + 1] + path.name
        same = os.path.realpath(_leads_to(before, names, directory).parent) == os.path.realpath(path.parent)
        return spelled if same else str(path.absolute())

    stated = {_REPOSITORY: respelled(_REPOSITORY, ciphertexts)}
    if keystore is not None:
        stated |= {_KEYSTORE: respelled(_KEYSTORE, keystore[0]), _KEY_ALIAS: keystore[1]}
    if lacking := [name for name in stated if name not in sites]:
        raise ConfigError(f"has no {lacking[0]}, in which to state another", path=snapshot.path)
    changes = [Change(sites[name], text) for name, text in stated.items() if sites[name].value != text]
    return rewrite(YamlRewriter(), document, changes)


def _leads_to(value: str, names: Mapping[str, str], directory: Path) -> Path:
    relative = Path(expand(value, names))
    return relative if relative.exists() else directory / relative


def _values(snapshot: Snapshot) -> dict[str, str]:
    return {name: site.value for name, site in _sites(snapshot)[1].items()}


def _sites(snapshot: Snapshot) -> tuple[Document, dict[str, Site]]:
    try:
        document = YamlRewriter().parse(snapshot.bytes)
    except ConfigError as error:
        raise error.at(snapshot.path) from None
    names = (_KEYSTORE, _REPOSITORY, _KEY_ALIAS, _MASTER_KEYS)
    sites = {}
    for key in _KEYS:
        selectors = [f"$['{key}'].{name}" for name in names]
        for name, found in zip(names, document.locate(selectors), strict=True):
            if not isinstance(found, SelectorError):
                sites[name] = found[0]
    return document, sites
