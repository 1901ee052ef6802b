"""`ciphertool run`: a command with its secrets, in its environment or in private files."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, vault_options
from ciphertool.cli.resolve import open_vault
from ciphertool.errors import CipherToolError, ConfigError

FAILED = 125
# Click's own, or that of the copy of Click which newer versions of Typer bring along.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]
_NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.+)", re.DOTALL)


class RunCommand(TyperCommand):
    """A command whose own failures all end with 125, as env(1) has it."""

    def make_context(self, *arguments: Any, **extra: Any) -> Any:
        """Parse the arguments."""
        try:
            return super().make_context(*arguments, **extra)
        except _UsageError as error:
            error.exit_code = FAILED  # type: ignore[attr-defined]  # where Click looks for it
            raise


@vault_options
def run(
    options: VaultOptions,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="The command and its arguments.")],
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME=ALIAS", help="Give the secret ALIAS in the variable NAME.")
    ] = None,
    env_file: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Give the variables of a .env file, resolved.")
    ] = None,
    config_file: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FILE",
            help="Give FILE, resolved, as a private file: its path replaces FILE in the command, or is in NAME.",
        ),
    ] = None,
    no_masking: Annotated[bool, typer.Option("--no-masking", help="Pass the output through as it is.")] = False,
) -> None:
    """Run a command with its secrets, for it alone: references in its environment and in these files are resolved.

    Every secret value in its output is masked, if it has four characters or more. Its exit status is passed on.

    [bold]Examples[/bold]

    ciphertool run --env PGPASSWORD=app.db.password -- psql -h db

    ciphertool run --config-file conf/app.yaml -- ./server --config conf/app.yaml
    """
    try:
        raise typer.Exit(_run(options, command, env or [], env_file or [], config_file or [], masking=not no_masking))
    except CipherToolError as error:
        console.show_error(error)
        raise typer.Exit(FAILED) from None
    except _UsageError as error:
        error.exit_code = FAILED  # type: ignore[attr-defined]  # where Click looks for it
        raise


def _run(
    options: VaultOptions,
    command: list[str],
    env: list[str],
    env_files: list[Path],
    config_files: list[str],
    *,
    masking: bool,
) -> int:
    from ciphertool.masking import SHORTEST
    from ciphertool.run import child
    from ciphertool.run.environment import child_environment
    from ciphertool.run.private import private_files

    vault = open_vault(options)
    environment = child_environment(
        os.environ,
        env_files,
        _aliases(env),
        lambda alias: vault.resolve(alias).reveal(),
        lambda path: vault.reading(path).encoding,
    )
    named = [_named_file(text) for text in config_files]
    contents = {path: vault.resolve_file(path) for _, path in named}
    values = vault.resolved()
    if masking and (short := sorted(alias for alias, value in values.items() if len(value) < SHORTEST)):
        console.say("warning", f"not masked, being shorter than {SHORTEST} characters: {', '.join(short)}")
    with private_files(contents) as places:
        command = _placed(command, named, places, environment)
        sys.stdout.flush()
        try:
            return child.run(command, environment, values.values() if masking else None)
        except child.NotStartedError as error:
            console.say("error", f"{command[0]}: {error.reason}")
            return error.status


def _aliases(env: list[str]) -> dict[str, str]:
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
    command: list[str], named: list[tuple[str | None, Path]], places: dict[Path, Path], environment: dict[str, str]
) -> list[str]:
    """Return the command with the private files in place of those they were made from; set the variables asked for."""
    for name, path in named:
        if name is not None:
            environment[name] = str(places[path])
            continue
        placed = [
            argument.removesuffix(str(path)) + str(places[path])
            if argument == str(path) or argument.endswith(f"={path}")
            else argument
            for argument in command
        ]
        if placed == command:
            raise ConfigError(
                "the command does not name this file and so would not find it",
                path=path,
                hint=f"write {path} among the command's arguments, or give --config-file NAME={path}",
            )
        command = placed
    return command
