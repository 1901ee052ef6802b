"""`ciphertool audit` and `explain`: what is protected, what is not, and by which rule."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.audit.model import Level
from ciphertool.audit.reports import Format
from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, vault_options
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from ciphertool.audit import Subject


@vault_options
def audit(
    vault: VaultOptions,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="A home, a configuration, or any directory or file."),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format, typer.Option("--format", "-f", help="How the report is written.")
    ] = Format.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    fail_on: Annotated[Level, typer.Option(help="Exit with 1 if a finding is at least as grave.")] = Level.WARNING,
) -> None:
    """Tell which secrets are protected, which are not, and how sure that is. Needs no password and no private key.

    [bold]Examples[/bold]

    ciphertool audit --home /opt/wso2

    ciphertool audit . --format json
    """
    from ciphertool import audit as workflow
    from ciphertool.audit.reports import render

    report = workflow.audit(_subjects(vault, paths or []), now=datetime.now(UTC))
    console.out_raw(render(report, Format.JSON if as_json else format))
    raise typer.Exit(console.FINDINGS if report.fails(fail_on) else 0)


def explain(
    rule: Annotated[str | None, typer.Argument(metavar="[RULE]", help="A rule's id or name, as CT004.")] = None,
) -> None:
    """Explain a rule of the audit: what it means and what to do. Without a rule, list them all.

    [bold]Examples[/bold]

    ciphertool explain CT004
    """
    from ciphertool.audit import rules

    if rule is None:
        for line in console.columns((r.id, r.level.value, r.name, r.sentence) for r in rules.RULES):
            console.out(line)
        return
    found = rules.rule(rule)
    if found is None:
        raise typer.BadParameter(f"no rule {rule!r}; `ciphertool explain` lists them")
    weakness = f", CWE-{found.cwe}" if found.cwe else ""
    console.out(f"{found.id} {found.name} ({found.level.value}{weakness})")
    console.out(f"\n{found.sentence}\n\n{found.remedy.replace('{id}', found.id)}")


def _subjects(vault: VaultOptions, paths: list[Path]) -> list[Subject]:
    """Return what to audit: each path with the settings it has, or the vault that the options name or find."""
    from ciphertool import settings
    from ciphertool.audit import Subject, is_subject

    if missing := [str(path) for path in paths if not path.exists()]:
        raise ConfigError(f"no such file or directory: {', '.join(missing)}")
    if vault.named or not paths:
        try:
            found = vault.settings()
        except ConfigError:
            if vault.named:
                raise
            return [Subject(Path())]
        return [Subject(path, found) for path in paths] or [Subject(found.root, found)]
    subjects = []
    for path in paths:
        loaded = settings.load(path, vault.overrides()) if is_subject(path) else None
        subjects.append(Subject(loaded.root if loaded else path, loaded))
    return subjects
