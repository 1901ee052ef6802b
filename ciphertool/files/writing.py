"""Writes files: whole or not at all, with the same mode and owner, never over somebody else's change.

It does not depend on a file's content; `snapshots` reads it. A write goes to an unnamed file in the same directory or,
if the system has none, to a temporary file (0600). That file is synced, the target compared with what was read, the
file renamed over it, and the directory synced. It takes over the facts of the descriptor that was read, never those of
a name.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool.errors import ConfigError, ConflictError, WriteError
from ciphertool.files.destinations import Audience, refusal
from ciphertool.files.directories import reach
from ciphertool.files.passing import leftovers, temporary_name
from ciphertool.files.snapshots import PRIVATE, Snapshot, read_at
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ciphertool.files.directories import Directory, Way
    from ciphertool.files.snapshots import Facts

_ACL = "system.posix_acl_access"


class Writing(Protocol):
    """Anything that is written wholly or not at all."""

    @property
    def where(self) -> Path | str:
        """What messages call the place that is written."""

    def apply(self) -> None:
        """Write it; raise `ConflictError` if it is not as it was read, `WriteError` if it cannot be written."""


class Write(NamedTuple):
    """One file to write: its old content, its new content, and for whom.

    A new file gets `mode`, and the owner and group of its directory or of `like` if we may set them. An existing file
    keeps its owner, its extended attributes and its mode without set-id bits; with `private` the mode is 0600.
    """

    before: Snapshot
    data: bytes
    mode: int = PRIVATE
    audience: Audience = Audience.OWNER
    private: bool = False
    like: Facts | None = None

    def __repr__(self) -> str:
        return repr_of(self, "before", "mode", "audience", "private")

    @property
    def where(self) -> Path:
        """The file's path."""
        return self.before.path

    def apply(self) -> None:
        """Write this file alone; raise `WriteError` or `ConflictError`."""
        _write(self)


def write_all(writes: Sequence[Writing], written: Callable[[int], None] = lambda _: None) -> None:
    """Write files, and what is written like them, in the order given; `written` is called with the number after each.

    Raise `WriteError` or `ConflictError` at the first failure, with a message that lists which files are new and which
    are old; running again completes the work. Each file is wholly old or wholly new at any time.
    """
    for number, item in enumerate(writes):
        try:
            item.apply()
            written(number + 1)
        except (WriteError, ConflictError) as error:
            done = [str(w.where) for w in writes[:number]]
            left = [str(w.where) for w in writes[number:]]
            raise type(error)(
                f"{error}; written: {', '.join(done) or 'nothing'}; unchanged: {', '.join(left)}",
                hint="fix the cause and run again; the next run completes the rest",
            ) from None


def remove(path: Path) -> None:
    """Remove a file durably, if there is one; raise `WriteError` if that fails."""
    try:
        with reach(path, follow=False) as way:
            way.directory.remove(way.name)
            way.directory.sync()
    except OSError as error:
        raise WriteError(f"cannot be removed: {error.strerror}", path=path) from None


def _write(item: Write) -> None:
    before = item.before
    try:
        with reach(before.path) as way:
            if way.real != before.real:
                raise _conflict(before)
            if (refused := refusal(before, way, item.audience)) is not None:
                raise refused
            for stale in leftovers(way.directory, (way.name,)):
                with contextlib.suppress(OSError):
                    way.directory.remove(stale)
            if not _replace(item, way, way.directory.open_unnamed()):
                _replace(item, way, None)
            way.directory.sync()
    except OSError as error:
        raise WriteError(f"cannot be written: {error.strerror}", path=before.path) from None
    except ConfigError:
        raise _conflict(before) from None


def _replace(item: Write, way: Way, unnamed: int | None) -> bool:
    """Write the new file and replace the old one; return False if an unnamed file cannot get a name.

    Owner, mode and attributes are set last, so that a temporary file has mode 0600 until the moment before it is
    renamed.
    """
    directory, temporary = way.directory, temporary_name(way.name)
    descriptor = unnamed if unnamed is not None else directory.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    is_new = item.before.data is None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(item.data)
            stream.flush()
            os.fsync(descriptor)
            _refuse_if_changed(item.before, way)
            _take_over(descriptor, item, directory)
            if unnamed is not None and not directory.link(descriptor, way.name if is_new else temporary):
                return False
        if unnamed is None or not is_new:
            directory.replace(temporary, way.name)
    except FileExistsError:
        raise _conflict(item.before) from None
    except BaseException:
        directory.remove(temporary)
        raise
    return True


def _take_over(descriptor: int, item: Write, directory: Directory) -> None:
    """Give the new file the owner, attributes and mode of the one that was read, or those of a new file."""
    facts = item.before.facts
    mode = PRIVATE if item.private else (item.mode if facts is None else facts.mode) & 0o777
    if hasattr(os, "fchown"):
        made = os.fstat(descriptor)
        owner, group = made.st_uid, made.st_gid
        if facts is not None:
            owner, group = facts.owner, facts.group
        else:
            host = directory.status()
            owner, group = (host.st_uid, host.st_gid) if item.like is None else (item.like.owner, item.like.group)
        if (made.st_uid, made.st_gid) != (owner, group):
            try:
                os.fchown(descriptor, owner, group)
            except PermissionError:
                if facts is not None:
                    raise
    if facts is not None:
        _take_over_attributes(descriptor, dict(facts.attributes), with_acl=not item.private)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)  # after the ACL, whose mask is the mode's bits for the group


def _take_over_attributes(descriptor: int, attributes: dict[str, bytes], *, with_acl: bool) -> None:
    acl = attributes.pop(_ACL, None)
    for name, value in attributes.items():
        try:
            os.setxattr(descriptor, name, value)
        except OSError:
            if name.startswith("user."):
                raise
            # System attributes can be set only by root, or by nobody: a new file gets its own.
    if not hasattr(os, "setxattr"):
        return
    if acl is not None and with_acl:
        os.setxattr(descriptor, _ACL, acl)
        return
    try:
        os.removexattr(descriptor, _ACL)  # the default ACL that new files inherit from the directory
    except OSError as error:
        if error.errno not in (errno.ENODATA, errno.ENOTSUP):
            raise


def _refuse_if_changed(before: Snapshot, way: Way) -> None:
    now = read_at(way)
    if (now.data, now.facts) != (before.data, before.facts):
        raise _conflict(before)


def _conflict(before: Snapshot) -> ConflictError:
    return ConflictError("changed during processing; it was not written", path=before.path)
