"""A vault in memory does what one in files does, and the example in the documentation of tests runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ciphertool import ProblemsError, Secret, UnknownAliasError, Vault
from tests.conftest import SECRETS
from tests.walk import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_files_resolve_as_from_the_vault_in_files(protected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    (protected / "security/primary.p12").unlink()
    (protected / "security/vault.properties").unlink()
    vault = Vault.of(SECRETS, protected)
    assert vault.check() == 4
    assert vault.load("conf/app.yaml")["smtp"]["password"] == SECRETS["app.smtp.password"]
    restored = vault.resolve_file("conf/server.xml")
    assert b"c4n4ry-xml-&amp;2" in restored
    assert {alias: secret.reveal() for alias, secret in vault.items()} == SECRETS
    vault.reload()
    vault.close()
    assert vault["app.smtp.password"].reveal() == SECRETS["app.smtp.password"]
    few = Vault.of({"app.smtp.password": "x"}, protected)
    with pytest.raises(ProblemsError) as caught:
        few.check()
    assert {p.alias for p in caught.value.problems if isinstance(p, UnknownAliasError)} == SECRETS.keys() - {*few}
    monkeypatch.setenv("HOST", "db")
    (protected / "conf/other.ini").write_text("[s]\nurl = app:$secret{a}@${env:HOST}/${sys:name}\n")
    filled = Vault.of({"a": "b c"}, define={"name": "n"}).load("conf/other.ini", placeholders=True)
    assert filled["s"]["url"] == "app:b c@db/n"


def test_settings_are_read_only_if_they_are_named(protected: Path) -> None:
    (protected / "ciphertool.toml").write_text("not toml")
    vault = Vault.of({"a": "ü", "empty": ""})
    assert (vault["a"].reveal(), vault["empty"].reveal(), vault.check()) == ("ü", "", 0)
    assert vault.resolve_tree(["x-${sec:a}"]) == ["x-ü"]
    with pytest.raises(UnknownAliasError, match=r"unknown secret alias 'b': \(in memory\) has no such entry"):
        vault["b"]


def test_nothing_of_it_shows_a_value() -> None:
    vault = Vault.of({"one": "c4n4ry-1", "two": Secret("c4n4ry-2")})
    assert vault["two"].reveal() == "c4n4ry-2"
    assert repr(vault) == "<Vault (in memory): 2 secrets, 1 resolved>"
    entries = vault._view.resolver.repository.entries
    assert "c4n4ry" not in f"{vars(vault)!r}{entries!r}{vault._access!r}{vars(vault._access)!r}"
    with pytest.raises(TypeError, match="the value of 'n' is not a str but a bytes") as caught:
        Vault.of({"n": b"c4n4ry"})  # type: ignore[dict-item]
    assert "c4n4ry" not in str(caught.value)


def test_the_example_of_the_documentation_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs/applications.md").read_text(encoding="utf-8")
    section = page.partition("## In tests")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in blocks] == ["conftest.py", "test_app.py"]
    for name, text in blocks:
        (tmp_path / name).write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CIPHERTOOL_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        command, cwd=tmp_path, env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1].split(" in ")[0]) == (0, "1 passed"), done.stdout
