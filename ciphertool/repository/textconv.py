"""A secret repository as text for `git diff`: its aliases and which of them changed, without ciphertexts."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ciphertool.repository import Clear, Encrypted, Malformed, Placeholder, repository_of
from ciphertool.repository.grammar import guess_kind

if TYPE_CHECKING:
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot


def describe(snapshot: Snapshot) -> str:
    """Return one line for each alias of a repository in a `.properties` file, in the order of the aliases."""
    repository = repository_of(guess_kind(snapshot.bytes), snapshot)
    lines = []
    for alias, entry in sorted(repository.entries.items()):
        label = entry.label(alias)
        match entry.stored:
            case Encrypted(ciphertext):
                lines.append(f"{label}: encrypted, {_mark(ciphertext)}")
            case Clear():
                lines.append(f"{label}: in clear")
            case Malformed(reason):
                lines.append(f"{label}: malformed, {reason}")
            case Placeholder():
                lines.append(f"{label}: a placeholder")
    for key, wrapped in sorted(repository.keys.items()):
        lines.append(f"{{{key}}}: a content key for {', '.join(sorted(wrapped))}")
    return "".join(f"{line}\n" for line in lines)


def _mark(ciphertext: Ciphertext) -> str:
    """Return a short digest of the ciphertext, which differs after each encryption of the same value."""
    return hashlib.sha256(str(ciphertext).encode()).hexdigest()[:12]
