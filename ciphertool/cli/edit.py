"""`ciphertool edit`: a configuration file in an editor with its secrets in clear, or the list of a vault's secrets."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool.changes.plan import join_names
from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, confirm, vault_options
from ciphertool.errors import (
    CipherToolError,
    ConflictError,
    KeystoreUnreadableError,
    NoPasswordError,
    NoPrivateKeyError,
    WriteError,
)

if TYPE_CHECKING:
    from ciphertool.editing import FileEdit, Keys, SecretsEdit
    from ciphertool.editing.workflow import Work
    from ciphertool.settings import Settings


@vault_options
def edit(
    vault: VaultOptions,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A configured file (default: the vault's secrets, as a list)."),
    ] = None,
    references: Annotated[
        bool, typer.Option("--references", help="Show references instead of secrets; no private key is needed.")
    ] = False,
    trust_editor: Annotated[
        bool, typer.Option("--trust-editor", help="Use an editor that may keep copies of what it edits.")
    ] = False,
    on_disk: Annotated[
        bool, typer.Option("--on-disk", help="Let the text lie in a temporary file if no directory is in memory.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Edit a file with its secrets in clear; what changed is encrypted when you leave the editor.

    The editor is the one of VISUAL or EDITOR. The file that it edits is in memory, and is removed afterwards. Without
    the private key, secrets stand as references; what you type in their place is encrypted. Without FILE, it is a list
    of the vault's secrets, to change, add and remove them.

    Examples:
      ciphertool edit conf/app.yaml
      ciphertool edit conf/app.yaml --references
      ciphertool edit
    """
    from ciphertool.editing import FileWork, SecretsWork, editors
    from ciphertool.editing import edit as edit_work
    from ciphertool.editing.session import EndedError, Session
    from ciphertool.run.environment import Rules

    command = editors.quiet(editors.named(os.environ), trusted=trust_editor)
    settings = vault.settings()
    passwords = vault.passwords(settings)
    keys = _keys(vault, settings, references=references)
    work: Work[FileEdit | SecretsEdit] = SecretsWork(settings, keys) if file is None else FileWork(settings, keys, file)
    rules = Rules(passwords=passwords.variables)
    environment = {name: value for name, value in os.environ.items() if not rules.withhold(name)}
    for note in work.notes:
        console.show_note("warning", note)
    person = _Person()
    try:
        with Session(command, environment, in_memory=not on_disk) as session:
            made = edit_work(work, session.edit, again=person.ask_again, dry_run=dry_run)
    except EndedError as ended:
        signal.signal(ended.number, signal.SIG_DFL)
        os.kill(os.getpid(), ended.number)
        raise
    except CipherToolError as error:
        raise typer.Exit(person.dropped(error)) from None
    _report(made, file, done=not dry_run, as_json=as_json)


def _keys(vault: VaultOptions, settings: Settings, *, references: bool) -> Keys:
    """Return the keys of a vault; without its private key, if it is not at hand or not wanted."""
    from ciphertool.editing import Keys
    from ciphertool.vault.opening import VaultAccess

    access = VaultAccess(settings, vault.passwords(settings))
    opener, warnings = None, list[str]()
    if not references:
        try:
            opening = access.to_open(allow_unpadded=True)
            opener, warnings = opening.opener, [*opening.warnings]
        except (KeystoreUnreadableError, NoPasswordError, NoPrivateKeyError) as error:
            if settings.keystore.certificate is None:
                raise
            console.say("note", f"secrets stand as references: {error.message}")
    sealing = access.to_seal(now=datetime.now(UTC))
    for warning in dict.fromkeys((*warnings, *sealing.warnings)):
        console.say("warning", warning)
    return Keys(access.repository, sealing.sealer, opener)


class _Person:
    """Who is asked what to do with an edit that cannot be taken."""

    def __init__(self) -> None:
        self._was_asked = False

    def ask_again(self, error: CipherToolError) -> bool:
        """Report an error on a terminal; return whether to go on with the edit."""
        if not sys.stderr.isatty():
            return False
        self._was_asked = True
        console.show_error(error)
        return bool(confirm("Go on with the edit? Otherwise your changes are dropped.", usual=True))

    def dropped(self, error: CipherToolError) -> int:
        """Report that the edits are dropped, and why; return the exit status."""
        if self._was_asked:
            console.answer_with(console.as_data(error))
        else:
            console.report(error)
        nothing = "" if isinstance(error, WriteError | ConflictError) else "; nothing was written"
        console.say("error", f"the edits are dropped{nothing}")
        return console.status(error)


def _report(made: FileEdit | SecretsEdit | None, file: Path | None, *, done: bool, as_json: bool) -> None:
    changes: dict[str, tuple[str, ...]] = {"changed": (), "added": (), "removed": ()}
    if made is not None:
        changes = {"changed": made.changed, "added": made.added, "removed": made.removed}
        for note in made.notes:
            console.show_note("note", note)
    written = [console.display_path(write.where) for write in made.changes.writes] if made else []
    if as_json:
        path = None if file is None else console.display_path(file)
        console.out_json({"written": done and bool(written), "path": path, **changes})
        return
    if not written:
        console.say("done", "nothing changed; nothing was written", label=False)
        return
    verbs = {"changed": "changed", "added": "added" if file is None else "protected", "removed": "removed"}
    for name, aliases in changes.items():
        if aliases and (name != "removed" or file is None):  # what a file no longer refers to stays in the vault
            verb = verbs[name] if done else f"would be {verbs[name]}"
            console.say("done", f"{verb}: {join_names(aliases)}", label=False)
    console.say("done", f"{'written' if done else 'to write'}: {join_names(written)}", label=False)
    if changes["removed"] and file is None and done:
        console.say("note", "earlier versions of the vault, in git for example, still hold what was removed")
