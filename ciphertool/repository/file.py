"""The old path of `ciphertool.repository.document`, kept for one release."""

from ciphertool.repository.document import FileRepository

__all__ = ["FileRepository"]
