"""Protects the memory of ciphertool's own processes: no core dumps, and no access from other processes.

The command line turns this on, since its process belongs to ciphertool alone. An application decides for itself.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "CIPHERTOOL_CORE_DUMPS"
_PR_SET_DUMPABLE = 4
_before: tuple[int, int] | None = None


def forbid() -> None:
    """Keep this process from leaving a core dump, unless `CIPHERTOOL_CORE_DUMPS=keep`.

    On Linux the process is also marked as not dumpable: a limit of 0 does not stop a core that the system pipes to a
    program, nor other processes of the same user from reading its memory and environment.
    """
    global _before
    if os.environ.get(VARIABLE) == "keep":
        return
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return

    if _before is None:
        _before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, _before[1]))
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, OSError, AttributeError):  # a Python built without it
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def for_programs() -> Callable[[], None] | None:
    """Return the `preexec_fn` that restores a started program's limits, or None if they were not changed.

    The system itself makes every program dumpable when it starts.
    """
    return None if _before is None else _restore


def _restore() -> None:
    if _before is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, _before)
