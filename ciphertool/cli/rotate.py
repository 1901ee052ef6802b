"""`ciphertool rotate`: a whole vault encrypted anew."""

from __future__ import annotations

import os
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.certificates.facts import certificate_facts
from ciphertool.cli import console
from ciphertool.cli.certificates import confirm_certificate
from ciphertool.cli.options import VaultOptions, ask, vault_options
from ciphertool.errors import ConfigError, KeystoreUnreadableError, NoPasswordError
from ciphertool.passwords import Environment, PasswordChain, Prompt

if TYPE_CHECKING:
    from ciphertool.lifecycle.rotation import Keys, Rotation
    from ciphertool.settings import Settings

NEW_PASSWORD, NEW_KEY_PASSWORD = "CIPHERTOOL_NEW_KEYSTORE_PASSWORD", "CIPHERTOOL_NEW_KEY_PASSWORD"
_QUESTION = "Is this the certificate that values are to be encrypted to from now on?"


@vault_options
def rotate(
    vault: VaultOptions,
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
    check: Annotated[bool, typer.Option("--check", help="Say what is to be encrypted anew; write nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try everything in memory; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Encrypt a whole vault anew: under new content keys, or to another key pair.

    Every value is decrypted, encrypted and proved before anything is written. With --to, the settings name the new
    keystore afterwards; its password comes from CIPHERTOOL_NEW_KEYSTORE_PASSWORD or a prompt. An interrupted run is
    completed by the same command. Earlier versions of the vault, in git for example, still open with the old key: if it
    is in wrong hands, change the secrets themselves.

    Examples:
      ciphertool rotate
      ciphertool rotate --to security/2027.p12
      ciphertool rotate --check
    """
    from ciphertool.changes import commit
    from ciphertool.lifecycle import rotation
    from ciphertool.vault.opening import VaultAccess

    if to is None and (to_key_alias is not None or fingerprint is not None):
        raise typer.BadParameter("--to-key-alias and --fingerprint need --to")
    settings = vault.settings()
    passwords = vault.passwords(settings)
    if check:
        from ciphertool.cli import rotate_check

        raise typer.Exit(rotate_check.check(settings, passwords, as_json=as_json))
    if to is not None:
        _move(vault, settings, to, to_key_alias, fingerprint, dry_run=dry_run, as_json=as_json)
        return
    keys = rotation.open_keys(settings, passwords, datetime.now(UTC))
    _warn(keys)
    with nullcontext() if dry_run else commit.begin(settings.anchor) as transaction:
        repository = VaultAccess(settings, passwords).repository()
        with console.progress() as progress:
            done, changes = rotation.plan(settings, repository, keys, progress)
        if transaction is not None:
            transaction.apply(changes)
    _report(done, keys, done=not dry_run, as_json=as_json)


def _move(
    vault: VaultOptions,
    settings: Settings,
    to: Path,
    to_key_alias: str | None,
    fingerprint: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from ciphertool.changes import commit
    from ciphertool.keystore import open_keystore
    from ciphertool.lifecycle import rotation

    if vault.keystore is not None or settings.home is not None or settings.origin.suffix != ".toml":
        raise ConfigError("--to changes the keystore that a ciphertool.toml names", path=settings.origin)
    now, chain = datetime.now(UTC), _new_passwords()
    if not to.is_file():
        raise KeystoreUnreadableError(to, "no such keystore", "check the path; `ciphertool keystore create` makes one")
    try:
        password = chain.read().keystore
    except NoPasswordError as error:
        error.hint = f"set {NEW_PASSWORD}, or run it on a terminal"
        raise
    entry = open_keystore(to, password).entry(to_key_alias)
    after, certificate = rotation.settings_after(settings, to.absolute(), entry)
    new = rotation.open_keys(after._replace(keystore=after.keystore._replace(certificate=None)), chain, now)
    moved = _same(settings.keystore.path, after.keystore.path) and settings.keystore.alias == entry.alias
    old = new if moved else rotation.open_keys(settings, vault.passwords(settings), now)
    _warn(old)
    if not moved:
        _warn(new)
    move = rotation.Move(after if moved else settings, old, after, new, certificate)
    confirm_certificate(certificate_facts(entry.chain[0]), to, fingerprint, _QUESTION, dry_run=dry_run)
    with nullcontext() if dry_run else commit.begin(settings.anchor) as transaction:
        with console.progress() as progress:
            planned = move.plan(progress)
        if transaction is not None:
            move.carry_out(planned, transaction)
    _report(planned.rotation, new, done=not dry_run, as_json=as_json)


def _same(one: Path | None, other: Path | None) -> bool:
    return one is not None and other is not None and os.path.realpath(one) == os.path.realpath(other)


def _new_passwords() -> PasswordChain:
    variables = Environment(variable=NEW_PASSWORD, key_variable=NEW_KEY_PASSWORD)
    return PasswordChain((variables, Prompt(lambda: ask("New keystore's password"), lambda: ask("New key's password"))))


def _warn(keys: Keys) -> None:
    for warning in keys.warnings:
        console.say("warning", warning)


def _report(rotation: Rotation, keys: Keys, *, done: bool, as_json: bool) -> None:
    for alias in rotation.unspelled:
        console.say("warning", f"{alias}: the scheme has no room for how the value was spelled in its file")
    if as_json:
        key = {"id": keys.sealer.key_id, "subject": keys.sealer.subject}
        console.out_json(
            {
                "written": done,
                "secrets": list(rotation.aliases),
                "former": list(rotation.content_keys),
                "unspelled": list(rotation.unspelled),
                "key": key,
            }
        )
        return
    if not rotation.aliases:
        console.say("done", "nothing to rotate: the vault has no encrypted values", label=False)
        return
    verb = "encrypted anew" if done else "to encrypt anew"
    console.say("done", f"{verb}: {len(rotation.aliases):,}, to {keys.sealer.recipient}", label=False)
    if done:
        console.say("note", "earlier versions of the vault still open with the keys that they were encrypted to")
