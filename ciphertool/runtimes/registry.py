"""The registry of runtimes: which product reads a vault of which kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.runtimes.carbon4 import Carbon4Runtime
from ciphertool.runtimes.carbon5 import Carbon5Runtime
from ciphertool.runtimes.deployment import DeploymentRuntime
from ciphertool.runtimes.native import NativeRuntime

if TYPE_CHECKING:
    from ciphertool.runtimes.base import Runtime

_NATIVE = NativeRuntime()
RUNTIMES: tuple[Runtime, ...] = (_NATIVE, Carbon4Runtime(), DeploymentRuntime(), Carbon5Runtime())


def runtime_of(kind: str) -> Runtime:
    """Return the runtime of a kind of repository; a plug-in's kind has the native runtime."""
    return next((runtime for runtime in RUNTIMES if runtime.kind == kind), _NATIVE)


def kind_of_file(name: str, otherwise: str) -> str:
    """Return the kind of the repository in a file whose name one product alone gives to it."""
    return next((runtime.kind for runtime in RUNTIMES if runtime.repository_name == name), otherwise)
