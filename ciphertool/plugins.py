"""Plug-ins: what other distributions offer in an entry-point group, found by its name, and kept from what they break.

Whether any may be loaded is a value, `Extensions`, that is made where settings are read and handed down from there.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool.errors import CipherToolError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Extensions(NamedTuple):
    """The plug-ins that settings may use: all that are installed, or none, since nobody vouches for the settings."""

    allowed: bool

    def names(self, group: str) -> tuple[str, ...]:
        """Return the names of everything that is offered in a group, and may be used."""
        if not self.allowed:
            return ()
        from importlib.metadata import entry_points

        return tuple(sorted({entry.name for entry in entry_points(group=group)}))

    def find(self, group: str, name: str) -> Callable[..., Any] | None:
        """Return the callable that is offered under a name, or None if there is none or none may be used.

        It raises what `guarded` lets through. Raise `PluginError` if it cannot be imported, or several offer the name.
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
    """Raise a `PluginError` for every exception within that is no `CipherToolError`: it may quote a secret."""
    try:
        yield
    except CipherToolError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        raise PluginError(group, name, f"it raises {type(error).__name__}") from None
