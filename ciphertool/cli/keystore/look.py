"""What is looked at in a store: entries, findings, certificates, signing requests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

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
    destination,
    open_store,
    put_out,
)


def list_entries(store: Store, password_file: PasswordFileOption = None, as_json: Json = False) -> None:
    """List the entries of a store with details of their certificates.

    A password is required only if the store cannot be read without one.
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
    for line in console.columns(rows):
        console.out(line)


def check(
    store: Store,
    role: RoleOption,
    alias: Alias = None,
    truststore: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The other side's truststore; only its certificates are read.")
    ] = None,
    password_file: PasswordFileOption = None,
    as_json: Json = False,
) -> None:
    """Check a keystore against what its role needs. Exit status 1 if there are warnings or errors.

    [bold]Examples[/bold]

    ciphertool keystore check security/primary.p12 --role primary
    """
    from ciphertool.findings import Level
    from ciphertool.keystore.check import check as judge

    opened, given = open_store(store, password_file, asking=False)
    trusted = open_store(truststore, None, asking=False)[0] if truststore else None
    found = judge(
        opened,
        role,
        now=datetime.now(UTC),
        alias=alias,
        truststore=trusted,
        key_password=given.key if given else None,
    )
    if as_json:
        rows = [
            {"rule": f.rule.id, "level": f.level.value, "alias": f.alias, "message": f.message, "remedy": f.remedy}
            for f in found
        ]
        console.out_json(rows)
    for finding in () if as_json else found:
        where = f"{finding.alias}: " if finding.alias else ""
        console.out(f"{finding.level.value:<7}  {finding.rule.id}  {where}{finding.message}")
        console.out(f"{'':<7}  → {finding.remedy}")
    if not found:
        console.say("done", "no problems found", label=False)
    raise typer.Exit(console.FINDINGS if any(f.level is not Level.NOTE for f in found) else 0)


def export(
    store: Store,
    alias: Alias = None,
    chain: Annotated[bool, typer.Option("--chain", help="Print the whole chain, not only the leaf.")] = False,
    der: Annotated[bool, typer.Option("--der", help="Print DER instead of PEM.")] = False,
    private_key: Annotated[bool, typer.Option("--private-key", help="Print the private key too, encrypted.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="With --private-key: do not encrypt it.")] = False,
    output: Output = None,
    password_file: PasswordFileOption = None,
) -> None:
    """Print an entry's certificate as PEM, and its private key only on request."""
    from ciphertool.keystore import exports

    if clear and not private_key:
        raise typer.BadParameter("--clear requires --private-key")
    before = destination(output, private=private_key)
    opened, given = open_store(store, password_file, asking=private_key)
    if private_key and given is not None:
        password = None if clear else given.for_key
        data = exports.export_private_key(opened, alias, password=password, key_password=given.key)
    elif der:
        data = exports.export_der(opened, alias)
    else:
        data = exports.export_certificates(opened, alias, chain=chain)
    put_out(data, before, private=private_key)


def csr(
    store: Store,
    role: RoleOption = Role.TLS,
    alias: Alias = None,
    name: Names = None,
    output: Output = None,
    password_file: PasswordFileOption = None,
) -> None:
    """Print a certificate signing request for an entry, with the extensions that its role needs."""
    from ciphertool.keystore import exports

    before = destination(output)
    opened, given = open_store(store, password_file)
    key_password = given.key if given else None
    data = exports.signing_request(opened, alias, role=role, names=tuple(name or ()), key_password=key_password)
    put_out(data, before)
