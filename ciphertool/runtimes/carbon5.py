"""Carbon 5: the secure vault of a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.errors import ConfigError
from ciphertool.runtimes.base import Files, Runtime
from ciphertool.settings.carbon5 import SCHEME, moved

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.files import Write
    from ciphertool.runtimes.base import NewKeystore
    from ciphertool.settings.model import Settings


_TYPES = ("JKS", "PKCS12")
"""What Java opens as JKS, the only type that the product asks for."""


class Carbon5Runtime(Runtime):
    """Reads the YAML file that has the vault's settings."""

    kind = "carbon5"

    def files(self, settings: Settings) -> Files:
        """Return that file."""
        return Files(always=(settings.origin,))

    def reopening(self, settings: Settings, ciphertexts: Path, keystore: NewKeystore | None) -> Write | None:
        """Return the write of that file."""
        snapshot = files.read(settings.origin)
        if keystore is not None and (keystore.scheme != SCHEME or keystore.facts.symmetric):
            raise ConfigError(f"the product decrypts by {SCHEME} alone", path=settings.origin)
        if keystore is not None and keystore.facts.type not in _TYPES:
            raise ConfigError(
                f"is a {keystore.facts.type} keystore, which the product does not open",
                hint="convert it with `keytool -importkeystore … -deststoretype JKS`, and name the new one",
                path=keystore.path,
            )
        named = None if keystore is None else (keystore.path, keystore.facts.alias or "")
        data = moved(snapshot, settings.define, ciphertexts, named)
        return None if data == snapshot.data else files.Write(snapshot, data)
