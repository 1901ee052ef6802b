"""`ciphertool audit` and `explain`: what is protected, what is not, and by which rule."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.audit.reports import Format
from ciphertool.cli import console
from ciphertool.cli import report as reports
from ciphertool.cli.options import Jobs, VaultOptions, cores, vault_options
from ciphertool.cli.why import place_of, show
from ciphertool.errors import ConfigError, NoPasswordError, NoSettingsError, ProblemsError
from ciphertool.findings import Level
from ciphertool.nearest import did_you_mean

if TYPE_CHECKING:
    from ciphertool.audit import Report, Subject
    from ciphertool.audit.baseline import Baseline
    from ciphertool.audit.propose import Proposal
    from ciphertool.audit.rules.base import Rule
    from ciphertool.files.snapshots import Snapshot

_BASELINE = "Baseline"


@vault_options
def audit(
    vault: VaultOptions,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="A home, a configuration, or any directory or file."),
    ] = None,
    home: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="A Carbon home. Repeatable: instances of one product are compared.",
            rich_help_panel="Vault",
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None, typer.Option("--format", "-f", help="The report's format (default: table).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to a file; its suffix determines the format. Repeatable."
        ),
    ] = None,
    fail_on: Annotated[Level, typer.Option(help="Exit with 1 if a finding has at least this level.")] = Level.WARNING,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Ignore the findings that this file accepts.", rich_help_panel=_BASELINE),
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Accept all findings: add them to --baseline.", rich_help_panel=_BASELINE),
    ] = None,
    suppressions: Annotated[
        bool,
        typer.Option(
            "--suppressions/--no-suppressions", help="Use baseline, comments and .gitignore.", rich_help_panel=_BASELINE
        ),
    ] = True,
    decrypt: Annotated[bool, typer.Option("--decrypt", help="Prove that every value decrypts.")] = False,
    history: Annotated[bool, typer.Option("--history", help="Search the git history for the secrets.")] = False,
    staged: Annotated[bool, typer.Option("--staged", help="Audit what the next git commit changes.")] = False,
    write_targets: Annotated[
        bool, typer.Option("--write-targets", help="Print [[target]] tables for the values in clear.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="List every value in the table, even if it is not a secret, with the reason.")
    ] = False,
    why: Annotated[
        str | None,
        typer.Option(metavar="PATH[:LINE]", help="Explain what was found at a place, and why."),
    ] = None,
    jobs: Jobs = None,
) -> None:
    """Report which secrets are protected and which are not. Needs no password and no private key.

    Examples:
      ciphertool audit --home /opt/wso2
      ciphertool audit --home /opt/node1 --home /opt/node2
      ciphertool audit . --output report.html --output report.sarif
      ciphertool audit . --write-targets >> ciphertool.toml
    """
    from ciphertool import audit as workflow
    from ciphertool.audit import baseline as accepting
    from ciphertool.audit import propose

    _check(why=why, write_targets=write_targets, accept=accept, output=output, format=format, as_json=as_json)
    wanted = reports.outputs(output or [], format, as_json=as_json)
    asked = None if why is None else place_of(why)
    ledger = None if accept is None else _baseline(baseline, accept)
    reads_it = baseline is not None and (suppressions or ledger is not None)
    accepted = _accepted(baseline, ledger) if baseline is not None and reads_it else None
    vault = vault._replace(home=home[0]) if home else vault
    subjects = _subjects(vault, paths or [], staged=staged)
    if home and len(home) > 1:
        subjects = _instances(vault, home, alone=not (paths or staged))
    if decrypt:
        subjects = [_with_key(vault, subject, paths or []) for subject in subjects]
    with console.progress() as progress:
        key = accepted.key if accepted else b""
        options = workflow.Options(history, suppressions, jobs or cores(), progress, key)
        report = workflow.audit(subjects, now=datetime.now(UTC), options=options)
    if accepted is not None:
        whole = not staged and all(subject.root.is_dir() for subject in subjects)
        if accept is not None and ledger is not None:
            accepted = _accept(report, ledger, accepted, accept.strip(), whole=whole)
        if suppressions:
            report = accepting.apply(report, accepted, whole=whole)
    if asked is not None:
        show(report, asked, as_json=as_json)
        return
    if write_targets:
        _propose(propose.targets(report, subjects[0].settings if len(subjects) == 1 else None))
        return
    reports.write(report, wanted, everything=everything)
    raise typer.Exit(console.FINDINGS if report.fails(fail_on) else 0)


def _check(**given: object) -> None:
    """Refuse conflicting options before any work is done."""
    alone = {"why": {"as_json"}, "write_targets": set()}
    for option, beside in alone.items():
        others = [name for name, value in given.items() if value and name != option and name not in beside]
        if given[option] and others:
            names = ", ".join(f"--{'json' if name == 'as_json' else name.replace('_', '-')}" for name in others)
            raise typer.BadParameter(f"--{option.replace('_', '-')} writes no report, so it excludes {names}")


def explain(
    rule: Annotated[str | None, typer.Argument(metavar="[RULE]", help="A rule's id or name, as CT004.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Explain a rule of the audit: what it means and what to do. Without a rule, list them all.

    Examples:
      ciphertool explain CT004
    """
    from ciphertool.audit import rules

    if rule is None:
        if as_json:
            console.out_json([_rule(each) for each in rules.RULES])
            return
        for line in console.columns([(r.id, r.level.value, r.name, r.sentence) for r in rules.RULES], sys.stdout):
            console.out(line)
        return
    found = rules.rule(rule)
    if found is None:
        known = [name for each in rules.RULES for name in (each.id, each.name)]
        raise typer.BadParameter(f"no such rule; {did_you_mean(rule, known, '`ciphertool explain` lists them')}")
    if as_json:
        console.out_json(_rule(found))
        return
    weakness = f", CWE-{found.cwe}" if found.cwe else ""
    console.out(f"{found.id} {found.name} ({found.level.value}{weakness})")
    for line in ("", found.sentence, "", _remedy(found)):
        console.out(line, indent="")


def _remedy(rule: Rule) -> str:
    return rule.remedy.replace("{id}", rule.id)


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "rule": rule.id,
        "name": rule.name,
        "level": rule.level.value,
        "cwe": rule.cwe,
        "sentence": rule.sentence,
        "remedy": _remedy(rule),
    }


def _propose(proposal: Proposal) -> None:
    """Print targets to stdout, and their number and what they leave out to stderr."""
    console.out_raw(proposal.tables)
    for reason in proposal.left_out:
        console.say("warning", f"left out: {reason}")
    doubtful = f"; {proposal.doubtful} commented out, each with its reason" if proposal.doubtful else ""
    console.say("note", f"targets: {proposal.certain}{doubtful}")


def _subjects(vault: VaultOptions, paths: list[Path], *, staged: bool) -> list[Subject]:
    """Return what to audit: each path with its settings, or the vault that the options name or find."""
    from ciphertool import git, settings
    from ciphertool.audit import Subject
    from ciphertool.audit.scope.index import index_of

    if missing := [str(path) for path in paths if not path.exists()]:
        hint = f"check the path: it is taken from {Path.cwd()}"
        raise ConfigError(f"no such file or directory: {', '.join(missing)}", hint=hint)
    if vault.named:
        named = vault.settings()
        subjects = [Subject(path, named) for path in paths or [Path.cwd() if staged else named.root]]
    elif paths:
        subjects = [_found(vault, path) if settings.is_configuration(path) else Subject(path) for path in paths]
    else:
        try:
            subjects = [_found(vault, settings.locate())]
        except NoSettingsError:
            subjects = [Subject(Path.cwd())]
        if staged:
            subjects = [replace(subject, root=Path.cwd()) for subject in subjects]
    if not staged:
        return subjects
    return [
        replace(
            subject,
            contents=git.staged(subject.root),
            index=index_of(subject.settings) if subject.settings is not None else None,
        )
        for subject in subjects
    ]


def _instances(vault: VaultOptions, homes: list[Path], *, alone: bool) -> list[Subject]:
    """Return the homes of several instances, each with its own settings."""
    from ciphertool.audit import Subject

    if not alone:
        raise typer.BadParameter("several --home are audited as a whole: they go with no PATH and not with --staged")
    found = [vault._replace(home=home).settings() for home in homes]
    return [Subject(settings.root, settings) for settings in found]


def _found(vault: VaultOptions, path: Path) -> Subject:
    """Return a tree with the settings in it, which were found and not named.

    A file without settings is none: a shell makes it before `audit --write-targets >> ciphertool.toml` begins.
    """
    from ciphertool import settings
    from ciphertool.audit import Subject

    root = (path if path.is_dir() else path.parent).absolute()
    try:
        return Subject(root, *settings.load_found(path, vault.overrides(), audited=True))
    except NoSettingsError:
        return Subject(root)


def _with_key(vault: VaultOptions, subject: Subject, paths: list[Path]) -> Subject:
    """Return a subject with the private key of its vault; password sources of found settings are not used."""
    from ciphertool.vault.opening import VaultAccess

    if subject.refused:
        raise ProblemsError(subject.refused)
    if subject.settings is None:
        raise ConfigError("has no vault with values to decrypt", path=subject.root)
    confined = subject.settings.trust.confined
    try:
        keys = VaultAccess(subject.settings, vault.passwords(None if confined else subject.settings)).to_open()
    except NoPasswordError as error:
        if confined:
            line = console.naming(subject.settings.origin, leaving_out=map(str, paths))
            error.hint = (
                "these settings were found, not named, so their password sources are not used: give the password by "
                f"--password-file or CIPHERTOOL_KEYSTORE_PASSWORD or, if you trust them, {line}"
            )
        raise
    return replace(subject, opener=keys.opener, keystore=keys.keystore)


def _baseline(path: Path | None, reason: str) -> Snapshot:
    """Return the baseline file to write; raise `BadParameter` without a path or a reason."""
    from ciphertool import files

    if path is None or not reason.strip():
        raise typer.BadParameter("--accept needs a reason, and --baseline FILE to write it to")
    return files.destination(path, files.Audience.DIRECTORY)


def _accepted(path: Path, ledger: Snapshot | None) -> Baseline:
    """Return what has been accepted so far; nothing if there is no baseline yet."""
    from ciphertool import files
    from ciphertool.audit import baseline

    before = ledger or files.read(path)
    return baseline.Baseline(before.path) if before.data is None else baseline.read(before)


def _accept(report: Report, before: Snapshot, known: Baseline, reason: str, *, whole: bool) -> Baseline:
    """Write a baseline that accepts the report's findings, and return it."""
    from ciphertool import files
    from ciphertool.audit import baseline
    from ciphertool.changes import commit

    data = baseline.written(report, known, reason, whole=whole).encode()
    commit.output(files.Write(before, data, 0o644, files.Audience.DIRECTORY))
    return baseline.read(before._replace(data=data))


def textconv(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A secret repository in a .properties file.")],
) -> None:
    """Show a secret repository to `git diff`: which aliases changed, without ciphertexts.

    Examples:
      git config diff.ciphertool.textconv "ciphertool textconv"
      echo "vault.properties diff=ciphertool" >> .gitattributes
    """
    from ciphertool import files
    from ciphertool.repository.textconv import describe

    console.out_raw(describe(files.read(file)))
