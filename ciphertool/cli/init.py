"""`ciphertool init`: a new vault for an application."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciphertool import files
from ciphertool.cli import console
from ciphertool.cli.git import ATTRIBUTES
from ciphertool.cli.options import new_password
from ciphertool.errors import ConfigError
from ciphertool.files import Audience, Snapshot
from ciphertool.passwords import Environment, PasswordChain, PasswordFile, Prompt
from ciphertool.settings import carbon_homes
from ciphertool.settings.target_tables import content_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIAS = "primary"
_FILE = "ciphertool.toml"
_KEYSTORE = Path("security/primary.p12")
_CERTIFICATE = Path("security/primary.pem")
_SETTINGS = f'''\
# What ciphertool protects here, and with which key. See `ciphertool protect --help`.
[keystore]
path = "{_KEYSTORE.as_posix()}"
alias = "{_ALIAS}"
certificate = "{_CERTIFICATE.as_posix()}"   # enough to protect and audit; only resolving needs the keystore
fingerprint = "sha256:FINGERPRINT"

[repository]
path = "security/vault.properties"

# One table per secret value, or per kind of secret value:
# [[target]]
# file = "conf/app.yaml"
# selector = "$.datasource.password"
# alias = "app.db.password"
'''
_IGNORE = f"""\
# Keep the private key, and files that an interrupted run leaves for the next one, out of version control.
{_KEYSTORE.name}
{files.JOURNAL}
.*.ciphertool-*
"""
_ATTRIBUTES = f"""\
# `ciphertool git-setup`, once in each clone, makes git merge alias by alias.
vault.properties {ATTRIBUTES}
"""


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The configuration directory.")] = Path(),
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File whose first line becomes the keystore password.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Create a vault: ciphertool.toml, a primary keystore (RSA-3072) and its certificate.

    The password comes from CIPHERTOOL_KEYSTORE_PASSWORD, --password-file or a prompt. Existing files are left alone,
    except that a ciphertool.toml which has only targets is completed.

    Examples:
      ciphertool init
      ciphertool init /opt/app --password-file /run/secrets/keystore
    """
    from ssl import DER_cert_to_PEM_cert

    from ciphertool.changes import commit
    from ciphertool.keystore import open_keystore
    from ciphertool.keystore.create import CertificateRequest, create_keystore
    from ciphertool.keystore.listing import summary

    before = files.read_if_there(directory / _FILE)
    paths = [directory / name for name in (_KEYSTORE, _CERTIFICATE)]
    there = [str(path) for path in paths if path.exists()]
    if there or not _may_be_completed(before):
        there += [] if before.data is None else [str(before.path)]
        raise ConfigError(f"already exists: {', '.join(there)}", hint="remove it, or choose another directory")
    named = (PasswordFile(password_file),) if password_file else ()
    passwords = PasswordChain((*named, Environment(), Prompt(new_password))).read()
    security = (directory / _KEYSTORE).parent
    files.make_directory(security)
    key_file = files.destination(directory / _KEYSTORE, Audience.OURSELVES)
    now = datetime.now(UTC)
    request = CertificateRequest(subject="CN=ciphertool primary keystore", bits=3072, days=3650)
    store = create_keystore(request, _ALIAS, passwords.keystore, now=now)
    keystore = open_keystore(directory / _KEYSTORE, passwords.keystore, data=store)
    settings = _SETTINGS.replace("FINGERPRINT", keystore.entry(_ALIAS).sha256 or "")
    readable = 0o666 & ~_umask()
    contents = [
        (directory / _CERTIFICATE, DER_cert_to_PEM_cert(keystore.entry(_ALIAS).chain[0]).encode()),
        (security / ".gitignore", _IGNORE.encode()),
        (security / ".gitattributes", _ATTRIBUTES.encode()),
    ]
    writes = [
        files.Write(key_file, store, audience=Audience.OURSELVES, private=True),
        *(files.Write(files.read_if_there(path), data, readable, Audience.DIRECTORY) for path, data in contents),
    ]
    writes = [write for write in writes if write.before.data is None]
    separated = before.bytes and before.bytes.rstrip(b"\n") + b"\n\n"
    writes.append(files.Write(before, separated + settings.encode(), readable, Audience.DIRECTORY))
    commit.output(*writes)
    _report(writes)
    console.say("hint", f"keep {directory / _KEYSTORE} and its password: without them you cannot recover any secret")
    if as_json:
        console.out_written((write.before for write in writes), map(summary, keystore.entries))


def _may_be_completed(before: Snapshot) -> bool:
    """Return whether there are no settings yet, or only targets, as `audit --write-targets` writes them."""
    if before.data is None:
        return True
    # In a Carbon home, targets alone are complete.
    return not carbon_homes.is_home(before.path.parent) and content_of(before).keys() <= {"target", "extends"}


def _report(writes: Iterable[files.Write]) -> None:
    for write in writes:
        verb = "created" if write.before.data is None else "completed"
        console.say("done", f"{verb} {write.before.path}", label=False)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
