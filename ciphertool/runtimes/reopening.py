"""What a Carbon 4 home's `secret-conf.properties` becomes if its vault moves: to other ciphertexts, another key.

The runtime reads both in this one file, so that one rename takes it from the one vault to the other.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import ConfigError
from ciphertool.rewriters.properties import PropertiesRewriter, rewrite_entries
from ciphertool.runtimes.base import JCA_TYPES
from ciphertool.runtimes.opening_entries import enabling, needed_entries
from ciphertool.settings.carbon_homes import STANDALONE, configuration
from ciphertool.settings.secret_conf import (
    ALGORITHM,
    KEY_ALIAS,
    KEYSTORE,
    LEGACY_SCHEME,
    LOCATION,
    MODE,
    SYMMETRIC,
    TRANSFORMATION,
    TYPE,
    SecretConf,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.files import Write
    from ciphertool.runtimes.base import NewKeystore
    from ciphertool.settings.model import Settings


def reopening_file(settings: Settings, ciphertexts: Path, keystore: NewKeystore | None) -> Write | None:
    """Return the write of `secret-conf.properties` as `Runtime.reopening` states it."""
    if settings.secret_conf is None:
        raise ConfigError(
            "no secret-conf.properties belongs to this vault, so that nothing can move its product to another key",
            path=settings.origin,
            hint="name the home with --home",
        )
    snapshot = files.read_if_there(settings.secret_conf)
    document = PropertiesRewriter().parse(snapshot.bytes)
    conf = SecretConf.of(snapshot.path, {site.selector: site for site in document.sites()})
    stated: dict[str, str | None] = {LOCATION: os.path.relpath(ciphertexts, settings.home)}
    if keystore is not None:
        _require_readable(keystore)
        named = {KEYSTORE: str(keystore.path.absolute()), TYPE: keystore.facts.type}
        named[KEY_ALIAS] = keystore.facts.alias or ""
        needed = needed_entries({}, named)
        missing = {key: value for key, value in needed.items() if key in named or not conf.get(key)}
        stated = {**enabling(conf), **missing, **stated, **_encryption(conf, keystore)}
    changes = {key: value for key, value in stated.items() if value != conf.entries.get(key)}
    if not changes:
        return None
    return files.Write(snapshot, rewrite_entries(document, changes), settings.repository_settings.new_mode)


def standalone_file(settings: Settings, store_type: str | None) -> tuple[Write, ...]:
    """Return the write of `cipher-standalone-config.properties`, if it names a keystore, for that of the settings."""
    path, conf = settings.keystore.path, None if settings.home is None else configuration(settings.home)
    if settings.home is None or conf is None or path is None:
        return ()
    snapshot = files.read_if_there(conf / STANDALONE)
    document = PropertiesRewriter().parse(snapshot.bytes)
    entries = {site.selector: site.value for site in document.sites()}
    inside = os.path.relpath(path, settings.home)
    location = str(path.absolute()) if inside.startswith(os.pardir) else inside
    wanted = {"location": location, "type": store_type, "alias": settings.keystore.alias}
    changes = {
        f"primary.key.{name}": value
        for name, value in wanted.items()
        if value is not None and entries.get(f"primary.key.{name}", value) != value
    }
    if not entries.get("primary.key.location") or not changes:
        return ()
    return (files.Write(snapshot, rewrite_entries(document, changes)),)


def _require_readable(keystore: NewKeystore) -> None:
    if keystore.facts.type not in JCA_TYPES or keystore.facts.type == "JCEKS":
        raise ConfigError(
            f"is a {keystore.facts.type} keystore, which the product does not open",
            hint="convert it with `keytool -importkeystore … -deststoretype PKCS12`, and name the new one",
            path=keystore.path,
        )


def _encryption(conf: SecretConf, keystore: NewKeystore) -> Mapping[str, str | None]:
    """Return the entries that state how values are encrypted; None for one that must not be there."""
    if keystore.facts.symmetric:
        return {MODE: SYMMETRIC, ALGORITHM: AES_GCM}
    # Without an entry the product takes what this scheme is the name of.
    implied = keystore.scheme == LEGACY_SCHEME and ALGORITHM not in conf.entries
    entries: dict[str, str | None] = {} if implied else {ALGORITHM: keystore.scheme}
    if conf.get(MODE) not in (None, "asymmetric"):
        entries[MODE] = None
    if conf.get(TRANSFORMATION):
        entries[TRANSFORMATION] = keystore.scheme
    return entries
