"""Lets many writers change one vault at the same time: which change is lost, and what a reader sees amid them.

Each writer is a process. It sets secrets of its own and one that all share, by turns with the program and through the
library. Meanwhile the vault is read, and processes that hold its lock are killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import Vault, lifecycle
from ciphertool import settings as settings_
from ciphertool.changes import commit
from ciphertool.errors import CipherToolError
from ciphertool.keystore.create import CertificateRequest, create_keystore
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.repository import Encrypted
from ciphertool.secret import Secret
from ciphertool.vault.opening import VaultAccess

if TYPE_CHECKING:
    from ciphertool.settings import Settings

PASSWORD = "a keystore password"
SHARED = "shared"
_SHARED_EVERY = 3
_HOLDER_EVERY = 20
_SETTINGS = """\
[keystore]
path = "primary.p12"
alias = "primary"
[repository]
path = "vault.properties"
[encryption]
scheme = "{scheme}"
"""


@dataclass
class Figures:
    """What was tried, and what went wrong."""

    changes: int = 0
    reads: int = 0
    holders: int = 0
    """Processes that were killed while they held the lock."""
    failures: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def fail(self, what: str, about: str) -> None:
        """Count a failure, and keep the first few."""
        self.failures[what] += 1
        if len(self.examples) < 20:
            self.examples.append(f"{what}: {about}")


def write_all(writers: int, changes: int, base: Path, *, scheme: str = "auto") -> Figures:
    """Let so many writers make so many changes each, and return what came of it."""
    os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"] = PASSWORD
    settings = _lay_out(base, scheme)
    _set(settings, SHARED, "before")
    figures = Figures(changes=writers * changes)
    left = {_forked(settings, writer, changes): writer for writer in range(writers)}
    seen: set[str] = set()
    while left:
        seen = _look(settings, seen, figures)
        if figures.reads % _HOLDER_EVERY == 1:
            _kill_a_holder(settings)
            figures.holders += 1
        for number in list(left):
            done, status = os.waitpid(number, os.WNOHANG)
            if done:
                writer = left.pop(number)
                if status:
                    figures.fail("refused", f"writer {writer}: status {os.waitstatus_to_exitcode(status)}")
        time.sleep(0.05)  # the processors are for the writers
    _judge(settings, writers, changes, figures)
    return figures


def _lay_out(base: Path, scheme: str) -> Settings:
    request = CertificateRequest(subject="CN=test", bits=2048)
    (base / "primary.p12").write_bytes(create_keystore(request, "primary", PASSWORD, now=datetime.now(UTC)))
    (base / "ciphertool.toml").write_text(_SETTINGS.format(scheme=scheme))
    return settings_.load(base)


def _plan(writer: int, changes: int) -> list[tuple[str, str]]:
    """Return the aliases that a writer sets, with their values, in order; each own one is set twice."""
    return [
        (SHARED if number % _SHARED_EVERY == 0 else f"own.{writer}.{number // 2}", f"value {writer}-{number}")
        for number in range(changes)
    ]


def _forked(settings: Settings, writer: int, changes: int) -> int:
    """Start a writer; return its process."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        for number, (alias, value) in enumerate(_plan(writer, changes)):
            (_set if (number + writer) % 2 else _run_set)(settings, alias, value)
        status = 0
    except BaseException as error:  # noqa: BLE001 - the process ends here, whatever it is
        sys.stderr.write(f"writer {writer}: {error!r}\n")
    finally:
        os._exit(status)


def _set(settings: Settings, alias: str, value: str) -> None:
    access = VaultAccess(settings, PasswordChain((Environment(),)))
    sealer = access.to_seal(now=datetime.now(UTC)).sealer
    with commit.begin(settings.anchor) as transaction:
        change = lifecycle.put(settings, access.repository(), sealer, {alias: Secret(value)})
        transaction.apply(change.changes)


def _run_set(settings: Settings, alias: str, value: str) -> None:
    program = [sys.executable, "-m", "ciphertool", "set", alias, "--config", str(settings.origin)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    subprocess.run(program, input=value.encode(), env=environment, capture_output=True, check=True)


def _look(settings: Settings, seen: set[str], figures: Figures) -> set[str]:
    """Read the vault as an application does; return its aliases, which no later version lacks."""
    figures.reads += 1
    try:
        vault = Vault.open(settings.origin)
        repository = VaultAccess(settings, PasswordChain((Environment(),))).repository()
        shared = vault[SHARED].reveal()
    except CipherToolError as error:
        figures.fail("torn", str(error))
        return seen
    if not shared.startswith(("before", "value ")):
        figures.fail("torn", f"{SHARED} has another value")
    figures.failures["torn"] += sum(not isinstance(one.stored, Encrypted) for one in repository.entries.values())
    for alias in seen - repository.entries.keys():
        figures.fail("gone", alias)
    return {*repository.entries}


def _kill_a_holder(settings: Settings) -> None:
    """Kill a process that holds the vault's lock."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with commit.begin(settings.anchor):
            os.write(writing, b"!")
            signal.pause()
    os.close(writing)
    held = os.read(reading, 1)
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert held == b"!"


def _judge(settings: Settings, writers: int, changes: int, figures: Figures) -> None:
    """Count the secrets that do not have the last value that was set, and the files that are left."""
    vault = Vault.open(settings.origin)
    last = [dict(_plan(writer, changes)) for writer in range(writers)]
    for plan in last:
        for alias, value in plan.items():
            if alias != SHARED and (alias not in vault or vault[alias].reveal() != value):
                figures.fail("lost", alias)
    if vault[SHARED].reveal() not in [plan[SHARED] for plan in last]:
        figures.fail("lost", SHARED)
    for path in settings.root.iterdir():
        if path.name not in {"primary.p12", "ciphertool.toml", "vault.properties", ".ciphertool-undo"}:
            figures.fail("left behind", path.name)
