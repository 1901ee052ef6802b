"""The program: its name, its version, its options before a command, and one run of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ciphertool import __version__, core_dumps
from ciphertool.cli import commands, help_text

_UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # Click's own, or that of Typer's copy of Click
_COMPLETION = "_CIPHERTOOL_COMPLETE"


def _version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:  # a shell that completes what follows wants no output
        typer.echo(f"ciphertool {__version__}")
        raise typer.Exit


def _program(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="As after the command: a ciphertool.toml, or YAML of Carbon 5."),
    ] = None,
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="As after the command: a Carbon home.")] = None,
) -> None:
    """Keep secrets out of configuration files.

    Encrypts them with a keystore's public key, replaces them with references, and leaves every other byte unchanged.
    """
    core_dumps.forbid()  # before the command that is about to be imported
    named = {"config": config and str(config), "home": home and str(home)}
    given = {name: value for name, value in named.items() if value}
    # An option after the command overrides the same one before it.
    context.default_map = {
        name: {option: [value] if (name, option) == ("audit", "home") else value for option, value in given.items()}
        for name in commands.COMMANDS
    }
    context.default_map["keystore"] = dict.fromkeys(commands.KEYSTORE_COMMANDS, given)


def program() -> commands.Group:
    """Return the program with its commands, none of them imported yet."""
    app = typer.Typer(
        name="ciphertool",
        cls=commands.Group,
        no_args_is_help=True,
        # No traceback of Typer's own, and never the locals of one: they hold secrets.
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        rich_markup_mode=help_text.markup(),
        context_settings=commands.HELP,
    )
    app.callback()(_program)
    made: Any = typer.main.get_command(app)
    assert isinstance(made, commands.Group)  # noqa: S101 - an app with a callback
    made.params += commands.output_options()
    made.commands.update(commands.deferred(commands.COMMANDS))
    return made


def run(arguments: list[str]) -> int:
    """Run the program and return its exit status; what Typer refuses is reported in the program's own words."""
    made = program()
    if _COMPLETION in os.environ:
        from ciphertool.cli import completion

        return completion.answer(made, os.environ[_COMPLETION])
    try:
        with made.make_context("ciphertool", arguments) as context:
            made.invoke(context)
    except typer.Exit as ended:
        return int(ended.exit_code)
    except _UsageError as error:
        from ciphertool.cli import usage

        return usage.report(error)
    return 0
