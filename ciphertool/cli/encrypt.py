"""`ciphertool encrypt` and `decrypt`: one value, from stdin or a prompt, never from an argument."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool import ciphertext
from ciphertool.certificates.policy import Policy
from ciphertool.cli import console
from ciphertool.cli.options import VaultOptions, ask, opening_options, vault_options
from ciphertool.engine.direct import MINIMUM_BITS
from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import ConfigError, MalformedCiphertextError, UnsupportedSchemeError
from ciphertool.repository import BARE_KIND
from ciphertool.secret import Secret
from ciphertool.settings.ciphertool_toml import DEFAULT_SCHEME
from ciphertool.settings.model import EncryptionSettings, KeystoreSettings, RepositorySettings, Settings
from ciphertool.vault.cipher import AnyOpener, Opener, SymmetricSealer

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAXIMUM = 1024 * 1024
_Transformation = Annotated[
    str | None, typer.Option(metavar="NAME", help="A JCA transformation; the ciphertext is then bare base64.")
]
_SecretAlias = Annotated[
    str | None, typer.Option(metavar="ALIAS", help="The secret's alias; a native ciphertext is bound to it.")
]


@vault_options
def encrypt(vault: VaultOptions, transformation: _Transformation = None, secret_alias: _SecretAlias = None) -> None:
    """Encrypt one value from stdin or a prompt and print the ciphertext.

    One trailing newline is removed from the input.

    Examples:
      ciphertool encrypt --secret-alias app.db.password < password.txt
      ciphertool encrypt --keystore wso2carbon.jks --transformation RSA/ECB/OAEPwithSHA1andMGF1Padding
    """
    from ciphertool.vault.opening import VaultAccess, require_one_key

    settings = _settings(vault, transformation)
    alias = _alias(settings, secret_alias)
    access = VaultAccess(settings, vault.passwords(settings))
    sealer, warnings = access.to_seal(now=datetime.now(UTC))
    for warning in (*warnings, *_assumption(settings)):
        console.say("warning", warning)
    if transformation and isinstance(sealer, SymmetricSealer) and transformation.lower() != AES_GCM.lower():
        raise UnsupportedSchemeError(transformation, f"it needs an RSA key, not {sealer.recipient}")
    if transformation is None and settings.repository_settings.path != Path():
        require_one_key(sealer, access.repository())
    made = sealer.seal_alone(alias, plaintext())
    console.say("note", f"encrypted to {sealer.recipient}", public=True)
    console.out_raw(f"{made}\n")


@opening_options
def decrypt(vault: VaultOptions, transformation: _Transformation = None, secret_alias: _SecretAlias = None) -> None:
    """Decrypt one ciphertext from stdin and print the plaintext and nothing else.

    The transformation `auto` tries all known ones, OAEP first.

    Examples:
      ciphertool decrypt --secret-alias app.db.password < ciphertext.txt
      ciphertool decrypt --keystore wso2carbon.jks --transformation auto < ciphertext.txt
    """
    from ciphertool.vault.opening import VaultAccess

    stored = ciphertext.parse("".join(_input("Ciphertext").split()))
    automatic = transformation is not None and transformation.lower() == "auto"
    if isinstance(stored, ciphertext.Symmetric) and (automatic or transformation is None):
        automatic, transformation = False, stored.transformation  # it says so itself
    settings = _settings(vault, "RSA" if automatic else transformation)
    alias = _alias(settings, secret_alias)
    access = VaultAccess(settings, vault.passwords(settings))
    if isinstance(stored, ciphertext.Envelope) and settings.native and settings.repository_settings.path != Path():
        stored = stored._replace(wrapped=access.repository().keys.get(stored.content_key, {}))
    opener = access.to_open().opener
    if automatic and isinstance(opener, Opener) and isinstance(stored, ciphertext.Bare):
        value, scheme = opener.decryptor.detect_text(stored.data)
        console.say("note", f"decrypted with {scheme.name}", public=True)
        secret = Secret(value)
    else:
        secret = _decrypted(opener, alias, stored)
    sys.stdout.buffer.write(secret.reveal_bytes())
    if sys.stdout.isatty():
        sys.stdout.write("\n")


def _decrypted(opener: AnyOpener, alias: str, stored: ciphertext.Ciphertext) -> Secret:
    if isinstance(opener, Opener) and opener.native and not isinstance(stored, ciphertext.Native | ciphertext.Envelope):
        raise MalformedCiphertextError(
            "bare base64, which a native vault does not hold; state it with --transformation"
        )
    return opener.open(alias, stored)


def _settings(vault: VaultOptions, transformation: str | None) -> Settings:
    """The vault's settings; without a vault, what the options say of a keystore, and a native vault's defaults."""
    overrides = vault.overrides()
    if vault.named or not (overrides.keystore or overrides.certificate):
        settings = vault.settings()
    else:
        settings = Settings(
            origin=Path(),
            root=Path(),
            keystore=KeystoreSettings(overrides.keystore, overrides.key_alias, overrides.certificate),
            repository_settings=RepositorySettings(Path(), "native", Path()),
            encryption=EncryptionSettings(
                DEFAULT_SCHEME, overrides.policy or Policy.JAVA, overrides.minimum_bits or MINIMUM_BITS
            ),
        )
    if transformation is None:
        return settings
    repository = settings.repository_settings
    return settings._replace(
        repository_settings=repository._replace(kind=BARE_KIND if repository.native else repository.kind),
        encryption=settings.encryption._replace(scheme=transformation, key_based=False, assumed=False),
    )


def _assumption(settings: Settings) -> Iterator[str]:
    """Yield a warning if the printed value would be read by another transformation, and what to do about it."""
    if settings.encryption.assumed and settings.secret_conf is not None:
        from ciphertool.settings.secret_conf import ALGORITHM, LEGACY_SCHEME

        yield (
            f"nothing states {settings.scheme} in this home yet, so the product would read this value as "
            f"{LEGACY_SCHEME}: write {ALGORITHM}={settings.scheme} into {console.display_path(settings.secret_conf)} "
            f"before you use it, or encrypt it with --transformation {LEGACY_SCHEME}"
        )


def _alias(settings: Settings, alias: str | None) -> str:
    if alias is None and settings.native:
        raise typer.BadParameter("--secret-alias is required: a native ciphertext is bound to its alias")
    return alias or ""


def plaintext() -> Secret:
    """Return the value on standard input, or from a prompt, without one trailing newline."""
    value = _input("Secret")
    for ending in ("\r\n", "\n"):
        if value.endswith(ending):
            value = value.removesuffix(ending)
            break
    if not value:
        raise ConfigError("the value is empty", hint="give it on standard input, or at the prompt on a terminal")
    return Secret(value)


def _input(what: str) -> str:
    if sys.stdin.isatty():
        typed = ask(what)
        if typed is None:
            raise typer.BadParameter("no terminal to prompt on; pass the value on standard input")
        return typed
    data = sys.stdin.buffer.read(_MAXIMUM + 1)
    if len(data) > _MAXIMUM:
        raise ConfigError(f"standard input is longer than {_MAXIMUM} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError("standard input is not UTF-8 text") from None
