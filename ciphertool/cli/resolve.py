"""`ciphertool resolve`, `get` and `check`: what an application or its start script asks of a vault."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, opening_options
from ciphertool.cli.streams import is_stdout
from ciphertool.errors import CipherToolError, ConfigError, ProblemsError, UnknownAliasError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ciphertool.settings import Settings
    from ciphertool.vault.examination import Examined
    from ciphertool.vault.vault import Vault


def open_vault(options: VaultOptions) -> Vault:
    """Open the vault that the options name or find; its warnings go to stderr."""
    from ciphertool.vault.vault import Vault

    settings = options.settings()
    return Vault(
        settings,
        options.passwords(settings),
        define=options.overrides().define,
        warn=lambda message: console.say("warning", message),
    )


@contextmanager
def unquoted(vault: Vault, aliases: Collection[str]) -> Iterator[None]:
    """Keep aliases from the command line out of the error of an unknown one: somebody may have typed a secret."""
    try:
        yield
    except (UnknownAliasError, ProblemsError) as error:
        from ciphertool.cli import usage
        from ciphertool.repository import open_repository

        settings = vault.settings
        known = open_repository(settings.kind, settings.storage, extensions=settings.trust.extensions).entries
        for problem in error.problems if isinstance(error, ProblemsError) else (error,):
            if isinstance(problem, UnknownAliasError) and problem.alias in aliases:
                usage.hide_alias(problem, known)
        raise


@opening_options
def resolve(
    options: VaultOptions,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to resolve, or - for standard input.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this file (mode 0600) instead of stdout (-)."),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        str | None, typer.Option(metavar="NAME", help="The file's format, if neither settings nor suffix determine it.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="The file's encoding; overrides the settings.")
    ] = None,
) -> None:
    """Print a file with every reference resolved, exactly as it was before it was protected.

    Examples:
      ciphertool resolve conf/app.yaml --output /run/app/app.yaml
    """
    from ciphertool import files
    from ciphertool.changes import commit

    before = None
    if output is not None and not is_stdout(output):
        before = files.destination(output, files.Audience.OURSELVES)
        if str(file) != "-" and before.real == files.read(file).real:
            raise ConfigError(
                "is the file being resolved",
                path=output,
                hint="choose another file: writing to this one would put its secrets back in clear",
            )
    if str(file) == "-":
        if format is None:
            raise typer.BadParameter("standard input has no suffix; state its format with --format")
        given = sys.stdin.buffer.read()
        data = open_vault(options).resolve_bytes(given, format=format, encoding=encoding, name="standard input")
    else:
        data = open_vault(options).resolve_file(file, format=format, encoding=encoding)
    if before is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    commit.output(files.Write(before, data, audience=files.Audience.OURSELVES, private=True))


@opening_options
def get(
    options: VaultOptions,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The secret's alias.")],
    show: Annotated[bool, typer.Option("--show", help="Print the secret even to a terminal.")] = False,
) -> None:
    """Print one secret and nothing else.

    Examples:
      ciphertool get app.db.password | psql-with-password-on-stdin
    """
    if sys.stdout.isatty() and not show:
        raise typer.BadParameter("standard output is a terminal; use --show to print the secret there")
    vault = open_vault(options)
    with unquoted(vault, {alias}):
        secret = vault.resolve(alias)
    sys.stdout.buffer.write(secret.reveal_bytes() + b"\n")


@opening_options
def check(
    options: VaultOptions,
    only: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Check these files only (default: all).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Check that every reference in every configured file resolves.

    Examples:
      ciphertool check --home /opt/wso2
    """
    from ciphertool.cli import undeclared

    problems: tuple[CipherToolError, ...] = ()
    _exit_if_new(options.settings(), as_json=as_json)
    vault = open_vault(options)
    undeclared.warn(vault.settings)
    try:
        examined = vault.examine(*(only or ()))
        _report(vault, examined, as_json=as_json)
        if not (vault.settings.targets or examined.references or examined.unused or vault.left):
            raise typer.Exit(undeclared.report(vault.settings))
    except ProblemsError as error:
        problems = tuple(error.problems)
        if as_json:
            console.out_json({"problems": [console.as_data(problem) for problem in problems]})
        else:
            console.show_error(error)
    raise typer.Exit(console.FINDINGS if problems else 0)


def _exit_if_new(settings: Settings, *, as_json: bool) -> None:
    """Report that a vault has no secrets yet, as after `init`: no target and no repository."""
    from ciphertool.cli import undeclared
    from ciphertool.storage.file import where_of

    if settings.native and not settings.targets and settings.storage.read().version is None:
        console.say(
            "note",
            f"no secrets yet: protecting the first one creates {console.display_path(where_of(settings.storage))}",
        )
        if as_json:
            console.out_json({"problems": [], "references": 0, "files": 0, "unused": 0})
        raise typer.Exit(undeclared.report(settings))


def _report(vault: Vault, examined: Examined, *, as_json: bool) -> None:
    """Say what was looked at, and of what the repository holds besides that it was not."""
    from ciphertool.repository import Malformed
    from ciphertool.storage.file import where_of

    count, files, unused = examined
    repository = where_of(vault.settings.storage)
    damaged = [(alias, entry) for alias, entry in unused.items() if isinstance(entry.stored, Malformed)]
    for alias, entry in damaged:
        label = repr(alias) if entry.certain or alias in vault.settings.aliases else entry.label(alias)
        console.say(
            "warning", f"{console.display_path(repository)}:{entry.line}: {label} is damaged; no file refers to it"
        )
    if len(unused) > len(damaged):
        others = len(unused) - len(damaged)
        console.say("note", f"values not checked because no configured file refers to them: {others}")
    if vault.skipped:
        console.say("note", f"{files} of {files + vault.skipped} files looked at; the others were not checked")
    if vault.left:
        console.say("note", f"references not checked because only the product finds their secrets: {vault.left}")
    if as_json:
        console.out_json({"problems": [], "references": count, "files": files, "unused": len(unused)})
        return
    if not files and not (vault.settings.targets or unused):
        return  # what is said of it is no success
    if not files:
        console.say("warning", "no configured file exists; nothing was checked")
    looked = f"{count} reference{'' if count == 1 else 's'} in {files} file{'' if files == 1 else 's'}"
    console.say("done", f"{looked}: {'all resolve' if count else 'nothing to resolve'}", label=False)
