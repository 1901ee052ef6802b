"""The keystores of tests/vectors/keystores; scripts/make-keystore-vectors makes them again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.keystore import open_keystore

if TYPE_CHECKING:
    from ciphertool.keystore import Keystore

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "keystores"
PASSWORD, KEY_PASSWORD = "changeit", "keypass1"
NAMES = sorted(path.name for path in VECTORS.iterdir() if path.suffix != ".json")


def vector(name: str, password: str | None = PASSWORD) -> Keystore:
    """Open one of the stores."""
    return open_keystore(VECTORS / name, password)


def expected() -> dict[str, dict[str, dict[str, object]]]:
    """Return, by store and alias, what keytool lists: kind, length of the chain, SHA-256 of the leaf."""
    loaded: dict[str, dict[str, dict[str, object]]] = json.loads((VECTORS / "expected.json").read_text("utf-8"))
    return loaded


def listed(keystore: Keystore) -> dict[str, dict[str, object]]:
    """Return the entries of an opened store in the form of `expected`; keytool shows every alias in lower case."""
    return {
        entry.alias.lower(): {"kind": entry.kind.value, "chain": len(entry.chain), "sha256": entry.sha256}
        for entry in keystore.entries
    }
