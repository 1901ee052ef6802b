"""`ciphertool keystore …`: list, check, make and change keystores and truststores."""

from __future__ import annotations

import typer

from ciphertool.cli.keystore import change, look, make

keystore = typer.Typer(
    name="keystore", no_args_is_help=True, help="List, check, create and change keystores and truststores."
)
keystore.command("list")(look.list_entries)
keystore.command()(look.check)
keystore.command()(make.create)
keystore.command("import")(change.import_)
keystore.command()(look.export)
keystore.command()(look.csr)
keystore.command()(change.trust)
keystore.command()(change.delete)
keystore.command("change-password")(change.change_password)
