"""Expressions of found settings outside an audit: tried, and stopped in time."""

from __future__ import annotations

import gc
import json
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from ciphertool import protection, settings
from ciphertool.engine import Encryptor
from ciphertool.engine.schemes import DEFAULT
from ciphertool.errors import FoundSettingsError
from ciphertool.repository import open_repository
from ciphertool.settings import confined
from ciphertool.vault.cipher import Sealer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

ENDLESS = "selector = '$.x[?count($..*) < 0]'\nfile = 'a.json'"
EXPRESSIONS = {
    "part": 'selector = "k"\nfile = "a.properties"\npart = "^(?P<secret>a+)$"',
    "line": 'selector = "^k=(?P<secret>a+)$"\nfile = "a.properties"\nformat = "lines"',
}


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    """Collect no garbage meanwhile: Hypothesis watches that, and pytest reports what is raised there and gets lost."""
    gc.disable()
    yield
    gc.enable()


def _target(project: Path, lines: str, more: str = "") -> None:
    (project / "a.properties").write_text(f"k={'a' * 60}\n")
    (project / "a.json").write_text(json.dumps({"x": {f"k{number}": "a" for number in range(5000)}}))
    path = project / "ciphertool.toml"
    path.write_text(f'{path.read_text()}\n[[target]]\nalias = "endless"\n{lines}\n{more}\n')


def test_a_selector_that_takes_for_ever_is_stopped(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "SECONDS", 0.3)
    _target(project, ENDLESS)
    before = {path: path.read_bytes() for path in (project / "conf").iterdir()}
    told = run("protect")
    assert told.status == 3
    assert "the target 'endless' has an expression that takes more than 0.3 s of processor time" in told.err
    assert "hint: if you trust these settings, name them: ciphertool protect --config ciphertool.toml" in told.err
    assert {path: path.read_bytes() for path in (project / "conf").iterdir()} == before
    assert signal.getsignal(signal.SIGVTALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_the_time_is_for_all_files_together(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "SECONDS", 0.3)
    for number in range(20):
        (project / f"a{number}.json").write_text('{"x": {"k": "a"}}')
    _target(project, ENDLESS.replace("a.json", "a*.json"))
    for path in project.glob("a*.json"):
        path.write_bytes((project / "a.json").read_bytes())
    told = run("protect")
    assert told.status == 3
    assert told.err.count("takes more than 0.3 s of processor time") == 21


@pytest.mark.usefixtures("project")
def test_what_gets_lost_while_it_is_raised_is_raised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "SECONDS", 0.05)
    found = settings.load()
    slow = found.targets[0]._replace(selector="$.x[?count($..*) < 0]")
    lost = 0

    def search() -> None:
        nonlocal lost
        with confined.Patience(found.origin, found.trust).bounded([slow]):
            while True:
                try:
                    sum(range(1000))
                except BaseException:
                    lost += 1
                    if lost == 3:
                        raise

    with pytest.raises(FoundSettingsError):
        search()
    assert lost == 3


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_is_for_settings_that_were_named(project: Path, run: Run, name: str) -> None:
    _target(project, EXPRESSIONS[name])
    before = (project / "a.properties").read_bytes()
    told = run("protect")
    assert told.status == 3
    assert "the target 'endless' has a regular expression; these settings were found, not named" in told.err
    assert "hint: if you trust these settings, name them: ciphertool protect --config ciphertool.toml" in told.err
    assert "'endless' of this vault has a regular expression; not looked at" in run("audit", ".", "--format", "csv").out
    assert (project / "a.properties").read_bytes() == before
    assert run("protect", "--config", "ciphertool.toml").status == 0
    assert b"aaa" not in (project / "a.properties").read_bytes()
    assert run("check").status == 0
    assert run("resolve", "a.properties").out.encode() == before


def test_what_nothing_could_stop_is_refused(project: Path, key: RSAPrivateKey) -> None:
    _target(project, ENDLESS)
    found = settings.load()
    problems: list[object] = []

    def plan() -> None:
        repository = open_repository(found.kind, found.repository)
        sealer = Sealer(DEFAULT, True, Encryptor(key.public_key()))
        problems.extend(protection.plan(found, repository, sealer).problems)

    thread = threading.Thread(target=plan)
    thread.start()
    thread.join()
    (problem,) = problems
    assert isinstance(problem, FoundSettingsError)
    assert "could not be stopped here" in problem.message


@pytest.mark.parametrize("file", ["*/*/*/*/a.json", "*/../a.json", "**/x/**/a.json"])
def test_a_pattern_that_may_take_long_is_refused_unless_it_is_named(project: Path, run: Run, file: str) -> None:
    _target(project, f"selector = '$.x.k1'\nfile = \"{file}\"", "optional = true")
    told = run("protect")
    assert told.status == 3
    assert "the target 'endless' has an expression that may take long" in told.err
    assert run("protect", "--config", "ciphertool.toml").status == 0
