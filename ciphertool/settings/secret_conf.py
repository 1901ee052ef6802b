"""What `secret-conf.properties` says of a vault, by the rules of Carbon 4's runtime. Reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.engine.schemes import AES_GCM

if TYPE_CHECKING:
    from collections.abc import Mapping

LEGACY_SCHEME = "RSA"  # the runtime's default if secret-conf.properties names none
LOCATION = "secretRepositories.file.location"
ALGORITHM = "secretRepositories.file.algorithm"
_TRANSFORMATION = "keystore.identity.CipherTransformation"
_MODE = "secretRepositories.file.encryptionMode"


def declared(secret_conf: Mapping[str, str]) -> str | None:
    """Return the transformation that a vault declares; its symmetric mode takes precedence over a name, as in Java."""
    if secret_conf.get(_MODE) == "symmetric":
        return AES_GCM
    return secret_conf.get(ALGORITHM) or secret_conf.get(_TRANSFORMATION)
