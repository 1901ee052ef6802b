"""Private files that vanish: in memory where there is such a directory, for one user, removed when the child ends."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PREFIX = "ciphertool-run-"
_NAME = re.compile(rf"{_PREFIX}(?P<process>\d+)-[0-9a-f]{{16}}")


@contextlib.contextmanager
def private_files(contents: Mapping[Path, bytes]) -> Iterator[dict[Path, Path]]:
    """Write each content to a file of the same name (mode 0600) and give the paths; remove all at the end.

    What a run that was killed left behind is removed by the next one. Raises `WriteError`.
    """
    if not contents:
        yield {}
        return
    directory = _memory() / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
    try:
        _remove_abandoned(directory.parent)
        directory.mkdir(mode=0o700)
    except OSError as error:
        raise WriteError(f"cannot be made: {error.strerror}", path=directory) from None
    try:
        places = {}
        for number, (path, data) in enumerate(contents.items()):
            place = directory / str(number) / path.name
            _write(place, data)
            places[path] = place
        yield places
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _write(place: Path, data: bytes) -> None:
    try:
        place.parent.mkdir(mode=0o700)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise WriteError(f"cannot be written: {error.strerror}", path=place) from None


def _memory() -> Path:
    """Return a directory that is kept in memory, or else the one for temporary files."""
    for candidate in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm"):  # noqa: S108 - the new directory is our own
        if candidate and Path(candidate).is_dir() and os.access(candidate, os.W_OK | os.X_OK):
            return Path(candidate)
    return Path(tempfile.gettempdir())


def _remove_abandoned(parent: Path) -> None:
    for path in parent.glob(f"{_PREFIX}*"):
        match = _NAME.fullmatch(path.name)
        if match and path.lstat().st_uid == os.geteuid() and not _is_running(int(match["process"])):
            shutil.rmtree(path, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
