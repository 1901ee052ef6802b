"""What found settings, which nobody named, may reach: the files of their own tree, and nothing else.

A person names settings by `--config`, `--home`, `CIPHERTOOL_CONFIG` or `Vault.open(path)`. Settings that lie in an
audited tree, or are found from the working directory upwards, may be anybody's: they start no program, load no code,
open no connection, see no environment variable and read nothing outside their tree. Targets are kept within it when
they are expanded (`settings.targets.paths`).
"""

from __future__ import annotations

import contextlib
import signal
import stat
import threading
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.deferred import pattern
from ciphertool.errors import FoundSettingsError
from ciphertool.settings.model import FOUND
from ciphertool.settings.targets import OUTSIDE, SLOW, is_slow, wildcards

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import FrameType

    from ciphertool.files import Snapshot
    from ciphertool.passwords import PasswordSource
    from ciphertool.settings.model import Overrides, Settings, Target, Trust

_LARGEST = 1 << 20
"""The most bytes of a settings file: more than any real one has, and few enough to parse instantly."""
_MOST_SEARCHES = 200
"""Limit for all targets together: wildcards in files, each of which may list the whole tree, and searches in a file."""
SECONDS = 30.0
"""Seconds of processor time for the selectors of found settings."""
EXPRESSION = "has a regular expression"
"""Why found settings are refused a target that a plain selector or part would do for."""
_AGAIN = 0.1
# What makes an XPath more than nested element names and their positions.
_MORE_THAN_NAMES = pattern(r"[(*|=<>]|//|::|\.\.|\[(?!\d+\])")


class Found(NamedTuple):
    """Settings that were found, without what is `refused`; None if nothing usable is left."""

    settings: Settings | None
    refused: tuple[FoundSettingsError, ...] = ()


def read(path: Path, tree: Path | None, origin: Path) -> Snapshot:
    """Read a settings file on behalf of `origin`; `data` is None if there is no file.

    Raise `FoundSettingsError` if it lies outside the `tree` in which the settings were found (None if they were named).
    """
    if tree is not None and not files.lies_in(path, tree):
        raise FoundSettingsError(f"settings file {path.name}", OUTSIDE, origin)
    if tree is not None and files.size(path) > _LARGEST:
        raise FoundSettingsError(f"settings file {path.name}", f"is larger than {_LARGEST >> 20} MiB", origin)
    return files.read_if_there(path)


def confine(settings: Settings, tree: Path, overrides: Overrides, *, audited: bool) -> Found:
    """Return found settings without what leads out of the tree; paths in a person's `overrides` may be anywhere.

    If they are `audited`, their password sources are ignored, and no target may be slow to find. Otherwise a password
    source that reaches beyond the files of the tree is refused.
    """
    refused: list[FoundSettingsError] = []
    given = {overrides.keystore, overrides.certificate, overrides.repository}

    def kept(what: str, path: Path | None) -> Path | None:
        reason = _obstacle(path, tree) if path is not None and path not in given else None
        if reason is not None:
            refused.append(FoundSettingsError(what, reason, settings.origin, path))
        return None if reason is not None else path

    repository = kept("secret repository", settings.repository_settings.path)
    keystore = settings.keystore._replace(
        path=kept("keystore", settings.keystore.path),
        certificate=kept("certificate", settings.keystore.certificate),
    )
    recipients = tuple(
        recipient for recipient in settings.recipients if kept(f"recipient {recipient.name!r}", recipient.certificate)
    )
    sources = [(source, _refusal(source, tree)) for source in settings.password_sources]
    targets = settings.targets
    if audited:
        slow = {target: EXPRESSION if _has_expression(target) else SLOW for target in _slow(targets)}
        targets = tuple(target for target in targets if target not in slow)
        refused += (FoundSettingsError(f"target {each.alias!r}", why, settings.origin) for each, why in slow.items())
    else:
        refused += (FoundSettingsError(*why, settings.origin) for _, why in sources if why)
    if repository is None:
        return Found(None, tuple(refused))
    kept_sources = tuple(source for source, why in sources if why is None)
    settings = settings._replace(
        keystore=keystore, recipients=recipients, targets=targets, password_sources=kept_sources, trust=FOUND
    )
    return Found(settings, tuple(refused))


def _obstacle(path: Path, tree: Path) -> str | None:
    """Return why found settings may not read a file, or None if they may or it does not exist."""
    inside = files.lies_in(path, tree)
    if inside:
        try:
            return None if stat.S_ISREG(path.stat().st_mode) else "is not a regular file"
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            return f"cannot be read: {(error.strerror or 'unknown').lower()}"
    if "${" in str(path):
        return "has a placeholder in its path, which is not replaced"
    return None if inside else OUTSIDE


def _refusal(source: PasswordSource, tree: Path) -> tuple[str, str] | None:
    """Return what is refused of a password source, and why: it must read nothing but files of the tree."""
    reads: tuple[Path, ...] | None = getattr(source, "files", None)
    if reads is None:
        return f"password from {source.name}", "works only from a configuration that is named"
    reasons = ((path, _obstacle(path, tree)) for path in reads)
    return next(((f"password file {path}", reason) for path, reason in reasons if reason), None)


def _slow(targets: tuple[Target, ...]) -> Iterator[Target]:
    """Yield the targets that an audit refuses as slow. Elsewhere their expressions are tried: see `Patience`."""
    searches = 0
    for target in targets:
        searches += wildcards(target.file) + (".." in target.selector or "//" in target.selector)
        if searches > _MOST_SEARCHES or is_slow(target.file) or not _is_quick(target):
            yield target


class Patience:
    """The total processor time that this process may spend on the expressions of found settings.

    JSONPath is stopped by a signal; an XPath is stopped only after it has ended. Regular expressions are not tried.
    """

    def __init__(self, origin: Path, trust: Trust) -> None:
        self._origin, self._confined = origin, trust.confined
        self._left = SECONDS

    @contextlib.contextmanager
    def bounded(self, targets: Sequence[Target]) -> Iterator[None]:
        """Raise `FoundSettingsError` if a search for one of the targets within this context takes too long.

        The same is raised for a target with a regular expression: it is for settings that a person named.
        Targets that cannot take long are not watched. Others are refused if nothing could stop them: in a thread other
        than the main one, and on systems without such a signal.
        """
        if self._confined and (of_person := next(filter(_has_expression, targets), None)):
            raise FoundSettingsError(f"target {of_person.alias!r}", EXPRESSION, self._origin)
        slow = next((target for target in targets if not _is_quick(target)), None) if self._confined else None
        if slow is None:
            yield
            return
        what, reason = f"target {slow.alias!r}", f"{SLOW}, and could not be stopped here"
        if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
            raise FoundSettingsError(what, reason, self._origin)
        watching = [True]

        def stop(_number: int, _frame: FrameType | None) -> None:
            if watching:
                raise _StoppedError

        before = signal.signal(signal.SIGVTALRM, stop)
        try:
            # Repeated, because an exception that is raised in a finaliser or during garbage collection is lost.
            signal.setitimer(signal.ITIMER_VIRTUAL, max(self._left, 0.001), _AGAIN)
            yield
            watching.clear()
            self._left = signal.getitimer(signal.ITIMER_VIRTUAL)[0]
        except _StoppedError:
            watching.clear()
            self._left = 0.0
            reason = f"has an expression that takes more than {SECONDS:g} s of processor time"
            raise FoundSettingsError(what, reason, self._origin) from None
        finally:
            watching.clear()
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)


class _StoppedError(BaseException):
    """A `BaseException`, so that no error handler stops it on its way out."""


def _has_expression(target: Target) -> bool:
    # Each has a group, and so a parenthesis. In a selector, no other format has one like this.
    return "(" in (target.part or "") or "(?P<" in target.selector


def _is_quick(target: Target) -> bool:
    """Return whether the time to find a target grows only with the tree and the file, whatever its format.

    That holds for a plain path with at most one descent to any depth, never for a regular expression.
    """
    from ciphertool.rewriters import jsonpath  # lazy: settings that are not audited do not need it
    from ciphertool.rewriters.xml import xpath

    deep = [name for name in PurePath(target.file).parts if "**" in name]
    if deep not in ([], ["**"]) or _has_expression(target):
        return False
    _, path = jsonpath.split_document(target.selector)
    if path.startswith("/"):
        return xpath.plain(path.replace("//", "/", 1)) is not None
    if path.startswith("$"):
        # A wildcard, or a filter that compares one member, takes no longer than indexing every child.
        return jsonpath.filtered_steps(path.replace("..", ".", 1)) is not None
    return _MORE_THAN_NAMES.search(path) is None  # a key, or a relative XPath
