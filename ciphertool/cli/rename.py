"""`ciphertool rename`: another name for a secret, wherever it is named."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, vault_options
from ciphertool.errors import UnknownAliasError

if TYPE_CHECKING:
    from ciphertool.lifecycle import Renaming


@vault_options
def rename(
    vault: VaultOptions,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The secret's alias.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new alias.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Rename an alias: in the vault, in the configured files and in the settings.

    The private key is needed, because a value is bound to its alias. If the command is interrupted, run it again.

    Examples:
      ciphertool rename app.db.password orders.db.password
    """
    from ciphertool import lifecycle
    from ciphertool.changes import commit
    from ciphertool.cli import usage
    from ciphertool.vault.opening import VaultAccess

    settings = vault.settings()
    access = VaultAccess(settings, vault.passwords(settings))
    opening = access.to_open()
    sealer, warnings = access.to_seal(now=datetime.now(UTC))
    for warning in dict.fromkeys((*opening.warnings, *warnings)):
        console.say("warning", warning)
    with nullcontext() if dry_run else commit.begin(settings.anchor) as transaction:
        repository = access.repository()
        try:
            change = lifecycle.rename(settings, repository, sealer, opening.opener, alias, new)
        except UnknownAliasError as error:
            usage.hide_alias(error, repository.entries)
            raise
        if transaction is not None:
            transaction.apply(change.changes)
    written = dict.fromkeys([*(write.where for write in change.changes.writes), repository.where])
    _report(change, [console.display_path(path) for path in written], done=not dry_run, as_json=as_json)


def _report(change: Renaming, written: list[str], *, done: bool, as_json: bool) -> None:
    places = [{"path": console.display_path(path), "line": line} for path, line in change.elsewhere]
    for place in places:
        console.say("warning", f"{place['path']}:{place['line']}: refers to {change.alias}; no target names this file")
    if as_json:
        names = {"alias": change.alias, "new": change.new}
        console.out_json({"written": done, **names, "files": written, "elsewhere": places})
        return
    console.say("done", f"{'renamed' if done else 'would be renamed'}: {change.alias} to {change.new}", label=False)
    console.say("done", f"{'written' if done else 'to write'}: {', '.join(written)}", label=False)
