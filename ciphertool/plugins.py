"""Plug-ins: what other distributions offer in an entry-point group, found by its name, and kept from what they break.

Whether one may be loaded is the caller's to know: only from settings that a person named.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ciphertool.errors import CipherToolError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def names(group: str) -> tuple[str, ...]:
    """Return the names of everything that is offered in a group."""
    from importlib.metadata import entry_points

    return tuple(sorted({entry.name for entry in entry_points(group=group)}))


def find(group: str, name: str) -> Callable[..., Any] | None:
    """Return the callable that is offered under a name, or None where there is none.

    It raises what `guarded` lets through. Raise `PluginError` where it cannot be imported, or several offer the name.
    """
    from importlib.metadata import entry_points

    entries = tuple(entry_points(group=group, name=name))
    if not entries:
        return None
    if len(entries) > 1:
        raise PluginError(group, name, "several distributions offer it")
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
