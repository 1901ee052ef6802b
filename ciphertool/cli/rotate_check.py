"""`ciphertool rotate --check`: what still hangs on a former key or scheme. Writes nothing."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.ciphertext import ENVELOPE
from ciphertool.cli import console
from ciphertool.errors import CipherToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.cli.rotate_many import Vault
    from ciphertool.keystore import Keystore
    from ciphertool.lifecycle.product_check import Examination
    from ciphertool.passwords import PasswordChain
    from ciphertool.settings import Settings

_SAID = {
    "key": "not the keys of the settings",
    "scheme": "not the scheme of the settings",
    "content-key": "several content keys",
    "undecryptable": "not encrypted to this key, or damaged",
}


class _Row(NamedTuple):
    """Values of one scheme, under one key, with why they are outdated ("": they are not)."""

    scheme: str
    key: str
    reason: str


def check_all(vaults: Sequence[Vault], *, as_json: bool) -> int:
    """Report on each vault, with its name if there are several; return 1 if a rotation would change one of them."""
    found = 0
    for vault in vaults:
        settings = vault.options.settings()
        name = console.display_path(vault.name) if len(vaults) > 1 else None
        if name is not None and not as_json:
            console.out(name)
        found |= check(settings, vault.options.passwords(settings), name, as_json=as_json)
    return found


def check(settings: Settings, passwords: PasswordChain, name: str | None, *, as_json: bool) -> int:
    """Report under which keys values are, oldest first; return 1 if a rotation would change that."""
    from ciphertool import lifecycle
    from ciphertool.lifecycle.outdated import outdated
    from ciphertool.vault.opening import VaultAccess
    from ciphertool.vault.readers import readers

    if not settings.native:
        return _check_product(settings, passwords, name, as_json=as_json)
    repository = VaultAccess(settings, passwords).repository()
    named = [one for one in readers(settings, repository, opened=_opened(settings, passwords)).readers if one.named]
    keys = {one.key_id for one in named if one.key_id} if all(one.key_id for one in named) else set()
    reasons = outdated(settings, repository, keys)
    found: defaultdict[_Row, list[int | None]] = defaultdict(list)
    for secret, alias in zip(lifecycle.listed(settings, repository), repository.entries, strict=True):
        if secret.scheme is not None:
            reason = reasons.get(alias)
            found[_Row(secret.scheme, secret.key or "", reason.value if reason else "")].append(secret.changed)
    rows = sorted(found.items(), key=lambda item: min((made or 0 for made in item[1]), default=0))
    unused = sorted(repository.keys.keys() - {row.key for row in found})
    _report([(row, len(made)) for row, made in rows], unused, len(repository.entries), name, as_json=as_json)
    return int(bool(reasons or unused))


def _check_product(settings: Settings, passwords: PasswordChain, name: str | None, *, as_json: bool) -> int:
    """Report how the product decrypts its values, and which of them that key does not decrypt, if a source opens it."""
    from ciphertool.lifecycle.product_check import examine

    found = examine(settings, passwords)
    rows = [(_Row(found.scheme, _key(found), reason), count) for reason, count in found.counts.items()]
    _report(rows, [], found.values, name, as_json=as_json)
    if found.unfinished:
        console.say("note", "a rotation was interrupted; `ciphertool rotate` completes it")
    return int(found.unfinished or any(found.counts.keys() - {""}))


def _key(found: Examination) -> str:
    path = "the password" if found.keystore is None else console.display_path(found.keystore)
    return f"{path} ({found.alias})" if found.alias else path


def _opened(settings: Settings, passwords: PasswordChain) -> Keystore | None:
    """Return the keystore if it opens without asking a person: some formats show no certificate before."""
    from ciphertool.vault.keystores import open_unasked

    try:
        return open_unasked(settings, passwords)[0]
    except CipherToolError:
        return None


def _report(rows: list[tuple[_Row, int]], unused: list[str], values: int, name: str | None, *, as_json: bool) -> None:
    if as_json:
        keys = [
            {"scheme": row.scheme, "key": row.key, "values": count, "outdated": row.reason or None}
            for row, count in rows
        ]
        answer: dict[str, object] = {"keys": keys, "unused": unused}
        if name is None:
            console.out_json(answer)
        else:
            console.out_json_line({"home": name, **answer})
        return
    lines = [(row.scheme, row.key, f"{count:,}", _SAID.get(row.reason, "")) for row, count in rows]
    lines += [(ENVELOPE, key, "none", "no value is under it") for key in unused]
    for line in console.columns(lines, sys.stdout):
        console.out(line.rstrip())
    if any(row.reason for row, _ in rows) or unused:
        console.say(
            "note", f"`ciphertool rotate` encrypts {values:,} value{'' if values == 1 else 's'} as the settings say"
        )
