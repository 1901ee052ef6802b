"""What is looked at in a store: entries, findings, certificates, signing requests."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.certificates.roles import Role
from ciphertool.cli import console
from ciphertool.cli.keystore.access import (
    Alias,
    Json,
    Names,
    Output,
    PasswordFileOption,
    RoleOption,
    Store,
    WrittenJson,
    destination,
    naming,
    open_other,
    open_store,
    put_out,
)
from ciphertool.cli.options import VaultOptions
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.keystore import CertificateFinding
    from ciphertool.passwords import PasswordSource
    from ciphertool.settings import Settings


def list_entries(store: Store, password_file: PasswordFileOption = None, as_json: Json = False) -> None:
    """List the entries of a store with details of their certificates.

    A password is required only if the store cannot be read without one.

    Examples:
      ciphertool keystore list security/primary.p12
    """
    from ciphertool.keystore.listing import summary

    opened, _ = open_store(store, password_file, asking=False)
    entries = [summary(entry) for entry in opened.entries]
    if as_json:
        console.out_json(entries)
        return
    console.say("note", f"{opened.format}, {len(entries)} {'entry' if len(entries) == 1 else 'entries'}", label=False)
    rows = [("ALIAS", "KIND", "CHAIN", "ALGORITHM", "EXPIRES", "KEY USAGE", "SHA-256")]
    for entry in entries:
        usage = entry["key_usage"]
        usages = "-" if usage is None else ",".join(usage) if isinstance(usage, list) else ""
        rows.append(
            (
                str(entry["alias"]),
                str(entry["kind"]),
                str(entry["chain"]),
                f"{entry['algorithm'] or '-'} {entry['bits'] or ''}".strip(),
                str(entry["not_after"] or "-")[:10],
                f"{usages}{' (critical)' if entry['key_usage_critical'] else ''}",
                str(entry["sha256"] or "-")[:16],
            )
        )
    for line in console.columns(rows, sys.stdout):
        console.out(line)


def check(
    store: Annotated[
        Path | None, typer.Argument(metavar="[STORE]", help="The keystore (default: the one that the settings name).")
    ] = None,
    role: RoleOption = Role.PRIMARY,
    alias: Alias = None,
    truststore: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The other side's truststore; only its certificates are read.")
    ] = None,
    other: Annotated[
        list[Path] | None,
        typer.Option(metavar="STORE", help="A keystore of another role, which must share nothing. Repeatable."),
    ] = None,
    password_file: PasswordFileOption = None,
    other_password_file: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Passwords of the other stores, if different. Repeatable."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The settings whose keystore to check: a ciphertool.toml.")
    ] = None,
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="The Carbon home whose keystore to check.")] = None,
    as_json: Json = False,
) -> None:
    """Check a keystore against what its role needs. Exit status 1 if there are warnings or errors.

    Trust is automatically granted if one of the certificates of the chain is in the truststore; the check names it.

    Examples:
      ciphertool keystore check
      ciphertool keystore check --home /opt/wso2
      ciphertool keystore check security/primary.p12 --role primary --other security/tls.p12
      ciphertool keystore check security/tls.p12 --role tls --truststore trust.p12
    """
    from ciphertool.findings import Level
    from ciphertool.keystore import check_keystore, check_passwords, check_trust

    if store is not None and (config or home):
        raise typer.BadParameter(f"STORE and --{'config' if config else 'home'} name two keystores; use only one")
    sources: Sequence[PasswordSource] = ()
    if store is None:
        settings = VaultOptions(config, home).settings()
        store, alias, sources = _stated(settings), alias or settings.keystore.alias, settings.password_sources
    opened, given = open_store(store, password_file, asking=False, stated=sources)
    trusted = open_other(truststore, given, other_password_file or []) if truststore else None
    others = [open_other(path, given, other_password_file or []) for path in other or ()]
    found = check_keystore(
        opened,
        role,
        now=datetime.now(UTC),
        alias=alias,
        truststore=trusted,
        others=others,
        key_password=given.key if given else None,
    )
    found += check_passwords(opened, others)
    _show([*found, *(check_trust(opened, trusted, alias) if trusted else ())], as_json=as_json)
    if not found:
        console.say("done", "no problems found", label=False)
    raise typer.Exit(console.FINDINGS if any(f.level is not Level.NOTE for f in found) else 0)


def _stated(settings: Settings) -> Path:
    """Return the keystore that settings name; raise `ConfigError` if they name none."""
    if settings.keystore.path is None:
        hint = "name a STORE: `ciphertool keystore check STORE`"
        raise ConfigError("names no keystore", path=settings.origin, hint=hint)
    return settings.keystore.path


def _show(found: Sequence[CertificateFinding], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"rule": f.rule.id, "level": f.level.value, "alias": f.alias, "message": f.message, "remedy": f.remedy}
            for f in found
        ]
        console.out_json(rows)
        return
    for finding in found:
        where = f"{finding.alias}: " if finding.alias else ""
        console.out(f"{finding.level.value:<7}  {finding.rule.id}  {where}{finding.message}", indent=" " * 9)
        console.out(f"{'':<7}  → {finding.remedy}", indent=" " * 11)


def export(
    store: Store,
    alias: Alias = None,
    chain: Annotated[bool, typer.Option("--chain", help="Print the whole chain, not only the leaf.")] = False,
    der: Annotated[bool, typer.Option("--der", help="Print DER instead of PEM.")] = False,
    private_key: Annotated[bool, typer.Option("--private-key", help="Print the private key too, encrypted.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="With --private-key: do not encrypt it.")] = False,
    output: Output = None,
    password_file: PasswordFileOption = None,
    as_json: WrittenJson = False,
) -> None:
    """Print an entry's certificate as PEM, and its private key only on request.

    Examples:
      ciphertool keystore export security/tls.p12 --chain --output tls.pem
      ciphertool keystore export security/tls.p12 --private-key --output tls.key
    """
    from ciphertool.keystore import exports
    from ciphertool.keystore.listing import summary

    if clear and not private_key:
        raise typer.BadParameter("--clear requires --private-key")
    before = destination(output, private=private_key, as_json=as_json)
    opened, given = open_store(store, password_file, asking=private_key)
    if private_key and given is not None:
        password = None if clear else given.for_key
        with naming(given):
            data = exports.export_private_key(opened, alias, password=password, key_password=given.key)
    elif der:
        data = exports.export_der(opened, alias)
    else:
        data = exports.export_certificates(opened, alias, chain=chain)
    put_out(data, before, private=private_key)
    if as_json and before is not None:
        console.out_written([before], [summary(opened.entry(alias))])


def csr(
    store: Store,
    role: RoleOption = Role.TLS,
    alias: Alias = None,
    name: Names = None,
    output: Output = None,
    password_file: PasswordFileOption = None,
    as_json: WrittenJson = False,
) -> None:
    """Print a certificate signing request for an entry, with the extensions that its role needs.

    Examples:
      ciphertool keystore csr security/tls.p12 --name app.example.com --output tls.csr
    """
    from ciphertool.keystore import exports
    from ciphertool.keystore.listing import summary

    before = destination(output, as_json=as_json)
    opened, given = open_store(store, password_file)
    key_password = given.key if given else None
    with naming(given):
        data = exports.signing_request(opened, alias, role=role, names=tuple(name or ()), key_password=key_password)
    put_out(data, before)
    if as_json and before is not None:
        console.out_written([before], [summary(opened.entry(alias))])
