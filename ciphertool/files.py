"""Reading and writing of files: whole or not at all, same mode and owner, never over somebody else's change.

Nothing here knows what a file holds. A write goes to a temporary file in the same directory (0600 from its first
byte), is synced, compared against what was read, renamed over the target, and the directory is synced.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import ConfigError, ConflictError, WriteError
from ciphertool.secret import showing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

PRIVATE = 0o600
_MAXIMUM_BYTES = 256 * 1024 * 1024
_STALE = re.compile(r"\.ciphertool-[0-9a-f]{12}")


class Snapshot(NamedTuple):
    """What a file held when it was read; `data` is None where there was no such file. `real` is behind all links."""

    path: Path
    real: Path
    data: bytes | None

    def __repr__(self) -> str:
        return showing(self, "path", "real")

    @property
    def bytes(self) -> bytes:
        """The file's content, b"" where there is no such file."""
        return self.data or b""


class Write(NamedTuple):
    """One file to be written: what it held, what it is to hold, and whose mode a new file takes.

    A new file takes owner and group of its directory and the mode of `sibling` without write for others, or `mode`
    (0600 unless given). A file that exists keeps its mode, owner and extended attributes; with `private` it is 0600.
    """

    before: Snapshot
    data: bytes
    sibling: Path | None = None
    private: bool = False
    mode: int = PRIVATE

    def __repr__(self) -> str:
        return showing(self, "before", "sibling", "private", "mode")


def read(path: Path) -> Snapshot:
    """Read a file once; raise `ConfigError` if it is not there or cannot be read."""
    snapshot = read_if_there(path)
    if snapshot.data is None:
        raise ConfigError("no such file", path=path)
    return snapshot


def read_if_there(path: Path) -> Snapshot:
    """Read a file once; a file that does not exist has `data` None."""
    real = Path(os.path.realpath(path))
    try:
        with open_regular(real) as stream:
            if os.fstat(stream.fileno()).st_size > _MAXIMUM_BYTES:
                raise ConfigError(f"larger than {_MAXIMUM_BYTES >> 20} MiB", path=path)
            return Snapshot(path, real, stream.read())
    except FileNotFoundError:
        return Snapshot(path, real, None)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=path) from None


def lies_in(path: Path, directory: Path) -> bool:
    """Tell whether a path, links followed, lies in a directory; what no file can be called lies nowhere."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory))
    except ValueError:
        return False


def size(path: Path) -> int:
    """Return how many bytes a file has, 0 where that cannot be told: why is told when it is read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def open_regular(path: Path) -> BinaryIO:
    """Open a file to be read; raise `OSError` for a pipe or a device too, which is not waited for."""
    stream = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 - the caller's to close
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "not a regular file")
    return stream


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def obstacle(snapshot: Snapshot) -> WriteError | None:
    """Return why a file could not be replaced by renaming, found before anything is written, or None."""
    directory = snapshot.real.parent
    if not directory.is_dir():
        return WriteError("its directory does not exist", path=snapshot.path)
    if not os.access(directory, os.W_OK | os.X_OK):
        return WriteError(
            "no permission to write in its directory",
            hint="a file is replaced by renaming, which needs write permission on the directory",
            path=snapshot.path,
        )
    if snapshot.data is None:
        return None
    status = snapshot.real.stat()
    if _is_mount_point(snapshot.real):
        return WriteError(
            "is a mount point and cannot be replaced",
            hint="run ciphertool where the file really lies, not in the container that mounts it",
            path=snapshot.path,
        )
    if status.st_nlink > 1:
        return WriteError(
            f"has {status.st_nlink} hard links; replacing it would leave the others as they are",
            hint="replace the hard link by a symbolic link or a copy",
            path=snapshot.path,
        )
    if os.name == "posix" and os.geteuid() not in (0, status.st_uid):
        return WriteError("belongs to another user, and its owner could not be kept", path=snapshot.path)
    return None


def _is_mount_point(path: Path) -> bool:
    """Tell whether a file is mounted by itself, as containers do with secrets and configuration files."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return path.stat().st_dev != path.parent.stat().st_dev
    octal = re.compile(r"\\([0-7]{3})")
    points = (line.split(" ")[4] for line in mounts.splitlines())
    return str(path) in {octal.sub(lambda m: chr(int(m[1], 8)), point) for point in points}


def write_all(writes: Sequence[Write], written: Callable[[int], None] = lambda _: None) -> None:
    """Write files in the order given; `written` is told after each how many that makes.

    Raise `WriteError` or `ConflictError` at the first that fails, with a message that lists which files are new and
    which are old; running again completes the work. Each file is wholly old or wholly new at any time.
    """
    for number, item in enumerate(writes):
        try:
            _write(item)
            written(number + 1)
        except (WriteError, ConflictError) as error:
            done = [str(w.before.path) for w in writes[:number]]
            left = [str(w.before.path) for w in writes[number:]]
            raise type(error)(
                f"{error}; written: {', '.join(done) or 'nothing'}; left as they were: {', '.join(left)}",
                hint="remove the cause and run again: it completes what is left",
            ) from None


def _write(item: Write) -> None:
    target = item.before.real
    temporary = target.with_name(f".{target.name}.ciphertool-{os.urandom(6).hex()}")
    try:
        _remove_stale(target)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), PRIVATE)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(item.data)
                stream.flush()
                _take_over_attributes(stream.fileno(), item)
                os.fsync(stream.fileno())
            _refuse_if_changed(item.before)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_directory(target.parent)
    except OSError as error:
        raise WriteError(f"cannot be written: {error.strerror}", path=item.before.path) from None


def _take_over_attributes(descriptor: int, item: Write) -> None:
    """Give the temporary file the target's mode, owner and extended attributes, or those a new file should have."""
    target = item.before.real
    if item.before.data is not None:
        status = target.stat()
        mode = PRIVATE if item.private else stat.S_IMODE(status.st_mode)
        for name in os.listxattr(target) if hasattr(os, "listxattr") else ():
            with contextlib.suppress(OSError):  # security.* may be set by root alone, who gets it by the directory
                os.setxattr(descriptor, name, os.getxattr(target, name))
    else:
        status = target.parent.stat()
        mode = stat.S_IMODE(item.sibling.stat().st_mode) & ~0o113 if item.sibling else item.mode
    if hasattr(os, "fchown"):
        made = os.fstat(descriptor)
        if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
            try:
                os.fchown(descriptor, status.st_uid, status.st_gid)
            except PermissionError:
                if item.before.data is not None:
                    raise
        os.fchmod(descriptor, mode)


def _refuse_if_changed(before: Snapshot) -> None:
    now = read_if_there(before.path)
    if (now.real, now.data) != (before.real, before.data):
        raise ConflictError("changed while it was being worked on; nothing of it was written", path=before.path)


def _sync_directory(directory: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_stale(target: Path) -> None:
    """Remove what a killed run left beside the target."""
    prefix = f".{target.name}"
    for path in target.parent.iterdir():
        if path.name.startswith(prefix) and _STALE.fullmatch(path.name[len(prefix) :]):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def lock(directory: Path, *, seconds: float = 10.0) -> Iterator[None]:
    """Keep other ciphertool runs from writing in a vault's directory; `ConflictError` after `seconds` of waiting.

    The lock is held on the directory itself, which nothing replaces, and ends with the process.
    """
    try:
        import fcntl
    except ImportError:  # no advisory locks on this platform: the comparison before each rename remains
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise WriteError(f"cannot be locked: {error.strerror}", path=directory) from None
                if time.monotonic() > deadline:
                    raise ConflictError("another ciphertool is writing here", path=directory) from None
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
