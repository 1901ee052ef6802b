"""Reads which keystores a `deployment.toml` names, and which files its product generates from it. Writes nothing.

WSO2's config-mapper defines their meaning: the product reads `deployment.toml`, fills in its defaults and overwrites
every file of which it has a template, at its first start and at each start after a change.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from ciphertool import references
from ciphertool.errors import ConfigError
from ciphertool.settings import confined
from ciphertool.settings.carbon_homes import DEPLOYMENT_TOML
from ciphertool.settings.stated_keystores import (
    CERTIFICATE,
    IN_TOML,
    OF_CERTIFICATE,
    TABLES,
    TLS,
    Filled,
    StatedKeystore,
    stated,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.settings.carbon_paths import Places
    from ciphertool.settings.stated_keystores import Names

_DEFAULTS = "repository/resources/conf/default.json"
_TEMPLATES = "repository/resources/conf/templates"
_FILLED = re.compile(r"\$(ref|env|sys)\{([^{}]+)\}")
_MOST_STEPS = 20
"""Limit on references to other keys in one value, which could refer to themselves."""


class Deployment:
    """What a `deployment.toml` says; its values are filled in from other keys, `names` and the product's defaults."""

    def __init__(self, snapshot: Snapshot, defaults: Mapping[str, Any], names: Mapping[str, str]) -> None:
        """Raise `ConfigError` if the file is not TOML."""
        from ciphertool.rewriters.toml import TomlRewriter  # lazy: few vaults belong to a home

        try:
            self._sites = {site.key: site for site in TomlRewriter().parse(snapshot.bytes).sites()}
        except ConfigError as error:
            raise error.at(snapshot.path) from None
        self.path, self._defaults, self._names = snapshot.path, defaults, names

    @classmethod
    def read(cls, places: Places) -> Deployment | None:
        """Return what the file of a home says, None if it has none; raise `ConfigError` if it cannot be read."""
        snapshot = confined.read(places.conf / DEPLOYMENT_TOML, places.tree, places.home)
        if snapshot.data is None:
            return None
        defaults = confined.read(places.home / _DEFAULTS, places.tree, places.home)
        return cls(snapshot, _defaults_in(defaults), places.names)

    @property
    def keystore(self) -> StatedKeystore | None:
        """The keystore of the product's secrets: `[keystore.internal]`, else `[keystore.primary]`; None if neither."""
        for table in ("keystore.internal", "keystore.primary"):
            if any(key.startswith(f"{table}.") for key in self._sites):
                return self._keystore(table)
        return self._keystore("keystore.internal") if self._defaults else None

    def keystores(self) -> Iterator[StatedKeystore]:
        """Yield the keystores of all purposes that have a location, the product's defaults included."""
        certificate = f"{CERTIFICATE}.{OF_CERTIFICATE.location}" in self._sites
        for table, purpose in TABLES.items():
            found = self._keystore(table)
            if purpose == TLS and certificate:
                found = self._keystore(CERTIFICATE, OF_CERTIFICATE)
            if found.location:
                yield found

    @property
    def asks_at_runtime(self) -> bool:
        """Whether the product leaves secrets that `[secrets]` lacks to another provider, at run time."""
        found = self._filled("runtime_secrets.enable")
        return found is not None and found.value.lower() == "true"

    def _keystore(self, table: str, names: Names = IN_TOML) -> StatedKeystore:
        filled = ((name, self._filled(f"{table}.{name}")) for name in names)
        fields = {name: value for name, value in filled if value is not None}
        return stated(TABLES.get(table, TLS), self.path, fields, names)

    def _filled(self, key: str) -> Filled | None:
        """Return the value of a dotted key with its placeholders filled in, None if there is none."""
        value, line = self._value(key)
        for _ in range(_MOST_STEPS):
            if value is None:
                return None
            found = _FILLED.search(value)
            if "$secret{" in value or found is None:
                return Filled(value, line, references.parse(value))
            kind, name = found[1], found[2].strip()
            if kind == "ref":
                filled, at = self._value(name)
                line = line or at
            else:
                filled = self._names.get(f"env:{name}" if kind == "env" else name)
            if not filled:
                return Filled(value, line, missing=found[0])
            value = f"{value[: found.start()]}{filled}{value[found.end() :]}"
        return Filled("", line, missing=f"$ref{{{key}}}")

    def _value(self, key: str) -> tuple[str | None, int | None]:
        """Return the text of a dotted key, and its line unless it is a default."""
        if (site := self._sites.get(key)) is not None:
            return site.value, site.line
        value = self._defaults.get(key)
        if isinstance(value, bool):
            return str(value).lower(), None
        return value if isinstance(value, str) else None, None


def _defaults_in(snapshot: Snapshot) -> Mapping[str, Any]:
    """Return the product's defaults by dotted key; none if their file is missing or damaged."""
    import json  # lazy: as above

    try:
        found = json.loads(snapshot.bytes) if snapshot.data is not None else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_generated(home: Path, conf: Path, path: Path) -> bool:
    """Return whether the product of a home with a `deployment.toml` generates a file, and so overwrites it.

    Its templates show it. Without them it is true of `cipher-text.properties` and every XML file of the configuration.
    """
    real, root, directory = (os.path.realpath(each) for each in (path, home, conf))
    below, inside = os.path.relpath(real, directory), os.path.relpath(real, root)
    if inside.startswith(os.pardir):
        return False
    templates = home / _TEMPLATES
    if os.path.isfile(templates / os.path.relpath(directory, root) / "carbon.xml.j2"):  # noqa: PTH113 - as below
        return os.path.isfile(templates / f"{inside}.j2")  # noqa: PTH113 - Path.is_file raises for a name that is too long
    secrets = os.path.join("security", "cipher-text.properties")  # noqa: PTH118
    return not below.startswith(os.pardir) and (below.lower().endswith(".xml") or below == secrets)
