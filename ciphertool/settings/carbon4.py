"""Reads a Carbon 4 home: `carbon.xml`, `cipher-tool.properties`, `secret-conf.properties`, or the standalone file.

WSO2's cipher-tool 1.2 and org.wso2.securevault define their meaning. Writes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.errors import ConfigError
from ciphertool.passwords.carbon import CarbonHome
from ciphertool.settings import confined
from ciphertool.settings.carbon_paths import Places, environment, find, is_file
from ciphertool.settings.ciphertool_toml import CARBON_SCHEME
from ciphertool.settings.model import EncryptionSettings, KeystoreSettings, RepositorySettings, Settings, Target
from ciphertool.settings.secret_conf import LEGACY_SCHEME, LOCATION, declared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.files import Snapshot
    from ciphertool.rewriters.base import Site

_CONF = (Path("repository/conf"), Path("conf"))
_DEPLOYMENT = "deployment.toml"
_STANDALONE = "cipher-standalone-config.properties"


def is_home(directory: Path) -> bool:
    """Return whether a directory is a Carbon home. A home's own `repository` looks like an older home but is not."""
    directory = directory.absolute()
    inside = directory.name == "repository" and configuration(directory.parent) is not None
    return configuration(directory) is not None and not inside


def configuration(home: Path) -> Path | None:
    """Return the configuration directory of a Carbon home, or None if there is none."""
    for conf in _CONF:
        for name in ("carbon.xml", _STANDALONE):
            if (home / conf / name).is_file():
                return home / conf
    return None


def read_home(home: Path, define: Mapping[str, str], *, tree: Path | None = None) -> Settings:
    """Return the settings in a home's own files; raise `ConfigError` if they cannot be read.

    If the home was found in a `tree`, not named, its paths are not expanded from the environment or `define`, and
    settings that lead out of the tree raise a `FoundSettingsError`.
    """

    def read(path: Path) -> dict[str, Site]:
        return _sites(confined.read(path, tree, home))

    conf = configuration(home)
    if conf is None:
        raise ConfigError("not a Carbon home: neither carbon.xml nor " + _STANDALONE, path=home)
    names = {"carbon.home": str(home.absolute()), **({} if tree else {**environment(), **define})}
    standalone = _entries(read(conf / _STANDALONE))
    secret_conf_path = home / standalone.get("secret.conf.properties.file", str(_security(conf, home, "secret-conf")))
    secret_conf = _entries(read(secret_conf_path))
    repository = home / (
        secret_conf.get(LOCATION)
        or standalone.get("cipher.text.properties.file")
        or _security(conf, home, "cipher-text")
    )
    carbon_xml = confined.read(conf / "carbon.xml", tree, home)
    keystore = _keystore(carbon_xml, Places(home, conf, names, tree), secret_conf, standalone)
    targets = home / standalone.get("cipher.tool.properties.file", _security(conf, home, "cipher-tool"))
    if not is_file(targets, None) and (conf / _DEPLOYMENT).is_file():
        return _deployment(home, conf, keystore, secret_conf)
    scheme = (declared(secret_conf) or LEGACY_SCHEME) if secret_conf else CARBON_SCHEME
    mode_like = files.read(next(p for p in (conf / "carbon.xml", conf / _STANDALONE) if p.is_file()))
    return Settings(
        origin=home,
        root=home,
        keystore=keystore,
        repository_settings=RepositorySettings(repository, "carbon4", mode_like.path, mode_like.mode_beside),
        encryption=EncryptionSettings(scheme),
        targets=_targets(targets, read(targets)),
        password_sources=(CarbonHome(home),),
        secret_conf=secret_conf_path,
    )


def _deployment(home: Path, conf: Path, keystore: KeystoreSettings, secret_conf: Mapping[str, str]) -> Settings:
    """Return the settings of a home whose product generates its configuration from `deployment.toml` (Carbon 4.5+)."""
    from ciphertool.passwords.carbon import CarbonHome

    mode_like = files.read(conf / "carbon.xml")
    return Settings(
        origin=home,
        root=home,
        keystore=keystore,
        repository_settings=RepositorySettings(
            conf / _DEPLOYMENT, "toml-secrets", mode_like.path, mode_like.mode_beside
        ),
        encryption=EncryptionSettings(declared(secret_conf) or CARBON_SCHEME),
        password_sources=(CarbonHome(home),),
    )


def _security(conf: Path, home: Path, name: str) -> Path:
    return conf.relative_to(home) / "security" / f"{name}.properties"


def _sites(snapshot: Snapshot) -> dict[str, Site]:
    from ciphertool.rewriters.properties import PropertiesRewriter

    try:
        return {site.selector: site for site in PropertiesRewriter().parse(snapshot.bytes).sites()}
    except ConfigError as error:
        raise error.at(snapshot.path) from None


def _entries(sites: Mapping[str, Site]) -> dict[str, str]:
    return {key: site.value.strip() for key, site in sites.items()}


def _targets(path: Path, sites: Mapping[str, Site]) -> tuple[Target, ...]:
    targets = []
    for alias, site in sites.items():
        # Parsed by hand: a regular expression could take hours on a malicious line.
        file, _, xpath = site.value.strip().partition("//")
        if not file or not xpath or "\n" in site.value:
            # The key is not shown: the file may be of another kind, and the text a secret.
            raise ConfigError("not of the form alias=file//xpath,true|false", path=path, line=site.line)
        shorter, _, attribute = xpath.rpartition(",")
        if shorter and attribute.strip().lower() in ("true", "false"):
            xpath = _to_attribute(shorter) if attribute.strip().lower() == "true" else shorter
        targets.append(Target(file.strip(), "/" + xpath, alias, optional_if_unknown=True, line=site.line))
    return tuple(targets)


def _to_attribute(xpath: str) -> str:
    """Return `a/b[@name]` as `a/b/@name`, the attribute itself."""
    element, _, name = xpath.removesuffix("]").rpartition("[@")
    if not xpath.endswith("]") or not name or "]" in name or "=" in name:
        return xpath
    return f"{element}/@{name}"


def _keystore(
    carbon_xml: Snapshot, places: Places, secret_conf: Mapping[str, str], standalone: Mapping[str, str]
) -> KeystoreSettings:
    if location := secret_conf.get("keystore.identity.location"):
        return KeystoreSettings(find(location, places), secret_conf.get("keystore.identity.alias"))
    if location := standalone.get("primary.key.location"):
        return KeystoreSettings(find(location, places), standalone.get("primary.key.alias"))
    if carbon_xml.data is None:
        return KeystoreSettings()
    from ciphertool.rewriters.xml import XmlRewriter

    document = XmlRewriter().parse(carbon_xml.bytes)
    for element in ("InternalKeyStore", "KeyStore"):
        base = f"/Server/Security/{element}"
        location, alias = (_text(document.locate([f"{base}/{name}"])[0]) for name in ("Location", "KeyAlias"))
        if location:
            return KeystoreSettings(find(location, places), alias or None)
    return KeystoreSettings()


def _text(found: tuple[Site, ...] | ConfigError) -> str:
    return found[0].value if isinstance(found, tuple) else ""
