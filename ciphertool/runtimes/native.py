"""An application that reads its vault through ciphertool: the library, `run` or `resolve`."""

from __future__ import annotations

from ciphertool.runtimes.base import Runtime


class NativeRuntime(Runtime):
    """Reads what targets name. It also stands for the kinds of plug-ins, which are no product's."""

    kind = "native"
