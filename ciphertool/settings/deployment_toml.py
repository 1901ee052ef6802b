"""Reads which keystore a `deployment.toml` names, and which files its product generates from it. Writes nothing.

WSO2's config-mapper defines their meaning: the product reads `deployment.toml`, fills in its defaults and overwrites
every file of which it has a template, at its first start and at each start after a change.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool.errors import ConfigError
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.files import Snapshot

NAME = "deployment.toml"
_DEFAULTS = "repository/resources/conf/default.json"
_TEMPLATES = "repository/resources/conf/templates"
_FILLED = re.compile(r"\$(ref|env|sys)\{([^{}]+)\}")
_MOST_STEPS = 20
"""Limit on references to other keys in one value, which could refer to themselves."""


class StatedKeystore(NamedTuple):
    """A keystore as a configuration file names it; passwords only if they are in clear."""

    source: Path
    location: str
    alias: str | None
    password: str | None = None
    key_password: str | None = None

    def __repr__(self) -> str:
        return repr_of(self, "source", "location", "alias")


class Deployment:
    """What a `deployment.toml` says; its values are filled in from other keys, `names` and the product's defaults."""

    def __init__(self, snapshot: Snapshot, defaults: Mapping[str, Any], names: Mapping[str, str]) -> None:
        """Raise `ConfigError` if the file is not TOML."""
        from ciphertool.rewriters.toml import TomlRewriter  # lazy: few vaults belong to a home

        try:
            self._data = TomlRewriter().parse(snapshot.bytes).data
        except ConfigError as error:
            raise error.at(snapshot.path) from None
        self._path, self._defaults, self._names = snapshot.path, defaults, names

    @property
    def keystore(self) -> StatedKeystore | None:
        """The keystore of the product's secrets: `[keystore.internal]`, else `[keystore.primary]`; None if neither."""
        stated = self._data.get("keystore")
        for name in ("internal", "primary"):
            if isinstance(stated, dict) and isinstance(stated.get(name), dict) and stated[name]:
                return self._keystore(f"keystore.{name}")
        return self._keystore("keystore.internal") if self._defaults else None

    @property
    def asks_at_runtime(self) -> bool:
        """Whether the product leaves secrets that `[secrets]` lacks to another provider, at run time."""
        return self._value("runtime_secrets.enable").lower() == "true"

    def _keystore(self, table: str) -> StatedKeystore | None:
        location, alias, password, key = (
            self._value(f"{table}.{key}") for key in ("file_name", "alias", "password", "key_password")
        )
        return StatedKeystore(self._path, location, alias or None, password or None, key or None)

    def _value(self, key: str) -> str:
        """Return the text of a dotted key with its placeholders filled in, or an empty text if there is none."""
        value = self._stated(key)
        for _ in range(_MOST_STEPS):
            found = _FILLED.search(value)
            if found is None:
                return "" if "$secret{" in value else value
            kind, name = found[1], found[2].strip()
            filled = self._stated(name) if kind == "ref" else self._names.get(f"env:{name}" if kind == "env" else name)
            if not filled:
                return ""
            value = f"{value[: found.start()]}{filled}{value[found.end() :]}"
        return ""

    def _stated(self, key: str) -> str:
        value: Any = self._data
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            value = self._defaults.get(key)
        if isinstance(value, bool):
            return str(value).lower()
        return value if isinstance(value, str) else ""


def defaults_of(snapshot: Snapshot) -> Mapping[str, Any]:
    """Return the product's defaults by dotted key; none if their file is missing or damaged."""
    import json  # lazy: as above

    try:
        found = json.loads(snapshot.bytes) if snapshot.data is not None else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def defaults_path(home: Path) -> Path:
    """Return where a home has its product's defaults."""
    return home / _DEFAULTS


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
