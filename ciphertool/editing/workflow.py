"""An edit from its beginning to what is written. Knows no editor and asks nobody: both are functions that it calls."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol, TypeVar

from ciphertool.changes import commit
from ciphertool.errors import CipherToolError, ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ciphertool.changes.changeset import ChangeSet
    from ciphertool.changes.plan import Note


class Edited(Protocol):
    """What an edit changes."""

    @property
    def changes(self) -> ChangeSet:
        """What is written."""


MadeT = TypeVar("MadeT", bound=Edited, covariant=True)


class Work(Protocol[MadeT]):
    """Something to edit."""

    @property
    def name(self) -> str:
        """The name of a file that holds it; its suffix states its syntax."""

    @property
    def text(self) -> bytes:
        """What is edited."""

    @property
    def anchor(self) -> Path:
        """The file beside which runs of the vault keep others from writing."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What a person should know before editing."""

    def plan(self, edited: bytes) -> MadeT:
        """Return what the edited text changes; raise a `CipherToolError` if it cannot be taken."""

    def renew(self, edited: bytes) -> bytes:
        """Read again what has changed meanwhile; return the text to edit next, with the edits in it."""


def edit(
    work: Work[MadeT],
    editor: Callable[[str, bytes], bytes],
    *,
    again: Callable[[CipherToolError], bool] = lambda _: False,
    dry_run: bool = False,
) -> MadeT | None:
    """Let an editor change a text, and write what that means; return None if the text is as it was.

    `editor` is called with a file name, which states the syntax, and the text, and returns the edited one. If that
    cannot be taken, `again` decides whether to edit it again; otherwise the error is raised, and nothing was written
    unless it is a `WriteError` that says so. With `dry_run` nothing is written.
    """
    text = work.text
    while True:
        try:
            text = editor(work.name, text)
            if text == work.text:
                return None
            with nullcontext() if dry_run else commit.begin(work.anchor) as transaction:
                made = work.plan(text)
                if transaction is not None:
                    transaction.apply(made.changes)
            return made
        except CipherToolError as error:
            if not again(error):
                raise
            if isinstance(error, ConflictError):
                text = work.renew(text)
