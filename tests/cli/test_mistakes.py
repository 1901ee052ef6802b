"""Each mistake is answered with its status, in words that say what is wrong, where, why, and what to do."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.mistakes import Mistake, lay_out, mistakes, needs
from tests.walk import matches

if TYPE_CHECKING:
    from pathlib import Path

ALL = mistakes()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, keystore_bytes: bytes) -> Path:
    """A protected project, made once."""
    return lay_out(tmp_path_factory.mktemp("mistakes") / "project", keystore_bytes)


def test_the_table_is_whole() -> None:
    assert len(ALL) >= 92
    assert len({mistake.name for mistake in ALL}) == len(ALL)


@pytest.mark.parametrize("mistake", ALL, ids=lambda mistake: mistake.name)
def test_a_mistake_is_answered(mistake: Mistake, made: Path, tmp_path: Path) -> None:
    if missing := needs(mistake):
        pytest.skip(f"needs {missing}")
    project = tmp_path / "project"
    shutil.copytree(made, project)
    answer = mistake.make(project)
    assert answer.status == mistake.answer.status, answer.output
    assert matches(mistake.answer.output, answer.output), answer.output
    assert answer.status == 0 or "c4n4ry" not in answer.output
