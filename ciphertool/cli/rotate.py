"""`ciphertool rotate`: a whole vault encrypted anew."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, ask, vault_options
from ciphertool.errors import ConfigError
from ciphertool.passwords import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.cli import rotate_many
    from ciphertool.cli.rotation import Job, Proved, Target
    from ciphertool.settings import Settings

_QUESTION = "Is this the certificate that values are to be encrypted to from now on?"


@vault_options
def rotate(
    vault: VaultOptions,
    home: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A Carbon home. Repeatable.", rich_help_panel="Vault")
    ] = None,
    config: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="A ciphertool.toml or a Carbon 5 YAML file. Repeatable.", rich_help_panel="Vault"
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="KEYSTORE", help="Encrypt to a key of this keystore from now on."),
    ] = None,
    to_key_alias: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="The new key's alias in that keystore.")
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option(metavar="SHA256", help="The new certificate's fingerprint; without it, a person is asked."),
    ] = None,
    transformation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Encrypt by this JCA transformation from now on (Carbon vaults)."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Say what is to be encrypted anew; write nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try everything in memory; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Encrypt a whole vault anew: under new content keys, or to another key pair.

    Every value is decrypted, encrypted and proved before anything is written. With --to, the settings name the new
    keystore afterwards, or the files of a Carbon home do; its password comes from CIPHERTOOL_NEW_KEYSTORE_PASSWORD or
    a prompt. An interrupted run is completed by the same command. Earlier versions of the vault, in git for example,
    still open with the old key: if it is in wrong hands, change the secrets themselves.

    Examples:
      ciphertool rotate
      ciphertool rotate --to security/2027.p12
      ciphertool rotate --home wso2am --to repository/resources/security/2027.jks
      ciphertool rotate --home node1 --home node2 --to repository/resources/security/2027.jks
      ciphertool rotate --check
    """
    from ciphertool.cli import rotate_check, rotate_many, rotation

    if to is None and (to_key_alias is not None or fingerprint is not None):
        raise typer.BadParameter("--to-key-alias and --fingerprint need --to")
    target = None
    if to is not None:
        prompt = Prompt(lambda: ask("New keystore's password"), lambda: ask("New key's password"))
        target = rotation.Target(to, to_key_alias, (prompt,))
    named = _named(vault, home or [], config or [])
    if check:
        raise typer.Exit(rotate_check.check_all(named, as_json=as_json))
    for one in named:
        _require_stated(one.options, to)
    if len(named) > 1:
        run = rotate_many.Run(target, transformation, dry_run=dry_run, as_json=as_json)
        raise typer.Exit(run.rotate(named, _once(target, fingerprint, dry_run=dry_run)))
    vault = named[0].options
    settings = vault.settings()
    _run(vault, settings, target, transformation, fingerprint, dry_run=dry_run, as_json=as_json)


def _named(vault: VaultOptions, homes: list[Path], configs: list[Path]) -> list[rotate_many.Vault]:
    """Return every vault that is named, once, or the one that is found."""
    from ciphertool.cli import rotate_many

    every = [rotate_many.Vault(path, vault._replace(home=path)) for path in homes]
    every += [rotate_many.Vault(path, vault._replace(config=path)) for path in configs]
    found = {one.name.resolve(): one for one in every}
    return list(found.values()) or [rotate_many.Vault(Path(), vault)]


def _require_stated(vault: VaultOptions, to: Path | None) -> None:
    """Refuse to change settings that the command line overrides: nobody could say what they are to be afterwards."""
    overrides = (vault.keystore, vault.key_alias, vault.certificate, vault.repository)
    if to is not None and any(one is not None for one in overrides):
        raise ConfigError("--to changes the keystore that the settings name: no option can name another")


def _once(target: Target | None, fingerprint: str | None, *, dry_run: bool) -> Callable[[Settings], None]:
    """Return what asks about the new certificate of a vault, each certificate once."""
    seen: set[str] = set()

    def confirm(settings: Settings) -> None:
        if target is not None and (sha256 := target.entry(settings).sha256 or "") not in seen:
            seen.add(sha256)
            _confirm(settings, target, fingerprint, dry_run=dry_run)

    return confirm


def _run(
    vault: VaultOptions,
    settings: Settings,
    target: Target | None,
    transformation: str | None,
    fingerprint: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from ciphertool.changes import commit
    from ciphertool.cli import rotation
    from ciphertool.lifecycle import product_move

    if product_move.is_unfinished(settings):
        aliases = rotation.finish(settings, dry_run=dry_run)
        settings = vault.settings()
        if rotation.is_done(settings, target, transformation):
            if as_json:
                console.out_json({"written": True, "secrets": list(aliases)})
            return
    job = rotation.job_for(settings, target, transformation, vault.passwords(settings))
    for warning in job.warnings:
        console.say("warning", warning)
    if target is not None:
        _confirm(settings, target, fingerprint, dry_run=dry_run)
    with nullcontext() if dry_run else commit.begin(settings.anchor) as transaction:
        with console.progress() as progress:
            proved = job.prove(progress)
        if transaction is not None:
            job.write(transaction)
    _report(proved, job, done=not dry_run, as_json=as_json)


def _confirm(settings: Settings, target: Target, fingerprint: str | None, *, dry_run: bool) -> None:
    from ciphertool.certificates.facts import certificate_facts
    from ciphertool.cli.certificates import confirm_certificate

    entry = target.entry(settings)
    if entry.chain or fingerprint is not None:
        facts = certificate_facts(entry.chain[0]) if entry.chain else None
        confirm_certificate(facts, target.path(settings), fingerprint, _QUESTION, dry_run=dry_run)


def _report(proved: Proved, job: Job, *, done: bool, as_json: bool) -> None:
    for alias in proved.unspelled:
        console.say("warning", f"{alias}: the scheme has no room for how the value was spelled in its file")
    notes = job.notes() if done else []
    if as_json:
        found = {"secrets": list(proved.aliases), "former": list(proved.former), "unspelled": list(proved.unspelled)}
        key = {"id": job.key.id, "subject": job.key.subject}
        console.out_json({"written": done, **found, "key": key, "notes": notes})
        return
    verb = "encrypted anew" if done else "to encrypt anew"
    message = f"{verb}: {len(proved.aliases):,}, to {job.key.recipient}"
    if not proved.aliases:
        message = "nothing to rotate: the vault has no encrypted values"
        if job.moves:
            message = f"the vault has no encrypted values; new ones will be encrypted to {job.key.recipient}"
        notes = notes[1:]
    console.say("done", message, label=False)
    for note in notes:
        console.say("note", note)
