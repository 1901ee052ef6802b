"""Plug-ins: what other distributions offer in an entry-point group, found by name, with their failures contained.

Whether plug-ins may be loaded is a value, `Extensions`, created when settings are read and passed down from there.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool.errors import CipherToolError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Extensions(NamedTuple):
    """The plug-ins that settings may use: all that are installed, or none if nobody vouches for the settings."""

    allowed: bool

    def names(self, group: str) -> tuple[str, ...]:
        """Return the names of all usable plug-ins of a group."""
        if not self.allowed:
            return ()
        from importlib.metadata import entry_points

        return tuple(sorted({entry.name for entry in entry_points(group=group)}))

    def find(self, group: str, name: str) -> Callable[..., Any] | None:
        """Return the callable that is offered under a name, or None if there is none or plug-ins may not be used.

        The callable raises only what `guarded` lets through. Raise `PluginError` if it cannot be imported, or several
        distributions offer the name.
        """
        return _find(group, name) if self.allowed else None


ALL_EXTENSIONS = Extensions(allowed=True)
NO_EXTENSIONS = Extensions(allowed=False)


def _find(group: str, name: str) -> Callable[..., Any] | None:
    from importlib.metadata import entry_points

    entries = tuple(entry_points(group=group, name=name))
    if not entries:
        return None
    if len(entries) > 1:
        raise PluginError(group, name, "several distributions provide it")
    with guarded(group, name):
        offered = entries[0].load()

    def call(*arguments: Any, **options: Any) -> Any:
        with guarded(group, name):
            return offered(*arguments, **options)

    return call


@contextmanager
def guarded(group: str, name: str) -> Iterator[None]:
    """Turn every exception other than a `CipherToolError` into a `PluginError`: its text may quote a secret."""
    try:
        yield
    except CipherToolError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        raise PluginError(group, name, f"it raises {type(error).__name__}") from None
