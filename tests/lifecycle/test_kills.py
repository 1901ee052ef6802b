"""`recipients add` and `remove` are killed at each call of a write: the vault opens, and the same command completes."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import Vault
from tests.changes.kills import Fault, run_forked
from tests.conftest import SECRETS, contents
from tests.lifecycle.conftest import VAULT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.lifecycle.conftest import Somebody


def _values(root: Path) -> dict[str, str]:
    vault = Vault.open(root / "ciphertool.toml")
    vault.check()
    return {alias: vault[alias].reveal() for alias in vault}


def _states(run: Any) -> dict[str, str]:
    return {one["name"] or one["role"]: one["encrypted"] for one in json.loads(run("recipients", "list", "--json").out)}


@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_run_that_is_killed_anywhere_loses_nothing_and_is_completed_by_the_same_command(
    vault: Path, people: Mapping[str, Somebody], run: Any, add: Any, command: str
) -> None:
    assert run("protect").status == 0
    assert add("glass").status == 0
    arguments = ["recipients", "add", "ops", "security/ops.pem", "--fingerprint", people["ops"].fingerprint]
    if command == "remove":
        assert run(*arguments).status == 0
        arguments = ["recipients", "remove", "ops"]
    before = vault.parent / f"before-{command}"
    shutil.copytree(vault, before)
    readers = {"primary": "wholly", "glass": "wholly"} | ({"ops": "wholly"} if command == "add" else {})
    names = set(contents(vault))
    whole = Fault(1 << 30)
    assert run_forked(vault, arguments, with_key=True, fault=whole)[0] == 0
    calls, _ = whole.told()
    assert calls >= 8, "two files are opened, synced, renamed, and their directories synced"
    completed = 0
    for number in range(1, calls + 1):
        for name in ("conf", "security"):
            shutil.rmtree(vault / name)
        shutil.copytree(before, vault, dirs_exist_ok=True)
        assert run_forked(vault, arguments, with_key=True, fault=Fault(number))[0] == -1
        assert _values(vault) == SECRETS, f"after call {number} of {calls}"
        changed = {name for name in ("ciphertool.toml", VAULT)
                   if (vault / name).read_bytes() != (before / name).read_bytes()}  # fmt: skip
        completed += len(changed) == 1
        status, _, said = run_forked(vault, arguments, with_key=True)
        # The last call may come after everything was written: then the name is not a recipient's any more.
        done = command == "remove" and len(changed) == 2
        assert status == (3 if done else 0), said
        assert _values(vault) == SECRETS
        assert _states(run) == readers
        assert run("recipients", "check").status == 0
        if done:
            assert run("set", "x", stdin=b"x").status == 0
        assert set(contents(vault)) == names
    assert completed, "no run was killed between its two files"
