"""Which names are those of transient files."""

from __future__ import annotations

import pytest

from ciphertool.files import JOURNAL, is_passing
from ciphertool.files.passing import temporary_name


@pytest.mark.parametrize("name", [JOURNAL, temporary_name("app.yaml"), temporary_name(".env"), temporary_name("a\nb")])
def test_a_journal_and_temporary_files_are_passing(name: str) -> None:
    assert is_passing(name)


@pytest.mark.parametrize(
    "name", ["app.yaml", f"{JOURNAL}.yaml", temporary_name("a")[1:], f"{temporary_name('a')}0", ".a.ciphertool-"]
)
def test_configuration_is_not(name: str) -> None:
    assert not is_passing(name)
