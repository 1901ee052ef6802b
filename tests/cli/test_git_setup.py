"""`git-setup` and `merge-driver` in a real clone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.walk import shell

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "c4n4ry-store"


def _git(directory: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env={**os.environ, **who}, check=True, capture_output=True
    )
    return done.stdout.decode()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    directory = tmp_path / "clone"
    (directory / "conf").mkdir(parents=True)
    _git(directory, "init", "--quiet", "--initial-branch=main")
    (directory / "conf/app.yaml").write_text("base: first-value\n")
    assert shell("ciphertool init", directory, PASSWORD)[0] == 0
    targets = '[[target]]\nfile = "conf/*.yaml"\nselector = "$.*"\nalias = "{key}"\n'
    with (directory / "ciphertool.toml").open("a") as settings:
        settings.write(f'\n[encryption]\nscheme = "envelope"\n\n{targets}')
    return directory


def _protect(directory: Path, key: str, value: str) -> None:
    (directory / f"conf/{key}.yaml").write_text(f"{key}: {value}\n")
    status, output = shell("ciphertool protect --take file", directory, PASSWORD)
    assert status == 0, output
    _git(directory, "add", "--all")
    _git(directory, "commit", "--quiet", "--message", key)


def test_secrets_added_on_two_branches_all_resolve(clone: Path) -> None:
    """Each branch has encrypted under content keys of its own; the merged vault has them all."""
    assert shell("ciphertool git-setup", clone, PASSWORD)[0] == 0
    _protect(clone, "shared", "value-0")
    _git(clone, "switch", "--quiet", "--create", "other")
    for key in ("alpha", "zeta"):
        _protect(clone, key, f"value-{key}")
    _git(clone, "switch", "--quiet", "main")
    for key in ("beta", "omega"):
        _protect(clone, key, f"value-{key}")
    _git(clone, "merge", "--quiet", "other")
    assert shell("ciphertool check", clone, PASSWORD) == (0, "6 references in 6 files: all resolve\n")
    for key in ("alpha", "zeta", "beta", "omega"):
        assert shell(f"ciphertool get {key} | cat", clone, PASSWORD)[1] == f"value-{key}\n"


@pytest.fixture
def shared(clone: Path) -> Path:
    """A clone whose vault has three secrets in files on the branches `main` and `other`; `main` is checked out."""
    assert shell("ciphertool git-setup", clone, PASSWORD)[0] == 0
    settings = clone / "ciphertool.toml"
    for key in ("red", "green"):
        (clone / f"{key}.yaml").write_text(f"{key}: value-{key}\n")
        with settings.open("a") as file:
            file.write(f'\n[[target]]\nfile = "{key}.yaml"\nselector = "$.{key}"\nalias = "{key}"\n')
    _protect(clone, "blue", "value-blue")
    _git(clone, "branch", "other")
    return clone


def _change(directory: Path, branch: str, *commands: str) -> None:
    _git(directory, "switch", "--quiet", branch)
    for command in commands:
        status, output = shell(command, directory, PASSWORD)
        assert status == 0, output
    _git(directory, "commit", "--quiet", "--all", "--message", branch)


def _value(directory: Path, alias: str) -> str:
    status, output = shell(f"ciphertool get {alias} | cat", directory, PASSWORD)
    assert status == 0, output
    return output.removesuffix("\n")


def test_changes_of_two_branches_both_count(shared: Path) -> None:
    _change(shared, "other", "printf value-1 | ciphertool set red")
    _change(shared, "main", "printf value-2 | ciphertool set green")
    _git(shared, "merge", "--quiet", "other")
    assert [_value(shared, alias) for alias in ("red", "green", "blue")] == ["value-1", "value-2", "value-blue"]
    assert shell("ciphertool check", shared, PASSWORD)[0] == 0


def test_an_alias_renamed_on_one_branch_and_another_one_on_the_other(shared: Path) -> None:
    _change(shared, "other", "ciphertool rename red scarlet")
    _change(shared, "main", "ciphertool rename green olive", "printf value-3 | ciphertool set blue")
    _git(shared, "merge", "--quiet", "other")
    assert [_value(shared, alias) for alias in ("scarlet", "olive", "blue")] == ["value-red", "value-green", "value-3"]
    assert shell("ciphertool get red", shared, PASSWORD)[0] == 5
    assert shell("ciphertool check", shared, PASSWORD)[0] == 0


@pytest.mark.parametrize("theirs", ["printf value-2 | ciphertool set red", "ciphertool rename red scarlet"])
def test_one_alias_changed_on_two_branches_is_a_conflict_that_spares_the_others(shared: Path, theirs: str) -> None:
    _change(shared, "other", theirs)
    _change(shared, "main", "printf value-1 | ciphertool set red")
    with pytest.raises(subprocess.CalledProcessError):
        _git(shared, "merge", "--quiet", "other")
    vault = (shared / "security/vault.properties").read_text()
    assert vault.count("<<<<<<<") == 1
    assert _value(shared, "green") == "value-green"
    status, output = shell("ciphertool get red", shared, PASSWORD)
    assert status == 5, output
    assert "value-" not in output


def test_the_attributes_replace_a_silent_union_and_keep_the_rest(clone: Path) -> None:
    attributes = clone / "security/.gitattributes"
    attributes.write_bytes(b"*.bin -text\nvault.properties merge=union eol=lf\nlast")
    assert shell("ciphertool git-setup", clone, PASSWORD)[0] == 0
    expected = b"*.bin -text\nvault.properties eol=lf\nlast\nvault.properties merge=ciphertool diff=ciphertool\n"
    assert attributes.read_bytes() == expected
    assert shell("ciphertool git-setup", clone, PASSWORD)[0] == 0
    assert attributes.read_bytes() == expected
    shown = _git(clone, "check-attr", "-a", "security/vault.properties")
    assert "merge: ciphertool" in shown
    assert "eol: lf" in shown


def test_what_is_no_vault_is_merged_line_by_line(tmp_path: Path) -> None:
    """A driver that gave up would leave our side alone as if it were the result."""
    for name, text in (("base", "a=1\na=2\n"), ("ours", "a=1\na=2\nours\n"), ("theirs", "theirs\na=1\na=2\n")):
        (tmp_path / name).write_text(text)
    status, output = shell("ciphertool merge-driver base ours theirs", tmp_path, PASSWORD)
    assert status == 0
    assert output.startswith("warning: merged line by line: ours")
    assert (tmp_path / "ours").read_text() == "theirs\na=1\na=2\nours\n"
    (tmp_path / "theirs").write_text("a=1\na=2\ntheirs\n")
    assert shell("ciphertool merge-driver base ours theirs", tmp_path, PASSWORD)[0] == 1
    assert "<<<<<<<" in (tmp_path / "ours").read_text()


def test_no_work_tree_is_an_error(clone: Path) -> None:
    shutil.rmtree(clone / ".git")
    status, output = shell("ciphertool git-setup", clone, PASSWORD)
    assert status == 3
    assert "is this a git work tree?" in output


def test_the_logs_of_two_branches_merge_to_the_records_of_both(clone: Path) -> None:
    settings = clone / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("[repository]\n", "[repository]\nlog = true\n"))
    assert shell("ciphertool git-setup", clone, PASSWORD)[0] == 0
    _protect(clone, "shared", "value-0")
    _git(clone, "switch", "--quiet", "--create", "other")
    _protect(clone, "alpha", "value-1")
    _git(clone, "switch", "--quiet", "main")
    _protect(clone, "beta", "value-2")
    _git(clone, "merge", "--quiet", "other")
    lines = (clone / "security/vault.properties.log").read_text().splitlines()
    added = [secret["alias"] for line in lines for secret in json.loads(line)["secrets"]]
    assert sorted(added) == ["alpha", "base", "beta", "shared"]
