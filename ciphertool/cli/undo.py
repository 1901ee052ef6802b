"""`ciphertool undo`: the vault and the files as they were before the last command that wrote."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.changes.plan import join_names
from ciphertool.cli import console
from ciphertool.cli.misuse import Misuse
from ciphertool.cli.options import VaultOptions, confirm, opening_options
from ciphertool.errors import ConflictError

if TYPE_CHECKING:
    from ciphertool.lifecycle import Undoing


@opening_options
def undo(
    vault: VaultOptions,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come back; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Bring back the vault and the files as they were before the last command that wrote.

    The private key is needed. Nothing is written if a file has changed since. `rotate` and `recipients remove`
    cannot be undone, nor what was done before them.

    Examples:
      ciphertool undo --dry-run
      ciphertool undo --yes
    """
    from ciphertool import lifecycle
    from ciphertool.changes import commit
    from ciphertool.vault.opening import VaultAccess

    settings = vault.settings()
    passwords = vault.passwords(settings)
    access = VaultAccess(settings, passwords)
    opening = access.to_open()
    for warning in opening.warnings:
        console.say("warning", warning)
    to = lifecycle.recipients_at_hand(vault._replace(keystore=None, key_alias=None).settings(), passwords)
    change = lifecycle.plan_undo(settings, access.repository(), opening.opener)
    if not (yes or dry_run):
        _confirm(change)
    with nullcontext() if dry_run else commit.begin(settings.anchor) as transaction:
        if transaction is not None:
            # The person who was asked may have taken long: another command may have written since.
            again = lifecycle.plan_undo(settings, access.repository(), opening.opener, to)
            if (again.command, again.time) != (change.command, change.time):
                raise ConflictError("another command has written meanwhile; nothing was undone", path=settings.anchor)
            transaction.apply(again.changes)
    _report(change, done=not dry_run, as_json=as_json)


def _confirm(change: Undoing) -> None:
    for line in _lines(change, done=False):
        console.say("note", line, label=False)
    answer = confirm(f"Undo `{change.command}` of {change.time}?")
    if answer is None:
        raise Misuse("there is no terminal to ask on", "pass --yes; --dry-run shows what would come back")
    if not answer:
        console.say("done", "nothing was written", label=False)
        raise typer.Exit(130)


def _lines(change: Undoing, *, done: bool) -> list[str]:
    lines = []
    for one in change.files:
        clear = f", with {join_names(one.in_clear)} in clear" if one.in_clear else ""
        lines.append(f"{'restored' if done else 'would be restored'}: {console.display_path(one.path)}{clear}")
    for verb, aliases in (("added", change.added), ("changed", change.changed), ("removed", change.removed)):
        if aliases:
            lines.append(f"{verb if done else f'would be {verb}'} in the vault: {join_names(aliases)}")
    return lines


def _report(change: Undoing, *, done: bool, as_json: bool) -> None:
    if as_json:
        restored = [{"path": console.display_path(one.path), "in_clear": list(one.in_clear)} for one in change.files]
        aliases = {name: list(getattr(change, name)) for name in ("added", "changed", "removed")}
        console.out_json(
            {"written": done, "command": change.command, "time": change.time, "files": restored, **aliases}
        )
        return
    console.say("done", f"{'undone' if done else 'to undo'}: {change.command} of {change.time}", label=False)
    for line in _lines(change, done=done):
        console.say("done", line, label=False)
