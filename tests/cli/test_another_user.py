"""The commands as a user other than root, whose process gives up its rights to be looked into. Root plays that user."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ciphertool.files import COPIES

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = 65534
VALUE = "a v4lue of another user"
_TARGET = '[[target]]\nfile = "app.yaml"\nselector = "$.password"\nalias = "app.password"\n'
# What this Python consists of may lie where that user cannot look: it is mounted where they can.
_START = (
    'mount --bind "$1" "$4/python" && mount --bind "$2" "$4/packages" && mount --bind "$3" "$4/source" && shift 4'
    f" && exec setpriv --reuid={USER} --regid={USER} --clear-groups"
    ' --inh-caps=-all --bounding-set=-all "$@"'
)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs root, to play another user, and Linux's namespaces"
)


class User(NamedTuple):
    """Another user, with a directory of their own in one where all can write."""

    places: Path
    home: Path

    def ciphertool(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command in their directory."""
        python = self.places / "python"
        mounted = [sys.base_prefix, sysconfig.get_path("purelib"), str(Path(__file__).parents[2]), str(self.places)]
        name = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
        return subprocess.run(
            [
                "unshare",
                "-m",
                "sh",
                "-c",
                _START,
                "sh",
                *mounted,
                str(python / name),
                "-P",
                "-m",
                "ciphertool",
                *arguments,
            ],
            cwd=self.home,
            env={
                "PATH": os.environ["PATH"],
                "LD_LIBRARY_PATH": str(python / "lib"),
                "PYTHONPATH": f"{self.places / 'source'}:{self.places / 'packages'}",
                "PYTHONDONTWRITEBYTECODE": "1",
                "CIPHERTOOL_KEYSTORE_PASSWORD": "a keystore password",
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(params=[tempfile.gettempdir(), "/dev/shm"])  # noqa: S108 - made anew below it
def user(request: pytest.FixtureRequest) -> Iterator[User]:
    if shutil.which("setpriv") is None or shutil.which("unshare") is None:
        pytest.skip("no setpriv or no unshare here")
    if not Path(request.param).is_dir():
        pytest.skip(f"no {request.param} here")
    with tempfile.TemporaryDirectory(dir=request.param) as common, tempfile.TemporaryDirectory() as places:
        Path(common).chmod(0o1777)
        Path(places).chmod(0o755)
        for name in ("python", "packages", "source"):
            Path(places, name).mkdir()
        user = User(Path(places), Path(common, "home"))
        user.home.mkdir()
        os.chown(user.home, USER, USER)
        started = user.ciphertool("--version")
        if "mount:" in started.stderr or "unshare:" in started.stderr:
            pytest.skip("no mounts in this container")
        assert started.returncode == 0, started.stderr
        yield user


def _theirs(path: Path, mode: int) -> bool:
    status = path.stat()
    return (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (USER, USER, mode)


def test_another_user_protects_resolves_and_runs(user: User) -> None:
    assert user.ciphertool("init").returncode == 0
    with (user.home / "ciphertool.toml").open("a") as settings:
        settings.write(_TARGET)
    app = user.home / "app.yaml"
    app.write_text(f"password: {VALUE}\n")
    app.chmod(0o640)
    os.chown(app, USER, USER)
    done = user.ciphertool("protect")
    assert done.returncode == 0, done.stderr
    assert app.read_text() == "password: ${sec:app.password}\n"
    assert _theirs(app, 0o640)
    assert _theirs(user.home / "security/primary.p12", 0o600)

    for output in (user.home / "out.yaml", user.home.parent / "beside.yaml", user.home / "out.yaml"):
        done = user.ciphertool("resolve", "app.yaml", "--output", str(output))
        assert done.returncode == 0, done.stderr
        assert output.read_text() == f"password: {VALUE}\n"
        assert _theirs(output, 0o600)

    shown = 'cat "$0"; tr "\\0" "\\n" < /proc/$PPID/environ; env'
    done = user.ciphertool("run", "--no-masking", "--config-file", "app.yaml", "--", "sh", "-c", shown, "app.yaml")
    assert done.returncode == 0, done.stderr
    assert f"password: {VALUE}\n" in done.stdout
    assert "a keystore password" not in done.stdout
    assert user.ciphertool("audit", ".", "--output", "report.html").returncode in (0, 1)
    assert _theirs(user.home / "report.html", 0o644)
    assert not [path for path in user.home.rglob("*") if "ciphertool-" in path.name and path.name != COPIES]


def test_what_is_roots_stays_as_it_is(user: User) -> None:
    """A file of root's in a directory where all can write, or in the user's own, gets nothing of theirs."""
    (user.home / "app.yaml").write_text("a: b\n")
    for roots in (user.home / "out.yaml", user.home.parent / "out.yaml"):
        roots.write_text("root's")
        roots.chmod(0o666)
        done = user.ciphertool("resolve", "app.yaml", "--output", str(roots))
        assert done.returncode == 6, done.stderr
        assert roots.read_text() == "root's"
        assert roots.stat().st_uid == 0
