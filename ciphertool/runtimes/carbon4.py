"""Carbon 4: a home with XML configuration, whose runtime opens the vault according to `secret-conf.properties`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.engine import scheme_named
from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import CipherToolError, ConfigError
from ciphertool.keystore.formats.registry import format_of
from ciphertool.passwords.carbon import HOME_FILES
from ciphertool.references import Syntax
from ciphertool.rewriters.properties import PropertiesRewriter, rewrite_entries
from ciphertool.runtimes.base import JCA_TYPES, Files, KeystoreFacts, Providers, Runtime
from ciphertool.runtimes.opening_entries import enabling, needed_entries
from ciphertool.runtimes.reopening import reopening_file, standalone_file
from ciphertool.settings import deployment_toml
from ciphertool.settings.carbon4 import read_home
from ciphertool.settings.carbon_homes import DEPLOYMENT_TOML, configuration
from ciphertool.settings.model import KeystoreSettings
from ciphertool.settings.secret_conf import (
    ALGORITHM,
    KEY_ALIAS,
    KEYSTORE,
    LEGACY_SCHEME,
    LOCATION,
    MODE,
    REPOSITORIES,
    SYMMETRIC,
    TYPE,
    SecretConf,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ciphertool.files import Write
    from ciphertool.rewriters.base import Rewriter
    from ciphertool.runtimes.base import NewKeystore
    from ciphertool.settings.model import Settings


class Carbon4Runtime(Runtime):
    """Reads the configuration of a home; any file of it may refer to a secret."""

    kind = "carbon4"
    reads_ignored = True
    symmetric = True

    def files(self, settings: Settings) -> Files:
        """Return the directory of `carbon.xml`, and the deployed files."""
        return Files(below=(settings.repository_settings.mode_like.parent, *deployed(settings)))

    def syntax(self, rewriter: Rewriter) -> Syntax:
        """Return `secretAlias:ALIAS` for `.properties` files: every version reads it there."""
        return Syntax.SECRET_ALIAS if rewriter.name == "properties" else rewriter.syntax

    def companions(self, settings: Settings, keystore: KeystoreFacts) -> tuple[Write, ...]:
        """Return `secret-conf.properties` with its missing entries added."""
        return opening_file(settings, settings.repository, keystore)

    def reopening(self, settings: Settings, ciphertexts: Path, keystore: NewKeystore | None) -> Write | None:
        """Return the write of `secret-conf.properties`."""
        return reopening_file(settings, ciphertexts, keystore)

    def restating(self, settings: Settings) -> tuple[Write, ...]:
        """Return the write of the file that stands for `carbon.xml` where there is none: WSO2's tool reads it."""
        return standalone_file(settings, _type_of(settings.keystore.path))

    def overwrites(self, settings: Settings, path: Path) -> bool:
        """Return True for what a product with a `deployment.toml` generates."""
        return is_generated(settings, path)

    def providers(self, settings: Settings) -> Providers:
        """Return those that references or `secret-conf.properties` name."""
        return providers(settings)

    def own_files(self, settings: Settings) -> frozenset[Path]:
        """Return the repository and `secret-conf.properties`."""
        return frozenset(path for path in (settings.repository_settings.path, settings.secret_conf) if path is not None)

    def password_files(self, settings: Settings) -> Iterator[Path]:
        """Yield the home's files first."""
        yield from home_passwords(settings)
        yield from super().password_files(settings)


def is_generated(settings: Settings, path: Path) -> bool:
    """Return whether the product of a home generates a file from its `deployment.toml`."""
    conf = configuration(settings.home) if settings.home is not None else None
    if settings.home is None or conf is None or not (conf / DEPLOYMENT_TOML).is_file():
        return False
    return deployment_toml.is_generated(settings.home, conf, path)


def deployed(settings: Settings) -> tuple[Path, ...]:
    """Return the directories of what a home serves: user stores and integrations, tenants' included."""
    return tuple((settings.home or settings.root) / "repository" / name for name in ("deployment", "tenants"))


def home_passwords(settings: Settings) -> Iterator[Path]:
    """Yield the files that may hold the keystore's password in a home."""
    yield from ((settings.home or settings.root) / name for name in HOME_FILES)


def providers(settings: Settings) -> Providers:
    """Return the other providers: `$secret{vault:hashicorp:db}` names one, its store and the alias there."""
    return Providers(named=True, every=settings.elsewhere)


def opening_file(settings: Settings, location: Path, keystore: KeystoreFacts) -> tuple[Write, ...]:
    """Return the write of `secret-conf.properties` with its missing entries added, if any are.

    `location` is the file in which the runtime finds the ciphertexts. Raises `ConfigError` if other providers are
    configured instead of files: the product would not read them.
    """
    if settings.secret_conf is None:
        return ()
    snapshot = files.read_if_there(settings.secret_conf)
    document = PropertiesRewriter().parse(snapshot.bytes)
    conf = SecretConf.of(snapshot.path, {site.selector: site for site in document.sites()})
    if conf.elsewhere:
        raise ConfigError(
            f"the product takes secrets from {conf.elsewhere[0]!r} alone, so that what is encrypted here is not read",
            hint=f"add {REPOSITORIES}=file",
            path=conf.path,
        )
    store, facts = _keystore(settings, keystore)
    if not conf.key_based:
        _require_agreement(settings, conf, facts)
    changes = _missing(settings, conf, {LOCATION: os.path.relpath(location, settings.home)}, store, facts)
    if not changes:
        return ()
    return (files.Write(snapshot, rewrite_entries(document, changes), settings.repository_settings.new_mode),)


def _require_agreement(settings: Settings, conf: SecretConf, keystore: KeystoreFacts) -> None:
    """Raise `ConfigError` if the product cannot decrypt what is encrypted to the key of a keystore."""
    mode, declared, alias = conf.get(MODE), conf.get(ALGORITHM), conf.get(KEY_ALIAS)
    used = AES_GCM if keystore.symmetric else settings.scheme
    if (conf.get(TYPE) or keystore.type) == "JCEKS":
        raise ConfigError(
            "is a JCEKS keystore, which the product does not open",
            hint="convert it with `keytool -importkeystore … -deststoretype PKCS12`, and name the new one",
            path=settings.keystore.path or conf.path,
        )
    if alias and keystore.alias and alias.lower() != keystore.alias.lower() and _in_one_store(settings):
        raise ConfigError(
            f"the product decrypts with the key {alias!r}, but values are encrypted to {keystore.alias!r}",
            hint=f"set {KEY_ALIAS} to the key that encrypts",
            path=conf.path,
        )
    if mode is not None and (mode == SYMMETRIC) != keystore.symmetric:
        expected, other = ("a secret key", "an RSA key") if mode == SYMMETRIC else ("an RSA key", "a secret key")
        raise ConfigError(
            f"the product decrypts with {expected} ({MODE}={mode}), but values are encrypted to {other}",
            hint=f"set the key alias to the entry of {expected}",
            path=conf.path,
        )
    if declared is not None and not _same_transformation(declared, used):
        raise ConfigError(
            f"the product decrypts by {declared}, but values are encrypted by {used}",
            hint=f"take out {ALGORITHM}" if keystore.symmetric else "take `scheme` out of [encryption]",
            path=conf.path,
        )


def _in_one_store(settings: Settings) -> bool:
    """Return whether the keystore that encrypts is the one that the home states."""
    return settings.keystore.path == _home_keystore(settings).path


def _same_transformation(declared: str, used: str) -> bool:
    # The runtime compares the name of AES-GCM alone exactly.
    return declared == used if AES_GCM in (declared, used) else scheme_named(declared) is scheme_named(used)


def _missing(
    settings: Settings, conf: SecretConf, location: Mapping[str, str], store: Path | None, keystore: KeystoreFacts
) -> dict[str, str]:
    """Return the entries that the runtime needs to open this vault; those that are there are kept.

    Only a vault that is disabled is enabled.
    """
    named = {KEYSTORE: str(store.absolute()) if store else "", TYPE: keystore.type, KEY_ALIAS: keystore.alias or ""}
    needed = needed_entries(location, None if conf.key_based else named)
    if not conf.key_based:
        needed |= _transformation(settings, conf, keystore)
    return {**enabling(conf), **{key: value for key, value in needed.items() if value and not conf.get(key)}}


def _transformation(settings: Settings, conf: SecretConf, keystore: KeystoreFacts) -> dict[str, str]:
    """Return the entries that state how values are encrypted."""
    if keystore.symmetric:
        return {MODE: SYMMETRIC, ALGORITHM: AES_GCM}
    # A missing entry means this scheme, an empty one nothing that Java knows.
    legacy = settings.scheme == LEGACY_SCHEME and ALGORITHM not in conf.entries
    return {} if legacy else {ALGORITHM: settings.scheme}


def _keystore(settings: Settings, known: KeystoreFacts) -> tuple[Path | None, KeystoreFacts]:
    """Return the keystore that the product opens, and what it must know about it.

    If only a certificate encrypts, that is the keystore of the home. `known` is what encrypting found.
    """
    keystore = settings.keystore
    if keystore.path is None:
        stated = _home_keystore(settings)
        keystore = stated._replace(alias=keystore.alias or stated.alias)
    facts = KeystoreFacts(_type_of(keystore.path) or known.type, keystore.alias or known.alias, known.symmetric)
    return keystore.path, facts


def _home_keystore(settings: Settings) -> KeystoreSettings:
    if settings.home is None:
        return KeystoreSettings()
    return read_home(settings.home, {}, tree=settings.home if settings.trust.confined else None).keystore


def _type_of(path: Path | None) -> str | None:
    """Return the JCA name of a keystore's format, None if Java has no name for it."""
    if path is None:
        return None
    try:
        name, _ = format_of(files.read_if_there(path).bytes)
    except CipherToolError:
        return None
    return name if name in JCA_TYPES else None
