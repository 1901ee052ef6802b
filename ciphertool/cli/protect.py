"""`ciphertool protect`: plan, show, apply."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.changes.plan import PlanState, Take, join_names
from ciphertool.cli import console, undeclared
from ciphertool.cli.options import Jobs, VaultOptions, cores, vault_options

if TYPE_CHECKING:
    from ciphertool.protection import Note, Plan
    from ciphertool.repository import SecretRepository
    from ciphertool.settings import Settings
    from ciphertool.vault.cipher import AnySealer


@vault_options
def protect(
    vault: VaultOptions,
    only: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Protect these files only (default: all).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show the changes as a diff, with every secret as ****.")
    ] = False,
    take: Annotated[Take | None, typer.Option(help="Which value to keep if file and repository differ.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    jobs: Jobs = None,
) -> None:
    """Encrypt the configured secrets and replace them with references.

    If any file has a problem, all problems are reported and nothing is written. A second run changes nothing.

    Examples:
      ciphertool protect --dry-run --diff
      ciphertool protect conf/app.yaml
      ciphertool protect --home /opt/wso2 --password-file /run/secrets/keystore
    """
    from ciphertool import protection
    from ciphertool.changes import commit, view
    from ciphertool.vault.opening import VaultAccess

    settings = vault.settings()
    access = VaultAccess(settings, vault.passwords(settings))
    sealer, warnings = access.to_seal(now=datetime.now(UTC))
    for warning in warnings:
        console.say("warning", warning)
    with nullcontext() if dry_run else commit.begin(settings.anchor) as transaction:

        def attempt() -> tuple[Plan, SecretRepository, list[Note]]:
            repository, files, processes = access.repository(), only or (), jobs or cores()
            with console.progress() as progress:
                plan = protection.plan(
                    settings, repository, sealer, take=take, progress=progress, processes=processes, only=files
                )
            exposures = [] if plan.problems or dry_run else [*view.exposures(plan, repository)]
            if transaction is not None and not plan.problems:
                with console.progress() as progress:
                    transaction.apply(plan.changes, lambda done: progress("writing", done, len(plan.writes)))
            return plan, repository, exposures

        plan, repository, exposures = commit.undisturbed(attempt)
    if plan.problems:
        show(plan, repository, sealer, done=False, diff=False, as_json=as_json)
        raise typer.Exit(console.show_problems(plan.problems, "nothing was written"))
    left = undeclared.warn(settings)
    show(plan, repository, sealer, done=not dry_run, diff=diff, as_json=as_json, left=left)
    for note in exposures:
        console.show_note("warning", note)
    if _is_undeclared(plan, settings, repository):
        raise typer.Exit(undeclared.report(settings))
    if dry_run and not plan.empty:
        raise typer.Exit(console.FINDINGS)


def _is_undeclared(plan: Plan, settings: Settings, repository: SecretRepository) -> bool:
    """Tell whether there is nothing that `protect` could have looked at."""
    return plan.empty and not settings.targets and not repository.entries


def show(
    plan: Plan,
    repository: SecretRepository,
    sealer: AnySealer,
    *,
    done: bool,
    diff: bool,
    as_json: bool,
    left: bool = False,
) -> None:
    """Show what a plan does or did: on stderr, or as JSON on stdout."""
    from ciphertool.changes import view

    for note in plan.notes:
        console.show_note("note", note)
    if as_json:
        console.out_json(plan_data(plan, sealer, done=done))
        return
    if diff:
        console.out_raw(view.diff(plan, repository, console.display_path))
    for item in plan.files:
        if item.sites:
            console.say("head", console.display_path(item.before.path), label=False)
            rows = [(f"  {s.site.line if s.site else '-':>5}", s.alias, _state(s.state, done=done)) for s in item.sites]
            for line in console.columns(rows, sys.stderr):
                console.say("note", line, label=False)
    if plan.problems:
        return
    if plan.empty and not plan.files and not repository.entries:
        return  # what is said of it is no success
    if plan.empty:
        console.say("done", "nothing named is in clear; other values are" if left else "nothing to do", label=False)
    else:
        written = join_names([console.display_path(write.where) for write in plan.writes])
        verb = "encrypted" if done else "to encrypt"
        count = f"{len(plan.encrypted)}, to {sealer.recipient}" if plan.encrypted else "0"
        console.say("done", f"{verb}: {count}", label=False)
        console.say("done", f"{'written' if done else 'to write'}: {written}", label=False)


def _state(state: PlanState, *, done: bool) -> str:
    return (PlanState.PROTECTED if done and state is PlanState.PLANNED else state).value


def plan_data(plan: Plan, sealer: AnySealer, *, done: bool) -> dict[str, object]:
    """Return what the JSON of a plan holds."""
    return {
        "encrypted": list(plan.encrypted),
        "key": {"id": sealer.key_id, "subject": sealer.subject},
        "files": [
            {
                "path": console.display_path(item.before.path),
                "format": item.rewriter.name,
                "sites": [
                    {
                        "selector": site.target.selector if site.site is None else site.site.selector,
                        "alias": site.alias,
                        "line": site.site.line if site.site else None,
                        "state": _state(site.state, done=done),
                    }
                    for site in item.sites
                ],
            }
            for item in plan.files
        ],
        "problems": [console.as_data(problem) for problem in plan.problems],
    }
