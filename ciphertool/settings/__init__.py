"""Finds out what to protect, with which keystore and repository: `ciphertool.toml`, a Carbon home, a Carbon 5 vault."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.errors import ConfigError
from ciphertool.settings.model import Overrides, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Overrides", "Settings", "load", "load_found", "locate"]

ENVIRONMENT_VARIABLE = "CIPHERTOOL_CONFIG"
_HINT = "name one with --config or --home, set CIPHERTOOL_CONFIG, or make one with `ciphertool init`"


def load(path: Path | None = None, overrides: Overrides | None = None) -> Settings:
    """Return the settings of a configuration file or home, or of the one that `locate` finds.

    Raises `ConfigError` if there is none or it cannot be read.
    """
    overrides = overrides or Overrides()
    named = path is not None or bool(os.environ.get(ENVIRONMENT_VARIABLE))
    settings = _read(path if path is not None else locate(), overrides, named=named)
    return _override(settings._replace(named=named), overrides)


def load_found(directory: Path) -> Settings:
    """Return the settings of a directory that nobody vouches for: they may start no program and load no plug-in, and
    they are told nothing of the environment.
    """
    return _read(directory, Overrides(), named=False)._replace(named=False)


def locate(start: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the configuration that `CIPHERTOOL_CONFIG` names, or the nearest one from `start` upwards.

    The search passes only through directories that the user or root owns and nobody else can write.
    """
    from ciphertool.settings import carbon4, config

    if named := environment.get(ENVIRONMENT_VARIABLE):
        return Path(named)
    start = (start or Path.cwd()).absolute()
    stopped = ""
    for directory in (start, *start.parents):
        if not _is_trusted(directory):
            stopped = f" (the search ended at {directory}, where others can write)"
            break
        candidate = directory / config.FILE_NAME
        if candidate.is_file():
            return candidate
        if carbon4.is_home(directory):
            return directory
    raise ConfigError(f"no configuration found from {start} upwards{stopped}", hint=_HINT)


def _is_trusted(directory: Path) -> bool:
    if os.name != "posix":
        return True
    status = directory.stat()
    shared = status.st_mode & 0o022
    return status.st_uid in (0, os.geteuid()) and not shared


def _read(path: Path, overrides: Overrides, *, named: bool) -> Settings:
    from ciphertool.settings import config

    if path.is_dir():
        from ciphertool.settings import carbon4

        if carbon4.is_home(path):
            return carbon4.read_home(path, overrides.define, named=named)
        candidate = path / config.FILE_NAME
        if candidate.is_file():
            return config.read_config(files.read(candidate), named=named)
        raise ConfigError(f"neither a Carbon home nor a directory with {config.FILE_NAME}", path=path, hint=_HINT)
    snapshot = files.read(path)
    if path.suffix.lower() in (".yaml", ".yml"):
        from ciphertool.settings import carbon5

        return carbon5.read_vault(snapshot, overrides)
    return config.read_config(snapshot, named=named)


def _override(settings: Settings, overrides: Overrides) -> Settings:
    keystore = settings.keystore
    if overrides.keystore is not None:
        keystore = keystore._replace(path=overrides.keystore, certificate=None, fingerprint=None, format=None)
    if overrides.certificate is not None:
        keystore = keystore._replace(certificate=overrides.certificate, path=overrides.keystore)
    if overrides.key_alias is not None:
        keystore = keystore._replace(alias=overrides.key_alias)
    return settings._replace(
        keystore=keystore,
        repository=overrides.repository or settings.repository,
        policy=overrides.policy or settings.policy,
        minimum_bits=overrides.minimum_bits or settings.minimum_bits,
    )
