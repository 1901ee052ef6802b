"""docs/daily.md is done as it stands: its edits are made, its commands are run, each with the output that it shows."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.walk import Edit, acts, matches, shell

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/daily.md"
PASSWORD = "c4n4ry-store"
_APP = """\
datasource:
  username: orders
  password: "kX9!tea-for-two"   # rotated every quarter
smtp:
  password: mail-7Pq2
"""
# With these, the page expects another status than 0.
_REFUSED = {
    ("Remove a value", "ciphertool audit"),
    ("A merge conflict", "git merge --quiet rotate-smtp"),
    ("A merge conflict", "ciphertool check"),
}


def _git(directory: Path, *arguments: str, author: str = "Ada") -> None:
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
           for what, value in (("NAME", author), ("EMAIL", "a@example.com"))}  # fmt: skip
    subprocess.run(["git", *arguments], cwd=directory, env={**os.environ, **who}, check=True, capture_output=True)


def _run(command: str, directory: Path) -> str:
    status, output = shell(command, directory, PASSWORD)
    assert status == 0, f"$ {command}\n{output}"
    return output


def _lay_out(directory: Path) -> None:
    (directory / "conf").mkdir(parents=True)
    (directory / "conf/app.yaml").write_text(_APP)
    _git(directory, "init", "--quiet", "--initial-branch=main")
    for command in ("ciphertool init", "ciphertool audit --write-targets >> ciphertool.toml", "ciphertool protect"):
        _run(command, directory)
    _git(directory, "config", "user.name", "Ada")
    _git(directory, "config", "user.email", "a@example.com")
    _commit(directory)


def _commit(directory: Path, author: str = "Ada") -> None:
    _git(directory, "add", "--all")
    _git(directory, "commit", "--quiet", "--message=next", author=author)


def _two_branches(directory: Path) -> None:
    """Two people have changed the same value."""
    change = Edit("security/vault.properties", "app.smtp.password=…\n", "app.smtp.password=[mail-{}]\n")
    _commit(directory)
    for branch, author in (("rotate-smtp", "Ben"), ("main", "Ada")):
        _git(directory, "switch", "--quiet", *(["--create"] if author == "Ben" else []), branch)
        change._replace(new=change.new.format(author)).make(directory)
        _run("ciphertool protect", directory)
        _commit(directory, author)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    directory = tmp_path / "app"
    _lay_out(directory)
    done: list[tuple[str, str]] = []
    for title, section in acts(PAGE):
        if title == "A merge conflict":
            _two_branches(directory)
        for act in section:
            if isinstance(act, Edit):
                act.make(directory)
                continue
            command, expected = act
            status, output = shell(command, directory, PASSWORD)
            assert matches(expected, output), f"$ {command}\n{output}"
            refused = (title, command) in _REFUSED and (title, command) not in done
            assert (status != 0) == refused, f"$ {command}\n{output}"
            done.append((title, command))
    assert len(done) >= 30
    assert set(done) >= _REFUSED
    assert (tmp_path / "backup/primary.p12").exists()


def test_a_value_is_changed_without_the_keystore(tmp_path: Path) -> None:
    """As the page says: neither the keystore nor its password is needed, in any of the ways."""
    directory = tmp_path / "app"
    _lay_out(directory)
    keystore = directory / "security/primary.p12"
    shutil.move(keystore, tmp_path / "primary.p12")
    sections = dict(acts(PAGE))
    for act in sections["Change a value"]:
        if isinstance(act, Edit):
            act.make(directory)
        elif "check" not in act[0]:
            _run(act[0].replace("openssl rand -base64 24", "printf mail-3Aa3"), directory)
    shutil.move(tmp_path / "primary.p12", keystore)
    assert _run("ciphertool get app.smtp.password | cat", directory) == "mail-1Zz9\n"


def test_a_keystore_keeps_its_key_with_a_new_password(tmp_path: Path) -> None:
    directory = tmp_path / "app"
    _lay_out(directory)
    shutil.copy(directory / "security/primary.p12", tmp_path / "old.p12")
    (tmp_path / "new").write_text("another password\n")
    (tmp_path / "new").chmod(0o600)
    (tmp_path / "old").write_text(f"{PASSWORD}\n")
    (tmp_path / "old").chmod(0o600)
    _run("ciphertool keystore change-password security/primary.p12 --new-password-file ../new", directory)
    resolved = "2 references in 1 file: all resolve\n"
    assert _run("ciphertool check --password-file ../new", directory) == resolved
    assert _run("ciphertool check --keystore ../old.p12 --password-file ../old", directory) == resolved
