"""What git knows of files, and that nothing of an untrusted repository is run to learn it."""

from __future__ import annotations

import os
import subprocess
import zlib
from typing import TYPE_CHECKING

import pytest

from ciphertool import git
from ciphertool.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path


def _git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    _git(tmp_path, "init", "-q")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/a b.yaml").write_text("one\n")
    (tmp_path / ".gitignore").write_text("*.local\nbuild/\n")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "1")
    return tmp_path


def test_tracked_files(repository: Path) -> None:
    (repository / "conf/new.yaml").write_text("x")
    paths = [repository / "conf/a b.yaml", repository / "conf/new.yaml"]
    assert git.held(paths).keys() == {paths[0]}


def test_what_git_holds_of_files(repository: Path) -> None:
    both, staged, neither, link = (repository / "conf" / name for name in ("a b.yaml", "new.yaml", "x.yaml", "link"))
    staged.write_text("two\n")
    neither.write_text("three\n")
    link.symlink_to("a b.yaml")
    _git(repository, "add", "conf/new.yaml")
    both.write_text("changed\n")
    assert git.held([both, staged, neither, link]) == {
        both: git.Held(b"one\n", b"one\n"),
        staged: git.Held(b"", b"two\n"),
        link: git.Held(b"one\n", b"one\n"),
    }
    _git(repository, "rm", "-q", "--cached", "conf/a b.yaml")
    assert git.held([both]) == {both: git.Held(b"one\n", b"")}


def test_what_git_cannot_read_is_not_called_absent(repository: Path) -> None:
    for item in (repository / ".git/objects").rglob("*"):
        if item.is_file() and b"blob" in zlib.decompress(item.read_bytes())[:5]:
            item.unlink()
    path = repository / "conf/a b.yaml"
    assert git.held([path]) == {path: git.Held(None, None)}


def test_nothing_is_tracked_outside_a_repository(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert git.held([tmp_path / "a"]) == {}
    assert git.ignored(tmp_path) == set()
    history = git.history(tmp_path / "a")
    assert history.versions == ()
    assert "work tree" in history.gap


def test_ignored_files_and_directories(repository: Path) -> None:
    (repository / "conf/a.local").write_text("x")
    (repository / "build").mkdir()
    (repository / "build/x").write_text("x")
    assert git.ignored(repository) == {repository / "conf/a.local", repository / "build"}


def test_staged_contents_are_the_index_s(repository: Path) -> None:
    path = repository / "conf/a b.yaml"
    path.write_bytes(b"staged\n")
    (repository / "conf/new").write_bytes(b"")
    _git(repository, "add", ".")
    path.write_bytes(b"later\n")
    assert git.staged(repository) == {path: b"staged\n", repository / "conf/new": b""}
    assert git.staged(repository / "conf") == {path: b"staged\n", repository / "conf/new": b""}


def test_what_the_index_holds_of_files(repository: Path) -> None:
    path, new, gone = repository / "conf/a b.yaml", repository / "new", repository / "gone"
    gone.write_bytes(b"gone")
    _git(repository, "add", ".")
    _git(repository, "commit", "-q", "-m", "2")
    _git(repository, "rm", "-q", "--cached", "gone")
    new.write_bytes(b"new")
    path.write_bytes(b"later\n")
    (repository / "link").symlink_to(path)
    wanted = [path, new, gone, repository / "link", repository / "no/such"]
    assert git.indexed(wanted) == {path: b"one\n", gone: None, repository / "link": b"one\n"}


def test_files_whose_index_holds_a_text(repository: Path) -> None:
    _git(repository, "config", "grep.fullName", "true")
    path = repository / "conf/a b.yaml"
    for text in ("$secret{a}\n\0", "later\n"):
        path.write_bytes(text.encode())
        if text.startswith("$"):
            _git(repository, "add", ".")
    found = {path: b"$secret{a}\n\0"}
    assert git.indexed_with(repository, ["${sec:", "$secret{"]) == git.indexed_with(path.parent, ["$secret{"]) == found
    assert git.indexed_with(repository, ["later", "$secret."]) == {}


def test_earlier_versions_are_each_content_once(repository: Path) -> None:
    path = repository / "conf/a b.yaml"
    for number, text in enumerate(("two\n", "one\n")):
        path.write_text(text)
        _git(repository, "commit", "-q", "-a", "-m", str(number))
    path.unlink()
    _git(repository, "commit", "-q", "-a", "-m", "gone")
    history = git.history(path)
    assert ([data for _, data in history.versions], history.gap) == ([b"one\n", b"two\n"], "")
    assert "one" not in repr(history)


def test_what_is_not_here_of_a_history_is_said(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = repository / "conf/a b.yaml"
    for number in range(3):
        path.write_text(f"{number}\n")
        _git(repository, "commit", "-q", "-a", "-m", str(number))
    history = git.history(path, limit=2)
    assert ([data for _, data in history.versions], history.gap) == (
        [b"2\n", b"1\n"],
        "only its 2 newest commits were read",
    )
    assert git.history(path, limit=4).gap == ""
    clone = tmp_path_factory.mktemp("shallow")
    _git(clone, "clone", "-q", "--depth=1", repository.as_uri(), ".")
    assert "shallow" in git.history(clone / "conf/a b.yaml").gap


def test_no_program_of_the_repository_runs(repository: Path) -> None:
    trap = repository / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch '{repository}/sprung'\ncat\n")
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("* diff=evil filter=evil\n")
    for key in ("core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.smudge"):
        _git(repository, "config", key, str(trap))
    _git(repository, "config", "log.showSignature", "true")
    _git(repository, "config", "gpg.program", str(trap))
    hooks = repository / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "reference-transaction"):
        (hooks / name).write_text(trap.read_text())
        (hooks / name).chmod(0o755)
    (repository / "sprung").unlink(missing_ok=True)
    path = repository / "conf/a b.yaml"
    git.held([path])
    git.ignored(repository)
    git.staged(repository)
    git.indexed([path])
    git.indexed_with(repository, ["one"])
    git.history(path)
    assert not os.path.lexists(repository / "sprung")


def test_what_is_staged_is_not_nothing_where_git_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ask in (git.staged, lambda directory: git.indexed_with(directory, ["a"])):
        with pytest.raises(GitError) as error:
            ask(tmp_path)
        assert error.value.path == tmp_path
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GitError, match="not installed"):
        git.staged(tmp_path)
    assert git.held([tmp_path / "a"]) == {}


def _without(repository: Path, revision: str) -> None:
    """Take a file's content out of a repository, as a partial clone has it."""
    done = subprocess.run(["git", "rev-parse", revision], cwd=repository, check=True, capture_output=True, text=True)
    name = done.stdout.strip()
    (repository / ".git/objects" / name[:2] / name[2:]).unlink()


def test_content_that_git_lists_and_cannot_give_is_no_empty_commit(repository: Path) -> None:
    path = repository / "conf/a b.yaml"
    path.write_text("${sec:staged}\n")
    _git(repository, "add", ".")
    _without(repository, ":conf/a b.yaml")
    for ask in (lambda: git.staged(repository), lambda: git.indexed([path])):
        with pytest.raises(GitError, match="cannot read it"):
            ask()
    with pytest.raises(GitError):
        git.indexed_with(repository, ["${sec:"])


def test_a_version_that_is_not_here_is_a_gap_and_a_deletion_is_none(repository: Path) -> None:
    path = repository / "conf/a b.yaml"
    _git(repository, "rm", "-q", "conf/a b.yaml")
    _git(repository, "commit", "-q", "-m", "2")
    path.parent.mkdir(exist_ok=True)
    path.write_text("three\n")
    _git(repository, "add", ".")
    _git(repository, "commit", "-q", "-m", "3")
    assert git.history(path).gap == ""
    _without(repository, "HEAD~2:conf/a b.yaml")
    history = git.history(path)
    assert [data for _, data in history.versions] == [b"three\n"]
    assert history.gap.startswith("1 of its versions is not here")


def test_a_staged_file_whose_name_has_a_line_end_is_not_passed_over(repository: Path) -> None:
    (repository / "a\nb.yaml").write_text("x\n")
    _git(repository, "add", ".")
    assert git.staged(repository) == {repository / "a\nb.yaml": b"x\n"}


def test_git_fetches_nothing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where a git does not know the variable that forbids it: no protocol is allowed to it."""
    monkeypatch.setattr(git, "_SAFE", ("-c", "alias.show-environment=!env", *git._SAFE))
    assert b"GIT_ALLOW_PROTOCOL=\n" in git._answer(repository, "show-environment")
    assert b"GIT_NO_LAZY_FETCH=1\n" in git._answer(repository, "show-environment")
