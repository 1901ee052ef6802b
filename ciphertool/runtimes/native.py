"""An application that reads its vault through ciphertool: the library, `run` or `resolve`."""

from __future__ import annotations

from ciphertool.runtimes.base import Runtime


class NativeRuntime(Runtime):
    """Reads the files that targets name. Also used for the kinds of plug-ins, which belong to no product."""

    kind = "native"
