"""The former path and name of `ciphertool.repository.document`, kept for one release."""

from ciphertool.repository.document import DocumentRepository as FileRepository

__all__ = ["FileRepository"]
