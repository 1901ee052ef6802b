"""Rewriters of other distributions in several processes: found there, and what goes wrong in them told as ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import workers
from tests.plugins.example import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes also for small files, one to a batch."""
    monkeypatch.setattr(workers, "_SHARE", 1)
    monkeypatch.setattr(workers, "_BATCH", 1)


def _protected(project: Path, run: Run, format_name: str, jobs: int, *options: str) -> Outcome:
    """Protect three files of a format."""
    for name in ("a", "b", "c"):
        (project / f"{name}.{format_name}").write_text(f"PASSWORD=c4n4ry-{name}\n")
    config = project / f"{format_name}.toml"
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    config.write_text(
        f'{settings}[[target]]\nfile = "*.{format_name}"\nselector = "PASSWORD"\n'
        f'alias = "{{stem}}"\nformat = "{format_name}"\n'
    )
    return run("protect", "--config", str(config), "--jobs", str(jobs), *options)


def test_a_format_of_a_plug_in_serves_in_every_process(project: Path, run: Run) -> None:
    outcome = _protected(project, run, "example-env", 2, "--diff")
    assert outcome.status == 0
    assert "+PASSWORD={ciphertool:b}" in outcome.out
    assert (project / "c.example-env").read_text() == "PASSWORD={ciphertool:c}\n"
    assert "c4n4ry" not in outcome.out + outcome.err


def test_what_cannot_be_written_is_told_of_all_files(project: Path, run: Run) -> None:
    alone, together = (_protected(project, run, "narrow", jobs) for jobs in (1, 2))
    assert together == alone
    assert together.status == 3
    for name in ("a", "b", "c"):
        assert f"error: {name}.narrow: PASSWORD: the value cannot be written here: it is narrow" in together.err
    assert "3 problems: nothing was written" in together.err
    assert (project / "a.narrow").read_text() == "PASSWORD=c4n4ry-a\n"


def test_a_process_that_dies_is_an_error_and_nothing_is_written(project: Path, run: Run) -> None:
    outcome = _protected(project, run, "deadly", 2)
    assert outcome.status == 3
    assert "a worker process died" in outcome.err
    assert not (project / "security/vault.properties").exists()
    assert (project / "a.deadly").read_text() == "PASSWORD=c4n4ry-a\n"
    assert _protected(project, run, "deadly", 1).status == 0


def test_what_a_plug_in_raises_is_shown_nowhere(project: Path, run: Run) -> None:
    alone, together = (_protected(project, run, "broken-parse", jobs) for jobs in (1, 2))
    assert together.status == alone.status == 70
    assert "RuntimeError" in together.err
    assert CANARY not in together.err
    assert "c4n4ry" not in together.err
