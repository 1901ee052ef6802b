"""`ciphertool rotate --check`: what still hangs on a former key or scheme. Writes nothing."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.ciphertext import ENVELOPE
from ciphertool.cli import console
from ciphertool.errors import CipherToolError

if TYPE_CHECKING:
    from ciphertool.keystore import Keystore
    from ciphertool.passwords import PasswordChain
    from ciphertool.repository import SecretRepository
    from ciphertool.settings import Settings

_SAID = {
    "key": "not the keys of the settings",
    "scheme": "not the scheme of the settings",
    "content-key": "several content keys",
}


class _Row(NamedTuple):
    """Values of one scheme, under one key, with why they are outdated ("": they are not)."""

    scheme: str
    key: str
    reason: str


def check(settings: Settings, passwords: PasswordChain, *, as_json: bool) -> int:
    """Report under which keys values are, oldest first; return 1 if a rotation would change that."""
    from ciphertool import lifecycle
    from ciphertool.lifecycle.outdated import outdated
    from ciphertool.vault.opening import VaultAccess
    from ciphertool.vault.readers import readers

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
    _report([(row, len(made)) for row, made in rows], unused, repository, as_json=as_json)
    return int(bool(reasons or unused))


def _opened(settings: Settings, passwords: PasswordChain) -> Keystore | None:
    """Return the keystore if it opens without asking a person: some formats show no certificate before."""
    from ciphertool.vault.keystores import open_unasked

    try:
        return open_unasked(settings, passwords)[0]
    except CipherToolError:
        return None


def _report(rows: list[tuple[_Row, int]], unused: list[str], repository: SecretRepository, *, as_json: bool) -> None:
    if as_json:
        keys = [
            {"scheme": row.scheme, "key": row.key, "values": count, "outdated": row.reason or None}
            for row, count in rows
        ]
        console.out_json({"keys": keys, "unused": unused})
        return
    lines = [(row.scheme, row.key, f"{count:,}", _SAID.get(row.reason, "")) for row, count in rows]
    lines += [(ENVELOPE, key, "none", "no value is under it") for key in unused]
    for line in console.columns(lines, sys.stdout):
        console.out(line.rstrip())
    if any(row.reason for row, _ in rows) or unused:
        console.say("note", f"`ciphertool rotate` encrypts {len(repository.entries):,} values as the settings say")
