"""Files of Carbon homes, files that hold their vault, and vaults of several recipients are edited like any other."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, editing, settings
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.vault.opening import VaultAccess
from tests.changes.kills import PASSWORD, World, run_forked, worlds

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
_EDITED = {
    "carbon4": ("repository/conf/tomcat/catalina-server.xml", b"c4n4ry-connector", b"password"),
    "deployment.toml": ("conf/deployment.toml", b"c4n4ry-toml-1", b"$secret{database.password}"),
    "envelopes": ("conf/ui.toml", b"c4n4ry-4", b"$secret{ui.db.password}"),
    "one alias": ("conf/two/app.yaml", b"c4n4ry-shared", b'! "${sec:app.db.password}"'),
}
"""Worlds, each with a file of it, a secret there, and what is in its place without the private key."""


@pytest.fixture(scope="module")
def made() -> dict[str, World]:
    return {world.name: world for world in worlds()}


@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize("name", list(_EDITED))
def test_a_value_is_changed_and_nothing_else(
    made: dict[str, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, with_key: bool
) -> None:
    world, root = made[name], tmp_path / "world"
    world.build(root)
    done, _, said = run_forked(root, ["protect", *world.vault], with_key=True)
    assert done == 0, said
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    before = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    path, secret, reference = _EDITED[name]
    found = settings.load(root / "ciphertool.toml" if world.vault[0] == "--config" else root)
    access = VaultAccess(found, PasswordChain((Environment(),)))
    opener = access.to_open(allow_unpadded=True).opener if with_key else None
    keys = editing.Keys(access.repository, access.to_seal(now=datetime.now(UTC)).sealer, opener)
    work = editing.FileWork(found, keys, root / path)
    clear = world.files[path]
    if with_key:
        assert clear.partition(b"[secrets]")[0] == work.text.partition(b"[secrets]")[0]
    else:
        assert work.text == before[path]
    edited = work.text.replace(secret if with_key else reference, b"c4n4ry-new")
    assert edited.count(b"c4n4ry-new") == 1
    result = editing.edit(work, lambda _name, _text: edited)
    assert result is not None
    assert len(result.changed) == 1
    after = {str(each.relative_to(root)): each.read_bytes() for each in root.rglob("*") if each.is_file()}
    changed = {each for each in before | after if before.get(each) != after.get(each) and "-undo/" not in each}
    assert changed == {str(found.storage.name).removeprefix(f"{root}/")}, "the vault alone"
    resolved = Vault.open(root / "ciphertool.toml" if world.vault[0] == "--config" else root)
    assert b"c4n4ry-new" in resolved.resolve_file(root / path)
    assert not any(b"c4n4ry" in after[each] for each in (path, *changed))
