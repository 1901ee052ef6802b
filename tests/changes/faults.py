"""Faults at each call of a write, over a home of many files: what is lost, torn, left in clear or not completed.

A run in a fork either has one of its calls fail, for want of space or permission or by an I/O error, or is killed right
before it, which is right after the one before. Then the same command is given again.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from ciphertool import Vault, files
from ciphertool.keystore import open_keystore
from ciphertool.keystore.create import CertificateRequest, create_keystore
from tests.changes.kills import PASSWORD, Fault, run_forked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

KINDS = {"killed": None, "no space": errno.ENOSPC, "I/O error": errno.EIO, "no permission": errno.EACCES}
"""What happens at a call: the error that it fails with, None if the process is killed."""
COMMANDS: Mapping[str, Sequence[str]] = {
    "protect": ("protect",),
    "set": ("set", "f00.a", "--generate"),
    "rename": ("rename", "shared", "another.name"),
    "rotate": ("rotate",),
    "edit": ("edit", "conf/f00.yaml"),
    "undo": ("undo", "--yes"),
}
_EDITOR = "sed -i -e s/c4n4ry-f00-a/c4n4ry-new/ -e s/kept/edited/"
WRONG = ("lost", "torn", "plaintext left", "not completed", "left behind")
_CANARY = b"c4n4ry"
_NEVER = 1 << 30
_VAULT = "security/vault.properties"
_SETTINGS = """\
[keystore]
path = "security/primary-key.pem"
certificate = "security/primary.pem"
[repository]
path = "security/vault.properties"
log = true
[encryption]
scheme = "envelope"
"""
_FORMATS = {
    "yaml": ("$.{0}", "# kept\na: {0}-a\nb: '{0}-b'\nc: \"{0}-c\"\nd: {1}\n"),
    "json": ("$.{0}", '{{"a": "{0}-a", "b": "{0}-b",\n "c": "{0}-c", "d": "{1}"}}\n'),
    "toml": ("$.{0}", "a = '{0}-a'  # kept\nb = '{0}-b'\nc = '{0}-c'\nd = '{1}'\n"),
    "properties": ("{0}", "! kept\na={0}-a\nb : {0}-b\nc={0}-c\nd={1}\n"),
    "ini": ("s/{0}", "[s]\na = {0}-a\nb = {0}-b\nc = {0}-c\nd = {1}\n"),
    "xml": ("/r/{0}/@p", "<r>\n<a p='{0}-a'/><b p='{0}-b'/>\n<c p='{0}-c'/><d p='{1}'/></r>\n"),
}


@dataclass
class Table:
    """For each command: the points that were tried, by kind, and what went wrong; the first few examples of that."""

    points: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: dict[str, Counter[str]] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The number of points."""
        return sum(counter.total() for counter in self.points.values())

    @property
    def failures(self) -> int:
        """The number of things that went wrong."""
        return sum(counter.total() for counter in self.wrong.values())

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the table's rows, its head first."""
        yield "command", *KINDS, *WRONG
        for command, tried in self.points.items():
            yield command, *(str(tried[kind]) for kind in KINDS), *(str(self.wrong[command][what]) for what in WRONG)


class Home:
    """A home of files with four values each, in six formats; one value is the same, with one alias, in every fifth."""

    def __init__(self, root: Path, count: int) -> None:
        self.root, self._kept = root, root.parent / "kept"
        self.values: dict[str, str] = {"shared": "c4n4ry-shared"}
        self.original: dict[str, bytes] = {}
        targets = []
        for number in range(count):
            suffix = list(_FORMATS)[number % len(_FORMATS)]
            selector, text = _FORMATS[suffix]
            name, stem = f"conf/f{number:02}.{suffix}", f"f{number:02}"
            shared = number % 5 == 0
            last = "c4n4ry-shared" if shared else f"c4n4ry-{stem}-d"
            self.original[name] = text.format(f"c4n4ry-{stem}", last).encode()
            for key in "abcd":
                alias = "shared" if shared and key == "d" else f"{stem}.{key}"
                self.values[alias] = last if key == "d" else f"c4n4ry-{stem}-{key}"
                targets.append((name, selector.format(key), alias))
        tables = (f'[[target]]\nfile = "{f}"\nselector = "{s}"\nalias = "{a}"\n' for f, s, a in targets)
        shutil.rmtree(root, ignore_errors=True)
        for directory in ("conf", "security"):
            (root / directory).mkdir(parents=True)
        (root / "ciphertool.toml").write_text(_SETTINGS + "".join(tables))
        store = create_keystore(
            CertificateRequest(subject="CN=f", bits=2048), "primary", PASSWORD, now=datetime.now(UTC)
        )
        opened = open_keystore(root / "store.p12", PASSWORD, data=store)
        certificate = DER_cert_to_PEM_cert(opened.entry("primary").chain[0])
        (root / "security/primary.pem").write_text(certificate)
        private = load_pkcs12(store, PASSWORD.encode()).key
        assert private is not None
        # A password takes long to check.
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (root / "security/primary-key.pem").write_bytes(pem + certificate.encode())
        (root / "security/primary-key.pem").chmod(0o600)
        for name, data in self.original.items():
            (root / name).write_bytes(data)

    def keep(self) -> None:
        """Remember the present state, for `restore`."""
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self.root, self._kept)

    def restore(self) -> None:
        """Put the remembered state back."""
        shutil.rmtree(self.root)
        shutil.copytree(self._kept, self.root)

    def run(self, command: Sequence[str], fault: Fault | None = None) -> tuple[int, str]:
        """Run the program with the key at hand; return its status and its messages."""
        status, _, said = run_forked(self.root, command, with_key=True, fault=fault)
        return status, said

    def texts(self) -> dict[str, bytes]:
        """Return the configuration files and the settings."""
        return {name: (self.root / name).read_bytes() for name in (*self.original, "ciphertool.toml")}

    def vault(self) -> Vault | None:
        """Open the vault; None if there is none yet."""
        there = (self.root / _VAULT).exists() and (self.root / _VAULT).read_bytes().strip()
        return Vault.open(self.root / "ciphertool.toml") if there else None

    def resolved(self, vault: Vault | None) -> dict[str, bytes]:
        """Return each file with its references resolved."""
        found = {name: (self.root / name).read_bytes() for name in self.original}
        if vault is None:
            return found
        return {n: data if data == self.original[n] else vault.resolve_file(self.root / n) for n, data in found.items()}

    def secrets(self, vault: Vault | None) -> dict[str, str]:
        """Return every value of the vault; raise if one does not decrypt."""
        return {} if vault is None else {alias: vault[alias].reveal() for alias in vault}


class Injector:
    """Injects faults into one command, and judges what it and the next run leave."""

    def __init__(self, home: Home, command: str, table: Table) -> None:
        self._home, self._name, self._table = home, command, table
        self._command = COMMANDS[command]
        table.points[command], table.wrong[command] = Counter(), Counter()
        for needed in {"protect": (), "undo": (("protect",),)}.get(command, (("protect",),)):
            assert home.run(needed)[0] == 0
        home.keep()
        self._before, self._then = home.texts(), home.secrets(home.vault())
        self._resolved = {name: {data} for name, data in home.original.items()}
        fault = Fault(_NEVER)
        status, said = home.run(self._command, fault)
        assert status == 0, said
        self.calls = fault.told()[0]
        self._after, self._now = home.texts(), home.secrets(home.vault())
        for name, resolved in home.resolved(home.vault()).items():
            # The vault comes first: until the file is written, it resolves to what it was, with the new value.
            self._resolved[name] |= {resolved, home.original[name].replace(b"c4n4ry-f00-a", b"c4n4ry-new")}

    def point(self, number: int, kind: str) -> None:
        """Have one call fail, or kill the process before it."""
        home, about = self._home, f"{self._name}, {kind} at call {number} of {self.calls}"
        home.restore()
        status, said = home.run(self._command, Fault(number, error=KINDS[kind]))
        if kind == "killed" and status != -1:
            self._fail("not completed", f"{about}: was not killed, but ended with {status}")
        elif kind != "killed" and status not in (0, 6):
            self._fail("not completed", f"{about}: status {status}: {said}")
        self._table.points[self._name][kind] += 1
        self._look(about, ended=self._name != "undo")
        if self._name == "edit":  # its journal is that of `protect`, which completes it; no editor need be opened again
            done, said = home.run(("protect",))
            if done != 0:
                self._fail("not completed", f"{about}: protect ends with {done}: {said}")
        status, said = home.run(self._command)
        texts, secrets = home.texts(), self._look(f"{about}, again")
        # A run that had nothing left to do reports that there is no such alias, or nothing to undo.
        done = texts == self._after and self._but_for_set(secrets) == self._but_for_set(self._now)
        if not done or status not in {"rename": (0, 5), "undo": (0, 3)}.get(self._name, (0,)):
            self._fail("not completed", f"{about}: then status {status}: {said}")
        if self._name == "protect" and any(_CANARY in texts[name] for name in home.original):
            self._fail("plaintext left", about)
        if status != 0:  # what is then left is removed by the next command that writes
            done, said = home.run(("set", "extra", "--generate"))
            assert done == 0, f"{about}: {said}"
        self._stray(about)

    def _but_for_set(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Return values without the one that `set` makes at random."""
        return {alias: value for alias, value in secrets.items() if (self._name, alias) != ("set", "f00.a")}

    def _look(self, about: str, *, ended: bool = True) -> dict[str, str]:
        """Count what is wrong with the present state; return the values of the vault.

        Unless it has `ended`, a temporary file may hold the plaintext that `undo` was about to bring back.
        """
        home, secrets = self._home, dict[str, str]()
        for name, data in home.texts().items():
            if data not in (self._before[name], self._after[name]):
                self._fail("torn", f"{about}: {name}")
        try:
            vault = home.vault()
            secrets = home.secrets(vault)
            for name, resolved in home.resolved(vault).items():
                if self._name != "set" and resolved not in self._resolved[name]:
                    self._fail("lost", f"{about}: {name}")
        except Exception as error:  # noqa: BLE001 - whatever it is, a secret is lost
            self._fail("lost", f"{about}: {error}")
        else:
            kept = {
                alias: value for alias, value in self._but_for_set(self._then).items() if self._now.get(alias) == value
            }
            if self._name in ("set", "rotate", "edit") and {a: v for a, v in secrets.items() if a in kept} != kept:
                self._fail("lost", f"{about}: a value of the vault")
        for path in home.root.rglob("*"):
            name = str(path.relative_to(home.root))
            if not path.is_file() or name in home.original or (files.replaced(path.name) and not ended):
                continue
            if _CANARY in path.read_bytes():
                self._fail("plaintext left", f"{about}: {path.name}")
        return secrets

    def _stray(self, about: str) -> None:
        names = [path.name for path in self._home.root.rglob(".*") if path.is_file() and path.name != ".gitignore"]
        names += [path.name for path in self._home.root.rglob(f"{files.COPIES}/*") if files.replaced(path.name)]
        records = [json.loads(line)["id"] for line in (self._home.root / f"{_VAULT}.log").read_text().splitlines()]
        if names or len(records) != len(set(records)):
            self._fail("left behind", f"{about}: {', '.join(names) or 'a record twice'}")

    def _fail(self, what: str, about: str) -> None:
        self._table.wrong[self._name][what] += 1
        if len(self._table.examples) < 20:
            self._table.examples.append(f"{what}: {about}")


def inject(
    table: Table,
    base: Path,
    *,
    count: int,
    points: int,
    commands: Sequence[str] = tuple(COMMANDS),
    kinds: Sequence[str] = tuple(KINDS),
) -> None:
    """Try so many points of each command and kind at most, spread evenly over its calls, on a home of `count` files."""
    os.environ |= {"CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD, "EDITOR": _EDITOR}
    os.environ.pop("VISUAL", None)
    for command in commands:
        injector = Injector(Home(base / "home", count), command, table)
        for kind in kinds:
            step = max(1, -(-injector.calls // points))
            for number in range(1 + list(KINDS).index(kind) % step, injector.calls + 1, step):
                injector.point(number, kind)
