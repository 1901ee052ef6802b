"""Key pairs whose private key has been published. `scripts/find-default-keys` makes the list, `public_keys.tsv`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple


class PublishedKey(NamedTuple):
    """A key by the SHA-256 of its SubjectPublicKeyInfo in hex, and where its private half was published first.

    `version` is a tag of the repository, or a commit if no tag has the file.
    """

    sha256: str
    repository: str
    version: str
    path: str
    alias: str

    @property
    def origin(self) -> str:
        """Where it was published, for messages."""
        return f"{self.repository} {self.version}: {self.path}"


def read_list(text: str) -> list[PublishedKey]:
    """Return the keys of a list: one a line, tab-separated; lines that begin with `#` are comments."""
    return [PublishedKey(*line.split("\t")) for line in text.splitlines() if line and not line.startswith("#")]


def origin_of(public_key_sha256: str) -> str | None:
    """Return where a key was published, by the SHA-256 of its SubjectPublicKeyInfo; None if it is not known."""
    line = _lines().get(public_key_sha256)
    return read_list(line)[0].origin if line else None


@cache
def _lines() -> dict[str, str]:
    """Return the lines of the list by what they begin with."""
    text = Path(__file__).with_name("public_keys.tsv").read_text("utf-8")
    return {line.partition("\t")[0]: line for line in text.splitlines()}
