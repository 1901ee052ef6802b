"""`ciphertool rotate` of several vaults: all planned, all proved, then one after the other written."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.cli import console, rotation
from ciphertool.errors import CipherToolError, ProblemsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ciphertool.cli.options import VaultOptions
    from ciphertool.cli.rotation import Job, Proved, Target
    from ciphertool.settings import Settings

ROTATED, PLANNED, ALREADY, FAILED = "rotated", "to rotate", "already", "failed"


class Vault(NamedTuple):
    """One of several vaults: how the command line names it, and the options that do."""

    name: Path
    options: VaultOptions


class _Ready(NamedTuple):
    settings: Settings
    job: Job
    proved: Proved
    seconds: float


class _Outcome(NamedTuple):
    vault: Vault
    state: str
    secrets: int
    seconds: float
    error: CipherToolError | None = None

    def as_data(self) -> dict[str, object]:
        return {
            "home": console.display_path(self.vault.name),
            "status": 0 if self.error is None else console.status(self.error),
            "state": self.state,
            "changed": self.state == ROTATED,
            "secrets": self.secrets,
            "seconds": round(self.seconds, 3),
            "error": None if self.error is None else console.as_data(_first(self.error)),
        }


class Run:
    """One run over several vaults. What keeps one of them from being rotated leaves the others."""

    def __init__(self, target: Target | None, transformation: str | None, *, dry_run: bool, as_json: bool) -> None:
        self._target, self._transformation = target, transformation
        self._dry_run, self._as_json = dry_run, as_json
        self._outcomes: list[_Outcome] = []

    def rotate(self, vaults: Sequence[Vault], confirm: Callable[[Settings], None]) -> int:
        """Rotate all; return the status of the first that failed, else 0. `confirm` is asked once all are proved."""
        ready: dict[Vault, _Ready] = {}
        for vault in vaults:
            found = self._try(vault, self._prepare)
            if found is not None:
                ready[vault] = found
        for each in ready.values():
            confirm(each.settings)
        for vault, each in ready.items():
            if self._dry_run:
                self._say(_Outcome(vault, PLANNED, len(each.proved.aliases), each.seconds))
            else:
                self._try(vault, lambda vault, each=each: self._write(vault, each))  # type: ignore[misc]  # lambda
        if not self._as_json:
            self._table()
        return next((console.status(one.error) for one in self._outcomes if one.error is not None), 0)

    def _try(self, vault: Vault, work: Callable[[Vault], _Ready | None]) -> _Ready | None:
        begun = time.monotonic()
        try:
            return work(vault)
        except CipherToolError as error:
            if not self._as_json:
                console.show_error(error)
            self._say(_Outcome(vault, FAILED, 0, time.monotonic() - begun, error))
            return None

    def _prepare(self, vault: Vault) -> _Ready | None:
        """Open and prove one vault; None if there is nothing to do."""
        from ciphertool.lifecycle import product_move

        begun = time.monotonic()
        settings = vault.options.settings()
        completed: tuple[str, ...] = ()
        if product_move.is_unfinished(settings):
            completed = rotation.finish(settings, dry_run=self._dry_run)
            settings = vault.options.settings()
        if self._is_done(settings, completed):
            self._say(_Outcome(vault, ROTATED if completed else ALREADY, len(completed), time.monotonic() - begun))
            return None
        passwords = vault.options.passwords(settings, console.display_path(vault.name))
        job = rotation.job_for(settings, self._target, self._transformation, passwords)
        for warning in job.warnings:
            console.say("warning", warning)
        with console.progress() as progress:
            proved = job.prove(progress)
        return _Ready(settings, job, proved, time.monotonic() - begun)

    def _is_done(self, settings: Settings, completed: tuple[str, ...]) -> bool:
        if self._target is None and self._transformation is None:
            return bool(completed)
        return rotation.is_done(settings, self._target, self._transformation)

    def _write(self, vault: Vault, ready: _Ready) -> None:
        from ciphertool.changes import commit

        begun = time.monotonic()
        with commit.begin(ready.settings.anchor) as transaction:
            ready.job.write(transaction)
        for note in ready.job.notes():
            console.say("note", f"{console.display_path(vault.name)}: {note}")
        seconds = ready.seconds + time.monotonic() - begun
        self._say(_Outcome(vault, ROTATED, len(ready.proved.aliases), seconds))

    def _say(self, outcome: _Outcome) -> None:
        self._outcomes.append(outcome)
        if self._as_json:
            console.out_json_line(outcome.as_data())

    def _table(self) -> None:
        rows = [
            (console.display_path(one.vault.name), one.state, f"{one.secrets:,}", _reason(one.error))
            for one in self._outcomes
        ]
        for line in console.columns(rows, sys.stdout):
            console.out(line.rstrip())


def _first(error: CipherToolError) -> CipherToolError:
    return error.problems[0] if isinstance(error, ProblemsError) and error.problems else error


def _reason(error: CipherToolError | None) -> str:
    return "" if error is None else _first(error).message
