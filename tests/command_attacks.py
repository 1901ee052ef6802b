"""Attacks of an unprivileged user on what commands beside `protect` write, and on directories further up.

`tests.attacks` has the attacker's tools. Each gives what went wrong in one try, "" where it held.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from typing import TYPE_CHECKING

from tests.attacks import CANARY, PASSWORD, STRANGER, flip, stranger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.attacks import Home, Program


def _settings(home: Home) -> Path:
    return home.root / "ciphertool.toml"


def _given_to_the_stranger(*paths: Path) -> None:
    for path in paths:
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)


def _of_root(home: Home) -> dict[str, tuple[int, int, int]]:
    """Return what lies in root's directory: each name, its inode, mode and owner."""
    found = {str(path): path.lstat() for path in home.private.parent.rglob("*")}
    return {name: (status.st_ino, status.st_mode, status.st_uid) for name, status in found.items()}


def _harm(home: Home, before: dict[str, tuple[int, int, int]]) -> str:
    changed = sorted(_of_root(home).items() ^ before.items())
    return home.unharmed() or (f"root's directory is another: {changed}" if changed else "")


def flip_the_directory_above(home: Home, program: Program) -> str:
    """The directory above the file's own is, in turn, itself and a link to one of root's with the same names."""
    for above in (home.file.parent, home.private.parent):
        (above / "below").mkdir()
        (above / "below/app.properties").write_text(f"password={CANARY}-below\n")
    _given_to_the_stranger(home.file.parent / "below", home.file.parent / "below/app.properties")
    _settings(home).write_text(_settings(home).read_text().replace("conf/app", "conf/below/app"))
    before = _of_root(home)
    with stranger(lambda: flip(home.file.parent, home.private.parent)):
        program.run("protect", "--config", str(_settings(home)))
    return _harm(home, before)


def flip_the_vaults_directory(home: Home, program: Program) -> str:
    """The directory in which a new vault is made is, in turn, itself and a link to one of root's."""
    shutil.copy(home.root / "security/primary.p12", home.private.parent)
    before = _of_root(home)
    with stranger(lambda: flip(home.root / "security", home.private.parent)):
        program.run("protect", "--config", str(_settings(home)))
    return _harm(home, before)


def init_in_a_hostile_directory(home: Home, program: Program) -> str:
    """`init` works where a directory of its own name is, in turn, the stranger's and a link to one of root's."""
    for path in (_settings(home), home.root / "security/primary.p12"):
        path.unlink()
    before = _of_root(home)
    with stranger(lambda: flip(home.root / "security", home.private.parent)):
        program.run("init", str(home.root))
    for path in home.root.rglob("primary.p12"):
        if path.lstat().st_uid == STRANGER:
            return "the private key is the stranger's"
    return _harm(home, before)


def consume_through_a_link(home: Home, program: Program) -> str:
    """A home whose `password` is renamed when it has been read is a link to a directory of root's that has one too."""
    program.run("protect", "--config", str(_settings(home)))
    own, theirs = home.private.parent / "own.toml", home.root / "wso2"
    text = _settings(home).read_text().replace('"security/', f'"{home.root}/security/')
    text += f'[[password]]\nfrom = "carbon"\nhome = "{theirs}"\nconsume = true\n'
    own.write_text(text.replace('"conf/', f'"{home.root}/conf/'))
    (home.private.parent / "password").write_text(f"{PASSWORD}\n")
    theirs.symlink_to(home.private.parent)
    _given_to_the_stranger(theirs)
    before = _of_root(home)
    without = program._replace(password=None)
    status, said = without.run("resolve", str(home.file), "--config", str(own))
    if status == 0 or b"password" not in said:
        return f"status {status}: {said.decode(errors='replace')}"
    return _harm(home, before)


def flip_other_outputs(home: Home, program: Program) -> str:
    """The place of a report, a baseline, a key or a keystore in a sticky directory is made, linked and removed."""
    common, store = home.root.parent / "common", home.private.parent / "store.p12"
    shutil.rmtree(common, ignore_errors=True)
    common.mkdir()
    common.chmod(0o1777)
    shutil.copy(home.root / "security/primary.p12", store)
    os.chown(store, 0, 0)
    place, caught = common / "place.json", home.root / "caught"
    before = _of_root(home)

    def attack() -> None:
        while True:
            with contextlib.suppress(OSError):
                place.touch(0o666)
                place.unlink()
                for target in (caught, home.private):
                    place.symlink_to(target)
                    place.unlink()

    commands = (
        ("audit", str(home.root), "--output", str(place)),
        ("audit", str(home.root), "--baseline", str(place), "--accept", "known"),
        ("keystore", "export", str(store), "--private-key", "--clear", "--output", str(place)),
        ("keystore", "export", str(store), "--output", str(place)),
        ("keystore", "create", str(place), "--bits", "2048"),
        ("keystore", "import", str(place), str(store)),
    )
    for command in commands:
        with stranger(attack):
            program.run(*command)
        for path in (place, caught):
            with contextlib.suppress(FileNotFoundError):
                status = path.lstat()
                written = stat.S_ISREG(status.st_mode) and status.st_size
                if path == caught or (written and status.st_uid == STRANGER):
                    return f"{path.name} of {status.st_uid} is what {' '.join(command[:2])} wrote"
                path.unlink()
    return _harm(home, before)


ATTACKS: Sequence[Callable[[Home, Program], str]] = (
    flip_the_directory_above,
    flip_the_vaults_directory,
    init_in_a_hostile_directory,
    consume_through_a_link,
    flip_other_outputs,
)
