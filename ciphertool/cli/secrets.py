"""`ciphertool set`, `list` and `remove`: the secrets of a vault, without a configuration file."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, ask, opening_options, vault_options
from ciphertool.errors import ConfigError
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from ciphertool.lifecycle.secrets import ListedSecret, VaultChange
    from ciphertool.vault.cipher import AnySealer

_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")]
_Json = Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")]


@vault_options
def set_secret(
    vault: VaultOptions,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The secret's alias.")],
    generate: Annotated[bool, typer.Option("--generate", help="Make a random value; it is not shown.")] = False,
    length: Annotated[int | None, typer.Option(metavar="N", min=1, help="Characters of a generated value.")] = None,
    alphabet: Annotated[
        str, typer.Option(metavar="NAME", help="alphanumeric, hex, url, ascii, or the characters themselves.")
    ] = "alphanumeric",
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Set a secret's value: from standard input, a prompt, or at random.

    The alias may be new. No private key is needed. One trailing newline is removed from the input.

    Examples:
      ciphertool set app.db.password
      ciphertool set app.db.password < password.txt
      ciphertool set app.session.key --generate --length 64 --alphabet hex
    """
    from ciphertool import lifecycle
    from ciphertool.changes import commit
    from ciphertool.vault.opening import VaultAccess

    if not generate and (length is not None or alphabet != "alphanumeric"):
        raise typer.BadParameter("--length and --alphabet need --generate")
    settings = vault.settings()
    access = VaultAccess(settings, vault.passwords(settings))
    sealer, warnings = access.to_seal(now=datetime.now(UTC))
    for warning in warnings:
        console.say("warning", warning)
    value = lifecycle.generate(length, alphabet) if generate else _value()
    with nullcontext() if dry_run else commit.begin(settings.anchor) as transaction:
        change = lifecycle.put(settings, access.repository(), sealer, {alias: value})
        if transaction is not None:
            transaction.apply(change.changes)
    _report(change, sealer, done=not dry_run, as_json=as_json)
    if not lifecycle.uses(settings, {alias}):
        console.say("note", f"no configured file refers to {alias}")


def _report(change: VaultChange, sealer: AnySealer, *, done: bool, as_json: bool) -> None:
    if as_json:
        secrets = [{"alias": alias, "new": alias in change.new} for alias in change.aliases]
        console.out_json({"written": done, "secrets": secrets, "key": {"id": sealer.key_id, "subject": sealer.subject}})
        return
    for alias in change.aliases:
        verb = "added" if alias in change.new else "changed"
        console.say("done", f"{verb if done else f'would be {verb}'}: {alias}, to {sealer.recipient}", label=False)


def _value() -> Secret:
    from ciphertool.cli.encrypt import plaintext

    if not sys.stdin.isatty():
        return plaintext()
    first = ask("Secret")
    if first is None:
        raise typer.BadParameter("no terminal to prompt on; pass the value on standard input")
    if ask("Repeat the secret") != first:
        raise ConfigError("the two values differ", hint="run the command again")
    return Secret(first)


@opening_options
def list_secrets(
    vault: VaultOptions, as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False
) -> None:
    """List the vault's secrets: scheme, key, age, and where each is used.

    No key and no password are needed. The time is the one that an envelope states; a direct value states none.

    Examples:
      ciphertool list
      ciphertool list --json
    """
    from ciphertool import lifecycle
    from ciphertool.repository import open_repository

    settings = vault.settings()
    extensions = settings.trust.extensions
    repository = open_repository(settings.kind, settings.storage, extensions=extensions, declared=settings.aliases)
    found = lifecycle.listed(settings, repository)
    if as_json:
        console.out_json([_as_json(secret) for secret in found])
        return
    for line in console.columns([_row(secret) for secret in found], sys.stdout):
        console.out(line)
    if not found:
        console.say("note", f"{settings.storage.name} holds no secrets")


def _row(secret: ListedSecret) -> tuple[str, ...]:
    changed = "unknown" if secret.changed is None else _date(secret.changed)
    scheme = secret.scheme or secret.state
    first = console.display_path(secret.used[0].path) if secret.used else "-"
    used = f"{first}:{secret.used[0].line}" if secret.used else "nowhere"
    more = f" and {len(secret.used) - 1} more" if len(secret.used) > 1 else ""
    return secret.alias, scheme, secret.key or "-", changed, f"{used}{more}"


def _date(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        return "unknown"


def _as_json(secret: ListedSecret) -> dict[str, object]:
    return {
        "alias": secret.alias,
        "state": secret.state,
        "scheme": secret.scheme,
        "key": secret.key,
        "recipients": list(secret.recipients),
        "changed": secret.changed,
        "used": [{"path": console.display_path(use.path), "line": use.line} for use in secret.used],
    }


@opening_options
def remove(
    vault: VaultOptions,
    aliases: Annotated[list[str], typer.Argument(metavar="ALIAS...", help="The secrets' aliases.")],
    force: Annotated[bool, typer.Option("--force", help="Remove them even if files refer to them.")] = False,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Remove secrets that nothing refers to.

    No key is needed. A secret that a configured file refers to is removed only with --force.

    Examples:
      ciphertool remove app.old.password
    """
    from ciphertool import lifecycle
    from ciphertool.changes import commit
    from ciphertool.cli import usage
    from ciphertool.errors import UnknownAliasError
    from ciphertool.repository import open_repository

    settings = vault.settings()
    with nullcontext() if dry_run else commit.begin(settings.anchor) as transaction:
        repository = open_repository(
            settings.kind, settings.storage, extensions=settings.trust.extensions, declared=settings.aliases
        )
        try:
            to = lifecycle.recipients_at_hand(settings, vault.passwords(settings))
            change = lifecycle.remove(settings, repository, aliases, force=force, to=to)
        except UnknownAliasError as error:
            usage.hide_alias(error, repository.entries)
            raise
        if transaction is not None:
            transaction.apply(change.changes)
    if as_json:
        console.out_json({"written": not dry_run, "removed": list(change.aliases)})
        return
    for alias in change.aliases:
        console.say("done", f"{'would be removed' if dry_run else 'removed'}: {alias}", label=False)
    if not dry_run:
        console.say("note", "earlier versions of the vault, in git for example, still hold what was removed")
