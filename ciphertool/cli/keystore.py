"""`ciphertool keystore …`: list, check, make and change keystores and truststores."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool import files
from ciphertool.certificates.roles import Role
from ciphertool.cli import console
from ciphertool.cli.options import ask, new_password
from ciphertool.cli.streams import is_stdout
from ciphertool.errors import ConfigError, PasswordNeededError
from ciphertool.files import Audience
from ciphertool.passwords import Environment, PasswordChain, PasswordFile, Passwords, Prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.files.snapshots import Snapshot
    from ciphertool.keystore import Keystore

keystore = typer.Typer(
    name="keystore", no_args_is_help=True, help="List, check, make and change keystores and truststores."
)


class Format(Enum):
    """A format that is written."""

    PKCS12 = "PKCS12"
    JKS = "JKS"
    PEM = "PEM"


_Store = Annotated[Path, typer.Argument(metavar="STORE", help="The keystore or truststore.")]
_Alias = Annotated[str | None, typer.Option(metavar="ALIAS", help="The entry; without it, the only key entry.")]
_PasswordFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Line 1: keystore password, line 2: key password.")
]
_Role = Annotated[Role, typer.Option(help="What the keystore is for.")]
_Names = Annotated[list[str] | None, typer.Option("--name", metavar="HOST", help="A host name or address (tls).")]
_Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead of stdout.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _chain(password_file: Path | None, what: str = "Keystore password") -> PasswordChain:
    named = (PasswordFile(password_file),) if password_file else ()
    return PasswordChain((*named, Environment(), Prompt(lambda: ask(what))))


def _open(
    store: Path, password_file: Path | None, *, data: bytes | None = None, asking: bool = True
) -> tuple[Keystore, Passwords | None]:
    """Open a store, whose `data` may have been read already; without `asking`, prompt only if nothing else opens it."""
    from ciphertool.keystore import open_keystore

    chain = _chain(password_file)
    given = chain.read() if asking else chain.read_unasked()
    try:
        return open_keystore(store, given.keystore if given else None, data=data), given
    except PasswordNeededError:
        given = chain.read()
        return open_keystore(store, given.keystore, data=data), given


def _change(store: Path, password_file: Path | None, change: Callable[[Keystore, Passwords | None], bytes]) -> None:
    """Open a store and write what the change makes of it, if it is still the one that was read."""
    from ciphertool.keystore.opening import read_file

    before = read_file(store)
    if (found := files.obstacle(before, Audience.OURSELVES)) is not None:
        raise found
    _write(before, change(*_open(store, password_file, data=before.bytes)))


def _write(before: Snapshot, data: bytes) -> None:
    files.write_all([files.Write(before, data, audience=Audience.OURSELVES)])
    done = "made" if before.data is None else "changed"
    console.say("done", f"{done} {console.shown(before.path)}", label=False)


def _destination(output: Path | None, *, private: bool = False) -> Snapshot | None:
    if output is None or is_stdout(output):
        return None
    return files.destination(output, Audience.OURSELVES if private else Audience.DIRECTORY)


def _put_out(data: bytes, before: Snapshot | None, *, private: bool = False) -> None:
    if before is None:
        sys.stdout.buffer.write(data)
    elif private:
        files.write_all([files.Write(before, data, audience=Audience.OURSELVES, private=True)])
    else:
        files.write_all([files.Write(before, data, 0o644, Audience.DIRECTORY)])


@keystore.command("list")
def list_entries(store: _Store, password_file: _PasswordFile = None, as_json: _Json = False) -> None:
    """List the entries of a store, with what their certificates say.

    What is readable without a password is shown without one.
    """
    from ciphertool.keystore.listing import summary

    opened, _ = _open(store, password_file, asking=False)
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


@keystore.command()
def check(
    store: _Store,
    role: _Role,
    alias: _Alias = None,
    truststore: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who the other side trusts; for its certificates only.")
    ] = None,
    password_file: _PasswordFile = None,
    as_json: _Json = False,
) -> None:
    """Judge a keystore by what its role needs. Exit status 1 where there are warnings or errors.

    [bold]Examples[/bold]

    ciphertool keystore check security/primary.p12 --role primary
    """
    from ciphertool.certificates.findings import Level
    from ciphertool.keystore.check import check as judge

    opened, given = _open(store, password_file, asking=False)
    trusted = _open(truststore, None, asking=False)[0] if truststore else None
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
            {"rule": f.rule, "level": f.level.value, "alias": f.alias, "message": f.message, "remedy": f.remedy}
            for f in found
        ]
        console.out_json(rows)
    for finding in () if as_json else found:
        where = f"{finding.alias}: " if finding.alias else ""
        console.out(f"{finding.level.value:<7}  {finding.rule}  {where}{finding.message}")
        console.out(f"{'':<7}  → {finding.remedy}")
    if not found:
        console.say("done", "nothing to find fault with", label=False)
    raise typer.Exit(console.FINDINGS if any(f.level is not Level.NOTE for f in found) else 0)


@keystore.command()
def create(
    store: _Store,
    role: _Role = Role.PRIMARY,
    alias: Annotated[str, typer.Option(metavar="ALIAS", help="The key's alias.")] = "primary",
    subject: Annotated[str, typer.Option(metavar="NAME", help="The certificate's subject (RFC 4514).")] = "CN=primary",
    format: Annotated[Format, typer.Option(help="The store's format.")] = Format.PKCS12,  # noqa: A002 - the option's name
    bits: Annotated[int, typer.Option(help="2048, 3072 or 4096.")] = 3072,
    days: Annotated[int, typer.Option(min=1, help="How long the certificate is valid.")] = 3650,
    name: _Names = None,
    password_file: _PasswordFile = None,
) -> None:
    """Make a keystore with a new RSA key and a self-signed certificate for its role.

    [bold]Examples[/bold]

    ciphertool keystore create security/tls.p12 --role tls --subject CN=app.example.com --name app.example.com
    """
    from ciphertool.keystore import CertificateRequest, create_keystore

    before = files.destination(store, Audience.OURSELVES)
    if before.data is not None:
        raise ConfigError("there already", path=store, hint="remove it, or name another file")
    request = CertificateRequest(subject, role, days, bits, tuple(name or ()))
    named = (PasswordFile(password_file),) if password_file else ()
    given = PasswordChain((*named, Environment(), Prompt(new_password))).read()
    data = create_keystore(
        request, alias, given.keystore, now=datetime.now(UTC), format_name=format.value, key_password=given.key
    )
    _write(before, data)


@keystore.command("import")
def import_(
    store: _Store,
    source: Annotated[Path, typer.Argument(metavar="FROM", help="Another store, or a CA's answer (PEM, PKCS #7).")],
    alias: _Alias = None,
    as_alias: Annotated[str | None, typer.Option("--as", metavar="ALIAS", help="The entry's new alias.")] = None,
    truststore: Annotated[Path | None, typer.Option(metavar="FILE", help="Completes an answer's chain.")] = None,
    format: Annotated[Format, typer.Option(help="The format of a new store.")] = Format.PKCS12,  # noqa: A002 - as above
    password_file: _PasswordFile = None,
    source_password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The other store's passwords, if they are others.")
    ] = None,
) -> None:
    """Import an entry of another store, or a certificate authority's answer to a signing request.

    A store that does not exist is made: the other store's entries in another format.
    """
    from ciphertool.keystore import EntryKind, changes, open_keystore
    from ciphertool.keystore.formats import pem

    before = files.destination(store, Audience.OURSELVES)
    other, theirs = _open(source, source_password_file or password_file, asking=False)
    if before.data is None:
        given = _chain(password_file).read()
        data = changes.convert(other, format.value, given.keystore, key_password=theirs.key if theirs else None)
        return _write(before, data)
    opened, given_ = _open(store, password_file, data=before.data)
    key_password = given_.key if given_ else None
    if any(entry.kind is EntryKind.KEY for entry in other.entries):
        data = changes.import_entry(
            opened,
            other,
            alias,
            as_alias=as_alias,
            source_key_password=theirs.key if theirs else None,
            key_password=key_password,
        )
    else:
        trusted = open_keystore(truststore, None) if truststore else None
        reply = pem.read_certificates(files.read(source).bytes)
        data = changes.import_reply(opened, alias, reply, truststore=trusted, key_password=key_password)
    return _write(before, data)


@keystore.command()
def export(
    store: _Store,
    alias: _Alias = None,
    chain: Annotated[bool, typer.Option("--chain", help="The whole chain, not the leaf alone.")] = False,
    der: Annotated[bool, typer.Option("--der", help="DER instead of PEM.")] = False,
    private_key: Annotated[bool, typer.Option("--private-key", help="The private key too, encrypted.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="With --private-key: not encrypted.")] = False,
    output: _Output = None,
    password_file: _PasswordFile = None,
) -> None:
    """Print an entry's certificate as PEM; its private key only if you ask for it."""
    from ciphertool.keystore import exports

    if clear and not private_key:
        raise typer.BadParameter("--clear goes with --private-key")
    before = _destination(output, private=private_key)
    opened, given = _open(store, password_file, asking=private_key)
    if private_key and given is not None:
        password = None if clear else given.for_key
        data = exports.export_private_key(opened, alias, password=password, key_password=given.key)
    elif der:
        data = exports.export_der(opened, alias)
    else:
        data = exports.export_certificates(opened, alias, chain=chain)
    _put_out(data, before, private=private_key)


@keystore.command()
def csr(
    store: _Store,
    role: _Role = Role.TLS,
    alias: _Alias = None,
    name: _Names = None,
    output: _Output = None,
    password_file: _PasswordFile = None,
) -> None:
    """Print a certificate signing request of an entry, with what its role needs."""
    from ciphertool.keystore import exports

    before = _destination(output)
    opened, given = _open(store, password_file)
    key_password = given.key if given else None
    data = exports.signing_request(opened, alias, role=role, names=tuple(name or ()), key_password=key_password)
    _put_out(data, before)


@keystore.command()
def trust(
    store: _Store,
    certificate: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate or a PEM bundle.")],
    alias: Annotated[str | None, typer.Option(metavar="ALIAS", help="The new entry's alias.")] = None,
    format: Annotated[Format, typer.Option(help="The format of a new store.")] = Format.PKCS12,  # noqa: A002 - as above
    password_file: _PasswordFile = None,
) -> None:
    """Put certificates into a truststore; one that does not exist is made."""
    from ciphertool.keystore import Keystore, changes
    from ciphertool.keystore.formats import pem
    from ciphertool.secret import Secret

    trusted = pem.read_certificates(files.read(certificate).bytes)
    before = files.destination(store, Audience.OURSELVES)
    if before.data is not None:
        opened, _ = _open(store, password_file, data=before.data)
    else:
        given = _chain(password_file).read()
        opened = Keystore(store, format.value, (), verified=True, password=Secret(given.keystore))
    _write(before, changes.trust(opened, trusted, alias=alias, now=datetime.now(UTC)))


@keystore.command()
def delete(
    store: _Store,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The entry to take out.")],
    password_file: _PasswordFile = None,
) -> None:
    """Take one entry out of a store."""
    from ciphertool.keystore import changes

    _change(store, password_file, lambda opened, _: changes.delete(opened, alias))


@keystore.command("change-password")
def change_password(
    store: _Store,
    password_file: _PasswordFile = None,
    new_password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its first line is the new password; else a prompt.")
    ] = None,
) -> None:
    """Put a store, and the keys that share its password, under a new password."""
    from ciphertool.keystore import changes

    def changed(opened: Keystore, given: Passwords | None) -> bytes:
        named = (PasswordFile(new_password_file),) if new_password_file else ()
        new = PasswordChain((*named, Prompt(new_password))).read()
        return changes.change_password(opened, new.keystore, key_password=given.key if given else None)

    _change(store, password_file, changed)
