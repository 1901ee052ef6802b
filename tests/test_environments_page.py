"""docs/environments.md is run as it stands: two vaults for one file, and each resolves to its own value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.walk import matches, shell, steps

if TYPE_CHECKING:
    from pathlib import Path

_APP = 'datasource:\n  username: orders\n  password: "kX9!tea-for-two"   # of the database\n'


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    root = tmp_path / "app"
    (root / "conf").mkdir(parents=True)
    (root / "conf/app.yaml").write_text(_APP)
    found = steps("docs/environments.md")
    assert len(found) == 13
    for command, expected in found:
        status, output = shell(command, root, "a keystore password")
        assert matches(expected, output), f"$ {command}\n{output}"
        assert status == int(command.endswith("-c tea-for-two")), command  # grep finds none
    vaults = [(root / name).read_text() for name in ("security/vault.properties", "prod/security/vault.properties")]
    assert [text.partition("=ENC[")[0] for text in vaults] == ["app.datasource.password"] * 2
    assert vaults[0] != vaults[1]
