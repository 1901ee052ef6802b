"""`ciphertool run`: a command with its secrets, in its environment or in private files."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, opening_options
from ciphertool.cli.resolve import open_vault, unquoted
from ciphertool.errors import CipherToolError, ConfigError

FAILED = 125
_NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.+)", re.DOTALL)


@opening_options
def run(
    options: VaultOptions,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="The command and its arguments.")],
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME=ALIAS", help="Set the variable NAME to the secret ALIAS.")
    ] = None,
    env_file: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Set the variables of a .env file, resolved.")
    ] = None,
    config_file: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FILE",
            help="Provide FILE, resolved, as a private file; its path replaces FILE in the command, or is set in NAME.",
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        str | None,
        typer.Option(metavar="NAME", help="The format of each --config-file whose name does not determine it."),
    ] = None,
    inherit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Resolve references in the inherited variable NAME (as [run] inherit does)."),
    ] = None,
    keep_environment: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Pass NAME on, even if it is ciphertool's own or leads to the keystore password."
        ),
    ] = None,
    no_masking: Annotated[bool, typer.Option("--no-masking", help="Pass the output through unchanged.")] = False,
) -> None:
    """Run a command with references in its files and variables resolved, for that command only.

    Inherited variables are passed on unchanged unless you name them with
    --inherit, because their text may come from a stranger; those that lead to
    the keystore password are removed. Secret values of four characters or more
    are masked in the output. The exit status is the command's.

    Examples:
      ciphertool run --env PGPASSWORD=app.db.password -- psql -h db
      ciphertool run --inherit DATABASE_URL --env-file .env -- ./server
      ciphertool run --config-file conf/app.yaml -- ./server --config conf/app.yaml
    """
    try:
        given = _Given(_aliases(env or ()), env_file or (), [_named_file(text) for text in config_file or ()], format)
        if format is not None and not given.files:
            raise typer.BadParameter("--format requires --config-file")
        raise typer.Exit(_run(options, command, given, inherit or (), keep_environment or (), masking=not no_masking))
    except CipherToolError as error:
        console.show_error(error)
        raise typer.Exit(FAILED) from None


class _Given(NamedTuple):
    """What the child is given: variables by alias and by `.env` files, and files, whose path may be in a variable."""

    aliases: dict[str, str]
    env_files: Sequence[Path]
    files: Sequence[tuple[str | None, Path]]
    format: str | None


def _run(
    options: VaultOptions,
    command: list[str],
    given: _Given,
    inherit: Sequence[str],
    keep: Sequence[str],
    *,
    masking: bool,
) -> int:
    from ciphertool.redaction.masking import SHORTEST
    from ciphertool.run import child
    from ciphertool.run.environment import Rules, child_environment
    from ciphertool.run.private import private_files

    vault = open_vault(options)
    passwords = options.passwords(vault.settings).variables
    rules = Rules({*inherit, *vault.settings.inherit}, passwords, keep)
    env_files = [(path, vault.reading(path).encoding) for path in given.env_files]
    with unquoted(vault, given.aliases.values()):
        environment, unresolved = child_environment(os.environ, env_files, given.aliases, vault.reveal, rules)
    if unresolved:
        console.say(
            "warning",
            f"references in these inherited variables are not resolved: {', '.join(unresolved)}; to resolve one,"
            " name it with --inherit NAME or in [run] inherit",
        )
    contents = {path: vault.resolve_file(path, format=given.format) for _, path in given.files}
    values = vault.resolved()
    if masking and (short := sorted(alias for alias, value in values.items() if len(value) < SHORTEST)):
        console.say("warning", f"not masked because shorter than {SHORTEST} characters: {', '.join(short)}")
    with private_files(contents) as places:
        command = _placed(command, given.files, places, environment)
        sys.stdout.flush()
        try:
            return child.run(command, environment, values.values() if masking else None)
        except child.NotStartedError as error:
            console.say("error", f"{command[0]}: {error.reason}")
            return error.status


def _aliases(env: Sequence[str]) -> dict[str, str]:
    aliases = {}
    for item in env:
        match = _NAMED.fullmatch(item)
        if match is None:
            raise typer.BadParameter("--env: must be NAME=ALIAS")
        aliases[match[1]] = match[2]
    return aliases


def _named_file(text: str) -> tuple[str | None, Path]:
    match = _NAMED.fullmatch(text)
    if match is None or Path(text).exists():
        return None, Path(text)
    return match[1], Path(match[2])


def _placed(
    command: list[str], named: Sequence[tuple[str | None, Path]], places: dict[Path, Path], environment: dict[str, str]
) -> list[str]:
    """Return the command with the private files in place of those they were made from; set the variables asked for."""
    from ciphertool.run.arguments import replaced

    for name, path in named:
        if name is not None:
            environment[name] = str(places[path])
            continue
        placed = replaced(command, path, places[path])
        if placed == command:
            raise ConfigError(
                "the command does not name this file, so it would not find it",
                path=path,
                hint=f"add {path} to the command's arguments, or use --config-file NAME={path}",
            )
        command = placed
    return command
