"""How the keystore commands get at a store: their shared options, its passwords, opening and writing it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool import files
from ciphertool.certificates.roles import Role
from ciphertool.cli import console
from ciphertool.cli.options import ask
from ciphertool.cli.streams import is_stdout
from ciphertool.errors import PasswordNeededError, WrongKeyPasswordError, WrongKeystorePasswordError
from ciphertool.files import Audience
from ciphertool.passwords import Environment, PasswordChain, PasswordFile, Passwords, Prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ciphertool.files.snapshots import Snapshot
    from ciphertool.keystore import Keystore
    from ciphertool.passwords import PasswordSource


class Format(Enum):
    """A format that is written."""

    PKCS12 = "PKCS12"
    JKS = "JKS"
    PEM = "PEM"


Store = Annotated[Path, typer.Argument(metavar="STORE", help="The keystore or truststore.")]
Alias = Annotated[str | None, typer.Option(metavar="ALIAS", help="The entry (default: the only key entry).")]
PasswordFileOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Line 1: keystore password; line 2: key password.")
]
RoleOption = Annotated[Role, typer.Option(help="What the keystore is for.")]
Names = Annotated[
    list[str] | None, typer.Option("--name", metavar="HOST", help="A host name or address (role tls). Repeatable.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of stdout.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
WrittenJson = Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")]


def chain_of(
    password_file: Path | None, what: str = "Keystore password", stated: Sequence[PasswordSource] = ()
) -> PasswordChain:
    """Return the sources of a store's passwords: a file, the environment, those that settings state, a prompt."""
    named = (PasswordFile(password_file),) if password_file else ()
    return PasswordChain((*named, Environment(), *stated, Prompt(lambda: ask(what))))


def open_store(
    store: Path,
    password_file: Path | None,
    *,
    data: bytes | None = None,
    asking: bool = True,
    stated: Sequence[PasswordSource] = (),
) -> tuple[Keystore, Passwords | None]:
    """Open a store, whose `data` may have been read already; without `asking`, prompt only if nothing else opens it."""
    from ciphertool.keystore import open_keystore

    chain = chain_of(password_file, stated=stated)
    given = chain.read() if asking else chain.read_unasked()
    with chain.named():
        try:
            return open_keystore(store, given.keystore if given else None, data=data), given
        except PasswordNeededError:
            given = chain.read()
            return open_keystore(store, given.keystore, data=data), given


@contextmanager
def naming(given: Passwords | None) -> Iterator[None]:
    """Add to an error about a wrong key password where that password comes from."""
    try:
        yield
    except WrongKeyPasswordError as error:
        if given is not None:
            given.name_source(error)
        raise


def open_other(store: Path, given: Passwords | None, password_files: Sequence[Path]) -> Keystore:
    """Open a keystore to compare: by the passwords of the files, the one given for the first store, or without any."""
    from ciphertool.keystore import open_keystore

    read = [PasswordFile(path).read() for path in password_files]
    for passwords in (*read, *([given] if given else [])):
        try:
            return open_keystore(store, passwords.keystore)
        except WrongKeystorePasswordError:
            continue
    try:
        return open_keystore(store, None)
    except PasswordNeededError as error:
        error.hint = "name a file with its password by --other-password-file"
        raise


def change_store(
    store: Path,
    password_file: Path | None,
    change: Callable[[Keystore, Passwords | None], tuple[bytes, str | None]],
    *,
    as_json: bool,
) -> None:
    """Open a store and write what the change makes of it, if it is still the one that was read.

    The change returns the new store and its password.
    """
    from ciphertool.keystore.opening import read_file

    before = read_file(store)
    if (found := files.obstacle(before, Audience.OURSELVES)) is not None:
        raise found
    opened, given = open_store(store, password_file, data=before.bytes)
    with naming(given):
        data, password = change(opened, given)
    write(before, data, password, as_json=as_json)


def write(before: Snapshot, data: bytes, password: str | None, *, as_json: bool) -> None:
    """Write a store that was made or changed, and say which; as JSON, with the entries that it has now."""
    from ciphertool.changes import commit
    from ciphertool.keystore import open_keystore
    from ciphertool.keystore.listing import summary

    entries = open_keystore(before.path, password, data=data).entries if as_json else ()
    commit.output(files.Write(before, data, audience=Audience.OURSELVES))
    done = "created" if before.data is None else "changed"
    console.say("done", f"{done} {console.display_path(before.path)}", label=False)
    if as_json:
        console.out_written([before], map(summary, entries))


def destination(output: Path | None, *, private: bool = False, as_json: bool = False) -> Snapshot | None:
    """Return the place that output goes to, or None for standard output, which excludes JSON; raise `WriteError`."""
    if output is None or is_stdout(output):
        if as_json:
            raise typer.BadParameter("--json requires --output FILE: standard output has one of the two")
        return None
    return files.destination(output, Audience.OURSELVES if private else Audience.DIRECTORY)


def put_out(data: bytes, before: Snapshot | None, *, private: bool = False) -> None:
    """Write output to its place, or to standard output."""
    from ciphertool.changes import commit

    if before is None:
        sys.stdout.buffer.write(data)
    elif private:
        commit.output(files.Write(before, data, audience=Audience.OURSELVES, private=True))
    else:
        commit.output(files.Write(before, data, 0o644, Audience.DIRECTORY))
