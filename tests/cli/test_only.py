"""`protect FILE` and `check FILE`, and what they say of the files that they leave out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.conftest import SERVER_XML

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


def test_a_file_is_protected_and_checked_alone(project: Path, run: Run) -> None:
    outcome = run("protect", "conf/app.yaml")
    assert outcome.status == 0
    assert "note: 1 of 2 files looked at; the others are left as they are\n" in outcome.err
    assert (project / "conf/server.xml").read_text() == SERVER_XML
    again = run("protect", "conf/app.yaml", "--dry-run")
    assert (again.status, "1 of 2 files looked at" in again.err) == (0, True)
    assert run("protect", "--dry-run").status == 1
    (project / "conf/server.xml").write_text("<broken")
    assert run("check").status == 1
    outcome = run("check", "conf/app.yaml")
    assert outcome.status == 0
    assert outcome.err.splitlines() == [
        "note: 1 of 2 files looked at; the others were not checked",
        "2 references in 1 file: all resolve",
    ]
    found = json.loads(run("check", "--json", "conf/app.yaml").out)
    assert (found["references"], found["files"], found["unused"]) == (2, 1, 0)


def test_a_file_without_a_target_is_an_error(project: Path, run: Run) -> None:
    assert "did you mean 'conf/app.yaml'? " in run("protect", "conf/app.yml").err
    assert not (project / "security/vault.properties").exists()
    assert run("protect").status == 0
    for command in ("protect", "check"):
        outcome = run(command, "conf/app.yml")
        assert outcome.status == 3
        assert "conf/app.yml: no target names this file" in outcome.err
