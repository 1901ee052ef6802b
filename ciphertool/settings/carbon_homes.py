"""Which directories are Carbon 4 homes, by the files in them. What those files say is read by `carbon4`.

Every search for settings asks: this module imports nothing of what reads a home.
"""

from __future__ import annotations

import os
from pathlib import Path

_CONF = (Path("repository/conf"), Path("conf"))
CARBON_XML = "carbon.xml"
STANDALONE = "cipher-standalone-config.properties"
DEPLOYMENT_TOML = "deployment.toml"


def is_home(directory: Path) -> bool:
    """Return whether a directory is a Carbon home. A home's own `repository` looks like an older home but is not."""
    directory = directory.absolute()
    inside = directory.name == "repository" and configuration(directory.parent) is not None
    return configuration(directory) is not None and not inside


def configuration(home: Path) -> Path | None:
    """Return the configuration directory of a Carbon home, or None if there is none."""
    for conf in _CONF:
        for name in (CARBON_XML, STANDALONE):
            if (home / conf / name).is_file():
                return home / conf
    # Before its first start a home may have nothing but this file, which its product generates the others from.
    return home / _CONF[0] if (home / _CONF[0] / DEPLOYMENT_TOML).is_file() else None


def home_of(repository: Path) -> Path | None:
    """Return the home whose own repository a file is by its place, or None if there is no such home."""
    conf = repository.parent if repository.name == DEPLOYMENT_TOML else repository.parent.parent
    for home in (conf.parent, conf.parent.parent):
        found = configuration(home)
        if is_same(found, conf) and is_home(home):
            return home
    return None


def is_same(one: Path | None, other: Path | None) -> bool:
    """Return whether two paths lead to the same place; None leads nowhere."""
    return one is not None and other is not None and os.path.realpath(one) == os.path.realpath(other)
