"""`ciphertool unprotect`: secrets back into configuration files, in clear."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.changes.plan import join_names
from ciphertool.cli import console
from ciphertool.cli.misuse import Misuse
from ciphertool.cli.options import VaultOptions, confirm, opening_options
from ciphertool.errors import UnknownAliasError

if TYPE_CHECKING:
    from ciphertool.lifecycle import Unprotection
    from ciphertool.settings.model import Settings
    from ciphertool.vault.opening import VaultAccess
    from ciphertool.vault.resolver import Resolver

_NAMES = "A configured file, for all its secrets, or an alias, for all places that refer to it."


@opening_options
def unprotect(
    vault: VaultOptions,
    names: Annotated[list[str] | None, typer.Argument(metavar="[FILE|ALIAS]...", help=_NAMES)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Put secrets back into configuration files, in clear, as `resolve` prints them.

    Vault and targets stay as they are: the next `protect` encrypts the secrets again. The private key is needed.

    Examples:
      ciphertool unprotect conf/app.yaml
      ciphertool unprotect app.db.password --yes
    """
    from ciphertool import lifecycle
    from ciphertool.changes import commit
    from ciphertool.cli import usage
    from ciphertool.vault.opening import VaultAccess

    if not names:
        raise typer.BadParameter("name a file or an alias; `ciphertool list` shows the aliases and where each is used")
    settings = vault.settings()
    passwords = vault.passwords(settings)
    resolver = _resolver(settings, VaultAccess(settings, passwords))
    try:
        to = lifecycle.recipients_at_hand(vault._replace(keystore=None, key_alias=None).settings(), passwords)
        change = lifecycle.unprotect(settings, resolver, names, to)
    except UnknownAliasError as error:
        if error.alias in names:
            usage.hide_alias(error, resolver.repository.entries)
        raise
    if change.files and not (yes or dry_run):
        _confirm(change)
    if not dry_run:
        # The person who was asked may have taken long; the files are compared by whatever writes them.
        with commit.begin(settings.anchor) as transaction:
            lifecycle.require_unchanged(settings, resolver.repository)
            transaction.apply(change.changes)
    _report(change, done=not dry_run, as_json=as_json)


def _confirm(change: Unprotection) -> None:
    aliases = join_names(sorted({alias for one in change.files for alias in one.aliases}))
    paths = join_names([console.display_path(one.path) for one in change.files])
    answer = confirm(f"Write {aliases} in clear to {paths}?")
    if answer is None:
        raise Misuse("there is no terminal to ask on", "pass --yes if the secrets may stand in clear there")
    if not answer:
        console.say("done", "nothing was written", label=False)
        raise typer.Exit(130)


def _resolver(settings: Settings, access: VaultAccess) -> Resolver:
    from ciphertool.runtimes.registry import runtime_of
    from ciphertool.vault.at_hand import OpenerAtHand
    from ciphertool.vault.resolver import Resolver

    providers = runtime_of(settings.kind).providers(settings)
    return Resolver(
        access.repository(),
        OpenerAtHand(lambda: access.to_open(allow_unpadded=True).opener),
        warn=lambda message: console.say("warning", message),
        tell=lambda _: None,
        elsewhere=lambda alias: not settings.native and providers.have(alias),
    )


def _report(change: Unprotection, *, done: bool, as_json: bool) -> None:
    for alias in change.unused:
        console.say("note", f"no configured file refers to {alias}")
    for one in change.files:
        path = console.display_path(one.path)
        if one.left:
            console.say("note", f"{path}: only the product replaces its references to {join_names(sorted(one.left))}")
        if one.write.before.facts is not None and one.write.before.facts.mode & stat.S_IROTH:
            console.say("warning", f"{path}: every user of this machine can read it")
    if as_json:
        restored = [{"path": console.display_path(one.path), "aliases": list(one.aliases)} for one in change.files]
        console.out_json({"written": done and bool(restored), "files": restored})
        return
    for one in change.files:
        verb = "restored" if done else "would be restored"
        console.say("done", f"{verb}: {console.display_path(one.path)}: {join_names(one.aliases)}", label=False)
    if not change.files:
        console.say("done", "nothing to do", label=False)
    elif done:
        console.say("note", "vault and targets are as they were: the next `ciphertool protect` encrypts them again")
