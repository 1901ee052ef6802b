"""`check` limited to some files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import ProblemsError, Vault
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_only_the_named_files_are_examined(protected: Path) -> None:
    (protected / "conf/server.xml").write_text("<broken")
    vault = Vault.open(protected)
    with pytest.raises(ProblemsError):
        vault.check()
    assert vault.check("conf/app.yaml") == 2
    examined = vault.examine(protected / "conf/app.yaml")
    assert (examined.references, examined.files, dict(examined.unused), vault.skipped) == (2, 1, {}, 1)
    with pytest.raises(ProblemsError):
        vault.check("conf/app.yaml", "conf/server.xml")


def test_a_file_that_is_not_configured_is_refused(protected: Path) -> None:
    (protected / "conf/other.yaml").write_text("a: ${sec:app.smtp.password}\n")
    vault = Vault.open(protected)
    with pytest.raises(ConfigError, match="no target names this file"):
        vault.check("conf/other.yaml")
    assert (vault.check(), vault.skipped) == (4, 0)
