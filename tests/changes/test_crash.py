"""`protect` is interrupted at every step of every write: nothing is lost, nothing is half, the next run completes.

The faults are the operating system's: the process is killed, a call fails for want of space or permission, or a write
stops in the middle. Each runs in a forked child.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import resource
import shutil
import signal
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import Vault, files
from ciphertool.cli import main
from tests.conftest import APP_YAML, SECRETS, SERVER_XML, strays

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

CALLS = ("open", "fsync", "fchown", "setxattr", "removexattr", "fchmod", "link", "rename", "replace", "unlink", "mkdir")
"""The calls that a write is made of. The writes themselves are stopped by a limit on the size of files."""
UNNAMED = getattr(os, "O_TMPFILE", 0)
ORIGINAL = {"conf/app.yaml": APP_YAML.encode(), "conf/server.xml": SERVER_XML.encode()}


def _child(fault: Callable[[], None]) -> int:
    """Run `protect` in a fork under a fault; return its wait status."""
    process = os.fork()
    if process == 0:
        with Path(os.devnull).open("w") as quiet:
            sys.stdout = sys.stderr = quiet
            sys.argv = ["ciphertool", "protect"]
            fault()
            try:
                main()
            except SystemExit as ended:
                os._exit(int(ended.code or 0))
            finally:
                os._exit(99)
    return os.waitpid(process, 0)[1]


def _at_call(number: int, act: Callable[[], None], fired: mmap.mmap) -> Callable[[], None]:
    """A fault that acts at the number-th of the calls that write, and then says so to the parent."""
    count = 0

    def install() -> None:
        for name in CALLS:
            _wrap(name)

    def _wrap(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            writes = name != "open" or _makes_a_file(*arguments[1:])
            if writes:
                count += 1
                if count == number:
                    fired[0] = 1 + CALLS.index(name)
                    act()
            return real(*arguments, **options)

        setattr(os, name, call)

    return install


def _makes_a_file(flags: int = 0, *_: Any) -> bool:
    return bool(flags & os.O_CREAT or flags & UNNAMED == UNNAMED != 0)


def _without_unnamed_files(install: Callable[[], None]) -> Callable[[], None]:
    """A fault on a system that has no files without a name."""

    def both() -> None:
        if UNNAMED:
            del os.O_TMPFILE
        install()

    return both


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail(code: int) -> Callable[[], None]:
    def act() -> None:
        raise OSError(code, os.strerror(code))

    return act


def _holds(project: Path, vault: Vault | None) -> None:
    """Each file is wholly old or wholly new, and what is gone from a file is in the repository."""
    for name, original in ORIGINAL.items():
        data = (project / name).read_bytes()
        if data == original:
            continue
        assert b"c4n4ry" not in data
        assert vault is not None
        assert vault.resolve_file(project / name) == original
    for path in project.rglob("*"):
        if path.is_file() and str(path.relative_to(project)) not in ORIGINAL:
            assert b"c4n4ry" not in path.read_bytes(), path


def _after(project: Path, run: Callable[..., Outcome], *, with_key: bool = True) -> None:
    repository = project / "security" / "vault.properties"
    _holds(project, Vault.open(project / "ciphertool.toml") if repository.exists() else None)
    with pytest.MonkeyPatch.context() as context:
        if not with_key:
            context.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
        outcome = run("protect")
    assert outcome.status == 0, outcome.err
    assert ("no private key is available" in outcome.err) is not with_key
    vault = Vault.open(project / "ciphertool.toml")
    assert {alias: vault[alias].reveal() for alias in SECRETS} == SECRETS
    for name, original in ORIGINAL.items():
        assert b"c4n4ry" not in (project / name).read_bytes()
        assert vault.resolve_file(project / name) == original
    assert not strays(project)


def _temporary(project: Path) -> list[Path]:
    return [path for path in strays(project) if path.name != files.JOURNAL]


def _reset(project: Path) -> None:
    for name, original in ORIGINAL.items():
        (project / name).write_bytes(original)
    shutil.rmtree(project / "security" / "x", ignore_errors=True)
    (project / "security" / "vault.properties").unlink(missing_ok=True)
    shutil.rmtree(project / "security" / files.COPIES, ignore_errors=True)


@pytest.mark.parametrize("with_key", [True, False], ids=["key", "certificate alone"])
@pytest.mark.parametrize("unnamed", [True, False], ids=["unnamed", "named"])
@pytest.mark.parametrize(
    ("act", "expected"),
    [(_kill, None), (_fail(errno.ENOSPC), 6), (_fail(errno.EACCES), 6)],
    ids=["killed", "no space", "no permission"],
)
def test_a_fault_at_every_call_loses_nothing(
    certified: Path,
    run: Callable[..., Outcome],
    act: Callable[[], None],
    expected: int | None,
    unnamed: bool,
    with_key: bool,
) -> None:
    project = certified
    if unnamed and not UNNAMED:
        pytest.skip("no files without a name on this system")
    with contextlib.suppress(AttributeError, OSError):  # of a system that has no such
        os.setxattr(project / "conf/app.yaml", "user.note", b"kept")
    faults = 0
    for number in range(1, 200):
        fired = mmap.mmap(-1, 1)
        fault = _at_call(number, act, fired)
        status = _child(fault if unnamed else _without_unnamed_files(fault))
        if not fired[0]:
            assert os.WEXITSTATUS(status) == 0
            break
        if expected is None:
            assert os.WTERMSIG(status) == signal.SIGKILL
            if CALLS[fired[0] - 1] not in ("rename", "replace"):  # before which it has got the target's
                assert {stat.S_IMODE(path.stat().st_mode) for path in _temporary(project)} <= {0o600}
        else:
            assert os.WEXITSTATUS(status) == expected
            assert not _temporary(project), "only a killed process may leave one"
        faults += 1
        _after(project, run, with_key=with_key)
        _reset(project)
    assert faults >= 12, "three files are written by at least four calls each"


def test_a_write_that_stops_in_the_middle_loses_nothing(project: Path, run: Callable[..., Outcome]) -> None:
    failed = 0
    for size in (0, 1, 100, 300, 1000):

        def limit(size: int = size) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        status = _child(limit)
        assert os.WIFEXITED(status)
        assert os.WEXITSTATUS(status) == 6
        assert not _temporary(project)
        failed += 1
        _after(project, run)
        _reset(project)
    assert failed == 5
