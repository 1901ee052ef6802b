"""Files protected by several processes: the same plan, and no secret where others could read it."""

from __future__ import annotations

import multiprocessing
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import protection, settings, workers
from ciphertool.changes.workbench import Workbench
from ciphertool.passwords import Environment, PasswordChain, PasswordFile
from ciphertool.repository import open_repository
from ciphertool.vault.opening import VaultAccess
from ciphertool.workers import no_progress
from tests.conftest import APP_YAML

if TYPE_CHECKING:
    from ciphertool.protection import Plan
    from ciphertool.workers import Progress

TARGETS = """
[[target]]
file = "many/*.yaml"
selector = "$.password"
alias = "{stem}"

[[target]]
file = "many/*.yaml"
selector = "$.url"
alias = "{stem}.url"
part = "password"
optional = true
"""
WRONG = """
[[target]]
file = "many/*.yaml"
selector = "$.absent"
alias = "{stem}.absent"

[[target]]
file = "many/*.yaml"
selector = "$.port"
alias = "one-for-all"

[[target]]
file = "many"
selector = "$.a"
alias = "a"

[[target]]
file = "nowhere.yaml"
selector = "$.a"
alias = "a"

[[target]]
file = "many/3.yaml"
selector = "$.password"
alias = "another"
"""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes also for small files, two to a batch."""
    monkeypatch.setattr(workers, "_SHARE", 1)
    monkeypatch.setattr(workers, "_BATCH", 120)


@pytest.fixture
def many(project: Path) -> Path:
    """A project with more files, of which one is protected in part, and one has a placeholder."""
    (project / "many").mkdir()
    for number in range(9):
        url = f"url: https://app:c4n4ry-url-{number}@example.org/\n" if number % 2 else ""
        (project / f"many/{number}.yaml").write_text(f"password: c4n4ry-{number}  # Ünïcödé\nport: {number}\n{url}")
    (project / "many/9.yaml").write_text("password: ${PASSWORD}\nurl: '${sec:9.url}'\n")
    (project / "many/server.xml").write_text("<a password='c4n4ry-xml'/>")
    with (project / "ciphertool.toml").open("a") as file:
        file.write(TARGETS + '[[target]]\nfile = "many/server.xml"\nselector = "//@password"\nalias = "server"\n')
    (project / "security/vault.properties").write_text("9.url=[c4n4ry-kept]\n")
    return project


def _plan(project: Path, processes: int, progress: Progress = no_progress) -> Plan:
    loaded = settings.load(project)
    cipher = VaultAccess(loaded, PasswordChain((Environment(),))).to_seal(now=datetime.now(UTC)).sealer
    repository = open_repository(loaded.kind, loaded.repository)
    return protection.plan(loaded, repository, cipher, progress=progress, processes=processes)


def _files(plan: Plan) -> list[tuple[object, ...]]:
    return [(file.before, file.rewriter.name, file.codec, file.sites, file.after) for file in plan.files]


def _told(plan: Plan) -> list[tuple[object, ...]]:
    return [(type(problem), str(problem), problem.hint) for problem in plan.problems]


def test_the_plan_is_the_same(many: Path) -> None:
    told: list[tuple[str, int, int]] = []
    alone = _plan(many, 1, lambda *step: told.append(step))
    told_alone = told.copy()
    told.clear()
    together = _plan(many, 2, lambda *step: told.append(step))
    assert told == told_alone
    assert {step for step, _, _ in told} == {"reading", "encrypting", "rewriting"}
    assert together.problems == alone.problems == ()
    assert _files(together) == _files(alone)
    assert together.notes == alone.notes
    assert len(together.notes) > 4
    assert together.encrypted == alone.encrypted
    assert len(together.encrypted) == 19
    repository, *configuration = together.writes
    assert configuration == list(alone.writes[1:])
    assert len(configuration) == 12
    assert repository.before == alone.writes[0].before


def test_the_problems_are_the_same(many: Path) -> None:
    (many / "many/2.yaml").write_text("a: [c4n4ry")
    (many / "many/5.yaml").write_bytes(b"password: \xff\n")
    (many / "many/6.yaml").write_text("password: {c4n4ry: 1}\n")
    (many / "many/7.yaml").write_text("password: ${sec:unknown}\n")
    with (many / "ciphertool.toml").open("a") as file:
        file.write(WRONG)
    alone, together = _plan(many, 1), _plan(many, 2)
    assert _told(together) == _told(alone)
    assert _files(together) == _files(alone)
    assert together.notes == alone.notes
    assert together.writes == alone.writes == ()
    told = "\n".join(str(problem) for problem in together.problems)
    for expected in (
        "many/2.yaml:",
        "many/5.yaml:1: not utf-8 text",
        "many/6.yaml",
        "many/7.yaml",
        "many: cannot be read: ",
        "nowhere.yaml: $.a: no such file",
        "$.absent: matches nothing",
        "one alias for different values",
        "two targets call it '3' and 'another'",
    ):
        assert expected in told
    assert "c4n4ry" not in told


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="asks Linux how processes were started")
def test_no_secret_is_in_an_argument_or_in_the_environment(many: Path) -> None:
    seen = []

    def look(step: str, *_: int) -> None:
        for process in multiprocessing.active_children():
            started = Path(f"/proc/{process.pid}")
            seen.append((step, (started / "cmdline").read_bytes() + (started / "environ").read_bytes()))

    assert _plan(many, 2, look).problems == ()
    assert {step for step, _ in seen} == {"reading", "encrypting", "rewriting"}
    assert b"c4n4ry" not in b"".join(text for _, text in seen)
    assert multiprocessing.active_children() == []


def test_where_passwords_come_from_stays_here(many: Path) -> None:
    loaded = settings.load(many)._replace(password_sources=(PasswordFile(many / "c4n4ry-file"),))
    assert b"c4n4ry" in pickle.dumps(loaded)
    assert b"c4n4ry" not in pickle.dumps(Workbench(loaded))


def test_a_file_is_read_once_whatever_its_names(project: Path) -> None:
    (project / "conf/link.yaml").symlink_to("app.yaml")
    with (project / "ciphertool.toml").open("a") as file:
        file.write('[[target]]\nfile = "conf/*.yaml"\nselector = "$.smtp.port"\nalias = "port"\n')
    plan = _plan(project, 2)
    assert [file.before.path.name for file in plan.files] == ["app.yaml", "server.xml"]
    assert [write.data for write in plan.writes if write.before.path.name == "app.yaml"] == [
        APP_YAML.replace('"c4n4ry-yaml-1"', '"${sec:app.datasource.password}"')
        .replace("'c4n4ry''yaml-2'", "'${sec:app.smtp.password}'")
        .replace("25", '! "${sec:port}"')
        .encode()
    ]
