"""Every error that ciphertool raises on purpose. Each carries its facts and builds its own message.

A message is lower case and says what, where and why; `hint` says what to do. No message holds a secret,
a password or a line of a file that may hold one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_HINT = "hint: "


class CipherToolError(Exception):
    """Base of every error of this package.

    `message` says what went wrong and `hint` what to do about it ("" where there is nothing to add);
    `path` and `line` (1-based) say where, if it was in a file; `path` is a text for a repository that is in none: the
    name of its storage. `str()` gives "path:line: message". The hint is a note of the exception, so that tracebacks,
    and logs that have them, show it.
    """

    def __init__(
        self, message: str, *, hint: str = "", path: Path | str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = path
        self.line = line

    @property
    def hint(self) -> str:
        """What to do about the error, "" if there is nothing to add."""
        return self._hint

    @hint.setter
    def hint(self, hint: str) -> None:
        # Without an entry for a former hint, and not in place: copies of an error share the list.
        former = f"{_HINT}{getattr(self, '_hint', '')}"
        notes = [note for note in getattr(self, "__notes__", ()) if note != former]
        self._hint = hint
        self.__notes__ = [*notes, f"{_HINT}{hint}"] if hint else notes

    def at(self, path: Path | str, line: int | None = None) -> CipherToolError:
        """Say where the error is, unless that is known already; return the error itself."""
        self.path = self.path or path
        self.line = self.line or line
        return self

    def __reduce__(self) -> tuple[object, ...]:
        """Be pickled as it is: what a class is made from is not what it keeps."""
        return _made, (type(self), self.args), self.__dict__

    def __str__(self) -> str:
        if self.path is None:
            return self.message
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.message}"


def _made(kind: type[CipherToolError], arguments: tuple[object, ...]) -> CipherToolError:
    return kind.__new__(kind, *arguments)


class MalformedStructureError(CipherToolError):
    """Bytes that are not the ASN.1 that `what` should be, or more of it than an honest input has."""

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(f"damaged {what}: {reason}")


class ProblemsError(CipherToolError):
    """Several problems found in one run; `problems` holds each as an error of its own.

    `message` only counts them. `str()` lists them all, one to a line, with their places and then each hint once.
    """

    def __init__(self, problems: Iterable[CipherToolError]) -> None:
        self.problems: Sequence[CipherToolError] = tuple(problems)
        super().__init__(f"{len(self.problems)} problem{'' if len(self.problems) == 1 else 's'}")

    def __str__(self) -> str:
        hints = dict.fromkeys(f"{_HINT}{problem.hint}" for problem in self.problems if problem.hint)
        return "\n".join([f"{super().__str__()}:", *map(str, self.problems), *hints])


# --- configuration and input (exit status 3) ---------------------------------------------------------------------


class ConfigError(CipherToolError):
    """Configuration or input that cannot be read, or that is refused."""


class ConfigSyntaxError(ConfigError):
    """A document that is not well-formed; `reason` never quotes it."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None, *, hint: str = "") -> None:
        self.reason = reason
        self.column = column
        where = f" (column {column})" if column else ""
        super().__init__(f"{reason}{where}", line=line, hint=hint)


class ReadDifferentlyError(ConfigSyntaxError):
    """Text of a YAML document, `what`, of which its readers make different data."""

    def __init__(self, what: str, line: int, column: int) -> None:
        self.what = what
        super().__init__(f"{what}, which readers of YAML differ on", line, column)


class NoSettingsError(ConfigError):
    """No settings were named, and none were found; or their file is empty."""


class FoundSettingsError(ConfigError):
    """What only settings that a person named may ask for, asked for by `settings`, which were merely found.

    `what` is the part of them that is refused, `reason` why; `place` is the file that it names, as it spells it.
    """

    def __init__(self, what: str, reason: str, settings: Path, place: Path | None = None) -> None:
        self.what = what
        self.reason = reason
        self.settings = settings
        super().__init__(
            f"the {what}{f' {place}' if place else ''} {reason}; these settings were found, not named",
            hint="if you trust these settings, name them: "
            f"--config {settings}, CIPHERTOOL_CONFIG={settings} or Vault.open({str(settings)!r})",
            path=settings,
        )


class SelectorError(ConfigError):
    """A selector that cannot be understood, matches nothing, or matches what cannot be protected."""

    def __init__(self, selector: str, reason: str, *, line: int | None = None, hint: str = "") -> None:
        self.selector = selector
        self.reason = reason
        super().__init__(f"{selector}: {reason}", line=line, hint=hint)


class NoMatchError(SelectorError):
    """A selector that matches nothing, or only an empty value."""

    def __init__(self, selector: str, reason: str = "matches nothing", *, line: int | None = None) -> None:
        super().__init__(selector, reason, line=line)


class UnrepresentableValueError(ConfigError):
    """A value that the format cannot hold at that place, as a control character in XML."""

    def __init__(self, selector: str, reason: str, hint: str = "") -> None:
        self.selector = selector
        self.reason = reason
        super().__init__(f"{selector}: the value cannot be written here: {reason}", hint=hint)


class UnknownPlaceholderError(ConfigError):
    """A placeholder of the environment ("env") or of the options ("sys") that nothing fills and that has no default."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        super().__init__(
            f"placeholder {kind}:{name} has no value",
            hint="set the environment variable" if kind == "env" else "define it with --define or in Overrides",
        )


class UnknownEncodingError(ConfigError):
    """An encoding that is not known, or in which no part of a file can be changed by itself."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"unknown encoding {name!r}",
            hint="use, for example, utf-8, iso-8859-1, windows-1252 or utf-16-le",
        )


class UnknownFormatError(ConfigError):
    """A file whose format is not known; `known` lists those that are."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(
            f"unknown format {name!r}",
            hint=f"use one of {', '.join(self.known)}, in the settings or with --format",
        )


class UnknownRepositoryKindError(ConfigError):
    """A kind of secret repository that is not known; `known` lists those that are."""

    def __init__(self, kind: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.known = tuple(known)
        super().__init__(f"unknown kind of secret repository {kind!r}", hint=f"use one of {', '.join(self.known)}")


class UnknownStorageError(ConfigError):
    """A storage of secret repositories that is not known; `known` lists those that are."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"unknown storage {name!r}", hint=f"use one of {', '.join(self.known)}")


class NotARepositoryError(ConfigError):
    """A file named as secret repository, of whose `lines` none is an entry: it may be anything, and is not quoted."""

    def __init__(self, kind: str, lines: Sequence[int]) -> None:
        self.kind = kind
        self.lines = tuple(sorted(lines))
        first, last = self.lines[0], self.lines[-1]
        where = f"line {first} does not hold" if first == last else f"none of the lines {first} to {last} holds"
        super().__init__(
            f"not a secret repository: {where} an alias and its value as {kind!r} spells them",
            line=first,
            hint="check the path and the kind of the repository in the settings",
        )


class PluginError(ConfigError):
    """A plug-in that fails; `group` is its entry-point group, `reason` quotes nothing that it says."""

    def __init__(self, group: str, name: str, reason: str) -> None:
        self.group = group
        self.name = name
        self.reason = reason
        super().__init__(
            f"plug-in {name!r} of {group} failed: {reason}",
            hint="report it to the plug-in's author; its own message is hidden because it may quote a secret",
        )


class UnsupportedSchemeError(ConfigError):
    """An encryption scheme that is not known, or that is known and refused for `reason`."""

    def __init__(self, name: str, reason: str = "not known", *, hint: str = "") -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"encryption scheme {name!r}: {reason}", hint=hint)


class UnsupportedSystemError(ConfigError):
    """A command needs what this operating system does not have."""

    def __init__(self, command: str, *, hint: str = "") -> None:
        self.command = command
        super().__init__(f"`{command}` needs a POSIX system, such as Linux", hint=hint)


class GitError(ConfigError):
    """git does not answer a question on which the work depends."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(f"git failed: {reason}", path=directory)


class WorkerError(CipherToolError):
    """A process that worked on files has died; what it had to say of them is not known."""

    def __init__(self) -> None:
        super().__init__(
            "a worker process died and its results are lost; nothing was written",
            hint="use --jobs 1, which works in one process and takes less memory",
        )


class ReferencesStandError(ConfigError):
    """Secrets that configured files still refer to, each at `places`."""

    def __init__(self, places: Mapping[str, Sequence[str]]) -> None:
        self.places = places
        told = "; ".join(f"{alias} ({', '.join(found)})" for alias, found in places.items())
        super().__init__(
            f"still in use: {told}",
            hint="restore a value in those files first, or remove the secret with --force and break the references",
        )


class EditorError(ConfigError):
    """An editor that cannot be used, or that has failed; what it was to edit is as it was before."""


class ContentKeyAloneError(ConfigError):
    """A value that only an envelope holds, asked for where there is no vault to keep its content key."""

    def __init__(self) -> None:
        super().__init__(
            "this value needs an envelope, whose content key only a vault can keep",
            hint="write `alias=[value]` into the vault, or name it in a target, and run `ciphertool protect`",
        )


class ValueTooLongError(ConfigError):
    """A value that is longer, in bytes of UTF-8, than the scheme can encrypt; `bits` is None if the key is not why."""

    def __init__(self, scheme: str, bits: int | None, length: int, limit: int) -> None:
        self.scheme = scheme
        self.bits = bits
        self.length = length
        self.limit = limit
        can = f"can encrypt at most {limit}" if limit >= 0 else "cannot encrypt anything"
        if bits is None:
            hint = "keep data of this size in an encrypted file of its own"
        elif scheme == "RSA-OAEP-256":
            hint = 'set `scheme = "auto"`, with a certificate that allows keyEncipherment: values may then have 1 MiB'
        else:
            hint = "use a larger key or shorten the value; only a native vault has longer values"
        key = "" if bits is None else f" with an RSA-{bits} key"
        super().__init__(f"value is {length} bytes; {scheme} {can}{key}", hint=hint)


class MessageSecurityError(ConfigError):
    """A SOAP message that is refused; `demand` is what was demanded of it and not met, `why` what is known of that.

    It is one error for everything that a message can get wrong. It quotes nothing of the message, and does not tell
    why something did not decrypt.
    """

    def __init__(self, demand: str, why: str = "") -> None:
        self.demand = demand
        self.why = why
        super().__init__(f"message refused: it does not have {demand}{f': {why}' if why else ''}")


# --- keystores, passwords, key usage (exit status 4) -------------------------------------------------------------


class KeystoreError(CipherToolError):
    """A keystore, password, key or certificate that cannot be used."""


class KeystoreUnreadableError(KeystoreError):
    """A keystore file that is not there, or that cannot be read; `reason` says which."""

    def __init__(self, path: Path, reason: str, hint: str = "") -> None:
        self.reason = reason
        super().__init__(reason, path=path, hint=hint)


class NotAKeystoreError(KeystoreError):
    """A file whose content is no keystore of a known format."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"not a keystore: {reason}",
            hint="use a JKS, JCEKS, BKS, UBER, PKCS #12 or PEM file; the format is detected from the content",
        )


class MalformedKeystoreError(KeystoreError):
    """A keystore that is damaged, or that asks for more work than an honest one does."""

    def __init__(self, format_name: str, reason: str) -> None:
        self.format_name = format_name
        self.reason = reason
        super().__init__(f"damaged {format_name} keystore: {reason}", hint="restore the file from a backup")


class UnsupportedKeystoreError(KeystoreError):
    """A keystore, key or operation of a known kind that cannot be served; `reason` names the algorithm or feature."""

    def __init__(self, reason: str, hint: str = "") -> None:
        self.reason = reason
        super().__init__(reason, hint=hint)


class NoPasswordError(KeystoreError):
    """No source has a keystore password; `tried` names the sources that were asked."""

    def __init__(self, tried: Iterable[str]) -> None:
        self.tried = tuple(tried)
        super().__init__(
            f"no keystore password: tried {'; '.join(self.tried) or 'nothing'}",
            hint="set CIPHERTOOL_KEYSTORE_PASSWORD or use --password-file FILE (one empty line: an empty password)",
        )


class PasswordSourceError(KeystoreError):
    """A source of passwords that is there and does not serve; `source` names it, `reason` quotes nothing of it."""

    def __init__(self, source: str, reason: str, *, hint: str = "") -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"no password from {source}: {reason}", hint=hint)


class PasswordNeededError(KeystoreError):
    """Something of a keystore that cannot be had without a password; `what` says what."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"reading {what} needs a password",
            hint="set CIPHERTOOL_KEYSTORE_PASSWORD or use --password-file",
        )


class PasswordRefusedError(KeystoreError):
    """A new password that would not serve; `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"unsuitable password: {reason}")


class WrongKeystorePasswordError(KeystoreError):
    """A keystore password that does not open the store, or a store that was changed after it was written.

    `source` names where the password comes from, "" if that is not known.
    """

    def __init__(self) -> None:
        self.source = ""
        super().__init__(
            "wrong keystore password, or the keystore is damaged",
            hint="check the password: `ciphertool keystore list STORE` asks for one and tries it",
        )

    def name_source(self, source: str) -> None:
        """Add where the password comes from, unless it is known already."""
        if source and not self.source:
            self.source = source
            self.message = f"wrong keystore password (from {source}), or the keystore is damaged"


class WrongKeyPasswordError(KeystoreError):
    """A key password that does not open the entry `alias`; `source` is as in `WrongKeystorePasswordError`."""

    def __init__(self, alias: str, reason: str = "") -> None:
        self.alias = alias
        self.reason = reason
        self.source = ""
        super().__init__(self._message(""), hint="if the key has its own password, set CIPHERTOOL_KEY_PASSWORD")

    def name_source(self, source: str) -> None:
        """Add where the password comes from, unless it is known already."""
        if source and not self.source:
            self.source = source
            self.message = self._message(f" (from {source})")

    def _message(self, source: str) -> str:
        reason = f": {self.reason}" if self.reason else ", or its entry is damaged"
        return f"wrong key password for {self.alias!r}{source}{reason}"


class NoSuchKeyAliasError(KeystoreError):
    """A key alias that the keystore does not have, or none given where there is a choice; `aliases` are those there."""

    def __init__(self, alias: str | None, aliases: Iterable[str]) -> None:
        self.alias = alias
        self.aliases = tuple(aliases)
        there = ", ".join(repr(name) for name in self.aliases[:20]) or "none"
        if len(self.aliases) > 20:
            there += f" and {len(self.aliases) - 20} more"
        what = "no key alias given" if alias is None else f"no entry {alias!r}"
        super().__init__(
            f"{what}: the keystore has {there}",
            hint=did_you_mean(alias or "", self.aliases, "name one of them as the key alias"),
        )


class NoPrivateKeyError(KeystoreError):
    """An entry without a private key."""

    def __init__(self, alias: str, kind: str) -> None:
        self.alias = alias
        self.kind = kind
        super().__init__(f"{alias!r} has no private key: it is a {kind} entry")


class NoSecretKeyError(KeystoreError):
    """An entry without a secret key."""

    def __init__(self, alias: str, kind: str) -> None:
        self.alias = alias
        self.kind = kind
        super().__init__(f"{alias!r} has no secret key: it is a {kind} entry")


class NoCertificateError(KeystoreError):
    """An entry without a certificate."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        super().__init__(f"{alias!r} has no certificate")


class AliasTakenError(KeystoreError):
    """An alias that the keystore has already, where a new entry is to go."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        super().__init__(f"entry {alias!r} already exists", hint="choose another alias, or delete the entry first")


class BadCertificateError(KeystoreError):
    """A certificate that cannot be read, or that does not serve; `reason` says why."""

    def __init__(self, alias: str, reason: str) -> None:
        self.alias = alias
        self.reason = reason
        super().__init__(f"the certificate of {alias!r} {reason}")


class BadPrivateKeyError(KeystoreError):
    """A private key that cannot be read, whose numbers contradict one another, or that is not its certificate's."""

    def __init__(self, alias: str, reason: str) -> None:
        self.alias = alias
        self.reason = reason
        super().__init__(f"the private key of {alias!r} {reason}")


class NotRsaError(KeystoreError):
    """An entry whose key is not RSA, where RSA is needed."""

    def __init__(self, alias: str, algorithm: str) -> None:
        self.alias = alias
        self.algorithm = algorithm
        super().__init__(f"the key of {alias!r} is {algorithm}, not RSA", hint="use an RSA key to encrypt secrets")


class NotAesError(KeystoreError):
    """A secret key that is no AES key, of so many bits."""

    def __init__(self, alias: str, algorithm: str, bits: int) -> None:
        self.alias = alias
        self.algorithm = algorithm
        self.bits = bits
        super().__init__(
            f"the secret key {alias!r} is not an AES key: it is {algorithm} with {bits} bits",
            hint="set the key alias to an entry that holds a 128-, 192- or 256-bit AES key",
        )


class BadKeyTextError(KeystoreError):
    """A password of so many bytes, that should itself be an AES-256 key."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(
            f"the vault's key is not an AES-256 key: it is {size} bytes",
            hint="give 64 hexadecimal digits or 32 bytes as the keystore password",
        )


class OtherKeyError(KeystoreError):
    """A vault whose values are encrypted to other keys than new ones would be; `keys` are those others."""

    def __init__(self, keys: Mapping[str, int], key: str, *, path: Path | str) -> None:
        self.keys = dict(keys)
        self.key = key
        held = " and ".join(f"{count} to {other}" for other, count in keys.items())
        super().__init__(
            f"holds values encrypted with another key: {held}; new ones would be encrypted to {key}",
            path=path,
            hint="restore the previous [keystore]; `ciphertool rotate --to KEYSTORE` changes the key",
        )


class UnprovenCertificateError(KeystoreError):
    """A certificate whose keystore nothing vouches for, so that anybody could have exchanged it."""

    def __init__(
        self, alias: str, reason: str, hint: str = "provide the keystore password or the expected fingerprint"
    ) -> None:
        self.alias = alias
        self.reason = reason
        super().__init__(f"the certificate of {alias!r} is not proven: {reason}", hint=hint)


class KeyTooSmallError(KeystoreError):
    """An RSA key that is smaller than `minimum` bits and so takes no new values."""

    def __init__(self, bits: int, minimum: int) -> None:
        self.bits = bits
        self.minimum = minimum
        super().__init__(
            f"the RSA key has {bits} bits; encrypting new values requires at least {minimum}",
            hint=f"create a larger key, or allow this one with --minimum-bits {bits}",
        )


class BrokenKeyError(KeystoreError):
    """A certificate whose public key others can break, or which cannot encrypt, for each of `reasons`."""

    def __init__(self, keystore: Path, alias: str | None, reasons: Sequence[str]) -> None:
        self.alias = alias
        self.reasons = tuple(reasons)
        super().__init__(
            f"the certificate{f' of {alias!r}' if alias else ''} protects nothing: "
            f"its public key {'; it '.join(reasons)}",
            path=keystore,
            hint="create your own key with `ciphertool init` or `ciphertool keystore create`",
        )


_RIGHT_CERTIFICATE = (
    "create a suitable keystore with `ciphertool init`, `ciphertool keystore create --role primary` "
    "or `keytool -genkeypair -keyalg RSA -ext KU:critical=dataEncipherment,keyEncipherment`"
)


class WrongKeyUsageError(KeystoreError):
    """A certificate whose KeyUsage does not allow to encrypt data; `usages` is what it allows, None if unreadable."""

    def __init__(
        self, keystore: Path, alias: str | None, usages: Sequence[str] | None, needed: str = "dataEncipherment"
    ) -> None:
        self.alias = alias
        self.usages = usages
        self.needed = needed
        found = "cannot be read" if usages is None else f"allows {', '.join(usages) or 'nothing at all'}"
        super().__init__(
            f"wrong key usage: the certificate{f' of {alias!r}' if alias else ''} does not allow {needed}: "
            f"its critical KeyUsage {found}",
            path=keystore,
            hint=_RIGHT_CERTIFICATE,
        )


class RecipientsError(KeystoreError):
    """Recipients that do not fit together: two with one key, or settings that name others than the vault has."""

    def __init__(self, reason: str, path: Path | str, hint: str) -> None:
        self.reason = reason
        super().__init__(reason, path=path, hint=hint)


class RefusedCertificateError(KeystoreError):
    """A certificate that Java would encrypt with and the strict policy refuses, for each of `reasons`."""

    def __init__(self, keystore: Path, alias: str | None, reasons: Sequence[str]) -> None:
        self.alias = alias
        self.reasons = tuple(reasons)
        super().__init__(
            f"policy strict refuses the certificate{f' of {alias!r}' if alias else ''}: it {'; it '.join(reasons)}",
            path=keystore,
            hint=f"{_RIGHT_CERTIFICATE}; or use policy java",
        )


# --- decryption (exit status 5) ----------------------------------------------------------------------------------


class DecryptionError(CipherToolError):
    """A ciphertext that does not decrypt."""


class MalformedCiphertextError(DecryptionError):
    """A stored text that is no ciphertext. It is never quoted: it may be a secret that is not encrypted yet."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"not a ciphertext: {reason}", hint="if it is a value that is not encrypted yet, run `ciphertool protect`"
        )


class WrongKeyOrDamagedError(DecryptionError):
    """A ciphertext that this key does not open under this scheme and label: more cannot be told of it."""

    def __init__(self, scheme: str | None, *, labelled: bool = False) -> None:
        self.scheme = scheme
        self.labelled = labelled
        moved = ", moved from another alias" if labelled else ""
        super().__init__(
            f"does not decrypt with {scheme or 'any scheme'}: made with another key{moved}, or damaged",
            hint="check the keystore and key alias, and the scheme that the repository declares",
        )


class DamagedValueError(DecryptionError):
    """A value that is not authentic under its content key."""

    def __init__(self, content_key: str) -> None:
        self.content_key = content_key
        super().__init__(
            f"does not decrypt under its content key {content_key}: damaged, or made with another key of this id",
            hint="restore the value from the vault's history or a backup, or encrypt it again",
        )


class UnknownContentKeyError(DecryptionError):
    """A value whose content key the vault does not have."""

    def __init__(self, content_key: str) -> None:
        self.content_key = content_key
        super().__init__(
            f"the vault has no content key {content_key}, without which no key decrypts this value",
            hint=f"restore the lines that begin with {{{content_key}}} from the vault's history or a backup",
        )


class ContentKeyError(DecryptionError):
    """A content key of the vault that is of no use to this key, although it is said to be for it."""

    def __init__(self, content_key: str, reason: str) -> None:
        self.content_key = content_key
        self.reason = reason
        super().__init__(
            f"its content key {content_key} {reason}",
            hint=f"restore the lines that begin with {{{content_key}}} from the vault's history or a backup; if the "
            "key can only do RSA-OAEP, state `algorithm` with its keystore or recipient in the settings",
        )


class NotARecipientError(DecryptionError):
    """A value whose content key is not encrypted to this key; `recipients` are the ids of the keys that it is for."""

    def __init__(self, content_key: str, key_id: str, recipients: Iterable[str]) -> None:
        self.content_key = content_key
        self.key_id = key_id
        self.recipients = tuple(sorted(recipients))
        super().__init__(
            f"not for this key: the content key {content_key} is encrypted to {', '.join(self.recipients)}, "
            f"but the keystore's key is {key_id}",
            hint="open the vault with the keystore of a recipient, or ask one to run `ciphertool recipients add`",
        )


class CiphertextLengthError(DecryptionError):
    """A ciphertext that cannot have been made by this key, having `length` bytes and not `expected`."""

    def __init__(self, length: int, expected: int) -> None:
        self.length = length
        self.expected = expected
        super().__init__(
            f"not made with this key: the ciphertext is {length} bytes, but the key produces {expected}",
            hint="check the keystore and key alias; if the value was truncated, encrypt it again",
        )


class NotTextError(DecryptionError):
    """A ciphertext that decrypts to bytes that are not UTF-8 text."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        super().__init__(
            f"decrypts with {scheme} to bytes that are not UTF-8 text: made with another key, damaged, or not text",
            hint="check the keystore and key alias, and the scheme that the repository declares",
        )


class ForeignKeyError(DecryptionError):
    """A ciphertext whose key id is not that of this key."""

    def __init__(self, key_id: str, expected: str) -> None:
        self.key_id = key_id
        self.expected = expected
        super().__init__(
            f"made with another key: its key id is {key_id}, but the keystore's key is {expected}",
            hint="open the vault with the keystore that holds this key",
        )


class MovedCiphertextError(DecryptionError):
    """A ciphertext that stands under another alias than the one it was made for, which is None if not proved."""

    def __init__(self, alias: str, made_for: str | None) -> None:
        self.alias = alias
        self.made_for = made_for
        super().__init__(
            f"the ciphertext of {alias!r} was made for {'another alias' if made_for is None else repr(made_for)} "
            "and moved",
            hint=f"restore the ciphertext of {alias!r}, or encrypt the value again",
        )


class NotEncryptedYetError(DecryptionError):
    """A repository value that is still in clear."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        super().__init__(f"{alias!r} is not encrypted yet", hint="run `ciphertool protect`")


class UnknownAliasError(CipherToolError, KeyError):
    """A secret alias that the repository does not have; a `KeyError`, because a vault is a mapping."""

    def __init__(self, alias: str, repository: Path | str, known: Iterable[str] = ()) -> None:
        """Fill in the hint with the nearest of the `known` aliases."""
        self.alias = alias
        self.repository = repository
        super().__init__(
            f"unknown secret alias {alias!r}: {repository} has no such entry",
            hint=did_you_mean(
                alias, known, "check the spelling of the reference; `ciphertool audit` lists references and secrets"
            ),
        )


# --- writing (exit status 6 and 7) -------------------------------------------------------------------------------


class WriteError(CipherToolError):
    """A file that could not be written; it is as it was before."""


class ConflictError(CipherToolError):
    """Somebody else is writing, or a file changed between reading and writing."""

    again = False
    """Whether nothing was written, not even a journal, so that the work can be done again with what is there now."""


class JournalError(ConflictError):
    """The journal of an interrupted run that cannot be believed; `reason` quotes nothing of it."""

    def __init__(self, reason: str, *, path: Path) -> None:
        self.reason = reason
        super().__init__(
            f"the journal of an interrupted run {reason}; nothing was written",
            hint="unless another version or user of ciphertool has to complete that run, remove the journal: the next "
            "run completes with the private key, or asks which values to take",
            path=path,
        )


class UnfinishedRunError(ConflictError):
    """A secret of an interrupted run that cannot be completed, because `changed` is not as that run had read it."""

    def __init__(self, alias: str, changed: Path | str, *, path: Path, line: int | None, hint: str) -> None:
        self.alias = alias
        self.changed = changed
        super().__init__(
            f"{alias}: in clear since a run was interrupted; {changed} has changed since, and no private key is "
            "available to compare the value with its ciphertext",
            path=path,
            line=line,
            hint=hint,
        )
