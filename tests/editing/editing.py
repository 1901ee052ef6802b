"""Edits without a terminal: a function is the editor."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ciphertool import Vault, editing, settings
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.vault.opening import VaultAccess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ciphertool.editing import FileEdit

YAML, XML, VAULT = "conf/app.yaml", "conf/server.xml", "security/vault.properties"


def keys_of(project: Path, *, with_key: bool = True) -> editing.Keys:
    """Return the keys of a vault."""
    access = VaultAccess(settings.load(project), PasswordChain((Environment(),)))
    opener = access.to_open().opener if with_key else None
    return editing.Keys(access.repository, access.to_seal(now=datetime.now(UTC)).sealer, opener)


def work_on(project: Path, name: str, *, with_key: bool = True) -> editing.FileWork:
    """Return the edit of a file."""
    return editing.FileWork(settings.load(project), keys_of(project, with_key=with_key), project / name)


def edit(project: Path, name: str, change: Callable[[str], str], *, with_key: bool = True) -> FileEdit | None:
    """Edit a file of a project by a function of its text."""
    work = work_on(project, name, with_key=with_key)
    return editing.edit(work, lambda _, text: change(text.decode()).encode())


def replace(old: str, new: str) -> Callable[[str], str]:
    """Return an edit that replaces the one place of a text by another."""

    def change(text: str) -> str:
        assert text.count(old) == 1, text
        return text.replace(old, new)

    return change


def values(project: Path) -> dict[str, str]:
    """Return the secrets of a vault."""
    return {alias: secret.reveal() for alias, secret in Vault.open(project / "ciphertool.toml").items()}


def stored(project: Path) -> dict[str, str]:
    """Return the lines of a vault by their aliases."""
    lines = (project / VAULT).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
