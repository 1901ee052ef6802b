"""`edit` is killed at each call of a write: each reference has a secret that decrypts, and the next edit completes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.changes.kills import Fault, run_forked
from tests.conftest import SECRETS
from tests.editing.editing import VAULT, YAML, values

if TYPE_CHECKING:
    from pathlib import Path

_EDITOR = "sed -i -e s/c4n4ry-yaml-1/c4n4ry-new/ -e 's/user: app/user: other/' -e '$a ldap: {password: c4n4ry-ldap}'"
_NEW = {**SECRETS, "app.datasource.password": "c4n4ry-new", "app.ldap.password": "c4n4ry-ldap"}
_FILES = (YAML, VAULT)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_an_edit_that_is_killed_anywhere_loses_nothing(
    protected: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", _EDITOR)
    before = {name: (protected / name).read_bytes() for name in _FILES}
    text = before[YAML].replace(b"user: app", b"user: other") + b'ldap: {password: ! "${sec:app.ldap.password}"}\n'
    number, seen = 0, set[tuple[bool, bool]]()
    while True:
        number += 1
        for name, data in before.items():
            (protected / name).write_bytes(data)
        status = run_forked(protected, ["edit", YAML], with_key=True, fault=Fault(number))[1]
        if not os.WIFSIGNALED(status):
            break
        now = (protected / YAML).read_bytes()
        assert now in (before[YAML], text), f"call {number}"
        known = values(protected)
        assert known.items() >= {**SECRETS, "app.datasource.password": known["app.datasource.password"]}.items()
        assert known["app.datasource.password"] in ("c4n4ry-yaml-1", "c4n4ry-new")
        assert now == before[YAML] or known == _NEW, "no reference without its secret"
        assert not [path for path in protected.rglob("*") if path.is_file() and b"c4n4ry" in path.read_bytes()]
        seen.add((now == text, known == _NEW))
        done, _, said = run_forked(protected, ["protect"], with_key=True)
        assert done == 0, said
        if now == before[YAML]:
            done, _, said = run_forked(protected, ["edit", YAML], with_key=True)
            assert done == 0, said
            assert list(memory.iterdir()) == []
        assert (protected / YAML).read_bytes() == text
        assert values(protected) == _NEW
        assert not [path for path in protected.rglob(".*") if path.is_file() and path.name != ".gitignore"]
    assert status == 0
    assert number > 8
    assert seen == {(False, False), (False, True), (True, True)}
