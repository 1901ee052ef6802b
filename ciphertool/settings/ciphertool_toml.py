"""Reads `ciphertool.toml`. The file's grammar is in docs/configuration.md; every unknown key is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ciphertool import files
from ciphertool.certificates.strictness import Policy
from ciphertool.engine.schemes import RSA_OAEP, RSA_OAEP_256
from ciphertool.errors import ConfigError, NoSettingsError, ProblemsError
from ciphertool.repository import KINDS, is_native
from ciphertool.settings.model import (
    AUTO,
    ENVELOPE,
    NAMED,
    EncryptionSettings,
    KeystoreSettings,
    RecipientSettings,
    RepositorySettings,
    Settings,
)
from ciphertool.settings.sources import read_source
from ciphertool.settings.table import Table
from ciphertool.settings.target_tables import content_of, targets_of
from ciphertool.storage.registry import FILE, STORAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.plugins import Extensions
    from ciphertool.settings.model import Trust

FILE_NAME = "ciphertool.toml"
NATIVE_KIND = "native"
DEFAULT_SCHEME = AUTO
_MOST_STEPS = 100
_OF_CHANGES = {"log", "undo", "max_age"}
"""The keys of `[repository]` that say nothing of where it is."""
CARBON_SCHEME = "RSA/ECB/OAEPwithSHA1andMGF1Padding"


def read_config(
    snapshot: Snapshot,
    trust: Trust = NAMED,
    home_of: Callable[[Path | None], Settings | None] = lambda _: None,
    read: Callable[[Path], Snapshot] = files.read_if_there,
) -> Settings:
    """Return the settings of a `ciphertool.toml`; raise `ConfigError`, or `ProblemsError` with all problems.

    Anything that exceeds the `trust` in the file is a problem. `home_of` returns the settings of the Carbon home that a
    repository belongs to (None: the repository is not stated), which the file then adds to. `read` reads
    the files that it extends.
    """
    path, problems = snapshot.path, list[Any]()
    content = content_of(snapshot)
    top = Table("", content, problems, path)
    keystore, repository, encryption = top.table("keystore"), top.table("repository"), top.table("encryption")
    run = top.table("run")
    root = snapshot.path.absolute().parent
    log, undo = repository.flag("log"), repository.number("undo", 1)
    if not 0 <= undo <= _MOST_STEPS:
        repository.problem("undo", f"must be from 0 to {_MOST_STEPS}")
    days = _days(repository, "max_age")
    store = _repository(repository, snapshot, trust.extensions)
    home = home_of(store and store.path) if store is None or store.path is not None else None
    store = store or (home and home.repository_settings)
    if store is None:
        _require_vault(content, path)
        store = RepositorySettings(root / repository.required("path"), NATIVE_KIND, path, snapshot.mode_beside)
    settings = Settings(
        origin=path,
        root=root,
        keystore=_keystore(keystore, root, trust.extensions, optional=home is not None),
        repository_settings=store._replace(log=log, undo=undo, max_age=days),
        encryption=EncryptionSettings(
            scheme=_scheme(encryption, store, home),
            policy=Policy(encryption.choice("policy", tuple(p.value for p in Policy), Policy.JAVA.value)),
            minimum_bits=encryption.number("minimum_bits", 2048),
        ),
        targets=targets_of(top, snapshot, problems, read),
        password_sources=tuple(
            source for table in top.tables("password") if (source := read_source(table, root, trust)) is not None
        ),
        inherit=run.names("inherit"),
        trust=trust,
        recipients=_recipients(top, root, native=store.kind == NATIVE_KIND),
    )
    for table in (keystore, repository, encryption, run, top):
        table.finish()
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return _add(home, settings, shared=not content.get("repository", {}).keys() - _OF_CHANGES)


def _require_vault(content: Mapping[str, Any], path: Path) -> None:
    """Raise an error for a file that is empty, or has nothing but targets."""
    hint = "`ciphertool init` completes it with a keystore and a repository"
    if not content:
        raise NoSettingsError("has no settings yet", path=path, hint=hint)
    if content.keys() <= {"target", "extends"}:
        raise ConfigError("names targets, but neither a keystore nor a repository", path=path, hint=hint)


def _add(home: Settings | None, settings: Settings, *, shared: bool) -> Settings:
    """Return what a file states in addition to the home that its vault belongs to, if there is one.

    The home's targets are `shared` by a file that states no repository of its own.
    """
    if home is None:
        return settings
    stated = settings.keystore
    keystore = stated if stated.path or stated.certificate else home.keystore
    return settings._replace(
        keystore=keystore._replace(alias=stated.alias or keystore.alias),
        encryption=settings.encryption._replace(key_based=home.encryption.key_based),
        targets=(*home.targets, *settings.targets) if shared else settings.targets,
        password_sources=(*settings.password_sources, *home.sources_for(keystore.path)),
        home=home.home,
        secret_conf=home.secret_conf,
        elsewhere=home.elsewhere,
        warnings=home.warnings,
    )


def _days(table: Table, key: str) -> int | None:
    """Return the days of a time such as 180d, 26w or 1y, None if it is not stated."""
    text = table.text(key)
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,3}[dwy]", text):
        table.problem(key, "must be a number of days, weeks or years, as 180d, 26w or 1y")
        return None
    return int(text[:-1]) * {"d": 1, "w": 7, "y": 365}[text[-1]]


def _scheme(table: Table, store: RepositorySettings, home: Settings | None) -> str:
    """Return the scheme that is stated, or the default; only a native vault has envelopes."""
    default = home.scheme if home is not None else DEFAULT_SCHEME if store.native else CARBON_SCHEME
    scheme = table.text("scheme") or default
    if (scheme == AUTO and not store.native) or (scheme == ENVELOPE and store.kind != NATIVE_KIND):
        hint = f"leave it out, for {default}" if default != scheme else "name another scheme"
        table.problem("scheme", f'"{scheme}" needs a native vault: the kind {store.kind} has no envelopes', hint)
    return scheme


def _repository(table: Table, snapshot: Snapshot, extensions: Extensions) -> RepositorySettings | None:
    """Return the repository that the file states, or None if it states neither a path nor another storage."""
    kind, storage = _kind(table, extensions), _storage(table, extensions)
    if storage != FILE:
        if not is_native(kind):
            table.problem("storage", f"must be {FILE}: the product of {kind!r} reads a file")
        return RepositorySettings(None, kind, snapshot.path, snapshot.mode_beside, storage, table.rest())
    path = table.text("path")
    if path is None:
        return None
    root = snapshot.path.absolute().parent
    return RepositorySettings(root / path, kind, snapshot.path, snapshot.mode_beside)


def _storage(table: Table, extensions: Extensions) -> str:
    """Return the storage's name. One that is no file reads something else than the files of the settings' tree."""
    storage = table.text("storage") or FILE
    if storage != FILE and not extensions.allowed:
        table.refuse(f"storage {storage!r}")
    elif storage not in STORAGES:
        from ciphertool.settings.plugins import is_plug_in
        from ciphertool.storage.plugin import ENTRY_POINTS

        is_plug_in(table, "storage", storage, ENTRY_POINTS, STORAGES, extensions)
    return storage


def _kind(table: Table, extensions: Extensions) -> str:
    kind = table.text("kind") or NATIVE_KIND
    if kind not in KINDS:
        from ciphertool.repository.plugin import ENTRY_POINTS
        from ciphertool.settings.plugins import is_plug_in

        is_plug_in(table, "kind", kind, ENTRY_POINTS, KINDS, extensions)
    return kind


def _format(table: Table, extensions: Extensions) -> str | None:
    """Return the plug-in that reads the keystore; built-in formats need no name."""
    name = table.text("format")
    if name is not None:
        from ciphertool.keystore.formats.plugin import ENTRY_POINTS
        from ciphertool.settings.plugins import is_plug_in

        is_plug_in(table, "format", name, ENTRY_POINTS, (), extensions)
    return name


def _recipients(top: Table, root: Path, *, native: bool) -> tuple[RecipientSettings, ...]:
    found: list[RecipientSettings] = []
    for table in top.tables("recipient"):
        name = table.required("name")
        if name in {recipient.name for recipient in found}:
            table.problem("name", "is that of another recipient")
        if not native:
            table.problem("", "needs a native vault: no other kind has several recipients")
        certificate = root / table.required("certificate")
        found.append(RecipientSettings(name, certificate, _fingerprint(table), _algorithm(table)))
        table.finish()
    return tuple(found)


def _algorithm(table: Table) -> str:
    return table.choice("algorithm", (RSA_OAEP_256, RSA_OAEP), RSA_OAEP_256)


def _fingerprint(table: Table) -> str | None:
    fingerprint = table.text("fingerprint")
    if fingerprint is not None:
        fingerprint = fingerprint.lower().removeprefix("sha256:").replace(":", "")
        if len(fingerprint) != 64 or set(fingerprint) - set("0123456789abcdef"):
            table.problem("fingerprint", "must be sha256: and 64 hexadecimal digits")
    return fingerprint


def _keystore(table: Table, root: Path, extensions: Extensions, *, optional: bool) -> KeystoreSettings:
    path, certificate = table.text("path"), table.text("certificate")
    if path is None and certificate is None and not optional:
        table.problem("path", "is missing (or certificate)")
    return KeystoreSettings(
        path=root / path if path else None,
        alias=table.text("alias"),
        certificate=root / certificate if certificate else None,
        fingerprint=_fingerprint(table),
        algorithm=_algorithm(table),
        format=_format(table, extensions),
    )
