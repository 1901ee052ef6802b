"""Temporary private files: in memory if there is such a directory, for one user, removed when the child ends.

Each run has its own directory and holds a lock on it (flock) as long as it lives. The system releases the lock however
the run ends, and the child never has it: whoever gets the lock knows that the directory is abandoned. Names and process
ids do not show that, since others can create names, and process ids mean nothing in another namespace.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError, WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PREFIX = "ciphertool-run-"
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS = 100
_MOUNTS = Path("/proc/self/mountinfo")


@contextlib.contextmanager
def private_files(contents: Mapping[Path, bytes], *, in_memory: bool = False) -> Iterator[dict[Path, Path]]:
    """Write each content to a file of the same name (mode 0600) and yield the paths; remove all at the end.

    The next run removes what a killed run left behind. With `in_memory`, never on a disk: raises `ConfigError` if the
    system has no directory that certainly is in memory. Raises `WriteError`.
    """
    if not contents:
        yield {}
        return
    parent = _memory(certainly=in_memory)
    _remove_abandoned(parent)
    directory, held = _made(parent)
    try:
        yield {
            path: _write(directory, held, Path(str(number), path.name), data)
            for number, (path, data) in enumerate(contents.items())
        }
    finally:
        with contextlib.suppress(OSError):
            _remove(directory, held)
        os.close(held)


def _made(parent: Path) -> tuple[Path, int]:
    """Create a directory and return it with the descriptor that holds its lock."""
    try:
        for _ in range(_ATTEMPTS):
            directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            held = _held(directory)
            if held is not None:
                return directory, held
            with contextlib.suppress(OSError):
                directory.rmdir()
    except OSError as error:
        raise WriteError(f"cannot create a private directory in it: {error.strerror}", path=parent) from None
    raise WriteError("a private directory does not persist in it", path=parent)


def _held(directory: Path) -> int | None:
    """Return a descriptor that locks a private directory of ours; None if it is not ours, or locked by another.

    Raises `OSError` if it cannot be opened or locked.
    """
    try:
        descriptor = os.open(directory, _OPEN)
    except FileNotFoundError:  # removed meanwhile by a run that considered it abandoned before it was locked
        return None
    try:
        status = os.fstat(descriptor)
        if status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(status, directory.lstat()):
                return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _write(directory: Path, held: int, name: Path, data: bytes) -> Path:
    try:
        os.mkdir(name.parent, 0o700, dir_fd=held)
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=held)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise WriteError(f"cannot be written: {error.strerror}", path=directory / name) from None
    return directory / name


def _memory(*, certainly: bool) -> Path:
    """Return a directory in memory, or else the one for temporary files; raise `WriteError` if neither is fit.

    With `certainly`, raise `ConfigError` if the system names none of them as being in memory.
    """
    usual = Path(tempfile.gettempdir())
    named = [Path(candidate) for candidate in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm") if candidate]  # noqa: S108 - the new directory is our own
    for candidate in (*named, usual):
        if _is_fit(candidate) and (not certainly or _is_in_memory(candidate)):
            return candidate
    if certainly:
        raise ConfigError("there is no directory in memory that only you can use: neither XDG_RUNTIME_DIR nor /dev/shm")
    raise WriteError(
        "other users could rename private files in it",
        path=usual,
        hint="set XDG_RUNTIME_DIR to a directory that only you can write to",
    )


def _is_fit(directory: Path) -> bool:
    """Return whether a directory is writable, and nobody but its owner, root or us can rename our files in it."""
    try:
        status = directory.stat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid in (0, os.geteuid())
        and (not status.st_mode & 0o022 or bool(status.st_mode & stat.S_ISVTX))
        and os.access(directory, os.W_OK | os.X_OK)
    )


def _is_in_memory(directory: Path) -> bool:
    """Return whether a directory is in a file system of which Linux says that it is in memory."""
    try:
        device = directory.stat().st_dev
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    wanted = f"{os.major(device)}:{os.minor(device)}"
    found = [line.partition(" - ")[2].split(" ")[0] for line in mounts if line.split(" ")[2:3] == [wanted]]
    return bool(found) and all(kind in ("tmpfs", "ramfs") for kind in found)


def _remove_abandoned(parent: Path) -> None:
    """Remove our directories that no run holds; skip what is not ours or vanishes meanwhile."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX):
                with contextlib.suppress(OSError):
                    _remove_if_abandoned(Path(entry.path))


def _remove_if_abandoned(directory: Path) -> None:
    held = _held(directory)
    if held is not None:
        try:
            _remove(directory, held)
        finally:
            os.close(held)


def _remove(directory: Path, held: int) -> None:
    """Remove a held directory, its content first and by the descriptor, so that no name can lead elsewhere."""
    os.fchmod(held, 0o700)
    for name in os.listdir(held):
        try:
            os.unlink(name, dir_fd=held)
        except OSError:
            shutil.rmtree(name, ignore_errors=True, dir_fd=held)
    directory.rmdir()
