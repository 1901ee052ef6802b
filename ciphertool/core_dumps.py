"""Keeps what is in the memory of ciphertool's own processes there: no core dump, and no process beside them looks in.

The command line asks for it, for its process is ciphertool's alone. An application decides for itself.
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
    """Forbid this process to leave a core dump, unless `CIPHERTOOL_CORE_DUMPS=keep`.

    On Linux it is also made one that cannot be dumped: a limit of 0 does not stop a core that the system hands to a
    program, nor other processes of the same user, who could read its memory and its environment.
    """
    global _before
    if os.environ.get(VARIABLE) == "keep" or os.name != "posix":
        return
    import resource

    if _before is None:
        _before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, _before[1]))
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, OSError, AttributeError):  # a Python that was built without it
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def for_programs() -> Callable[[], None] | None:
    """Return what gives a program that is started its limits back (its `preexec_fn`), None where they are untouched.

    That it can be dumped it has from the system, as every program that is started.
    """
    return None if _before is None else _restore


def _restore() -> None:
    if _before is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, _before)
