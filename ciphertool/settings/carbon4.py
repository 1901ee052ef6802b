"""Reads a Carbon 4 home: `deployment.toml` or `cipher-tool.properties`, `secret-conf.properties`, and the keystore.

WSO2's cipher-tool 1.2, config-mapper and org.wso2.securevault define their meaning. Writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.ciphertext import Bare
from ciphertool.errors import CipherToolError, ConfigError
from ciphertool.passwords.carbon import CarbonHome
from ciphertool.passwords.stated import StatedPasswords
from ciphertool.repository import BARE_KIND, Encrypted, repository_of
from ciphertool.settings import confined, deployment_toml
from ciphertool.settings.carbon_homes import CARBON_XML, DEPLOYMENT_TOML, STANDALONE, configuration, is_same
from ciphertool.settings.carbon_paths import Places
from ciphertool.settings.ciphertool_toml import CARBON_SCHEME
from ciphertool.settings.deployment_toml import Deployment
from ciphertool.settings.fixed_aliases import fixed_alias
from ciphertool.settings.model import (
    ROTATING,
    EncryptionSettings,
    KeystoreSettings,
    RepositorySettings,
    Settings,
    SettingsWarning,
    Target,
)
from ciphertool.settings.secret_conf import KEY_ALIAS, KEYSTORE, LEGACY_SCHEME, LOCATION, SecretConf
from ciphertool.settings.stated_keystores import INTERNAL, PRIMARY, stated_in_standalone, stated_in_xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.passwords import PasswordSource
    from ciphertool.repository import Stored
    from ciphertool.rewriters.base import Site
    from ciphertool.settings.stated_keystores import StatedKeystore


def read_home(home: Path, define: Mapping[str, str], *, tree: Path | None = None) -> Settings:
    """Return the settings in a home's own files; raise `ConfigError` if they cannot be read.

    If the home was found in a `tree`, not named, its paths are not expanded from the environment or `define`, and
    settings that lead out of the tree raise a `FoundSettingsError`.
    """
    conf = configuration(home)
    if conf is None:
        raise ConfigError("not a Carbon home: neither carbon.xml nor " + STANDALONE, path=home)
    places = Places.of(home, conf, define, tree)
    reader, deployment = _Reader(places), Deployment.read(places)
    # As in WSO2's tools, a deployment.toml decides, whatever else there is.
    return reader.xml() if deployment is None else reader.deployment(deployment)


class _Reader:
    """Reads one home. Each of its two flows has a method that returns its settings."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._home, self._conf = places.home, places.conf
        self._carbon_xml = self.snapshot(self._conf / CARBON_XML)
        self._standalone = self._sites(self._conf / STANDALONE)
        secret_conf = self._named("secret.conf.properties.file", "secret-conf")
        self._secret_conf = SecretConf.of(secret_conf, self._sites(secret_conf))

    def snapshot(self, path: Path) -> Snapshot:
        """Read a file of the home, as far as it may be read; `data` is None if there is no file."""
        return confined.read(path, self._places.tree, self._home)

    def xml(self) -> Settings:
        """Return the settings of a home with XML files, in which `cipher-tool.properties` names the secrets."""
        stated = self._secret_conf.get(LOCATION)
        repository = self._named("cipher.text.properties.file", "cipher-text")
        if stated:
            repository = self._home / self._places.inside(stated)
        tool = self._named("cipher.tool.properties.file", "cipher-tool")
        targets = tuple(_targets(tool, self._sites(tool), self._places))
        settings = self._settings("carbon4", repository, self._stated_in_xml())
        return settings._replace(targets=targets, warnings=(*self._unfinished(repository), *_misnamed(tool, targets)))

    def deployment(self, deployment: Deployment) -> Settings:
        """Return the settings of a home whose product generates its configuration from `deployment.toml`."""
        try:
            in_xml = self._stated_in_xml()
        except ConfigError:
            in_xml = None  # it is generated anew
        keystore = self._completed(deployment.keystore, in_xml)
        kind, repository = self._ciphertexts(deployment.path)
        settings = self._settings(kind, repository, keystore)
        return settings._replace(
            warnings=(
                *self._unfinished(repository),
                *self._differences(settings.keystore.path, keystore, in_xml),
                *self._overwritten(),
            ),
            elsewhere=settings.elsewhere or deployment.asks_at_runtime,
        )

    def _unfinished(self, repository: Path) -> Iterator[SettingsWarning]:
        """Yield a warning if the product reads its ciphertexts where they are only while they move to another key."""
        if repository.name.endswith(ROTATING):
            reason = f"names {repository.name}, since a rotation was interrupted; `ciphertool rotate` completes it"
            yield SettingsWarning(self._secret_conf.path, reason)

    def _ciphertexts(self, deployment: Path) -> tuple[str, Path]:
        """Return where the ciphertexts are: in `[secrets]`, but in a file of their own while they move to another key.

        The product reads them there too, whatever `[secrets]` holds by then.
        """
        location = self._secret_conf.get(LOCATION) or ""
        rotating = deployment.with_name(deployment.name + ROTATING)
        if location.endswith(f"/{rotating.name}") and is_same(self._home / self._places.inside(location), rotating):
            return BARE_KIND, rotating
        return "toml-secrets", deployment

    def _settings(self, kind: str, repository: Path, keystore: StatedKeystore | None) -> Settings:
        secret_conf = self._secret_conf
        sources: list[PasswordSource] = [CarbonHome(self._home)]
        mode_like = self._carbon_xml
        if mode_like.data is None:
            names = (STANDALONE, DEPLOYMENT_TOML)
            mode_like = next(read for name in names if (read := self.snapshot(self._conf / name)).data is not None)
        used = self._keystore(keystore)
        sources += self._stated_passwords(keystore, used)
        return Settings(
            origin=self._home,
            root=self._home,
            keystore=KeystoreSettings() if secret_conf.key_based else used,
            repository_settings=RepositorySettings(repository, kind, mode_like.path, mode_like.mode_beside),
            encryption=self._encryption(kind, repository),
            password_sources=tuple(sources[:1] if secret_conf.key_based else sources),
            home=self._home,
            secret_conf=secret_conf.path,
            elsewhere=bool(secret_conf.elsewhere),
        )

    def _encryption(self, kind: str, repository: Path) -> EncryptionSettings:
        """Return the transformation of the vault: the runtime's default for values of which no entry declares one."""
        secret_conf = self._secret_conf
        if secret_conf.scheme is not None:
            return EncryptionSettings(secret_conf.scheme, key_based=secret_conf.key_based)
        new = EncryptionSettings(CARBON_SCHEME, assumed=True)
        try:
            entries = repository_of(kind, self.snapshot(repository)).entries.values()
        except CipherToolError:
            return new  # whoever reads the values reports it
        return EncryptionSettings(LEGACY_SCHEME) if any(_is_bare(entry.stored) for entry in entries) else new

    def _keystore(self, stated: StatedKeystore | None) -> KeystoreSettings:
        """Return the keystore that an enabled vault uses, else the one that is stated."""
        places, secret_conf = self._places, self._secret_conf
        if location := secret_conf.get(KEYSTORE):
            alias = secret_conf.get(KEY_ALIAS)
            return KeystoreSettings(places.keystore(location), alias, missing=places.missing(location))
        if stated is None:
            return KeystoreSettings()
        missing = stated.missing or places.missing(stated.location)
        return KeystoreSettings(places.keystore(stated.location), stated.alias, missing=missing)

    def _stated_passwords(self, stated: StatedKeystore | None, used: KeystoreSettings) -> Iterator[PasswordSource]:
        """Yield the passwords that stand in clear beside the keystore, if it is the one that is used."""
        if stated is None or not isinstance(stated.password, str):
            return
        if used.path is not None and is_same(self._places.keystore(stated.location), used.path):
            own = stated.key_password if isinstance(stated.key_password, str) else None
            yield StatedPasswords(stated.source, stated.password, own)

    def _completed(self, stated: StatedKeystore | None, in_xml: StatedKeystore | None) -> StatedKeystore | None:
        """Return a keystore with what `deployment.toml` leaves out, as the product wrote it at an earlier start."""
        if stated is None or in_xml is None:
            return stated if stated is not None and stated.location else in_xml
        if not stated.location or stated.missing:
            stated = stated._replace(location=in_xml.location, missing=in_xml.missing)
        keystore = self._places.keystore
        same = is_same(keystore(stated.location), keystore(in_xml.location))
        return stated._replace(alias=in_xml.alias) if same and stated.alias is None else stated

    def _differences(
        self, used: Path | None, keystore: StatedKeystore | None, in_xml: StatedKeystore | None
    ) -> Iterator[SettingsWarning]:
        """Yield a warning for each file that names a keystore other than the one that is used."""
        secret_conf = self._secret_conf
        for stated in (keystore, in_xml):
            if used is None or stated is None or secret_conf.key_based:
                continue
            named = self._places.keystore(stated.location)
            if is_same(named, used):
                continue
            if secret_conf.get(KEYSTORE):
                decides = f"{secret_conf.path.name} {self._below(used)}, which the vault uses"
            elif keystore is not None:
                own = f"{keystore.source.name} {self._below(used)}"
                decides = f"{own}, which is used: the product overwrites {stated.source.name} at its start"
            else:
                continue
            yield SettingsWarning(stated.source, f"names the keystore {self._below(named)}, {decides}")

    def _below(self, path: Path) -> Path:
        """Return a path relative to the home if it is below it."""
        home, path = self._home.absolute(), path.absolute()
        return path.relative_to(home) if path.is_relative_to(home) else path

    def _overwritten(self) -> Iterator[SettingsWarning]:
        """Yield a warning if `cipher-tool.properties` names files that the product overwrites."""
        tool = self._named("cipher.tool.properties.file", "cipher-tool")
        sites = self._sites(tool)
        if sites:
            named = dict.fromkeys(site.value.partition("//")[0].strip() for site in sites.values())
            made = [name for name in named if deployment_toml.is_generated(self._home, self._conf, self._home / name)]
            listed = ", ".join([*made, str(self._security("cipher-text"))])
            overwritten = f"the product overwrites what it names at its start ({listed})"
            yield SettingsWarning(tool, f"not used, because {DEPLOYMENT_TOML} decides: {overwritten}")

    def _named(self, key: str, name: str) -> Path:
        """Return the path of a file of the vault: as the standalone file states, or where every home has it."""
        stated = self._standalone.get(key)
        inside = self._places.inside(stated.value) if stated is not None and stated.value.strip() else None
        return self._home / (inside or self._security(name))

    def _security(self, name: str) -> Path:
        return self._conf.relative_to(self._home) / "security" / f"{name}.properties"

    def _sites(self, path: Path) -> dict[str, Site]:
        from ciphertool.rewriters.properties import PropertiesRewriter

        snapshot = self.snapshot(path)
        try:
            return {site.selector: site for site in PropertiesRewriter().parse(snapshot.bytes).sites()}
        except ConfigError as error:
            raise error.at(snapshot.path) from None

    def _stated_in_xml(self) -> StatedKeystore | None:
        """Return the keystore in `carbon.xml`, the internal one first, else in the standalone file."""
        if self._carbon_xml.data is not None:
            from ciphertool.rewriters.xml import XmlRewriter

            path = self._carbon_xml.path
            try:
                found = list(stated_in_xml(path, XmlRewriter().parse(self._carbon_xml.bytes).sites()))
            except ConfigError as error:
                raise error.at(path) from None
            for purpose in (INTERNAL, PRIMARY):
                if (one := next((each for each in found if each.purpose == purpose), None)) is not None:
                    return one
        return stated_in_standalone(self._conf / STANDALONE, self._standalone)


def _misnamed(path: Path, targets: Sequence[Target]) -> Iterator[SettingsWarning]:
    """Yield a warning for each target whose alias is not the one that the product looks up."""
    for target in targets:
        fixed = fixed_alias(target.file, target.selector)
        if fixed is not None and fixed != target.alias:
            message = f"the product asks for this secret as {fixed!r}, not as {target.alias!r}"
            yield SettingsWarning(path, message, target.line)


def _is_bare(stored: Stored) -> bool:
    """Return whether a stored value is a ciphertext that does not state its own transformation."""
    return isinstance(stored, Encrypted) and isinstance(stored.ciphertext, Bare)


def _targets(path: Path, sites: Mapping[str, Site], places: Places) -> Iterator[Target]:
    for alias, site in sites.items():
        # Parsed by hand: a regular expression could take hours on a malicious line.
        file, _, xpath = site.value.strip().partition("//")
        if not file or not xpath or "\n" in site.value:
            # The key is not shown: the file may be of another kind, and the text a secret.
            raise ConfigError("not of the form alias=file//xpath,true|false", path=path, line=site.line)
        shorter, _, attribute = xpath.rpartition(",")
        if shorter and attribute.strip().lower() in ("true", "false"):
            xpath = _to_attribute(shorter) if attribute.strip().lower() == "true" else shorter
        yield Target(places.inside(file), "/" + xpath, alias, optional_if_unknown=True, line=site.line)


def _to_attribute(xpath: str) -> str:
    """Return `a/b[@name]` as `a/b/@name`, the attribute itself."""
    element, _, name = xpath.removesuffix("]").rpartition("[@")
    if not xpath.endswith("]") or not name or "]" in name or "=" in name:
        return xpath
    return f"{element}/@{name}"
