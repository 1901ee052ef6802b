"""What still hangs on a former key or transformation in the vault of a product. Writes nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import workers
from ciphertool.errors import CipherToolError
from ciphertool.lifecycle.product_keys import settings_of_product
from ciphertool.lifecycle.product_move import is_unfinished
from ciphertool.repository import Encrypted
from ciphertool.vault.opening import VaultAccess
from ciphertool.workers import no_progress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.passwords import PasswordChain
    from ciphertool.settings.model import Settings

UNDECRYPTABLE, SCHEME = "undecryptable", "scheme"


class Examination(NamedTuple):
    """How the product decrypts its values; `counts` has their numbers by why they are outdated ("": they are not)."""

    scheme: str
    keystore: Path | None
    alias: str | None
    counts: Mapping[str, int]
    unfinished: bool

    @property
    def values(self) -> int:
        """The number of encrypted values."""
        return sum(self.counts.values())


def examine(settings: Settings, passwords: PasswordChain) -> Examination:
    """Return what shows of a product's vault.

    Values do not name their key: each is decrypted if a source has the password without asking, and else not judged.
    """
    product = settings_of_product(settings)
    repository = VaultAccess(settings, passwords).repository()
    stored = {
        alias: entry.stored.ciphertext
        for alias, entry in repository.entries.items()
        if isinstance(entry.stored, Encrypted)
    }
    counts = Counter({SCHEME if settings.scheme != product.scheme else "": len(stored)})
    if passwords.read_unasked() is not None:
        opener = VaultAccess(product, passwords).to_open().opener
        opened = workers.on_all_cores("decrypting", opener.prove, stored, no_progress)
        wrong = sum(isinstance(result, CipherToolError) for _, result in opened)
        counts.subtract({next(iter(counts)): wrong})
        counts[UNDECRYPTABLE] = wrong
    keystore = product.keystore
    shown = {reason: count for reason, count in counts.items() if count}
    return Examination(product.scheme, keystore.path, keystore.alias, shown, is_unfinished(settings))
