"""New keystores."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from ciphertool import files
from ciphertool.certificates.roles import Role
from ciphertool.cli.keystore.access import Format, Names, PasswordFileOption, RoleOption, Store, WrittenJson, write
from ciphertool.cli.options import new_password
from ciphertool.errors import ConfigError
from ciphertool.files import Audience
from ciphertool.passwords import Environment, PasswordChain, PasswordFile, Prompt


def create(
    store: Store,
    role: RoleOption = Role.PRIMARY,
    alias: Annotated[str, typer.Option(metavar="ALIAS", help="The key's alias.")] = "primary",
    subject: Annotated[str, typer.Option(metavar="NAME", help="The certificate's subject (RFC 4514).")] = "CN=primary",
    format: Annotated[Format, typer.Option(help="The store's format.")] = Format.PKCS12,  # noqa: A002 - the option's name
    bits: Annotated[int, typer.Option(help="Key size: 2048, 3072 or 4096.")] = 3072,
    days: Annotated[int, typer.Option(min=1, help="Validity of the certificate, in days.")] = 3650,
    name: Names = None,
    password_file: PasswordFileOption = None,
    as_json: WrittenJson = False,
) -> None:
    """Create a keystore with a new RSA key and a self-signed certificate for its role.

    Examples:
      ciphertool keystore create security/tls.p12 --role tls --subject CN=app.example.com --name app.example.com
    """
    from ciphertool.keystore import CertificateRequest, create_keystore

    before = files.destination(store, Audience.OURSELVES)
    if before.data is not None:
        raise ConfigError("already exists", path=store, hint="remove it, or choose another file")
    request = CertificateRequest(subject, role, days, bits, tuple(name or ()))
    named = (PasswordFile(password_file),) if password_file else ()
    given = PasswordChain((*named, Environment(), Prompt(new_password))).read()
    data = create_keystore(
        request, alias, given.keystore, now=datetime.now(UTC), format_name=format.value, key_password=given.key
    )
    write(before, data, given.keystore, as_json=as_json)
