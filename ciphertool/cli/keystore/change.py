"""What changes a store: import, trust, delete, change-password."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool import files
from ciphertool.cli.keystore.access import (
    Alias,
    Format,
    PasswordFileOption,
    Store,
    WrittenJson,
    chain_of,
    change_store,
    naming,
    open_store,
    write,
)
from ciphertool.cli.options import new_password
from ciphertool.files import Audience
from ciphertool.passwords import PasswordChain, PasswordFile, Passwords, Prompt

if TYPE_CHECKING:
    from ciphertool.keystore import Keystore


def import_(
    store: Store,
    source: Annotated[Path, typer.Argument(metavar="FROM", help="Another store, or a CA's reply (PEM, PKCS #7).")],
    alias: Alias = None,
    as_alias: Annotated[str | None, typer.Option("--as", metavar="ALIAS", help="The entry's new alias.")] = None,
    truststore: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Truststore that completes a reply's chain.")
    ] = None,
    format: Annotated[Format, typer.Option(help="The format of a new store.")] = Format.PKCS12,  # noqa: A002 - as above
    password_file: PasswordFileOption = None,
    source_password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The other store's passwords, if different.")
    ] = None,
    as_json: WrittenJson = False,
) -> None:
    """Import an entry from another store, or a certificate authority's reply to a signing request.

    If STORE does not exist, it is created with all entries of the other store, so this also converts formats.

    Examples:
      ciphertool keystore import security/tls.p12 reply.p7b --truststore security/trust.p12
      ciphertool keystore import security/tls.jks security/tls.p12 --format JKS
    """
    from ciphertool.keystore import EntryKind, changes, open_keystore
    from ciphertool.keystore.formats import pem

    before = files.destination(store, Audience.OURSELVES)
    other, theirs = open_store(source, source_password_file or password_file, asking=False)
    if before.data is None:
        given = chain_of(password_file).read()
        with naming(theirs):
            data = changes.convert(other, format.value, given.keystore, key_password=theirs.key if theirs else None)
        return write(before, data, given.keystore, as_json=as_json)
    opened, given_ = open_store(store, password_file, data=before.data)
    key_password = given_.key if given_ else None
    if any(entry.kind is EntryKind.KEY for entry in other.entries):
        with naming(theirs):
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
    return write(before, data, given_.keystore if given_ else None, as_json=as_json)


def trust(
    store: Store,
    certificate: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate or a PEM bundle.")],
    alias: Annotated[str | None, typer.Option(metavar="ALIAS", help="The new entry's alias.")] = None,
    format: Annotated[Format, typer.Option(help="The format of a new store.")] = Format.PKCS12,  # noqa: A002 - as above
    password_file: PasswordFileOption = None,
    as_json: WrittenJson = False,
) -> None:
    """Add certificates to a truststore, creating it if it does not exist.

    Examples:
      ciphertool keystore trust security/trust.p12 ca.pem --alias ca
    """
    from ciphertool.keystore import changes
    from ciphertool.keystore.formats import pem

    trusted = pem.read_certificates(files.read(certificate).bytes)
    before = files.destination(store, Audience.OURSELVES)
    if before.data is not None:
        opened, given = open_store(store, password_file, data=before.data)
    else:
        given = chain_of(password_file).read()
        opened = changes.new_keystore(store, given.keystore, format_name=format.value)
    data = changes.trust(opened, trusted, alias=alias, now=datetime.now(UTC))
    write(before, data, given.keystore if given else None, as_json=as_json)


def delete(
    store: Store,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The entry to delete.")],
    password_file: PasswordFileOption = None,
    as_json: WrittenJson = False,
) -> None:
    """Delete an entry from a store.

    Examples:
      ciphertool keystore delete security/trust.p12 ca
    """
    from ciphertool.keystore import changes

    def deleted(opened: Keystore, given: Passwords | None) -> tuple[bytes, str | None]:
        return changes.delete(opened, alias), given.keystore if given else None

    change_store(store, password_file, deleted, as_json=as_json)


def change_password(
    store: Store,
    password_file: PasswordFileOption = None,
    new_password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File whose first line is the new password (default: a prompt).")
    ] = None,
    as_json: WrittenJson = False,
) -> None:
    """Change the password of a store and of the keys that share it.

    Examples:
      ciphertool keystore change-password security/primary.p12 --new-password-file /run/secrets/new
    """
    from ciphertool.keystore import changes

    def changed(opened: Keystore, given: Passwords | None) -> tuple[bytes, str | None]:
        named = (PasswordFile(new_password_file),) if new_password_file else ()
        new = PasswordChain((*named, Prompt(new_password))).read()
        data = changes.change_password(opened, new.keystore, key_password=given.key if given else None)
        return data, new.keystore

    change_store(store, password_file, changed, as_json=as_json)
