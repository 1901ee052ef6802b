"""The registry of encryption schemes, and the lookup of a scheme by its name in a file."""

from __future__ import annotations

from ciphertool.engine.base import Scheme
from ciphertool.engine.oaep import Oaep
from ciphertool.engine.pkcs1 import Pkcs1, Unpadded
from ciphertool.errors import UnsupportedSchemeError

__all__ = ["DEFAULT", "SCHEMES", "UNPADDED", "Scheme", "scheme_named"]

RSA_OAEP_256, RSA_OAEP = "RSA-OAEP-256", "RSA-OAEP"
"""OAEP with SHA-256 and with SHA-1, as RFC 7518 names them."""

DEFAULT: Scheme = Oaep(RSA_OAEP_256, "SHA256", "SHA256", native=True)
"""The scheme of a native repository whose settings name no other."""

# In the order in which unknown values are tried: schemes that accept foreign input come last.
SCHEMES: tuple[Scheme, ...] = (
    DEFAULT,
    Oaep(
        "RSA/ECB/OAEPwithSHA1andMGF1Padding",
        "SHA1",
        "SHA1",
        frozenset(
            {
                "rsa/ecb/oaepwithsha1andmgf1padding",
                "rsa/ecb/oaepwithsha-1andmgf1padding",
                "rsa/ecb/oaeppadding",
            }
        ),
    ),
    # SunJCE applies the named digest to the label only and leaves the mask at SHA-1.
    Oaep(
        "RSA/ECB/OAEPWithSHA-256AndMGF1Padding",
        "SHA256",
        "SHA1",
        frozenset({"rsa/ecb/oaepwithsha-256andmgf1padding"}),
    ),
    Pkcs1("RSA/ECB/PKCS1Padding", frozenset({"rsa", "rsa/ecb/pkcs1padding"})),
)

AES_GCM = "AES/GCM/NoPadding"
"""Not a scheme of an RSA key: `engine.gcm` decrypts it under a secret key."""

UNPADDED: Scheme = Unpadded("RSA/ECB/NoPadding", frozenset({"rsa/ecb/nopadding"}))
"""Not in the registry: it is never tried, and found only on explicit request."""


def scheme_named(name: str, *, allow_unpadded: bool = False) -> Scheme:
    """Return the scheme of a name: a native scheme's own, or a JCA transformation as Java would read it.

    Raise `UnsupportedSchemeError` for an unknown name, for `AES/GCM/NoPadding`, which needs another kind of key, and
    for `RSA/ECB/NoPadding` unless `allow_unpadded`.
    """
    spelling = "/".join(part.strip() for part in name.split("/")).lower()
    for scheme in SCHEMES:
        if name == scheme.name or spelling in scheme.spellings:
            return scheme
    if spelling in UNPADDED.spellings:
        if allow_unpadded:
            return UNPADDED
        raise UnsupportedSchemeError(
            UNPADDED.name,
            "refused: textbook RSA has no padding, so equal secrets are recognisable and weak ones can be guessed",
            hint="encrypt the value again with RSA-OAEP-256 or, for Carbon, RSA/ECB/OAEPwithSHA1andMGF1Padding",
        )
    if spelling == AES_GCM.lower():
        raise UnsupportedSchemeError(
            AES_GCM,
            "it needs a secret key, but the vault's key is an RSA key",
            hint="set the key alias to the entry of the AES key",
        )
    raise UnsupportedSchemeError(name, hint=f"use one of {', '.join(scheme.name for scheme in SCHEMES)}")
