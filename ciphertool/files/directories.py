"""Directories held open, and the way to a file that avoids strangers' links. Reads no file.

A link is followed if it was made by root, by the user of this process, or by the owner of its directory, who could put
anything there; root does not follow the latter's either. Behind any other link, the file and its directory must belong
to the maker of the link.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.deferred import pattern
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HELD = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_ENTER = getattr(os, "O_PATH", os.O_RDONLY) | _DIRECTORY | _NO_FOLLOW
_BINARY = getattr(os, "O_BINARY", 0)
_MAGIC = pattern(r"/proc/[0-9]+/")
_MOST_LINKS = 40
_NO_SUCH_CALL = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.EPERM, errno.EXDEV)


class Directory:
    """A directory held open: names are resolved in it even if it is renamed or replaced.

    If the system lacks the calls for that, names are joined to its path.
    """

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    def _name(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.path / name)

    def status(self) -> os.stat_result:
        """Return the status of the directory itself."""
        return self.path.stat() if self._descriptor is None else os.fstat(self._descriptor)

    def open(self, name: str, flags: int, mode: int = 0o600) -> int:
        """Open a file that is not a link; the caller closes the descriptor."""
        return os.open(self._name(name), flags | _NO_FOLLOW | _BINARY, mode, dir_fd=self._descriptor)

    def open_unnamed(self) -> int | None:
        """Open a new file (0600) that has no name yet; return None if the system has no such files."""
        if self._descriptor is None or not hasattr(os, "O_TMPFILE"):
            return None
        try:
            return os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno in _NO_SUCH_CALL:
                return None
            raise

    def link(self, descriptor: int, name: str) -> bool:
        """Give an unnamed file a free name; return whether the system can do so."""
        try:
            os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=self._descriptor)
        except OSError as error:
            if error.errno in _NO_SUCH_CALL:
                return False
            raise
        return True

    def replace(self, source: str, target: str) -> None:
        """Rename a file over another."""
        before, after = self._name(source), self._name(target)
        os.replace(before, after, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file's name if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._name(name), dir_fd=self._descriptor)

    def make(self, name: str) -> None:
        """Create a directory if there is none of that name."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._name(name), dir_fd=self._descriptor)

    def leads_to(self, name: str, file: os.stat_result) -> bool:
        """Return whether a name, or the link of that name, leads to this very file."""
        return os.path.samestat(os.stat(self._name(name), dir_fd=self._descriptor), file)

    def names(self) -> list[str]:
        """Return the names in the directory."""
        if self._descriptor is None:
            return [path.name for path in self.path.iterdir()]
        with self.readable() as descriptor:
            return os.listdir(descriptor)  # noqa: PTH208 - a descriptor, which pathlib does not accept

    def writable(self) -> bool:
        """Return whether names can be created in the directory."""
        return os.access(self._name("."), os.W_OK | os.X_OK, dir_fd=self._descriptor)

    def sync(self) -> None:
        """Flush the names to disk before returning, if the system supports that."""
        if self._descriptor is not None:
            with self.readable() as descriptor:
                os.fsync(descriptor)

    @contextlib.contextmanager
    def readable(self) -> Iterator[int]:
        """Yield a descriptor of the directory that can be read, not merely traversed."""
        descriptor = os.open(self._name("."), os.O_RDONLY | _DIRECTORY, dir_fd=self._descriptor)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close the directory."""
        if self._descriptor is not None:
            os.close(self._descriptor)


class Way(NamedTuple):
    """Where a path leads: a directory, and the name of a file in it, which is not a link and need not exist.

    `strange` is a link on the way that another user made and that an output does not follow, `magic` one that stands
    for something a process holds (/proc/1/fd/1). `makers` are the users who must own what is at the end, with a link of
    each.
    """

    path: Path
    directory: Directory
    name: str
    strange: Path | None = None
    makers: Mapping[int, Path] = {}
    magic: Path | None = None

    @property
    def real(self) -> Path:
        """The path without links."""
        return self.directory.path / self.name

    def refuse_unless_of(self, owner: int) -> None:
        """Raise `ConfigError` if a file of this owner must not be reached this way."""
        for maker, link in self.makers.items():
            if maker != owner:
                raise ConfigError(
                    f"the link {link} belongs to another user and leads to what that user does not own",
                    hint="name the file without the link, or have root create the link",
                    path=self.path,
                )


@contextlib.contextmanager
def reach(path: Path, *, follow: bool = True) -> Iterator[Way]:
    """Yield the way to a file and hold its directory open meanwhile; unless `follow`, a link at the end is the file.

    Raise `FileNotFoundError` if a directory on the way is missing, another `OSError` if the system refuses, and
    `ConfigError` if a link must not be followed.
    """
    if not _HELD:
        real = Path(os.path.realpath(path)) if follow else Path(os.path.realpath(path.parent), path.name)
        if not real.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        yield Way(path, Directory(real.parent, None), real.name)
        return
    walk = _Walk(path)
    try:
        name = walk.to_the_end(follow=follow)
        way = Way(path, Directory(Path("/", *walk.names), walk.at), name, walk.strange, walk.makers, walk.magic)
        way.refuse_unless_of(way.directory.status().st_uid)
        yield way
    finally:
        walk.close()


class _Walk:
    """Walks a path from the root, one name at a time. `at` is the current directory, `names` its path."""

    def __init__(self, path: Path) -> None:
        self.at = -1
        self.names: list[str] = []
        self.strange: Path | None = None
        self.magic: Path | None = None
        self.makers: dict[int, Path] = {}
        self._todo = [*reversed(path.absolute().parts)]
        self._links = 0

    def close(self) -> None:
        if self.at >= 0:
            os.close(self.at)

    def to_the_end(self, *, follow: bool) -> str:
        """Go to the last directory; return the remaining name."""
        while self._todo:
            name = self._todo.pop()
            if name.startswith("/"):
                self._enter("/", [])
            elif name == "..":
                self._enter("..", self.names[:-1])
            elif self._todo:
                self._enter_or_follow(name)
            elif follow and self._is_link(name):
                self._follow(name)
            else:
                return name
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))

    def _enter(self, name: str, names: list[str]) -> None:
        entered = os.open(name, _ENTER, dir_fd=None if self.at < 0 else self.at)
        self.close()
        self.at, self.names = entered, names

    def _enter_or_follow(self, name: str) -> None:
        try:
            self._enter(name, [*self.names, name])
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP, errno.EMLINK) or not self._is_link(name):
                raise
            self._follow(name)

    def _is_link(self, name: str) -> bool:
        try:
            return stat.S_ISLNK(os.stat(name, dir_fd=self.at, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            return False

    def _follow(self, name: str) -> None:
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        maker, text = _link(self.at, name)
        user = os.geteuid()
        link = Path("/", *self.names, name)
        if _MAGIC.match(str(link)):
            self.magic = link
        if maker not in (0, user):
            bound = user == 0 or maker != os.fstat(self.at).st_uid
            if bound:
                self.makers[maker] = link
            if bound or not self._todo:
                self.strange = link
        self._todo += reversed(Path(text).parts)


def _link(directory: int, name: str) -> tuple[int, str]:
    """Return who made a link, and where it leads: both of the same link, even if its name is reused meanwhile."""
    if not hasattr(os, "O_PATH"):
        return os.stat(name, dir_fd=directory, follow_symlinks=False).st_uid, os.readlink(name, dir_fd=directory)
    descriptor = os.open(name, os.O_PATH | _NO_FOLLOW, dir_fd=directory)
    try:
        return os.fstat(descriptor).st_uid, os.readlink("", dir_fd=descriptor)
    finally:
        os.close(descriptor)
