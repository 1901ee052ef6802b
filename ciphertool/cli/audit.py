"""`ciphertool audit` and `explain`: what is protected, what is not, and by which rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.audit.model import Level
from ciphertool.audit.reports import Format
from ciphertool.cli import console
from ciphertool.cli.options import Jobs, VaultOptions, cores, vault_options
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from ciphertool.audit import Report, Subject

_SUFFIXES = {
    ".cdx.json": Format.CBOM,  # CycloneDX's own; before the suffix that it ends with
    ".json": Format.JSON,
    ".sarif": Format.SARIF,
    ".html": Format.HTML,
    ".csv": Format.CSV,
    ".md": Format.MARKDOWN,
}
_BASELINE = "Baseline"


@vault_options
def audit(
    vault: VaultOptions,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="A home, a configuration, or any directory or file."),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None, typer.Option("--format", "-f", help="How the report is written (default: table).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write here instead; the suffix tells the format. Repeatable."
        ),
    ] = None,
    fail_on: Annotated[Level, typer.Option(help="Exit with 1 if a finding is at least as grave.")] = Level.WARNING,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Accepted findings; new ones count.", rich_help_panel=_BASELINE),
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Accept what is found: write it to --baseline.", rich_help_panel=_BASELINE),
    ] = None,
    suppressions: Annotated[
        bool,
        typer.Option(
            "--suppressions/--no-suppressions", help="Heed baseline, comments, .gitignore.", rich_help_panel=_BASELINE
        ),
    ] = True,
    decrypt: Annotated[bool, typer.Option("--decrypt", help="Prove with the private key that all decrypts.")] = False,
    history: Annotated[bool, typer.Option("--history", help="Look for the secrets in the git history.")] = False,
    staged: Annotated[bool, typer.Option("--staged", help="Audit what the next git commit changes.")] = False,
    write_targets: Annotated[
        bool, typer.Option("--write-targets", help=r"Print [\[target]] tables for what was found in clear.")
    ] = False,
    jobs: Jobs = None,
) -> None:
    """Tell which secrets are protected, which are not, and how sure that is. Needs no password and no private key.

    [bold]Examples[/bold]

    ciphertool audit --home /opt/wso2

    ciphertool audit . --output report.html --output report.sarif

    ciphertool audit . --write-targets >> ciphertool.toml
    """
    from ciphertool import audit as workflow
    from ciphertool.audit import propose, suppress

    subjects = _subjects(vault, paths or [], staged=staged)
    if decrypt:
        subjects = [_with_key(vault, subject) for subject in subjects]
    with console.progress() as progress:
        options = workflow.Options(history, suppressions, jobs or cores(), progress)
        report = workflow.audit(subjects, now=datetime.now(UTC), options=options)
    if accept is not None:
        _accept(report, baseline, accept)
    if baseline is not None and suppressions:
        report = suppress.apply_baseline(report, suppress.read_baseline(baseline))
    if write_targets:
        proposal = propose.targets(report)
        console.out_raw(proposal.tables)
        for reason in proposal.left_out:
            console.say("warning", reason)
        return
    _write(report, Format.JSON if as_json else format, output or [])
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


def _subjects(vault: VaultOptions, paths: list[Path], *, staged: bool) -> list[Subject]:
    """Return what to audit: each path with the settings it has, or the vault that the options name or find."""
    from ciphertool import git, settings
    from ciphertool.audit import Subject, is_subject
    from ciphertool.audit.index import index_of

    if missing := [str(path) for path in paths if not path.exists()]:
        raise ConfigError(f"no such file or directory: {', '.join(missing)}")
    if vault.named or not paths:
        found = None
        try:
            found = vault.settings()
        except ConfigError:
            if vault.named:
                raise
        default = [found.root if found and not staged else Path.cwd()]
        subjects = [Subject(path, found) for path in paths or default]
    else:
        loaded = [(path, settings.load(path, vault.overrides()) if is_subject(path) else None) for path in paths]
        subjects = [Subject(found.root if found else path, found) for path, found in loaded]
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


def _with_key(vault: VaultOptions, subject: Subject) -> Subject:
    from ciphertool.primary import open_to_audit

    if subject.settings is None:
        raise ConfigError("has no vault whose values could be decrypted", path=subject.root)
    cipher, keystore = open_to_audit(subject.settings, vault.passwords(subject.settings))
    return replace(subject, cipher=cipher, keystore=keystore)


def _accept(report: Report, baseline: Path | None, reason: str) -> None:
    from ciphertool import files
    from ciphertool.audit import suppress

    if baseline is None or not reason.strip():
        raise typer.BadParameter("--accept needs a reason, and --baseline FILE to write it to")
    before = files.read_if_there(baseline)
    known = suppress.read_baseline(baseline) if before.data is not None else {}
    text = suppress.baseline_of(report, reason.strip(), known)
    files.write_all([files.Write(before, text.encode(), mode=0o644)])


def _write(report: Report, format: Format | None, outputs: list[Path]) -> None:  # noqa: A002 - as above
    """Write the report to each output, in the format that is named or its suffix tells, or to stdout."""
    from ciphertool import files
    from ciphertool.audit.reports import render

    if not outputs:
        console.out_raw(render(report, format or Format.TABLE), commands=format is Format.GITHUB)
        return
    writes = []
    for path in outputs:
        chosen = next((named for suffix, named in _SUFFIXES.items() if path.name.lower().endswith(suffix)), format)
        if chosen is None:
            raise typer.BadParameter(f"--output {path}: name its format with --format")
        writes.append(
            files.Write(files.read_if_there(path), render(report, chosen).encode("utf-8", "replace"), mode=0o644)
        )
    files.write_all(writes)


def textconv(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A secret repository in a .properties file.")],
) -> None:
    """Show a secret repository's aliases for `git diff`: which of them changed, and no ciphertext.

    [bold]Examples[/bold]

    git config diff.ciphertool.textconv "ciphertool textconv"

    echo "vault.properties diff=ciphertool" >> .gitattributes
    """
    from ciphertool import files
    from ciphertool.audit.textconv import describe

    console.out_raw(describe(files.read(file)))
