"""`ciphertool git-setup` and `merge-driver`: what git does with a vault."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, vault_options

ATTRIBUTES = "merge=ciphertool diff=ciphertool"
"""What `.gitattributes` states of a vault. Without `git-setup`, git merges it line by line as any text."""
_FORMER = ("merge=union", "diff=ciphertool", *ATTRIBUTES.split())
_CONFIGURATION = {
    "merge.ciphertool.name": "ciphertool: secrets alias by alias",
    "merge.ciphertool.driver": "ciphertool merge-driver %O %A %B",
    "diff.ciphertool.textconv": "ciphertool textconv",
}


@vault_options
def git_setup(vault: VaultOptions) -> None:
    """Set up this clone so that git merges the vault alias by alias and shows which aliases changed.

    The commands go into the clone's own configuration, which git does not copy: run this once in each clone. The
    attributes of the vault go into .gitattributes beside it, to be committed. If the settings have `log = true`, git
    keeps the lines of both sides of the log.

    Examples:
      ciphertool git-setup
    """
    from ciphertool import files, git
    from ciphertool.changes import commit
    from ciphertool.changes.log import log_path

    settings = vault.settings()
    repository = settings.repository
    for name, value in _CONFIGURATION.items():
        git.configure(repository.parent, name, value)
    before = files.read_if_there(repository.parent / ".gitattributes")
    after = _attributes(before.bytes.decode("utf-8", "surrogateescape"), repository.name, ATTRIBUTES)
    if settings.repository_settings.log:
        after = _attributes(after, log_path(repository).name, "merge=union")
    if after.encode("utf-8", "surrogateescape") != before.bytes:
        data = after.encode("utf-8", "surrogateescape")
        commit.output(files.Write(before, data, 0o644, files.Audience.DIRECTORY))
        console.say("done", f"written: {console.display_path(before.path)}", label=False)
    console.say(
        "done", f"git merges and shows {console.display_path(repository)} alias by alias in this clone", label=False
    )


def _attributes(text: str, name: str, attributes: str) -> str:
    """Return the text with a file's attributes in place of those that this or a former version wrote."""
    kept = []
    for line in text.splitlines(keepends=True):
        words = line.split()
        if words[:1] == [name]:
            words = [word for word in words[1:] if word not in _FORMER]
            if not words:
                continue
            line = f"{name} {' '.join(words)}\n"
        kept.append(line)
    if kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    return f"{''.join(kept)}{name} {attributes}\n"


def merge_driver(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="The common ancestor (%O).")],
    ours: Annotated[Path, typer.Argument(metavar="OURS", help="Our version, which becomes the result (%A).")],
    theirs: Annotated[Path, typer.Argument(metavar="THEIRS", help="Their version (%B).")],
) -> None:
    """Merge two versions of a vault, for git: alias by alias, without any key.

    Exits with 1 if there is a conflict: one alias that both sides changed stands in the file with both values.

    Examples:
      git config merge.ciphertool.driver "ciphertool merge-driver %O %A %B"
    """
    from ciphertool import files, git
    from ciphertool.changes import commit
    from ciphertool.errors import CipherToolError
    from ciphertool.repository.merging import merge

    before = files.read(ours)
    try:
        merged = merge(files.read(base).bytes, before.bytes, files.read(theirs).bytes, ours)
    except CipherToolError as error:
        console.say("warning", f"merged line by line: {error}")
        raise typer.Exit(int(git.merge_lines(ours, base, theirs))) from None
    commit.output(files.Write(before, merged.data, 0o644))
    for conflict in merged.conflicts:
        console.say("warning", conflict)
    if merged.conflicts:
        raise typer.Exit(1)
