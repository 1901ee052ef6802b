"""`ciphertool rotate`: a whole vault encrypted anew."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.certificates.facts import certificate_facts
from ciphertool.ciphertext import ENVELOPE
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
        raise typer.Exit(_check(settings, as_json=as_json))
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
    if dry_run:
        console.say("done", f"every value would be encrypted to {new.sealer.recipient}", label=False)
        return
    with commit.begin(settings.anchor) as transaction, console.progress() as progress:
        done = move.carry_out(transaction, progress)
    _report(done, new, done=True, as_json=as_json)


def _same(one: Path | None, other: Path | None) -> bool:
    return one is not None and other is not None and os.path.realpath(one) == os.path.realpath(other)


def _new_passwords() -> PasswordChain:
    variables = Environment(variable=NEW_PASSWORD, key_variable=NEW_KEY_PASSWORD)
    return PasswordChain((variables, Prompt(lambda: ask("New keystore's password"), lambda: ask("New key's password"))))


def _warn(keys: Keys) -> None:
    for warning in keys.warnings:
        console.say("warning", warning)


def _report(rotation: Rotation, keys: Keys, *, done: bool, as_json: bool) -> None:
    if as_json:
        key = {"id": keys.sealer.key_id, "subject": keys.sealer.subject}
        console.out_json(
            {"written": done, "secrets": list(rotation.aliases), "former": list(rotation.content_keys), "key": key}
        )
        return
    verb = "encrypted anew" if done else "to encrypt anew"
    console.say("done", f"{verb}: {len(rotation.aliases):,}, to {keys.sealer.recipient}", label=False)
    if done:
        console.say("note", "earlier versions of the vault still open with the keys that they were encrypted to")


def _check(settings: Settings, *, as_json: bool) -> int:
    """Report under which keys values are, oldest first; return 1 if a rotation would gather them under one."""
    from ciphertool import lifecycle
    from ciphertool.passwords import PasswordChain
    from ciphertool.vault.opening import VaultAccess

    repository = VaultAccess(settings, PasswordChain(())).repository()
    found: dict[tuple[str, str], list[int | None]] = {}
    for secret in lifecycle.listed(settings, repository):
        if secret.scheme is not None:
            found.setdefault((secret.scheme, secret.key or ""), []).append(secret.changed)
    rows = sorted(found.items(), key=lambda item: min((made or 0 for made in item[1]), default=0))
    unused = sorted(repository.keys.keys() - {key for _, key in found})
    scattered = sum(scheme == ENVELOPE for scheme, _ in found) > 1 or bool(unused)
    if as_json:
        keys = [{"scheme": scheme, "key": key, "values": len(made)} for (scheme, key), made in rows]
        console.out_json({"keys": keys, "unused": unused})
        return int(scattered)
    lines = [(scheme, key, f"{len(made):,}") for (scheme, key), made in rows]
    lines += [(ENVELOPE, key, "none") for key in unused]
    for line in console.columns(lines, sys.stdout):
        console.out(line)
    if scattered:
        console.say("note", "`ciphertool rotate` gathers all values under one content key")
    return int(scattered)
