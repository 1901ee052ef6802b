"""`ciphertool recipients`: who can read the vault."""

from __future__ import annotations

import functools
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ciphertool.cli import console
from ciphertool.cli.certificates import certificate_lines, confirm_certificate
from ciphertool.cli.options import VaultOptions, vault_options
from ciphertool.engine.schemes import RSA_OAEP, RSA_OAEP_256

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ciphertool.lifecycle.recipient_changes import Change
    from ciphertool.lifecycle.recipients import Candidate
    from ciphertool.settings import Settings
    from ciphertool.vault.differences import Difference
    from ciphertool.vault.readers import Reader, Readers

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="The recipient's name in the settings.")]
_NEW = "change the secrets themselves: who has read one, or has the vault's history, still knows it"
_OPENING = frozenset({"keystore", "key_alias", "password_file"})
_listing = functools.partial(vault_options, leaving_out=_OPENING | {"policy", "minimum_bits"})
_checking = functools.partial(vault_options, leaving_out=_OPENING)
_changing = functools.partial(vault_options, leaving_out=frozenset({"certificate"}))


@_listing
def list_recipients(vault: VaultOptions, as_json: _Json = False) -> None:
    """List who can read the vault. Needs no password.

    These are the primary keystore, the recipients that the settings name, and keys that only the vault knows.

    Examples:
      ciphertool recipients list
    """
    found = _readers(vault.settings())
    if as_json:
        console.out_json([_as_data(reader, found) for reader in found.readers])
        return
    rows = [(_name(one), one.key_id or "-", one.named.algorithm if one.named else "-", _extent(one, found))
            for one in found.readers]  # fmt: skip
    for reader, line in zip(found.readers, console.columns(rows, sys.stdout), strict=True):
        console.out(line)
        for detail in _details(reader):
            console.out(f"    {detail}", indent="    ")


@_checking
def check(vault: VaultOptions, as_json: _Json = False) -> None:
    """Check that those whom the settings name can read the vault, and nobody else. Exit status 1 if not.

    It reports the same for certificates that have expired, are weak or whose private key is public. Needs no password.

    Examples:
      ciphertool recipients check
    """
    from ciphertool.findings import Level
    from ciphertool.vault.differences import differences

    settings = vault.settings()
    present = _readers(settings)
    found = differences(settings, present, datetime.now(UTC))
    if as_json:
        console.out_json([_difference(one, present) for one in found])
    for one in () if as_json else found:
        console.out(f"{one.level.value:<7}  {one.message}", indent=" " * 9)
        console.out(f"{'':<7}  → {one.hint}", indent=" " * 11)
    if not found and not present.values:
        console.say("done", "the vault holds no values yet, so there is nothing to compare", label=False)
    elif not found:
        console.say("done", "the vault can be read by those whom the settings name, and by nobody else", label=False)
    raise typer.Exit(console.FINDINGS if any(one.level is not Level.NOTE for one in found) else 0)


@_changing
def add(
    vault: VaultOptions,
    name: _Name,
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="The certificate of its RSA key.")],
    fingerprint: Annotated[
        str | None,
        typer.Option(metavar="SHA256", help="The certificate's expected fingerprint; without it, a person is asked."),
    ] = None,
    algorithm: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"{RSA_OAEP_256} (default); {RSA_OAEP} for a key that can do SHA-1 only."),
    ] = None,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Let the key of another certificate read the vault.

    The settings get a [[recipient]] table, and the content keys are encrypted to its key too. This needs the private
    key of any recipient: `--keystore` and `--key-alias` name another than the primary one. A recipient that the
    settings name already gets what the vault lacks for it.

    Examples:
      ciphertool recipients add ops security/ops.pem
      ciphertool recipients add ops security/ops.pem --fingerprint sha256:FINGERPRINT
    """
    from ciphertool.lifecycle import recipient_changes, recipients
    from ciphertool.vault.opening import VaultAccess

    if algorithm not in (None, RSA_OAEP_256, RSA_OAEP):
        raise typer.BadParameter(f"--algorithm must be {RSA_OAEP_256} or {RSA_OAEP}")
    settings = _settings(vault)
    repository = VaultAccess(settings, vault.passwords(settings)).repository()
    found = recipients.candidate(settings, repository, name, certificate, algorithm, datetime.now(UTC))
    _confirm(found, fingerprint, dry_run=dry_run)
    change = _apply(vault, settings, found.after, functools.partial(recipient_changes.plan_add, found), dry_run=dry_run)
    for other in change.others:
        console.say("warning", f"the key {other}, which the settings do not name, can read the vault too")
    _show(
        change, f"{found.settings.name!r} ({found.target.recipient.id})", "can read", as_json=as_json, done=not dry_run
    )


@_changing
def remove(vault: VaultOptions, name: _Name, dry_run: _DryRun = False, as_json: _Json = False) -> None:
    """Encrypt every value anew for the recipients who remain.

    The recipient's table goes from the settings, its certificate stays. NAME may be the id of a key that only the vault
    knows. What the recipient has read cannot be unread: change the secrets themselves.

    Examples:
      ciphertool recipients remove ops --dry-run
      ciphertool recipients remove ops
    """
    from ciphertool.lifecycle import recipient_changes, recipients
    from ciphertool.vault.opening import VaultAccess

    settings = _settings(vault)
    leaving = recipients.departing(settings, VaultAccess(settings, vault.passwords(settings)).repository(), name)
    change = _apply(
        vault, settings, leaving.after, functools.partial(recipient_changes.plan_remove, leaving), dry_run=dry_run
    )
    for other in change.others:
        console.say("note", f"the key {other}, which the settings do not name, goes too")
    if change.changes.writes:
        console.say("hint", _NEW)
    _show(change, leaving.label, "cannot read", as_json=as_json, done=not dry_run)


def _settings(vault: VaultOptions) -> Settings:
    """Return the settings with the primary keystore that they state, whichever one is to open the vault."""
    return vault._replace(keystore=None, key_alias=None).settings()


def _apply(vault: VaultOptions, settings: Settings, after: Settings, plan: Any, *, dry_run: bool) -> Change:
    """Plan a change and, unless nothing is to be written, commit it."""
    from ciphertool import files
    from ciphertool.changes import commit
    from ciphertool.lifecycle import recipient_changes, recipient_tables
    from ciphertool.vault.opening import VaultAccess

    opening, passwords = vault.settings(), vault.passwords(settings)
    keys = recipient_changes.open_keys(after, opening, passwords, datetime.now(UTC))
    for warning in keys.warnings:
        console.say("warning", warning)
    with nullcontext() if dry_run else commit.begin(settings.anchor) as transaction:
        settings_file = files.read(settings.origin)
        recipient_tables.require_unchanged(settings_file, settings)
        change: Change = plan(keys, VaultAccess(settings, passwords).repository(), settings_file)
        if transaction is not None:
            transaction.apply(change.changes)
    return change


def _confirm(candidate: Candidate, fingerprint: str | None, *, dry_run: bool) -> None:
    """Show a certificate, and go on only if a person or `--fingerprint` says that it is the right one."""
    for warning in candidate.warnings:
        console.say("warning", warning)
    console.say("head", f"{candidate.settings.name}: the key {candidate.target.recipient.id}", label=False)
    question = "Is this the certificate, and may its owner read every secret of the vault?"
    confirm_certificate(candidate.named.facts, candidate.named.path, fingerprint, question, dry_run=dry_run)


def _show(change: Change, who: str, what: str, *, as_json: bool, done: bool) -> None:
    written = [console.display_path(before.path) for before in change.changes.befores]
    if as_json:
        keys, values = list(change.content_keys), list(change.encrypted)
        console.out_json({"content_keys": keys, "encrypted": values, "others": list(change.others), "written": written})
    if not written:
        console.say("done", f"nothing to do: {who} {what} the vault", label=False)
        return
    console.say("done", f"{'' if done else 'after this, '}{who} {what} the vault", label=False)
    counts = f"{_counted(len(change.content_keys), 'content key')}, {_counted(len(change.encrypted), 'value')}"
    console.say("done", f"{'encrypted anew' if done else 'to encrypt anew'}: {counts}", label=False)
    console.say("done", f"{'written' if done else 'to write'}: {', '.join(written)}", label=False)
    if not done:
        raise typer.Exit(console.FINDINGS)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _readers(settings: Settings) -> Readers:
    from ciphertool.passwords import PasswordChain
    from ciphertool.vault.opening import VaultAccess
    from ciphertool.vault.readers import readers

    found = readers(settings, VaultAccess(settings, PasswordChain(())).repository())
    for one in found.readers:
        if one.named is not None and one.named.problem is not None:
            console.say("warning", f"the certificate of {one.named.label} cannot be read: {one.named.problem}")
    return found


def _name(reader: Reader) -> str:
    if reader.named is None:
        return "(unknown)"
    return "(primary)" if reader.named.name is None else reader.named.name


def _extent(reader: Reader, found: Readers) -> str:
    return "no values" if reader.encrypted == "empty" else f"{reader.encrypted} ({reader.values} of {found.values})"


def _details(reader: Reader) -> Iterable[str]:
    if reader.named is None:
        return ["not in the settings"]
    return [console.display_path(reader.named.path), *certificate_lines(reader.named.facts)]


def _as_data(reader: Reader, found: Readers) -> dict[str, object]:
    named, facts = reader.named, reader.named.facts if reader.named else None
    return {
        "name": named.name if named else None,
        "role": "unknown" if named is None else "primary" if named.name is None else "recipient",
        "key": reader.key_id,
        "certificate": console.display_path(named.path) if named else None,
        "subject": facts.subject if facts else None,
        "sha256": facts.sha256 if facts else None,
        "not_before": facts.not_before.isoformat() if facts and facts.not_before else None,
        "not_after": facts.not_after.isoformat() if facts and facts.not_after else None,
        "algorithm": named.algorithm if named else None,
        "encrypted": reader.encrypted,
        "values": reader.values,
        "of": found.values,
        "lacking": list(reader.lacking),
    }


def _difference(one: Difference, found: Readers) -> dict[str, object]:
    reader = one.reader
    lacking = set(reader.lacking) if reader else set()
    keys = {"missing": lacking, "surplus": set(found.content_keys) - lacking}.get(one.kind.value, set())
    return {
        "kind": one.kind.value,
        "level": one.level.value,
        "name": reader.named.name if reader and reader.named else None,
        "key": reader.key_id if reader else None,
        "content_keys": sorted(keys),
        "message": one.message,
        "hint": one.hint,
    }
