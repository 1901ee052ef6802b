"""What git knows of files. The repository is not trusted: no hook, monitor, filter or external program of it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

_SECONDS = 30
_SAFE = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "diff.external=",
    "--no-pager",
    "--literal-pathspecs",
)


def tracked(paths: Iterable[Path]) -> set[Path]:
    """Return those of the given files that a git repository tracks; none where git or a repository is absent."""
    found: set[Path] = set()
    by_directory: dict[Path, list[Path]] = {}
    for path in paths:
        by_directory.setdefault(path.absolute().parent, []).append(path)
    for directory, members in by_directory.items():
        listed = _git(directory, "ls-files", "-z", "--", *(member.name for member in members))
        names = set(listed.split(b"\0"))
        found |= {member for member in members if os.fsencode(member.name) in names}
    return found


def ignored(directory: Path) -> set[Path]:
    """Return the files and directories below `directory` that git does not track and is told to ignore."""
    listed = _git(directory, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    return {directory / os.fsdecode(name).rstrip("/") for name in listed.split(b"\0") if name}


def staged(directory: Path) -> dict[Path, bytes]:
    """Return the files below `directory` that the next commit adds or changes, with the content that it gives them.

    Raise `GitError` where git does not answer: nobody is to take that for an empty commit.
    """
    listed = _answer(
        directory,
        *("diff", "--cached", "--relative", "--name-only", "-z", "--diff-filter=ACMR"),
        *("--no-ext-diff", "--no-textconv", "--no-renames"),
    )
    return _of_index(directory, listed)


def indexed(paths: Iterable[Path]) -> dict[Path, bytes | None]:
    """Return what the index holds for files that git tracks, links followed; None for one that a commit removes.

    Raise `GitError` for one that it lists and cannot give.
    """
    found: dict[Path, bytes | None] = {}
    for path in paths:
        real = Path(os.path.realpath(path))
        if not real.parent.is_dir():
            continue
        name = os.fsencode(real.name)
        ids = _staged_ids(_git(real.parent, "ls-files", "--stage", "-z", "--", real.name))
        if name in ids:
            found[path] = _given(real.parent, ids)[name]
        elif _git(real.parent, "ls-tree", "-z", "HEAD", "--", real.name):
            found[path] = None
    return found


def indexed_with(directory: Path, texts: Iterable[str]) -> dict[Path, bytes]:
    """Return the files below `directory` whose content in the index holds one of the texts, with that content.

    Raise `GitError` where git does not answer.
    """
    patterns = (argument for text in texts for argument in ("-e", text))
    quiet = ("--no-recurse-submodules", "--no-textconv", "--no-color")
    search = ("-c", "grep.fullName=false", "grep", "--cached", "-lzaF", *quiet, *patterns)
    listed = _answer(directory, *search, statuses=(0, 1))  # 1: no file has one
    return _of_index(directory, listed)


class History(NamedTuple):
    """The different contents that a file had in any commit, newest first, each with its commit's short name.

    `gap` says what of them may not be here: nothing, if it is empty.
    """

    versions: tuple[tuple[str, bytes], ...]
    gap: str = ""

    def __repr__(self) -> str:
        """Return the history without its contents."""
        return f"History({len(self.versions)} versions, {self.gap!r})"


def history(path: Path, *, limit: int = 200) -> History:
    """Return what a file held in the newest `limit` commits that changed it. What git does not answer is a gap."""
    directory, name = path.absolute().parent, path.name
    try:
        prefix = _answer(directory, "rev-parse", "--show-prefix").strip()
        shallow = _answer(directory, "rev-parse", "--is-shallow-repository").strip() != b"false"
        arguments = ("--all", "--format=%h", f"--max-count={limit + 1}", "--no-show-signature", "--", name)
        commits = _answer(directory, "log", *arguments).decode("ascii").split()
        names = [commit.encode() + b":" + prefix + os.fsencode(name) for commit in commits[:limit]]
        blobs = _contents(directory, names, ask=_answer)
        missing = 0
        for commit, blob in zip(commits, blobs, strict=False):
            if blob is None:  # the commit deletes the file, or its content is not here
                there = _answer(directory, "ls-tree", "-z", "--full-tree", commit, "--", os.fsdecode(prefix) + name)
                missing += bool(there)
    except GitError as error:
        return History((), error.message)
    seen: dict[bytes, str] = {}
    for commit, blob in zip(commits, blobs, strict=False):
        if blob is not None:
            seen.setdefault(blob, commit)
    gap = f"only its {limit} newest commits were looked at" if len(commits) > limit else ""
    if missing:
        gap = (
            f"{missing} of its versions {'is' if missing == 1 else 'are'} not here: fetch what is missing of this clone"
        )
    return History(
        tuple((commit, blob) for blob, commit in seen.items()),
        "the clone is shallow: fetch the rest" if shallow else gap,
    )


def changes(directory: Path, paths: Iterable[Path], *, limit: int = 200) -> tuple[list[str], str]:
    """Return the short names of the commits that changed one of the files, oldest first, and what may be missing.

    They are the newest `limit` of the current branch's history. Raise `GitError` where git does not answer.
    """
    shallow = _answer(directory, "rev-parse", "--is-shallow-repository").strip() != b"false"
    names = [os.path.relpath(path, directory) for path in paths]
    arguments = ("--format=%h", f"--max-count={limit + 1}", "--no-show-signature", "--", *names)
    commits = _answer(directory, "log", *arguments).decode("ascii").split()
    gap = f"only the {limit} newest commits were looked at" if len(commits) > limit else ""
    return commits[:limit][::-1], "the clone is shallow: fetch the rest" if shallow else gap


def contents(directory: Path, asked: Sequence[tuple[str, Path]]) -> list[bytes | None]:
    """Return what files held in commits, None where there was no such file; the commit "" is the index.

    Raise `GitError` where git does not answer.
    """
    names = [f"{commit}:./{os.path.relpath(path, directory)}" for commit, path in asked]
    return _contents(directory, list(map(os.fsencode, names)), ask=_answer)


def _of_index(directory: Path, listed: bytes) -> dict[Path, bytes]:
    names = frozenset(listed.split(b"\0"))
    if names == {b""}:
        return {}
    ids = _staged_ids(_answer(directory, "ls-files", "--stage", "-z"))
    given = _given(directory, {name: object_id for name, object_id in ids.items() if name in names})
    return {directory / os.fsdecode(name): data for name, data in sorted(given.items())}


def _staged_ids(listed: bytes) -> dict[bytes, bytes]:
    """Return file → object id of what `ls-files --stage -z` lists; submodules are no files of this repository."""
    entries = (entry.partition(b"\t") for entry in listed.split(b"\0") if entry)
    return {name: about.split(b" ")[1] for about, _, name in entries if not about.startswith(b"160000 ")}


def _given(directory: Path, ids: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return file → content; raise `GitError` for content that is not here, as in a partial clone."""
    given: dict[bytes, bytes] = {}
    for name, data in zip(ids, _contents(directory, list(ids.values()), ask=_answer), strict=True):
        if data is None:
            shown = os.fsdecode(name)
            raise GitError(directory, f"it lists {shown!r} and cannot give it; fetch what is missing of this clone")

        given[name] = data
    return given


def _contents(directory: Path, names: list[bytes], ask: Callable[..., bytes] | None = None) -> list[bytes | None]:
    """Return the blobs of object names, None where there is none; raw, so that no filter of the repository runs."""
    # A name with a line end cannot be asked for in a batch: such a version counts as missing.
    asked = [name if b"\n" not in name else b"0" for name in names]
    question = b"".join(name + b"\n" for name in asked)
    output = (ask or _git)(directory, "cat-file", "--batch", stdin=question) if names else b""
    found: list[bytes | None] = []
    position = 0
    for _ in names:
        end = output.find(b"\n", position)
        header = output[position:end].rsplit(b" ", 2) if end >= 0 else []
        position = end + 1 if end >= 0 else len(output)
        if len(header) == 3 and header[1] == b"blob":
            size = int(header[2])
            found.append(output[position : position + size])
            position += size + 1
        else:
            if len(header) == 3 and header[2].isdigit():
                position += int(header[2]) + 1
            found.append(None)
    return found


def _git(directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Return what git answers, nothing where it does not: for what is only ever said beside the matter."""
    try:
        return _answer(directory, *arguments, stdin=stdin)
    except GitError:
        return b""


def _answer(directory: Path, *arguments: str, stdin: bytes = b"", statuses: Container[int] = (0,)) -> bytes:
    """Return what git answers; raise `GitError` where it does not, or with another exit status."""
    git = shutil.which("git")
    if git is None:
        raise GitError(directory, "it is not installed")
    environment = {
        **os.environ,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",  # where a git does not know the one above, a fetch has no way to go
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(  # noqa: S603 - git itself, by its path, with arguments of ours
            [git, *_SAFE, *arguments],
            cwd=directory,
            env=environment,
            input=stdin,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GitError(directory, f"no answer within {_SECONDS} s") from None
    except OSError as error:
        raise GitError(directory, f"it cannot be started: {(error.strerror or 'unknown').lower()}") from None
    if b"unable to read" in done.stderr:  # which is no failure to `git grep`: it goes on without the file
        raise GitError(directory, "it lists files and cannot give them; fetch what is missing of this clone")
    if done.returncode not in statuses:
        raise GitError(directory, f"exit status {done.returncode}; is this a work tree of git's?")
    return done.stdout
