"""`ciphertool wsse`: SOAP messages on files and pipes, for tests and for programs in other languages."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ciphertool.cli import console
from ciphertool.cli.keystore.access import (
    Output,
    PasswordFileOption,
    destination,
    naming,
    open_other,
    open_store,
    put_out,
)
from ciphertool.cli.misuse import Misuse
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ciphertool.files.snapshots import Snapshot
    from ciphertool.passwords import Passwords
    from ciphertool.wsse import MessagePolicy, OpenedMessage
    from ciphertool.wsse.policy import Parts

_Message = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The SOAP message (default: standard input).")]
_Keystore = Annotated[Path, typer.Option("--keystore", metavar="FILE", help="The keystore of the own key.")]
_AnyKeystore = Annotated[Path | None, typer.Option("--keystore", metavar="FILE", help="The keystore of the own key.")]
_Alias = Annotated[str | None, typer.Option("--key-alias", metavar="ALIAS", help="The key (default: the only one).")]
_Truststore = Annotated[
    Path, typer.Option("--truststore", metavar="FILE", help="The certificates of those who are trusted.")
]
_AnyTruststore = Annotated[
    Path | None, typer.Option("--truststore", metavar="FILE", help="The certificates of those who are trusted.")
]
_TrustPassword = Annotated[
    Path | None,
    typer.Option("--truststore-password-file", metavar="FILE", help="The truststore's password, if it needs one."),
]
_Policy = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="A WS-SecurityPolicy file that says how.")
]
_Service = Annotated[
    bool, typer.Option("--service", help="With --policy: this is the service's side; without it, the client's.")
]
_Algorithm = Annotated[
    list[str] | None,
    typer.Option(
        "--algorithm", metavar="NAME", help="An algorithm to use and to accept, such as rsa-oaep-mgf1p. Repeatable."
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def sign(
    keystore: _Keystore,
    message: _Message = None,
    key_alias: _Alias = None,
    policy: _Policy = None,
    service: _Service = False,
    algorithm: _Algorithm = None,
    output: Output = None,
    password_file: PasswordFileOption = None,
    as_json: _Json = False,
) -> None:
    """Sign the Body of a SOAP message, and a Timestamp that it gets.

    Examples:
      ciphertool wsse sign request.xml --keystore client.p12 --output signed.xml
    """
    before = destination(output, as_json=as_json)
    opened, given = open_store(keystore, password_file)
    rules = _rules(policy, service, algorithm, keystore=opened, alias=key_alias, key_password=given and given.key)
    _put_secured(message, replace(rules, encrypt=()), given, before, as_json=as_json)


def encrypt(
    truststore: _Truststore,
    recipient: Annotated[str, typer.Option(metavar="ALIAS", help="The recipient's certificate in the truststore.")],
    message: _Message = None,
    keystore: _AnyKeystore = None,
    key_alias: _Alias = None,
    policy: _Policy = None,
    service: _Service = False,
    algorithm: _Algorithm = None,
    output: Output = None,
    password_file: PasswordFileOption = None,
    truststore_password_file: _TrustPassword = None,
    as_json: _Json = False,
) -> None:
    """Encrypt the Body of a SOAP message for a recipient; with a keystore, sign it first.

    Without a keystore, the recipient cannot know who sent it: anyone can encrypt.

    Examples:
      ciphertool wsse encrypt request.xml --keystore client.p12 --truststore trust.p12 --recipient server
    """
    from ciphertool.wsse import Part

    before = destination(output, as_json=as_json)
    opened, given = open_store(keystore, password_file) if keystore else (None, None)
    trusted = open_other(truststore, given, [truststore_password_file] if truststore_password_file else [])
    rules = _rules(
        policy,
        service,
        algorithm,
        keystore=opened,
        alias=key_alias,
        key_password=given and given.key,
        truststore=trusted,
        recipient=recipient,
    )
    rules = replace(rules, encrypt=rules.encrypt or (Part.BODY,), sign=rules.sign if opened else ())
    if not opened:
        console.say("warning", "the message is not signed: its recipient cannot know who sent it")
    _put_secured(message, rules, given, before, as_json=as_json)


def verify(
    truststore: _Truststore,
    message: _Message = None,
    keystore: _AnyKeystore = None,
    key_alias: _Alias = None,
    policy: _Policy = None,
    service: _Service = False,
    algorithm: _Algorithm = None,
    output: Output = None,
    password_file: PasswordFileOption = None,
    truststore_password_file: _TrustPassword = None,
    as_json: _Json = False,
) -> None:
    """Verify a SOAP message, and print what was verified of it, and nothing else.

    Its Body and Timestamp must have a trusted signature. With a keystore, encrypted parts are decrypted.

    Examples:
      ciphertool wsse verify signed.xml --truststore trust.p12
    """
    before = None if as_json and output is None else destination(output, private=keystore is not None)
    opened, given = open_store(keystore, password_file) if keystore else (None, None)
    trusted = open_other(truststore, given, [truststore_password_file] if truststore_password_file else [])
    own = {"keystore": opened, "alias": key_alias, "key_password": given and given.key}
    rules = _rules(policy, service, algorithm, truststore=trusted, **own)
    with naming(given):
        found = _open(message, rules)
    if before is not None or not as_json:
        put_out(_lines(found), before, private=keystore is not None)
    if as_json:
        console.out_json(_facts(found))


def decrypt(
    keystore: _Keystore,
    message: _Message = None,
    truststore: _AnyTruststore = None,
    key_alias: _Alias = None,
    policy: _Policy = None,
    service: _Service = False,
    algorithm: _Algorithm = None,
    output: Output = None,
    password_file: PasswordFileOption = None,
    truststore_password_file: _TrustPassword = None,
    as_json: _Json = False,
) -> None:
    """Decrypt a SOAP message whose Body is encrypted; with a truststore, verify it too.

    Without a truststore, only a message that is not signed is decrypted, and nothing says who sent it.

    Examples:
      ciphertool wsse decrypt message.xml --keystore server.p12 --truststore trust.p12
    """
    from ciphertool.wsse import Part

    before = destination(output, private=True, as_json=as_json)
    opened, given = open_store(keystore, password_file)
    passwords = [truststore_password_file] if truststore_password_file else []
    trusted = open_other(truststore, given, passwords) if truststore else None
    own = {"keystore": opened, "alias": key_alias, "key_password": given and given.key}
    rules = _rules(policy, service, algorithm, truststore=trusted, **own)
    rules = replace(rules, require_encrypted=rules.require_encrypted or (Part.BODY,))
    if trusted is None:
        rules = replace(rules, require_signed=())
        console.say("warning", "nothing says who sent this message: name those who are trusted by --truststore")
    with naming(given):
        found = _open(message, rules)
    put_out(_lines(found), before, private=True)
    if as_json:
        console.out_json(_facts(found))


def _rules(policy: Path | None, service: bool, algorithms: list[str] | None, **keys: Any) -> MessagePolicy:
    """Return the policy of a file, or the default one, with the algorithms that were named."""
    from ciphertool.files import snapshots
    from ciphertool.wsse import MessagePolicy, Side, read_policy
    from ciphertool.wsse.algorithms import BY_NAME, Digest, Encryption, KeyTransport, SignatureAlgorithm

    unknown = [name for name in algorithms or () if name not in BY_NAME]
    if unknown:
        raise Misuse("--algorithm names none that is known", f"use one of {', '.join(BY_NAME)}")
    side = Side.RECIPIENT if service else Side.INITIATOR
    if policy is None:
        rules = MessagePolicy(**keys)
    else:
        with _at(policy):
            rules = read_policy(snapshots.read(policy).bytes, side, **keys)
    named = [BY_NAME[name] for name in algorithms or ()]
    kinds = {SignatureAlgorithm: "signature", Digest: "digest", Encryption: "encryption", KeyTransport: "transport"}
    chosen: dict[str, Any] = {kinds[type(one)]: one for one in named}
    return replace(rules, **chosen, accept=rules.accept | frozenset(named))


@contextmanager
def _at(path: Path | None) -> Iterator[None]:
    """Add the path of a message or of a policy to an error about it."""
    try:
        yield
    except ConfigError as error:
        if path is not None:
            error.at(path)
        raise


def _read(message: Path | None) -> bytes:
    if message is not None:
        from ciphertool.files import snapshots

        return snapshots.read(message).bytes
    if sys.stdin.isatty():
        raise Misuse("no message is given", "name a FILE, or pass the message on standard input")
    return sys.stdin.buffer.read()


def _put_secured(
    message: Path | None, rules: MessagePolicy, given: Passwords | None, before: Snapshot | None, *, as_json: bool
) -> None:
    from ciphertool.wsse import secure

    with naming(given), _at(message):
        secured = secure(_read(message), rules)
    put_out(bytes(secured), before)  # not one byte more: what is signed is what is sent
    if as_json:
        parts = {"signed": _names(rules.sign), "encrypted": _names(rules.encrypt)}
        console.out_json({"path": before and console.display_path(before.path), **parts})


def _open(message: Path | None, rules: MessagePolicy) -> OpenedMessage:
    from ciphertool.wsse import open as open_message

    with _at(message):
        return open_message(_read(message), rules)


def _lines(found: OpenedMessage) -> bytes:
    return bytes(found) + b"\n"


def _names(parts: Parts) -> list[str]:
    return [part if isinstance(part, str) else part.value for part in parts]


def _facts(found: OpenedMessage) -> dict[str, object]:
    """Return what was verified, but for the message itself."""
    from ciphertool.certificates.facts import certificate_facts

    signer = certificate_facts(found.signer) if found.signer is not None else None
    return {
        "signer": signer and {"subject": signer.subject, "sha256": signer.sha256},
        "created": found.created and found.created.isoformat(),
        "expires": found.expires and found.expires.isoformat(),
        "signed": sorted(found.signed),
        "encrypted": sorted(found.encrypted),
    }
