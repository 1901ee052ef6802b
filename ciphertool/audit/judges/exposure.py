"""Judges who can read a vault's files: their modes, and password files beside the keystore."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.audit import rules
from ciphertool.audit.scope import reading
from ciphertool.detection.names import Strength, strength
from ciphertool.errors import CipherToolError, ConfigError
from ciphertool.findings import Level
from ciphertool.repository import Clear
from ciphertool.runtimes.registry import runtime_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ciphertool.audit.ledger import Ledger
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings

_LARGEST_PASSWORD_FILE = 4096


def judge(gathered: Ledger, settings: Settings, repository: SecretRepository | None, tree: Path) -> None:
    """Judge the modes of keystore, repository and password files, and report password files beside the keystore.

    Of settings that were found and not named nothing is looked at that leads out of the `tree`.
    """
    if settings.keystore.path is not None:
        _judge_mode(gathered, settings.keystore.path, "the keystore", readable=_keystore_level(settings.keystore.path))
    if repository is not None and repository.version is not None and isinstance(repository.where, Path):
        clear = any(isinstance(e.stored, Clear) and e.stored.value for e in repository.entries.values())
        level = Level.ERROR if clear else None  # ciphertexts are made to be read by others
        _judge_mode(gathered, repository.where, "the secret repository", readable=level)
    for path in _password_files(settings, tree):
        gathered.finding(rules.PASSWORD_BESIDE, gathered.place(path), "holds a keystore password in clear")
        _judge_mode(gathered, path, "the password file", readable=Level.ERROR)


def _keystore_level(path: Path) -> Level:
    """Judge a keystore: its password can be guessed offline, and a key in clear needs no guessing."""
    try:
        return Level.ERROR if b"PRIVATE KEY-----" in files.read(path).bytes[:65536] else Level.NOTE
    except CipherToolError:
        return Level.NOTE


def _judge_mode(gathered: Ledger, path: Path, what: str, *, readable: Level | None) -> None:
    if os.name != "posix" or not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for a name that is too long
        return
    mode = path.stat().st_mode
    place = gathered.place(path)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        who = "others" if mode & stat.S_IWOTH else "its group"
        gathered.finding(rules.PERMISSIONS, place, f"{what} can be changed by {who} (mode {stat.S_IMODE(mode):03o})")
    elif readable is not None and mode & stat.S_IROTH:
        message = f"{what} can be read by others (mode {stat.S_IMODE(mode):03o})"
        gathered.finding(rules.PERMISSIONS, place, message, level=readable)


def _password_files(settings: Settings, tree: Path) -> Iterator[Path]:
    seen = set()
    for path in _candidates(settings):
        if not settings.trust.reaches(path, tree):
            continue
        real = Path(os.path.realpath(path))
        there = os.path.isfile(path)  # noqa: PTH113 - as above
        if real not in seen and there and 0 < path.stat().st_size <= _LARGEST_PASSWORD_FILE:
            seen.add(real)
            yield path


def _candidates(settings: Settings) -> Iterator[Path]:
    yield from runtime_of(settings.kind).password_files(settings)
    keystore = settings.keystore.path
    if keystore is None or not os.path.isdir(keystore.parent):  # noqa: PTH112 - as above
        return
    for path in sorted(keystore.parent.iterdir()):
        named = strength(path.stem) is Strength.PASSWORD or strength(path.name) is Strength.PASSWORD
        if named and path.is_file() and not _is_binary(path):
            yield path


def _is_binary(path: Path) -> bool:
    try:
        return reading.is_binary(files.read(path, most=_LARGEST_PASSWORD_FILE).bytes[:1024])
    except ConfigError:  # too large for a password file, or no file to be read
        return True
