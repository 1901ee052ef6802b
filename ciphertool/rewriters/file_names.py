"""The names by which files of a format are known beside its suffixes: one table, for every command and for audits."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePath

_STAGES = "ci default dev development docker local prod production qa stage staging test testing".split()  # noqa: SIM905

FILE_NAMES: Mapping[str, tuple[str, ...]] = {
    "xml": (
        *("*.config", "*.csproj", "*.dbs", "*.plist", "*.pom", "*.props", "*.settings", "*.targets", "*.wadl"),
        *("*.wsdl", "*.xsl"),
    ),
    "yaml": (".kube/config",),
    "toml": ("cargo.lock", "pipfile", "poetry.lock"),
    "json": (
        *("*.avsc", "*.ipynb", "*.json5", "*.tfstate", "*.webmanifest"),
        *(".dockercfg", ".dockerconfigjson", "composer.lock"),
    ),
    "env": ("env", *(f"env.{stage}" for stage in _STAGES), *(f"*.env.{stage}" for stage in _STAGES)),
    "systemd": ("*.mount.d/*.conf", "*.network.d/*.conf", "*.service.d/*.conf", "*.socket.d/*.conf"),
    "quoted-ini": (
        *(".git/config", ".gitconfig", ".my.cnf", ".npmrc", "gitconfig", "mariadb.cnf", "my.cnf", "my.ini"),
        *("mysqld.cnf", "npmrc", "php.ini"),
    ),
    "ini": (
        *("*.cnf", "*.desktop", "*.inf", "*.repo"),
        *(".aws/config", ".aws/credentials", ".boto", ".hgrc", ".pypirc", ".s3cfg"),
        *("credentials", "hgrc", "krb5.conf", "pip.conf", "rclone.conf", "supervisord.conf", "wg*.conf"),
    ),
}
"""Format → names of files, in lower case; `*` stands for anything. A `/` is between a file's directory and its name.

The first format that has a name counts."""


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    spelled = {
        format_name: "|".join(re.escape(name).replace(r"\*", "[^/]*") for name in names)
        for format_name, names in FILE_NAMES.items()
    }
    return [(format_name, re.compile(rf"(?:.*/)?(?:{each})", re.DOTALL)) for format_name, each in spelled.items()]


def format_named(path: PurePath) -> str | None:
    """Return the format that a file's name, with its directory's, stands for regardless of its suffix, or None."""
    name = "/".join(path.parts[-2:]).lower()
    return next((found for found, pattern in _patterns() if pattern.fullmatch(name)), None)
