"""`ciphertool add`: a new target, protected at once."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, vault_options
from ciphertool.cli.protect import plan_data, show
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

    from ciphertool.audit.candidates import Candidate
    from ciphertool.files import Snapshot
    from ciphertool.protection import Plan
    from ciphertool.repository import SecretRepository
    from ciphertool.rewriters.base import Document
    from ciphertool.settings import Settings
    from ciphertool.settings.model import Target


@vault_options
def add(
    vault: VaultOptions,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file that holds the value.")],
    selector: Annotated[str, typer.Argument(metavar="SELECTOR", help="Where it is: as `selector` of a target.")],
    alias: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="The secret's alias (default: made from file and selector).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Declare a value as a target in ciphertool.toml, and protect it at once.

    The target is written at the end of the settings. If the file has a problem, nothing is written at all.

    Examples:
      ciphertool add conf/app.yaml '$.payment.api_key'
      ciphertool add conf/server.xml //Connector/@keystorePass --alias server.keystore.password
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
        repository = access.repository()
        before, after, target = _target(settings, repository, file, selector, alias)
        extended = settings._replace(targets=(*settings.targets, target))
        plan = protection.plan(extended, repository, sealer, only=[file])
        if plan.problems:
            show(plan, repository, sealer, done=False, diff=False, as_json=as_json)
            raise typer.Exit(console.show_problems(plan.problems, "nothing was written"))
        plan = _with_settings(plan, before, after)
        exposures = list(view.exposures(plan, repository)) if transaction is not None else []
        if transaction is not None:
            transaction.apply(plan.changes)
    done = transaction is not None
    if as_json:
        declared = {"file": target.file, "selector": target.selector, "alias": target.alias}
        console.out_json({"target": declared, **plan_data(plan, sealer, done=done)})
    else:
        show(plan, repository, sealer, done=done, diff=False, as_json=False)
    for note in exposures:
        console.show_note("warning", note)


def _target(
    settings: Settings, repository: SecretRepository, file: Path, selector: str, alias: str | None
) -> tuple[Snapshot, bytes, Target]:
    """Return the settings file, what it becomes, and the new target."""
    from ciphertool import files, lifecycle, rewriters
    from ciphertool.audit import propose
    from ciphertool.audit.candidates import Candidate
    from ciphertool.settings.targets import Reading, rewriter_of

    before = lifecycle.settings_file(settings)
    if before is None:
        hint = "declare the value there as the product does, and run `ciphertool protect`"
        raise ConfigError("a product's own files declare what is protected", path=settings.origin, hint=hint)
    relative = Path(os.path.relpath(file, settings.root)).as_posix()
    snapshot = files.read(file)
    rewriter = rewriter_of(settings, file, Reading(propose.format_needed(relative)))
    document = rewriters.parse(rewriter, snapshot.bytes, file)
    [found] = document.locate([selector])
    if not isinstance(found, tuple):
        raise found.at(file)
    _require_new(settings, file, document, {site.selector for site in found})
    candidate = Candidate(relative, found[0].line, selector, None)
    if alias is None:
        if len(found) > 1:
            hint = "narrow it, or give them --alias with {key} in it"
            raise ConfigError(f"the selector names {len(found)} values", path=file, line=found[0].line, hint=hint)
        reference = found[0].reference
        [stable] = document.stable_selectors(list(found))
        named = candidate._replace(selector=stable)
        alias = reference.alias if reference else _proposed(settings, repository, named)
    after, target = lifecycle.added(before, propose.table(candidate, alias))
    return before, after, target


def _proposed(settings: Settings, repository: SecretRepository, candidate: Candidate) -> str:
    from ciphertool.audit.naming import aliases
    from ciphertool.runtimes.registry import runtime_of

    taken = {*settings.aliases, *repository.entries}
    return aliases([candidate], taken, runtime_of(settings.kind).separator)[0]


def _require_new(settings: Settings, file: Path, document: Document, selectors: Collection[str]) -> None:
    """Raise `ConfigError` if a target names one of these places of a file already."""
    from ciphertool.settings.targets import named_files

    real = os.path.realpath(file)
    targets = [each for path, found in named_files(settings).files if os.path.realpath(path) == real for each in found]
    for target, found in zip(targets, document.locate([target.selector for target in targets]), strict=True):
        for site in found if isinstance(found, tuple) else ():
            if site.selector in selectors and target.part is None:
                hint = "`ciphertool protect` protects it"
                reason = f"the target of {target.alias} names this value already"
                raise ConfigError(reason, path=file, line=site.line, hint=hint)


def _with_settings(plan: Plan, before: Snapshot, after: bytes) -> Plan:
    """Return a plan that writes the settings first: a run that is killed then leaves what `protect` completes."""
    from ciphertool import files

    if (obstacle := files.obstacle(before)) is not None:
        raise obstacle
    changes = plan.changes
    vault = changes.vault and replace(changes.vault, paths=(*changes.vault.paths, before.real))
    companions = (files.Write(before, after), *changes.companions)
    return replace(plan, changes=replace(changes, companions=companions, vault=vault))
