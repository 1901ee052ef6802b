"""The program: its name, its version, its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from ciphertool import __version__
from ciphertool.cli import audit, encrypt, init, keystore, protect, resolve, run

app = typer.Typer(
    name="ciphertool",
    no_args_is_help=True,
    # No traceback of Typer's own, and never the locals of one: they hold secrets.
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ciphertool {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Keep secrets out of configuration files.

    Encrypts them with a keystore's public key, replaces them with references, and leaves every other byte unchanged.
    """


app.command()(init.init)
app.command()(protect.protect)
app.command()(resolve.resolve)
app.command()(resolve.get)
app.command()(resolve.check)
app.command(cls=run.RunCommand, context_settings={"allow_interspersed_args": False})(run.run)
app.command()(encrypt.encrypt)
app.command()(encrypt.decrypt)
app.command()(audit.audit)
app.command()(audit.explain)
app.command()(audit.textconv)
app.add_typer(keystore.keystore)
