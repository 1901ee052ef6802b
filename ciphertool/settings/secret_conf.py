"""What `secret-conf.properties` states about a vault, by the rules of Carbon 4's runtime. Reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.rewriters.base import Site

LEGACY_SCHEME = "RSA"  # the runtime's default if secret-conf.properties names none
LOCATION = "secretRepositories.file.location"
ALGORITHM = "secretRepositories.file.algorithm"
REPOSITORIES = "secretRepositories"
PROVIDER = "secretRepositories.file.provider"
KEYSTORE = "keystore.identity.location"
KEY_ALIAS = "keystore.identity.alias"
TYPE = "keystore.identity.type"
FILE_PROVIDER = "org.wso2.securevault.secret.repository.FileBaseSecretRepositoryProvider"
_PROVIDERS = (
    FILE_PROVIDER,
    "org.apache.synapse.commons.security.secret.repository.filebased.FileBaseSecretRepositoryProvider",
)
TRANSFORMATION = "keystore.identity.CipherTransformation"
_OTHER_PROVIDERS = "secretProviders"
MODE = "secretRepositories.file.encryptionMode"
SYMMETRIC, _KEY_BASED = "symmetric", "key.based.symmetric.encryption"
_MODES = ("", "asymmetric", SYMMETRIC, _KEY_BASED)


class SecretConf(NamedTuple):
    """The entries of a `secret-conf.properties`; a missing file, or one of comments, has none."""

    path: Path
    entries: Mapping[str, str]

    @classmethod
    def of(cls, path: Path, sites: Mapping[str, Site]) -> SecretConf:
        """Return what a file states; raise `ConfigError` for what ciphertool does not support, never a guess."""
        found = cls(path, {key: site.value.strip() for key, site in sites.items()})
        for key, reason in found._unsupported():
            raise ConfigError(f"{key}: {reason}", path=path, line=sites[key].line)
        return found

    def get(self, key: str) -> str | None:
        """Return the value of an entry, None if it is missing or empty."""
        return self.entries.get(key) or None

    @property
    def declared(self) -> str | None:
        """The transformation that the vault declares; a symmetric mode takes precedence over a name, as in Java."""
        if self.get(MODE) in (SYMMETRIC, _KEY_BASED):
            return AES_GCM
        return self.get(ALGORITHM) or self.get(TRANSFORMATION)

    @property
    def scheme(self) -> str | None:
        """The transformation by which the runtime decrypts; None if there is no vault yet."""
        return (self.declared or LEGACY_SCHEME) if self.entries else None

    @property
    def key_based(self) -> bool:
        """Whether the password is itself the AES key of the vault, which has no keystore."""
        return self.get(MODE) == _KEY_BASED

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The providers that the product asks for every secret: it then reads no repository in a file."""
        return () if self.get(REPOSITORIES) else _names(self.get(_OTHER_PROVIDERS))

    def _unsupported(self) -> list[tuple[str, str]]:
        """Return the entries that only the product's own classes can serve, each with the reason."""
        found = []
        mode, algorithm, provider = self.get(MODE) or "", self.get(ALGORITHM), self.get(PROVIDER)
        if mode not in _MODES:
            found.append((MODE, f"encryption mode {mode!r} is not supported"))
        fits = algorithm in (None, AES_GCM) or (mode == SYMMETRIC and (algorithm or "").startswith("RSA"))
        if mode in (SYMMETRIC, _KEY_BASED) and not fits:
            found.append((ALGORITHM, f"{algorithm!r} is not supported in a symmetric vault, only {AES_GCM}"))
        if others := [name for name in _names(self.get(REPOSITORIES)) if name != "file"]:
            found.append((REPOSITORIES, f"repository type {others[0]!r} is not supported, only 'file'"))
        if provider not in (None, *_PROVIDERS):
            found.append((PROVIDER, f"repository provider {provider!r} is not supported, only {FILE_PROVIDER}"))
        return found


def _names(value: str | None) -> tuple[str, ...]:
    return tuple(name for part in (value or "").split(",") if (name := part.strip()))
