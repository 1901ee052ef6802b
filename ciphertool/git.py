"""What git knows about files. The repository is not trusted: none of its hooks, monitors, filters or programs run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import GitError
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

_SECONDS = 30
_MOST_BYTES = 512 << 20
"""The most bytes that one answer may have: git packs a file of zeros into almost nothing."""
_AT_ONCE = 32 << 20
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


class Held(NamedTuple):
    """What git holds of a file in the last commit and in the index: b"" if nothing, None if it cannot be read."""

    committed: bytes | None
    staged: bytes | None

    def __repr__(self) -> str:
        return repr_of(self)


def held(paths: Iterable[Path]) -> dict[Path, Held]:
    """Return what git holds of the given files, links followed, if anything; nothing if there is no git or repository.

    Older commits are not read.
    """
    found: dict[Path, Held] = {}
    by_directory: dict[Path, dict[Path, Path]] = {}
    for path in paths:
        real = Path(os.path.realpath(path))
        by_directory.setdefault(real.parent, {})[path] = real
    for directory, members in by_directory.items():
        names = [real.name for real in members.values()]
        staged = _git(directory, "ls-files", "--stage", "-z", "--", *names).split(b"\0")
        there = {
            "HEAD": set(_git(directory, "ls-tree", "-z", "--name-only", "HEAD", "--", *names).split(b"\0")),
            # In a merge, the index has the versions of commits instead of one that is staged.
            "": {name for about, _, name in (entry.partition(b"\t") for entry in staged) if about.endswith(b" 0")},
        }
        asked = [
            (path, commit)
            for path, real in members.items()
            for commit, have in there.items()
            if os.fsencode(real.name) in have
        ]
        if not asked:
            continue
        try:
            blobs = contents(directory, [(commit, members[path]) for path, commit in asked])
        except GitError:
            blobs = [None] * len(asked)
        for (path, commit), blob in zip(asked, blobs, strict=True):
            data = blob.data if blob else None
            before = found.get(path, Held(b"", b""))
            found[path] = before._replace(committed=data) if commit else before._replace(staged=data)
    return found


def ignored(directory: Path) -> set[Path]:
    """Return the files and directories below `directory` that git ignores and does not track."""
    listed = _git(directory, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    return {directory / os.fsdecode(name).rstrip("/") for name in listed.split(b"\0") if name}


def staged(directory: Path) -> dict[Path, bytes]:
    """Return the files below `directory` that the next commit adds or changes, with their content in that commit.

    Raise `GitError` if git does not answer, so that this is not mistaken for an empty commit.
    """
    listed = _answer(
        directory,
        *("diff", "--cached", "--relative", "--name-only", "-z", "--diff-filter=ACMR"),
        *("--no-ext-diff", "--no-textconv", "--no-renames"),
    )
    return _of_index(directory, listed)


def indexed(paths: Iterable[Path]) -> dict[Path, bytes | None]:
    """Return what the index holds for files that git tracks, links followed; None for a file that a commit removes.

    Raise `GitError` for a file that is listed but whose content git cannot return.
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
    """Return the files below `directory` whose content in the index contains one of the texts, with that content.

    Raise `GitError` if git does not answer.
    """
    patterns = (argument for text in texts for argument in ("-e", text))
    quiet = ("--no-recurse-submodules", "--no-textconv", "--no-color")
    search = ("-c", "grep.fullName=false", "grep", "--cached", "-lzaF", *quiet, *patterns)
    listed = _answer(directory, *search, statuses=(0, 1))  # 1: no match
    return _of_index(directory, listed)


class Blob(NamedTuple):
    """A file's content in a commit or the index, by git's id of it; None of one that is too large to read."""

    id: str
    data: bytes | None

    def __repr__(self) -> str:
        return repr_of(self, "id")


class History(NamedTuple):
    """The distinct contents that a file had in any commit, newest first, each with its commit's short name.

    `gap` states which of them may be missing; if it is empty, none is.
    """

    versions: tuple[tuple[str, bytes], ...]
    gap: str = ""

    def __repr__(self) -> str:
        """Return the history without its contents."""
        return f"History({len(self.versions)} versions, {self.gap!r})"


def history(path: Path, *, limit: int = 200) -> History:
    """Return what a file held in the newest `limit` commits that changed it; what git does not answer is a gap."""
    directory, name = path.absolute().parent, path.name
    try:
        prefix = _answer(directory, "rev-parse", "--show-prefix").strip()
        shallow = _answer(directory, "rev-parse", "--is-shallow-repository").strip() != b"false"
        arguments = ("--all", "--format=%h", f"--max-count={limit + 1}", "--no-show-signature", "--", name)
        commits = _answer(directory, "log", *arguments).decode("ascii").split()
        names = [commit.encode() + b":" + prefix + os.fsencode(name) for commit in commits[:limit]]
        blobs = _contents(directory, names)
        missing = 0
        for commit, blob in zip(commits, blobs, strict=False):
            if blob is None:  # the commit deletes the file, or its content is missing
                there = _answer(directory, "ls-tree", "-z", "--full-tree", commit, "--", os.fsdecode(prefix) + name)
                missing += bool(there)
    except GitError as error:
        return History((), error.message)
    seen: dict[bytes, str] = {}
    for commit, blob in zip(commits, blobs, strict=False):
        if blob is not None and blob.data is not None:
            seen.setdefault(blob.data, commit)
    large = sum(blob is not None and blob.data is None for blob in blobs)
    gap = f"only its {limit} newest commits were read" if len(commits) > limit else ""
    if large:
        gap = f"{large} of its versions {'is' if large == 1 else 'are'} too large to read"
    if missing:
        gap = f"{missing} of its versions {'is' if missing == 1 else 'are'} not here; fetch the missing objects"
    return History(
        tuple((commit, blob) for blob, commit in seen.items()),
        "the clone is shallow: fetch the rest" if shallow else gap,
    )


def changes(directory: Path, paths: Iterable[Path], *, limit: int = 200) -> tuple[list[str], str]:
    """Return the short names of the commits that changed one of the files, oldest first, and what may be missing.

    They are the newest `limit` of the current branch's history. Raise `GitError` if git does not answer.
    """
    shallow = _answer(directory, "rev-parse", "--is-shallow-repository").strip() != b"false"
    names = [os.path.relpath(path, directory) for path, name in _named(directory, paths) if name is not None]
    if not names:
        return [], ""
    arguments = ("--topo-order", "--format=%h", f"--max-count={limit + 1}", "--no-show-signature", "--", *names)
    commits = _answer(directory, "log", *arguments).decode("ascii").split()
    gap = f"only the {limit} newest commits were read" if len(commits) > limit else ""
    return commits[:limit][::-1], "the clone is shallow: fetch the rest" if shallow else gap


def contents(directory: Path, asked: Sequence[tuple[str, Path]], *, most: int = _MOST_BYTES) -> list[Blob | None]:
    """Return what files held in commits, None if there was no such file; the commit "" is the index.

    Blobs beyond a total of `most` bytes have no data. Raise `GitError` if git does not answer.
    """
    names = (name for _, name in _named(directory, (path for _, path in asked)))
    questions = [
        b"" if name is None else (commit or ":0").encode() + b":" + name
        for (commit, _), name in zip(asked, names, strict=True)
    ]
    return _contents(directory, questions, most)


def _named(directory: Path, paths: Iterable[Path]) -> Iterator[tuple[Path, bytes | None]]:
    """Yield each path with its name relative to the top of the work tree; None if it is outside."""
    prefix = os.fsdecode(_answer(directory, "rev-parse", "--show-prefix").removesuffix(b"\n"))
    for path in paths:
        try:
            name = os.path.normpath(os.path.join(prefix, os.path.relpath(path, directory)))  # noqa: PTH118 - a name of git's
            yield path, None if "\0" in name or Path(name).parts[:1] in ((), ("..",)) else os.fsencode(name)
        except ValueError:  # half of a surrogate pair, or another drive
            yield path, None


def _of_index(directory: Path, listed: bytes) -> dict[Path, bytes]:
    names = frozenset(listed.split(b"\0"))
    if names == {b""}:
        return {}
    ids = _staged_ids(_answer(directory, "ls-files", "--stage", "-z"))
    given = _given(directory, {name: object_id for name, object_id in ids.items() if name in names})
    return {directory / os.fsdecode(name): data for name, data in sorted(given.items())}


def _staged_ids(listed: bytes) -> dict[bytes, bytes]:
    """Return file → object id of what `ls-files --stage -z` lists, without submodules, which are other repositories."""
    entries = (entry.partition(b"\t") for entry in listed.split(b"\0") if entry)
    return {name: about.split(b" ")[1] for about, _, name in entries if not about.startswith(b"160000 ")}


def _given(directory: Path, ids: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return file → content; raise `GitError` for content that is missing, as in a partial clone."""
    given: dict[bytes, bytes] = {}
    for name, blob in zip(ids, _contents(directory, list(ids.values())), strict=True):
        shown = os.fsdecode(name)
        if blob is None:
            raise GitError(directory, f"it lists {shown!r} but cannot read it; fetch the missing objects of this clone")
        if blob.data is None:
            raise GitError(directory, f"with {shown!r} it lists more than {_MOST_BYTES >> 20} MiB")
        given[name] = blob.data
    return given


def _contents(directory: Path, names: Sequence[bytes], most: int = _MOST_BYTES) -> list[Blob | None]:
    """Return the blobs of object names, None for a missing one; raw, so that no filter of the repository runs."""
    # A batch cannot ask for a name with a line end: such a version counts as missing.
    asked = b"".join((name if name and b"\n" not in name else b"0") + b"\n" for name in names)
    answers = _answer(directory, "cat-file", "--batch-check", stdin=asked) if names else b""
    facts = [line.rsplit(b" ", 2) for line in answers.split(b"\n")[: len(names)]]
    ids = [fact[0] if len(fact) == 3 and fact[1] == b"blob" else None for fact in facts]
    sizes: dict[bytes, int] = {}
    total = 0
    for fact, id_ in zip(facts, ids, strict=True):
        if id_ is not None and id_ not in sizes and total + int(fact[2]) <= most:
            sizes[id_] = int(fact[2])
            total += sizes[id_]
    data = dict(_blobs(directory, sizes))
    return [None if id_ is None else Blob(id_.decode("ascii"), data.get(id_)) for id_ in ids]


def _blobs(directory: Path, sizes: Mapping[bytes, int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the ids and contents of blobs of known sizes, a few at a time."""
    batch: list[bytes] = []
    size = 0
    for number, (id_, length) in enumerate(sizes.items(), 1):
        batch.append(id_)
        size += length
        if size < _AT_ONCE and number < len(sizes):
            continue
        output = _answer(directory, "cat-file", "--batch", stdin=b"".join(name + b"\n" for name in batch))
        position = 0
        for name in batch:
            start = output.find(b"\n", position) + 1
            header = output[position : max(start - 1, position)].split(b" ")
            if start == 0 or len(header) != 3 or int(header[2]) != sizes[name]:
                raise GitError(directory, "it lists a file but cannot read it; fetch the missing objects of this clone")
            yield name, output[start : start + sizes[name]]
            position = start + sizes[name] + 1
        batch, size = [], 0


def configure(directory: Path, name: str, value: str) -> None:
    """Set a value in the clone's own configuration; raise `GitError` if this is not a work tree."""
    _answer(directory, "config", "--local", name, value)


def merge_lines(ours: Path, base: Path, theirs: Path) -> bool:
    """Merge files line by line, as git does without a driver, into `ours`; return whether there are conflicts."""
    paths = [str(path.absolute()) for path in (ours, base, theirs)]
    _answer(ours.absolute().parent, "merge-file", *paths, statuses=range(128))
    return any(line.startswith(b"<<<<<<< ") for line in ours.read_bytes().splitlines())


def _git(directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Return git's answer, or nothing if it fails: for facts that are merely good to have."""
    try:
        return _answer(directory, *arguments, stdin=stdin)
    except GitError:
        return b""


def _answer(directory: Path, *arguments: str, stdin: bytes = b"", statuses: Container[int] = (0,)) -> bytes:
    """Return git's answer; raise `GitError` if it fails or exits with a status not in `statuses`."""
    git = shutil.which("git")
    if git is None:
        raise GitError(directory, "it is not installed")
    environment = {
        **os.environ,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",  # blocks every fetch in versions of git that do not know the variable above
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(  # noqa: S603 - git itself, by its path, with our own arguments
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
        raise GitError(directory, f"cannot start: {(error.strerror or 'unknown').lower()}") from None
    if b"unable to read" in done.stderr:  # which is no failure to `git grep`: it goes on without the file
        raise GitError(directory, "it lists files but cannot read them; fetch the missing objects of this clone")
    if done.returncode not in statuses:
        raise GitError(directory, f"exit status {done.returncode}; is this a git work tree?")
    return done.stdout
