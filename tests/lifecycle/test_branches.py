"""Recipients and branches: what git merges opens wholly, and what differs from the settings afterwards is told."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import Vault
from tests.conftest import SECRETS
from tests.lifecycle.conftest import SETTINGS, VAULT, as_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lifecycle.conftest import Somebody

_ADDED = {"early": ("app.aaa.password", "aaa:\n  password: c4n4ry-early\n"),
          "late": ("zoo.zzz.password", "zzz:\n  password: c4n4ry-late\n")}  # fmt: skip


def _git(*arguments: str, status: int | None = 0) -> str:
    who = {f"GIT_{role}_{what}": "t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(["git", *arguments], env={**os.environ, **who}, capture_output=True, text=True, check=False)
    assert status in (None, done.returncode), done.stdout + done.stderr
    return done.stdout


def _commit(message: str) -> None:
    _git("add", "--all")
    _git("commit", "--quiet", "--message", message)


def _add_value(vault: Path, run: Any, which: str) -> None:
    """Protect one more value: one in the file that comes first, or in one of its own."""
    path = vault / ("conf/app.yaml" if which == "early" else "conf/zoo.yaml")
    path.write_text((path.read_text() if path.exists() else "") + _ADDED[which][1])
    assert run("protect").status == 0
    _commit(f"a value that is {which}")


def _keys(vault: Path) -> set[str]:
    return {line[1:].partition("}")[0] for line in (vault / VAULT).read_text().splitlines() if line.startswith("{")}


def _merge_by_alias(run: Any) -> None:
    """Merge the other branch with the driver, which reports a conflict because one side has changed the readers."""
    assert run("git-setup").status == 0
    said = _git("merge", "--quiet", "--no-edit", "other", status=1)
    assert "<<<<<<<" not in (Path.cwd() / VAULT).read_text(), said
    _commit("merged")


@pytest.fixture
def clone(vault: Path, run: Any) -> Path:
    """The vault in git, of the scheme `envelope`, with all its values protected."""
    more = '[[target]]\nfile = "conf/z*.yaml"\nselector = "$..password"\nalias = "{stem}.{key}"\noptional = true\n'
    (vault / "ciphertool.toml").write_text(f'{SETTINGS}\n{more}\n[encryption]\nscheme = "envelope"\n')
    _git("init", "--quiet", "--initial-branch=main")
    assert run("protect").status == 0
    _commit("protected")
    return vault


def test_values_that_two_branches_add_are_all_there_after_a_plain_merge(clone: Path, run: Any) -> None:
    """Git may find content keys that stand side by side in conflict: whoever keeps the lines of both is right."""
    _git("checkout", "--quiet", "-b", "other")
    _add_value(clone, run, "late")
    _git("checkout", "--quiet", "main")
    _add_value(clone, run, "early")
    _git("merge", "--quiet", "--no-edit", "other", status=None)
    lines = (clone / VAULT).read_text().splitlines(keepends=True)
    (clone / VAULT).write_text(
        "".join(line for line in lines if not line.startswith(("<<<<<<<", "=======", ">>>>>>>")))
    )
    assert len(_keys(clone)) == 3
    opened = Vault.open(clone / "ciphertool.toml")
    opened.check()
    values = {alias: opened[alias].reveal() for alias in opened}
    assert values == {**SECRETS, "app.aaa.password": "c4n4ry-early", "zoo.zzz.password": "c4n4ry-late"}
    assert run("recipients", "check").status == 0
    assert run("protect").err.strip().endswith("nothing to do")


def test_a_recipient_that_one_branch_removes_is_told_of_where_the_other_added_a_value(
    clone: Path, people: Mapping[str, Somebody], run: Any, add: Any
) -> None:
    assert add("ops").status == 0
    _commit("ops can read it")
    _git("checkout", "--quiet", "-b", "other")
    _add_value(clone, run, "late")
    _git("checkout", "--quiet", "main")
    assert run("recipients", "remove", "ops").status == 0
    _commit("ops cannot read it any more")
    _merge_by_alias(run)
    Vault.open(clone / "ciphertool.toml").check()
    refused = run("protect")
    assert refused.status == 4
    assert people["ops"].key in refused.err
    assert f"recipients remove {people['ops'].key}" in " ".join(refused.err.split())
    (one,) = json.loads(run("recipients", "check", "--json").out)
    assert (one["kind"], one["key"]) == ("surplus", people["ops"].key)
    assert "can read 1 of 5 values" in one["message"]
    assert run("recipients", "remove", people["ops"].key).status == 0
    assert run("recipients", "check").status == 0
    assert run("get", "zoo.zzz.password", *as_("ops")).status == 5
    assert run("get", "zoo.zzz.password").out.strip() == "c4n4ry-late"


def test_a_recipient_that_one_branch_adds_lacks_what_the_other_added(
    clone: Path, people: Mapping[str, Somebody], run: Any, add: Any
) -> None:
    _git("checkout", "--quiet", "-b", "other")
    _add_value(clone, run, "late")
    _git("checkout", "--quiet", "main")
    assert add("ops").status == 0
    _commit("ops can read it")
    _merge_by_alias(run)
    assert run("protect").status == 4
    (one,) = json.loads(run("recipients", "check", "--json").out)
    assert (one["kind"], one["name"], len(one["content_keys"])) == ("missing", "ops", 1)
    assert run("get", "zoo.zzz.password", *as_("ops")).status == 5
    assert add("ops").status == 0
    assert run("recipients", "check").status == 0
    assert run("get", "zoo.zzz.password", *as_("ops")).out.strip() == "c4n4ry-late"
    assert people["ops"].key in run("textconv", VAULT).out


def test_textconv_shows_for_whom_a_content_key_is(
    clone: Path, people: Mapping[str, Somebody], run: Any, add: Any
) -> None:
    assert add("ops").status == 0
    lines = run("textconv", VAULT).out.splitlines()
    (key,) = _keys(clone)
    both = ", ".join(sorted((people["primary"].key, people["ops"].key)))
    assert lines[-1] == f"{{{key}}}: a content key for {both}"
    assert [line.partition(":")[0] for line in lines[:-1]] == sorted(SECRETS)
    assert "eyJ" not in "".join(lines), "no ciphertext"
