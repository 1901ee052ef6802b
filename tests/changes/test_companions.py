"""What a Carbon home needs beside its repository is written before it: at each point, what is there can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, files
from tests.homes import STORE_PASSWORD, lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ciphertool.files import Write
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

TOML = '[a]\np = "$secret{a.p}"\n[secrets]\n"a.p" = "[c4n4ry-1]"\n'
XML = {
    "user-mgt.xml": "<a><p>c4n4ry-1</p></a>\n",
    "security/cipher-tool.properties": "a.p=repository/conf/user-mgt.xml//a/p,false\n",
}


@pytest.mark.parametrize("done", range(4))
@pytest.mark.parametrize("home_files", [{"deployment.toml": TOML}, XML], ids=["toml", "xml"])
def test_a_new_vault_survives_a_stop_after_each_of_its_files(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, home_files: dict[str, str | bytes], done: int
) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", STORE_PASSWORD)
    home = lay_out(tmp_path / "home", home_files)
    real, stopped = files.write_all, []

    def stop(writes: Sequence[Write], *rest: Callable[[int], None]) -> None:
        if len(writes) == 1:  # the journal
            return real(writes, *rest)
        real(writes[:done], *rest)
        stopped.append(len(writes))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_all", stop)
        run("protect", "--home", str(home))
    assert [count >= 2 for count in stopped] == [True]
    assert run("protect", "--home", str(home)).status == 0
    assert Vault.open(home)["a.p"].reveal() == "c4n4ry-1"
    assert run("check", "--home", str(home)).status == 0
