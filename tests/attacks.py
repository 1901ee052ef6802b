"""Attacks of an unprivileged user on files that root writes in his directories. scripts/attack-files tries far more.

Each gives what went wrong in one try, "" where it held. The attacker is a process of another user that swaps names as
fast as it can, or at the right moment as inotify tells it. `command_attacks` has those on other commands.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import select
import shutil
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.files.passing import COPIES, JOURNAL
from ciphertool.keystore import CertificateRequest, create_keystore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STRANGER = 65534
PASSWORD = "a keystore password"
CANARY = "c4n4ry"
_SETTINGS = """\
[keystore]
path = "security/primary.p12"
alias = "primary"
[repository]
path = "security/vault.properties"
[[target]]
file = "conf/app.properties"
selector = "password"
alias = "app.password"
"""
_CREATE, _MOVED_TO, _OPEN, _CLOSED, _ATTRIBUTES = 0x100, 0x80, 0x20, 0x10, 0x4
_EXCHANGE = 2
_LIBC = ctypes.CDLL(None, use_errno=True)


class Program(NamedTuple):
    """The ciphertool that is attacked: an interpreter, and the directory of the source."""

    python: str
    source: Path
    unnamed: bool = True
    password: str | None = PASSWORD

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start it as root in a directory of root's."""
        code = "from ciphertool.cli import main; main()"
        if not self.unnamed:
            code = f"import os; del os.O_TMPFILE; {code}"
        own = {name: value for name, value in os.environ.items() if not name.startswith("CIPHERTOOL_")}
        password = {} if self.password is None else {"CIPHERTOOL_KEYSTORE_PASSWORD": self.password}
        return subprocess.Popen(
            [self.python, "-c", code, *arguments],
            cwd="/",
            env={**own, "PYTHONPATH": str(self.source), **password},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *arguments: str) -> tuple[int, bytes]:
        """Run it; return its status and all that it said."""
        program = self.start(*arguments)
        out, _ = program.communicate(timeout=60)
        return program.returncode, out


OURS = Program(sys.executable, Path(__file__).resolve().parent.parent)


class Home(NamedTuple):
    """A vault, and beside it files of root's that nobody else may have."""

    root: Path

    @property
    def file(self) -> Path:
        """The file that is to be protected."""
        return self.root / "conf/app.properties"

    @property
    def program(self) -> Path:
        """A set-uid program of root's."""
        return self.root.parent / "rootly/program"

    @property
    def private(self) -> Path:
        """A file that root alone can read, of the same name as the one to be protected."""
        return self.root.parent / "rootly/app.properties"

    def unharmed(self) -> str:
        """Return what became of root's files, "" where they are as they were made."""
        for path, mode in ((self.program, 0o6755), (self.private, 0o600)):
            status = path.stat()
            if status.st_uid != 0 or stat.S_IMODE(status.st_mode) != mode:
                return f"{path.name} of root's is now {status.st_mode:o} of {status.st_uid}"
            if path.read_bytes() != _private_text(path).encode():
                return f"{path.name} of root's was written"
        return ""

    def taken(self, path: Path, owner: int = STRANGER) -> str:
        """Return what a file has that is not its own, "" where all is well."""
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and (status.st_uid != owner or status.st_mode & 0o6111):
                return f"{path.name} is now {status.st_mode:o} of {status.st_uid}"
        return self.unharmed()


def _private_text(path: Path) -> str:
    return f"password={CANARY}-of-root-{path.name}\n"


def make_home(base: Path, keystore: bytes) -> Home:
    """Make a vault whose every directory but the one above is the stranger's, as a service's home is."""
    home = Home(base / "home")
    for path in (home.root, home.program.parent):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
    for path, mode in ((home.program, 0o6755), (home.private, 0o600)):
        path.write_text(_private_text(path))
        path.chmod(mode)
    (home.root / "security").mkdir()
    home.file.parent.mkdir()
    (home.root / "security/primary.p12").write_bytes(keystore)
    (home.root / "ciphertool.toml").write_text(_SETTINGS)
    home.file.write_text(f"password={CANARY}-of-the-service\n")
    for path in (home.root, *home.root.rglob("*")):
        os.chown(path, STRANGER, STRANGER)
    return home


def make_keystore() -> bytes:
    """Return a keystore with one key."""
    return create_keystore(CertificateRequest(subject="CN=test", bits=2048), "primary", PASSWORD, now=datetime.now(UTC))


@contextlib.contextmanager
def stranger(act: Callable[[], None]) -> Iterator[None]:
    """Run something as the other user, in a process that ends with the context."""
    ready, started = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.setgroups([])
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            os.write(started, b"1")
            act()
        finally:
            os._exit(0)
    try:
        os.read(ready, 1)
        time.sleep(0.05)
        yield
    finally:
        os.close(ready)
        os.close(started)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _exchange(one: Path, other: Path) -> None:
    _LIBC.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), _EXCHANGE)


def flip(name: Path, target: Path) -> None:
    """Let a name be, in turn, what it was and a link."""
    link = name.with_name("flipped")
    link.symlink_to(target)
    while True:
        _exchange(name, link)
        time.sleep(random.random() / 2000)  # noqa: S311 - no secret
        _exchange(name, link)
        time.sleep(random.random() / 500)  # noqa: S311 - as above


def _when(watched: Path, mask: int, seen: Callable[[str], bool]) -> None:
    """Call `seen` with the name of each event in a directory until it returns true."""
    queue = _LIBC.inotify_init1(0)
    _LIBC.inotify_add_watch(queue, os.fsencode(watched), mask)
    while True:
        events = os.read(queue, 65536)
        while events:
            length = int.from_bytes(events[12:16], sys.byteorder)
            name, events = events[16 : 16 + length].rstrip(b"\0").decode(), events[16 + length :]
            if seen(name):
                return


def swap_for_a_program(home: Home, program: Program) -> str:
    """The file is a link to a set-uid program from when the repository is written till the new one has its mode."""
    keep = home.file.with_name("keep")

    def attack() -> None:
        queue = _LIBC.inotify_init1(0)
        _LIBC.inotify_add_watch(queue, os.fsencode(home.file.parent), _ATTRIBUTES | _CREATE)
        _when(home.root / "security", _CREATE | _MOVED_TO, lambda name: "vault.properties" in name)
        home.file.rename(keep)
        home.file.symlink_to(home.program)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            if select.select([queue], [], [], 0.1)[0]:
                os.read(queue, 65536)
            for path in home.file.parent.glob(".*ciphertool-*"):
                with contextlib.suppress(OSError):
                    if path.stat().st_mode & 0o4000:
                        end = 0
        keep.rename(home.file)

    with stranger(attack):
        program.run("protect", "--config", str(home.root / "ciphertool.toml"))
        time.sleep(0.05)
    return home.taken(home.file)


def flip_the_file(home: Home, program: Program) -> str:
    """The file is, in turn, itself and a link to a file that root alone can read."""
    with stranger(lambda: flip(home.file, home.private)):
        program.run("protect", "--config", str(home.root / "ciphertool.toml"))
    return home.taken(home.file) or home.taken(home.file.with_name("flipped"))


def flip_the_directory(home: Home, program: Program) -> str:
    """The directory is, in turn, itself and a link to one of root's."""
    with stranger(lambda: flip(home.file.parent, home.private.parent)):
        program.run("protect", "--config", str(home.root / "ciphertool.toml"))
    return home.unharmed()


def read_through_a_link(home: Home, program: Program) -> str:
    """The file is a link to one that root alone can read."""
    home.file.unlink()
    home.file.symlink_to(home.private)
    os.chown(home.file, STRANGER, STRANGER, follow_symlinks=False)
    _, said = program.run("resolve", str(home.file), "--config", str(home.root / "ciphertool.toml"))
    program.run("protect", "--config", str(home.root / "ciphertool.toml"))
    return "shown" if CANARY.encode() in said else home.unharmed()


def swap_the_settings(home: Home, program: Program) -> str:
    """The settings are a link to a set-uid program once they have been read: a new vault takes their mode."""
    settings = home.root / "ciphertool.toml"

    def attack() -> None:
        _when(home.root, _CLOSED, lambda name: name == settings.name)
        settings.rename(home.root / "keep")
        settings.symlink_to(home.program)
        time.sleep(60)

    with stranger(attack):
        program.run("protect", "--config", str(settings))
    return home.taken(home.root / "security/vault.properties")


def swap_the_keystore(home: Home, program: Program) -> str:
    """A keystore is a link to a file of root's once it has been read to be changed."""
    store = home.root / "security/primary.p12"
    os.chown(store, 0, 0)  # root's own, in the stranger's directory
    certificate = home.root.parent / "certificate.pem"
    exported = program.run("keystore", "export", str(store))[1]
    certificate.write_bytes(exported)

    def attack() -> None:
        _when(store.parent, _CLOSED, lambda name: name == store.name)
        store.rename(store.with_name("keep"))
        store.symlink_to(home.private)
        time.sleep(60)

    with stranger(attack):
        program.run("keystore", "trust", str(store), str(certificate), "--alias", "new")
    return home.unharmed()


def prepare_an_output(home: Home, program: Program) -> str:
    """A place that `resolve --output` is to write to is a file or a link of the stranger's, in a sticky directory."""
    arguments = ("--config", str(home.root / "ciphertool.toml"))
    program.run("protect", *arguments)
    common, own = home.root.parent / "common", home.root.parent / "own"
    for directory, mode in ((common, 0o1777), (own, 0o755)):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        directory.chmod(mode)
    os.chown(own, STRANGER, STRANGER)
    (common / "file").touch()
    (common / "link").symlink_to(own / "there")
    (common / "absent").symlink_to(own / "absent")
    (own / "there").touch()
    for path in (common / "file", common / "link", common / "absent", own / "there"):
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    for path in (common / "file", common / "link", common / "absent", own / "there", own / "new"):
        program.run("resolve", str(home.file), "--output", str(path), *arguments)
    for path in (common / "file", own / "there", own / "absent", own / "new"):
        with contextlib.suppress(FileNotFoundError):
            if CANARY in path.read_text():
                return f"{path.parent.name}/{path.name} of {path.stat().st_uid} has the secret"
    return ""


def flip_an_output(home: Home, program: Program) -> str:
    """The place of `resolve --output` in a sticky directory is made, linked and removed all the time."""
    arguments = ("--config", str(home.root / "ciphertool.toml"))
    program.run("protect", *arguments)
    common = home.root.parent / "common"
    shutil.rmtree(common, ignore_errors=True)
    common.mkdir()
    common.chmod(0o1777)
    place, caught = common / "place", home.root / "caught"

    def attack() -> None:
        while True:
            with contextlib.suppress(OSError):
                place.touch()
                place.unlink()
                place.symlink_to(caught)
                place.unlink()

    with stranger(attack):
        program.run("resolve", str(home.file), "--output", str(place), *arguments)
    for path in (place, caught):
        with contextlib.suppress(FileNotFoundError):
            if CANARY in path.read_text() and path.stat().st_uid == STRANGER:
                return f"{path.name} of the stranger's has the secret"
    return ""


def kill_at_any_time(home: Home, program: Program) -> str:
    """A killed run leaves nothing that others may read, but a journal with the mode of the repository."""
    started = program.start("protect", "--config", str(home.root / "ciphertool.toml"))
    end = time.monotonic() + 60
    # Any time from the first sign of a write on: what goes before takes most of it.
    while not any((home.root / "security").glob("*vault.properties*")) and time.monotonic() < end:
        if started.poll() is not None:
            break
    time.sleep(random.random() / 50)  # noqa: S311 - no secret
    started.kill()
    started.communicate()
    for path in home.root.rglob(".*ciphertool-*"):
        mode = 0o700 if path.name == COPIES else 0o600
        if path.name != JOURNAL and stat.S_IMODE(path.stat().st_mode) != mode:
            return f"{path.name} is left with {path.stat().st_mode:o}"
    return ""


ATTACKS: Sequence[Callable[[Home, Program], str]] = (
    swap_for_a_program,
    flip_the_file,
    flip_the_directory,
    read_through_a_link,
    swap_the_settings,
    swap_the_keystore,
    prepare_an_output,
    flip_an_output,
    kill_at_any_time,
)
