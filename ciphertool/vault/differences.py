"""What is wrong with who can read a vault: it is not as the settings say, or a certificate is not fit for it."""

from __future__ import annotations

import shlex
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.certificates.findings import KEY_USAGE_UNSTATED, PUBLIC_KEY, SHORT_KEY
from ciphertool.certificates.judge import judge_certificate
from ciphertool.certificates.policy import judge_encryption
from ciphertool.certificates.roles import Role
from ciphertool.certificates.strictness import Policy
from ciphertool.engine.schemes import RSA_OAEP
from ciphertool.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ciphertool.settings.model import Settings
    from ciphertool.vault.readers import Named, Reader, Readers


_SHOWN = 10


class Kind(Enum):
    """What a difference is about; the values are those of the command line's JSON."""

    MISSING = "missing"
    """The settings name a key, and the vault is not, or not wholly, encrypted to it."""
    SURPLUS = "surplus"
    """The vault is encrypted to a key that the settings do not name."""
    DIRECT = "direct"
    """A value is encrypted to one key alone in a vault that several are to read."""
    UNREADABLE = "unreadable"
    """A certificate cannot be read, so that nobody can say what is encrypted to its key."""
    CERTIFICATE = "certificate"
    """A certificate has expired, is weak, or must not be used."""
    PUBLIC_KEY = "public-key"
    """Everybody has the private key."""


class Difference(NamedTuple):
    """One thing that is wrong, and what to do about it (""); `reader` is the key that it is about, None for values."""

    kind: Kind
    reader: Reader | None
    message: str
    hint: str
    level: Level = Level.WARNING


def differences(settings: Settings, found: Readers, now: datetime) -> list[Difference]:
    """Return everything that is wrong with who can read a vault, as of the time `now`."""
    unread = any(one.named and one.named.name is None and one.key_id is None for one in found.readers)
    made: list[Difference] = []
    for reader in found.readers:
        if reader.named is None:
            made.append(_surplus(reader, found, perhaps_primary=unread))
        elif reader.key_id is None:
            made.append(_unreadable(reader, reader.named))
        elif reader.encrypted in ("not", "partly"):
            made += _missing(reader, reader.named, found)
        if reader.named is not None and reader.named.name is not None and reader.named.facts is not None:
            made += _certificate(settings, reader, reader.named, now)
    if found.shared and found.direct:
        count, names = _values(len(found.direct)), _listed(map(repr, found.direct))
        hint = "`ciphertool recipients add`, with any recipient that the settings name, makes them envelopes"
        verb = "is" if len(found.direct) == 1 else "are"
        message = f"{count} {verb} encrypted to one key alone, though several are to read the vault: {names}"
        made.append(Difference(Kind.DIRECT, None, message, hint))
    return made


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else "")


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


def _surplus(reader: Reader, found: Readers, *, perhaps_primary: bool) -> Difference:
    message = f"the key {reader.key_id}, which the settings do not name, can read {reader.values} of "
    message += _values(found.values)
    held = [key for key in found.content_keys if key not in reader.lacking]
    message += f" (content key{'' if len(held) == 1 else 's'} {_listed(held)})" if held else ""
    if perhaps_primary:
        message += "; it may be the primary keystore's"
        return Difference(Kind.SURPLUS, reader, message, "state `[keystore] certificate`", Level.NOTE)
    hint = f"if that is not wanted, `ciphertool recipients remove {reader.key_id}`"
    if not held:
        hint = "put the keystore back whose key encrypted them: see docs/keystores.md"
    return Difference(Kind.SURPLUS, reader, message, hint)


def _unreadable(reader: Reader, named: Named) -> Difference:
    reason = named.problem.message if named.problem else "it has none"
    if named.name is None:
        hint = "state `[keystore] certificate`, which needs no password"
        message = f"the certificate of {named.label} cannot be read, so its key is not judged: {reason}"
        return Difference(Kind.UNREADABLE, reader, message, hint, Level.NOTE)
    hint = f"restore the certificate, or `ciphertool recipients remove {shlex.quote(named.name)}`"
    return Difference(Kind.UNREADABLE, reader, f"the certificate of {named.label} cannot be used: {reason}", hint)


def _missing(reader: Reader, named: Named, found: Readers) -> Iterator[Difference]:
    if named.name is None and not reader.lacking:
        return  # values under another key: the other key is reported
    wholly = "not" if reader.encrypted == "not" else "not wholly"
    message = f"the vault is {wholly} encrypted to {named.label} ({reader.key_id}), which can read {reader.values} of "
    message += _values(found.values)
    if reader.lacking and reader.encrypted == "partly":
        message += f"; it lacks the content key{'' if len(reader.lacking) == 1 else 's'} {_listed(reader.lacking)}"
    hint = "put the keystore back to which the vault is encrypted, or restore the vault"
    if named.name is not None:
        hint = f"`ciphertool recipients add {shlex.quote(named.name)} {shlex.quote(str(named.path))}`"
    yield Difference(Kind.MISSING, reader, message, hint)


def _certificate(settings: Settings, reader: Reader, named: Named, now: datetime) -> Iterator[Difference]:
    assert named.facts is not None  # noqa: S101 - the caller has asked
    policy, bits = settings.encryption.policy, settings.encryption.minimum_bits
    judged = judge_certificate(named.facts, Role.RECIPIENT, now=now, minimum_bits=bits)
    verdict = judge_encryption(judged, named.facts, policy=policy, keystore=named.path, role=Role.RECIPIENT)
    hint = f"get another certificate from {named.label}: `ciphertool recipients remove`, then `add`"
    for one in judged:
        if one.rule is PUBLIC_KEY:
            message = f"the key of {named.label} protects nothing: {one.message}"
            yield Difference(Kind.PUBLIC_KEY, reader, message, hint, Level.ERROR)
        elif one.rule is SHORT_KEY:
            yield Difference(Kind.CERTIFICATE, reader, f"the key of {named.label} {one.reason}", hint)
    if verdict.refusal is not None:
        message = f"the certificate of {named.label} is refused: {verdict.refusal.message}"
        yield Difference(Kind.CERTIFICATE, reader, message, hint, Level.ERROR)
        return
    for one in verdict.findings:
        level = Level.NOTE if one.rule is KEY_USAGE_UNSTATED else Level.WARNING
        yield Difference(Kind.CERTIFICATE, reader, f"the certificate of {named.label} {one.reason}", hint, level)
    if named.algorithm == RSA_OAEP:
        message = f"content keys are encrypted to {named.label} with {RSA_OAEP}, whose digest is SHA-1"
        level = Level.ERROR if policy is Policy.STRICT else Level.NOTE
        yield Difference(Kind.CERTIFICATE, reader, message, "use RSA-OAEP-256 if the key can do it", level)
