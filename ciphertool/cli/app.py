"""The program: its name, its version, its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from ciphertool import __version__, core_dumps
from ciphertool.cli import commands, help_text


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ciphertool {__version__}")
        raise typer.Exit


def _program(
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Keep secrets out of configuration files.

    Encrypts them with a keystore's public key, replaces them with references, and leaves every other byte unchanged.
    """
    core_dumps.forbid()  # before the command that is about to be imported


def program() -> typer.core.TyperGroup:
    """Return the program with its commands, none of them imported yet."""
    app = typer.Typer(
        name="ciphertool",
        no_args_is_help=True,
        # No traceback of Typer's own, and never the locals of one: they hold secrets.
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        rich_markup_mode=help_text.markup(),
        context_settings=commands.HELP,
    )
    app.callback()(_program)
    made = typer.main.get_command(app)
    assert isinstance(made, typer.core.TyperGroup)  # noqa: S101 - an app with a callback
    made.commands.update(commands.deferred(commands.COMMANDS))
    return made
