"""The example plug-ins as an installed distribution: module and metadata on the path, as pip puts them there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_MODULE = "ciphertool_example"
_ENTRY_POINTS = """\
[ciphertool.rewriters]
example-env = ciphertool_example:Format
narrow = ciphertool_example:Narrow
deadly = ciphertool_example:Deadly
broken-parse = ciphertool_example:FailsToParse
broken = ciphertool_example:fails

[ciphertool.repositories]
json-vault = ciphertool_example:JsonRepository
bare-vault = ciphertool_example:BareRepository
broken = ciphertool_example:fails
broken-list = ciphertool_example:FailsToList
broken-update = ciphertool_example:FailsToUpdate
absent = ciphertool_example:Absent

[ciphertool.storages]
memory = ciphertool_example:MemoryStorage
broken = ciphertool_example:fails
broken-read = ciphertool_example:FailsToReadStorage

[ciphertool.keystores]
json-keystore = ciphertool_example:read_keystore
broken = ciphertool_example:fails
broken-key = ciphertool_example:read_badly_sealed

[ciphertool.passwords]
fixed = ciphertool_example:Fixed
broken = ciphertool_example:fails
broken-read = ciphertool_example:FailsToRead
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install the example under the name of a distribution."""
    site = tmp_path / "site"
    site.mkdir()
    (site / f"{_MODULE}.py").write_bytes(Path(__file__).with_name("example.py").read_bytes())
    monkeypatch.delitem(sys.modules, _MODULE, raising=False)

    def put(name: str) -> None:
        metadata = site / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(_ENTRY_POINTS)
        monkeypatch.syspath_prepend(str(site))

    return put


@pytest.fixture
def installed(install: Callable[[str], None]) -> None:
    """The example distribution is installed."""
    install(_MODULE)
