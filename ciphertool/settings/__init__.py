"""Reads what to protect, with which keystore and repository: `ciphertool.toml`, a Carbon home, a Carbon 5 vault."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.errors import ConfigError, FoundSettingsError, NoSettingsError, ProblemsError
from ciphertool.settings.model import FOUND, NAMED, KeystoreSettings, Overrides, Settings
from ciphertool.storage.registry import FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.files import Snapshot
    from ciphertool.settings.confined import Found

__all__ = ["Overrides", "Settings", "is_configuration", "load", "load_found", "locate"]

ENVIRONMENT_VARIABLE = "CIPHERTOOL_CONFIG"
_HINT = "name one with --config or --home, set CIPHERTOOL_CONFIG, or create one with `ciphertool init`"


def load(path: Path | None = None, overrides: Overrides | None = None) -> Settings:
    """Return the settings of a configuration file or home, or of the one that `locate` finds.

    A path names them, and so does `CIPHERTOOL_CONFIG`. Raises `ConfigError` if there are none or they cannot be read,
    and `FoundSettingsError`, or a `ProblemsError` of several, if they were found and ask for more than `confined`
    allows.
    """
    overrides = overrides or Overrides()
    if path is not None or os.environ.get(ENVIRONMENT_VARIABLE):
        return _override(_read(path if path is not None else locate(), overrides, None), overrides)
    found = load_found(locate(), overrides)
    if found.refused or found.settings is None:
        raise found.refused[0] if len(found.refused) == 1 else ProblemsError(found.refused)
    return found.settings


def load_found(
    path: Path, overrides: Overrides | None = None, *, tree: Path | None = None, audited: bool = False
) -> Found:
    """Return the settings of a file or directory that nobody vouches for, confined to their tree.

    The tree is their own directory unless given. Raises `ConfigError` or `ProblemsError` if they cannot be read.
    """
    from ciphertool.settings import confined

    overrides = overrides or Overrides()
    tree = tree or (path if path.is_dir() else path.absolute().parent)
    try:
        settings = _read(path, overrides, tree)
    except FoundSettingsError as error:
        return confined.Found(None, (error,))
    except ProblemsError as error:
        refused = tuple(each for each in error.problems if isinstance(each, FoundSettingsError))
        if len(refused) < len(error.problems):
            raise
        return confined.Found(None, refused)
    return confined.confine(_override(settings, overrides), tree, overrides, audited=audited)


def locate(start: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the configuration that `CIPHERTOOL_CONFIG` names, or the nearest one from `start` upwards.

    Raise `NoSettingsError` if there is neither. The search passes only through directories that the user or root owns
    and nobody else can write.
    """
    from ciphertool.settings import carbon_homes, ciphertool_toml

    if named := environment.get(ENVIRONMENT_VARIABLE):
        return Path(named)
    start = (start or Path.cwd()).absolute()
    stopped = ""
    for directory in (start, *start.parents):
        if not _is_trusted(directory):
            stopped = f" (the search ended at {directory}, where others can write)"
            break
        candidate = directory / ciphertool_toml.FILE_NAME
        if candidate.is_file():
            return candidate
        if carbon_homes.is_home(directory):
            return directory
    raise NoSettingsError(f"no configuration found from {start} upwards{stopped}", hint=_HINT)


def is_configuration(path: Path) -> bool:
    """Return whether a path has settings of its own: it is a `ciphertool.toml`, a directory with one, or a home."""
    from ciphertool.settings import carbon_homes, ciphertool_toml

    if not path.is_dir():
        return path.name == ciphertool_toml.FILE_NAME
    return (path / ciphertool_toml.FILE_NAME).is_file() or carbon_homes.is_home(path)


def _is_trusted(directory: Path) -> bool:
    if os.name != "posix":
        return True
    status = directory.stat()
    shared = status.st_mode & 0o022
    return status.st_uid in (0, os.geteuid()) and not shared


def _read(path: Path, overrides: Overrides, tree: Path | None) -> Settings:
    """Return the settings; if they were found in a `tree`, not named, they read nothing outside it."""
    from ciphertool.settings import ciphertool_toml, confined

    if path.is_dir():
        from ciphertool.settings import carbon_homes

        if carbon_homes.is_home(path):
            return _read_home(path, overrides, tree)
        if not (path / ciphertool_toml.FILE_NAME).is_file():
            raise ConfigError(
                f"neither a Carbon home nor a directory with {ciphertool_toml.FILE_NAME}", path=path, hint=_HINT
            )
        path = path / ciphertool_toml.FILE_NAME
    if tree is None and path.suffix.lower() in (".yaml", ".yml"):
        from ciphertool.settings import carbon5

        return carbon5.read_vault(files.read(path), overrides)
    snapshot = files.read(path) if tree is None else confined.read(path, tree, path)
    return _read_config(snapshot, overrides, tree)


def _read_config(
    snapshot: Snapshot, overrides: Overrides, tree: Path | None, directory: Path | None = None
) -> Settings:
    """Return the settings of a `ciphertool.toml`, which adds to those of the Carbon home that its vault belongs to.

    `directory` is its directory as it was named; without one, an absolute path.
    """
    from ciphertool.settings import carbon_homes, ciphertool_toml, confined

    def home_of(repository: Path | None) -> Settings | None:
        beside = directory or snapshot.path.absolute().parent
        home = beside if repository is None else carbon_homes.home_of(repository)
        if home is None or not carbon_homes.is_home(home) or (tree is not None and not files.lies_in(home, tree)):
            return None
        from ciphertool.settings import carbon4  # lazy: few vaults belong to a home

        found = carbon4.read_home(home, overrides.define, tree=tree)
        own = repository is None or os.path.realpath(repository) == os.path.realpath(found.repository)
        return found if own else None

    return ciphertool_toml.read_config(
        snapshot, NAMED if tree is None else FOUND, home_of, lambda path: confined.read(path, tree, snapshot.path)
    )


def _read_home(home: Path, overrides: Overrides, tree: Path | None) -> Settings:
    """Return the settings of a home, and what a `ciphertool.toml` in it adds, unless it has another repository."""
    from ciphertool.settings import carbon4, ciphertool_toml, confined

    found = carbon4.read_home(home, overrides.define, tree=tree)
    snapshot = confined.read(home / ciphertool_toml.FILE_NAME, tree, home)
    if snapshot.data is None:
        return found
    added = _read_config(snapshot, overrides, tree, home)
    if added.home is None or not set(found.targets).issubset(added.targets):
        return found
    repository = added.repository_settings._replace(path=found.repository)
    return added._replace(origin=home, root=home, repository_settings=repository)


def _override(settings: Settings, overrides: Overrides) -> Settings:
    keystore, repository, encryption = settings.keystore, settings.repository_settings, settings.encryption
    if overrides.keystore is not None:
        keystore = KeystoreSettings(overrides.keystore, keystore.alias)
    if overrides.certificate is not None:
        keystore = keystore._replace(certificate=overrides.certificate, path=overrides.keystore, missing=None)
    if overrides.repository is not None:
        repository = repository._replace(path=overrides.repository, storage=FILE, options={})
    if overrides.key_alias is not None:
        keystore = keystore._replace(alias=overrides.key_alias)
    return settings._replace(
        keystore=keystore,
        define=overrides.define,
        password_sources=settings.sources_for(keystore.path),
        repository_settings=repository,
        encryption=encryption._replace(
            policy=overrides.policy or encryption.policy,
            minimum_bits=overrides.minimum_bits or encryption.minimum_bits,
        ),
    )
