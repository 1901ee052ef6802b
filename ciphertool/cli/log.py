"""`ciphertool log`: who changed which secret of the vault, and when."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, listing_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@listing_options
def log(
    vault: VaultOptions, as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON.")] = False
) -> None:
    """Show who changed which secret of the vault, and when.

    Commands that write record what they change beside the vault if the settings have `log = true`, never a value. No
    key and no password are needed.

    Examples:
      ciphertool log
      ciphertool log --json
    """
    from ciphertool.changes import log

    settings = vault.settings()
    path = log.log_path(settings.anchor)
    found = log.read(path)
    if found.damaged:
        console.say("warning", f"{console.display_path(path)}: {found.damaged} lines are not records; they are skipped")
    if as_json:
        console.out_json(list(found.records))
        return
    for line in console.columns([row for record in found.records for row in _rows(record)], sys.stdout):
        console.out(line)
    if not settings.repository_settings.log:
        console.say("note", "nothing is recorded now: set `log = true` in [repository]")
    elif not found.records:
        console.say("note", f"{console.display_path(path)} has no records yet")


def _rows(record: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each secret of a record or, if it has none, for each file."""
    who = f"{record.get('sudo')} (as {record.get('user')})" if record.get("sudo") else str(record.get("user"))
    head = str(record.get("time")), who, str(record.get("command"))
    secrets, paths = _list(record, "secrets"), _list(record, "files")
    for secret in secrets:
        if isinstance(secret, dict):
            yield *head, str(secret.get("change")), str(secret.get("alias")), str(secret.get("key") or "-")
    if not secrets:
        for path in paths:
            yield *head, "written", str(path), "-"


def _list(record: Mapping[str, Any], name: str) -> list[Any]:
    found = record.get(name)
    return found if isinstance(found, list) else []
