"""Which names are those of transient files."""

from __future__ import annotations

import pytest

from ciphertool.files import JOURNAL, is_passing
from ciphertool.files.passing import temporary_name


@pytest.mark.parametrize("name", ["app.yaml", ".env", "a\nb"])
def test_a_journal_and_temporary_files_are_passing(name: str) -> None:
    assert is_passing(JOURNAL)
    assert is_passing(temporary_name(name))


@pytest.mark.parametrize("name", ["app.yaml", f"{JOURNAL}.yaml", "a.ciphertool-0123456789ab", ".a.ciphertool-"])
def test_configuration_is_not(name: str) -> None:
    assert not is_passing(name)
    assert not is_passing(f"{temporary_name('a')}0")
