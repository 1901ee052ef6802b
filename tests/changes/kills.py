"""Kills `protect` at any point and runs it again: what is lost, torn, left in clear, refused or left behind.

A fork of this process, which has everything imported, runs the program; it is killed at one of the calls that a write
is made of, or any time after the first of them. So is a share of runs of the real program. Half of the next runs have
the certificate alone.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING, Any

from ciphertool import Vault
from ciphertool.cli import main
from ciphertool.files import COPIES, replaced
from ciphertool.keystore import open_keystore
from ciphertool.keystore.create import CertificateRequest, create_keystore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PASSWORD = "a keystore password"
CALLS = (
    "open",
    "fsync",
    "fchown",
    "setxattr",
    "removexattr",
    "fchmod",
    "link",
    "rename",
    "replace",
    "unlink",
    "mkdir",
    "write",
)
"""The calls that a write is made of."""
_UNNAMED = getattr(os, "O_TMPFILE", 0)
_CANARY = b"c4n4ry"
_SETTINGS = """\
[keystore]
path = "security/primary.p12"
alias = "primary"
certificate = "security/primary.pem"
[repository]
path = "security/vault.properties"
"""
_ENVELOPES = """\
[encryption]
scheme = "envelope"
[[recipient]]
name = "ops"
certificate = "security/ops.pem"
"""
_FORMATS = {
    "app.yaml": ("$..password", "db:\n  password: {0}-1\nmail:\n  password: '{0}-2' # kept\n"),
    "web.json": ("$..password", '{{"db": {{"password": "{0}-3"}}, "port": 1}}\n'),
    "ui.toml": ("$..password", '[db]\npassword = "{0}-4"  # kept\n'),
    "a.properties": ("db.password", "# kept\ndb.password={0}-5\n"),
    "b.ini": ("db/password", "[db]\npassword = {0}-6\n"),
    "c.env": ("DB_PASSWORD", "DB_PASSWORD={0}-7\n"),
    "server.xml": ("//C/@password", '<S><C port="1" password="{0}-8"/></S>\n'),
}
_CARBON_XML = """\
<?xml version="1.0" encoding="ISO-8859-1"?>
<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
  <Security><KeyStore>
    <Location>${carbon.home}/repository/resources/security/primary.jks</Location>
    <Type>JKS</Type><Password>PASSWORD</Password><KeyAlias>primary</KeyAlias>
  </KeyStore></Security>
</Server>
"""
_CATALINA = '<Server><Service><Connector port="9443" keystorePass="c4n4ry-connector"/></Service></Server>\n'
_AXIS2 = '<axisconfig><!-- kept --><parameter name="password">c4n4ry-axis</parameter></axisconfig>\n'
_CARBON_TARGETS = """\
Carbon.Security.KeyStore.Password=repository/conf/carbon.xml//Server/Security/KeyStore/Password,false
Server.Service.Connector.keystorePass=repository/conf/tomcat/catalina-server.xml\
//Server/Service/Connector[@keystorePass],true
Axis2.Password=repository/conf/axis2/axis2.xml//axisconfig/parameter[@name='password'],false
"""
_DEPLOYMENT = """\
[database]
password = "c4n4ry-toml-1"  # kept
[secrets]
other = "[c4n4ry-toml-2]"
"""
_DEPLOYMENT_SETTINGS = """\
[keystore]
path = "security/primary.p12"
alias = "primary"
certificate = "security/primary.pem"
[repository]
path = "conf/deployment.toml"
kind = "toml-secrets"
[[target]]
file = "conf/deployment.toml"
selector = "$.database.password"
alias = "database.password"
[[target]]
file = "conf/app.yaml"
selector = "$..password"
alias = "{stem}.{key}"
"""


@dataclass(frozen=True)
class World:
    """Files, the options that protect them, and those whose secrets are taken out: path → what it resolves to."""

    name: str
    files: Mapping[str, bytes]
    secret: Sequence[str]
    vault: Sequence[str]
    take: Sequence[str] = ()

    def build(self, root: Path) -> None:
        """Make the files anew, and nothing else."""
        shutil.rmtree(root, ignore_errors=True)
        for name, data in self.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)


@dataclass
class Figures:
    """What was tried, and what went wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    """Runs that had ended before they could be killed."""
    reruns: Counter[str] = field(default_factory=Counter)
    journals: int = 0
    """Runs that left a journal."""
    failures: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def fail(self, what: str, about: str) -> None:
        """Count a failure, and keep the first few."""
        self.failures[what] += 1
        if len(self.examples) < 20:
            self.examples.append(f"{what}: {about}")


def worlds() -> list[World]:
    """Return homes of several formats and of several files, native and of Carbon."""
    now = datetime.now(UTC)
    store = create_keystore(CertificateRequest(subject="CN=test", bits=2048), "primary", PASSWORD, now=now)
    jks = create_keystore(
        CertificateRequest(subject="CN=test", bits=2048), "primary", PASSWORD, now=now, format_name="JKS"
    )
    ops = create_keystore(CertificateRequest(subject="CN=ops", bits=2048), "primary", PASSWORD, now=now)
    own = {"security/primary.p12": store, "security/primary.pem": _certificate(store)}
    every = {f"conf/{name}": text.format("c4n4ry").encode() for name, (_, text) in _FORMATS.items()}
    targets = "".join(_target(f"conf/{name}", selector) for name, (selector, _) in _FORMATS.items())
    shared = {f"conf/{name}/app.yaml": b"db: {password: c4n4ry-shared}\n" for name in ("one", "two", "three")}
    yaml = {"conf/app.yaml": every["conf/app.yaml"]}
    both = {"conf/deployment.toml": _DEPLOYMENT.encode(), **yaml}
    one_alias = _SETTINGS + _target("conf/*/app.yaml", "$..password")
    return [
        _native("one file", own, _SETTINGS + _target("conf/app.yaml", "$..password"), yaml),
        _native("envelopes", {**own, "security/ops.pem": _certificate(ops)}, _SETTINGS + _ENVELOPES + targets, every),
        _native("seven formats", own, _SETTINGS + targets, every),
        _native("one alias", own, one_alias, shared),
        _native("deployment.toml", own, _DEPLOYMENT_SETTINGS, both, yaml),
        _carbon(jks),
    ]


def _native(
    name: str,
    own: Mapping[str, bytes],
    settings: str,
    configuration: Mapping[str, bytes],
    secret: Mapping[str, bytes] | None = None,
) -> World:
    """Return a world with a `ciphertool.toml`; `secret` are the files that resolve to what they were."""
    every = {**own, "ciphertool.toml": settings.encode(), **configuration}
    return World(name, every, [*(configuration if secret is None else secret)], ("--config", "ciphertool.toml"))


def _target(file: str, selector: str) -> str:
    return f'[[target]]\nfile = "{file}"\nselector = "{selector}"\nalias = "{{stem}}.{{key}}"\n'


def _certificate(store: bytes) -> bytes:
    keystore = open_keystore(Path("store"), PASSWORD, data=store)
    return DER_cert_to_PEM_cert(keystore.entry("primary").chain[0]).encode()


def _carbon(jks: bytes) -> World:
    conf = "repository/conf"
    secret = {
        f"{conf}/carbon.xml": _CARBON_XML.replace("PASSWORD", "c4n4ry-store").encode(),
        f"{conf}/tomcat/catalina-server.xml": _CATALINA.encode(),
        f"{conf}/axis2/axis2.xml": _AXIS2.encode(),
    }
    own = {
        f"{conf}/security/cipher-tool.properties": _CARBON_TARGETS.encode(),
        f"{conf}/security/cipher-text.properties": b"Carbon.Security.KeyStore.Password=[c4n4ry-store]\n",
        "repository/resources/security/primary.jks": jks,
        "primary.pem": _certificate(jks),
    }
    return World("carbon4", {**own, **secret}, [*secret], ("--home", ".", "--certificate", "primary.pem"))


def again(world: World, root: Path) -> World:
    """Return a world that was protected once, and whose files then got other values: `--take file` decides."""
    world.build(root)
    assert run_forked(root, _arguments(world), with_key=False)[0] == 0
    kept = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    changed = {name: world.files[name].replace(b"c4n4ry", b"c4n4ry-new") for name in world.secret}
    return World(f"{world.name} again", {**kept, **changed}, world.secret, world.vault, ("--take", "file"))


def _arguments(world: World, *more: str) -> list[str]:
    return ["protect", *world.vault, *more]


class Killer:
    """Kills runs in one directory and counts."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.figures = Figures()
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._calls: dict[str, tuple[int, float]] = {}

    def kill(self, world: World, how: str, *, with_key: bool, first_with_key: bool = False) -> None:
        """Kill one run of a world, and judge what it and the next one leave."""
        world.build(self.root)
        arguments = _arguments(world, *world.take)
        about = f"{world.name}, {how}"
        if how == "program":
            killed = self._kill_program(world, arguments)
        else:
            calls, seconds = self._measure(world)
            number = self._random.randint(1, calls)
            delay = self._random.uniform(0, seconds)
            about += (
                f", call {number} of {calls}" if how == "call" else f", {delay * 1000:.1f} of {seconds * 1000:.1f} ms"
            )
            fault = Fault(number) if how == "call" else Fault(1, delay)
            status = run_forked(self.root, arguments, with_key=first_with_key, fault=fault)[1]
            killed = os.WIFSIGNALED(status)
        self.figures.kills[how] += killed
        self.figures.ended += not killed
        self.judge(world, about, with_key=with_key)

    def judge(self, world: World, about: str, *, with_key: bool) -> None:
        """Count what an interrupted run left wrong, and then the next run."""
        figures = self.figures
        self._look(world, about)
        begun = any(self.root.rglob(".ciphertool-journal"))
        figures.journals += begun
        what = "with the key" if with_key else "certificate alone"
        figures.reruns[what] += 1
        # What was decided by `--take` is known once it has begun; before, nothing has happened.
        untouched = not begun and all((self.root / name).read_bytes() == world.files[name] for name in world.secret)
        arguments = _arguments(world, *(world.take if untouched else ()))
        done, _, said = run_forked(self.root, arguments, with_key=with_key)
        if done != 0:
            figures.fail("refused", f"{about}, {what}: status {done}: {said}")
            return
        self._look(world, about)
        for path in self.root.rglob("*"):
            name = str(path.relative_to(self.root))
            if path.parent.name == COPIES and (path.name == ".gitignore" or replaced(path.name) is None):
                continue
            if path.is_file() and (path.name.startswith(".") or name not in {*world.files, *_made(world)}):
                figures.fail("left behind", f"{about}: {name}")
            elif path.is_file() and _CANARY in path.read_bytes():
                figures.fail("in clear", f"{about}: {name}")
        vault = self._vault(world)
        for name in world.secret:
            try:
                resolved = vault.resolve_file(self.root / name)
            except Exception as error:  # noqa: BLE001 - whatever it is, the secret is lost
                figures.fail("lost", f"{about}: {name}: {error}")
                continue
            if resolved != world.files[name]:
                figures.fail("lost", f"{about}: {name} resolves to another text")

    def _look(self, world: World, about: str) -> None:
        """Count files that are neither as they were nor as they were to become."""
        for name in world.secret:
            data = (self.root / name).read_bytes()
            if data != world.files[name] and (_CANARY in data or not data):
                self.figures.fail("torn", f"{about}: {name}")
        for path in (*self.root.rglob(".*"), *self.root.rglob(f"{COPIES}/*")):
            if path.is_file() and _CANARY in path.read_bytes():
                self.figures.fail("in clear", f"{about}: {path.name}")

    def _vault(self, world: World) -> Vault:
        os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"] = PASSWORD
        return Vault.open(self.root / "ciphertool.toml" if world.vault[0] == "--config" else self.root)

    def _measure(self, world: World) -> tuple[int, float]:
        """Return how many calls a run makes to write, and how long it takes from the first of them to the end."""
        if world.name not in self._calls:
            fault = Fault(1 << 30)
            done, _, said = run_forked(self.root, _arguments(world, *world.take), with_key=False, fault=fault)
            assert done == 0, said
            self._calls[world.name] = fault.told()
            world.build(self.root)
        return self._calls[world.name]

    def _kill_program(self, world: World, arguments: Sequence[str]) -> bool:
        """Kill the real program any time from the first sign of a write on."""
        _, seconds = self._measure(world)
        process = subprocess.Popen(
            [sys.executable, "-m", "ciphertool", *arguments],
            cwd=self.root,
            env=_environment(with_key=False) | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end and not any(self.root.rglob(".*ciphertool-*")):
            pass
        time.sleep(self._random.uniform(0, seconds * 1.5))
        process.kill()
        return process.wait() == -signal.SIGKILL


def _made(world: World) -> Sequence[str]:
    if world.vault[0] == "--config":
        return ["security/vault.properties"]
    security = "repository/conf/security"
    return [f"{security}/cipher-text.properties", f"{security}/secret-conf.properties"]


class Fault:
    """Kills its process at the number-th call that writes, or a while after it; tells of them by shared memory.

    With an `error`, the call fails with that instead.
    """

    def __init__(self, number: int, delay: float | None = None, error: int | None = None) -> None:
        self.number = number
        self.error = error
        self.delay = delay
        self._report = mmap.mmap(-1, 64)  # no descriptor: a run has thousands of faults
        self._count = 0
        self._begun = 0.0

    def install(self) -> None:
        """Wrap the calls, in the process that is to be killed."""
        for name in CALLS:
            self._wrap(name)

    def report(self) -> None:
        """Tell how many calls there were and how long it is since the first."""
        said = f"{self._count} {time.monotonic() - self._begun}".encode()
        self._report[: len(said)] = said

    def told(self) -> tuple[int, float]:
        """Return what was reported."""
        count, seconds = self._report[:].rstrip(b"\0").split()
        return int(count), float(seconds)

    def _wrap(self, name: str) -> None:
        real = getattr(os, name, None)
        if real is None:
            return

        def call(*arguments: Any, **options: Any) -> Any:
            if name != "open" or _makes_a_file(*arguments[1:]):
                self._count += 1
                self._begun = self._begun or time.monotonic()
                if self._count == self.number:
                    self._act()
            return real(*arguments, **options)

        setattr(os, name, call)

    def _act(self) -> None:
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))
        if self.delay is None:
            os.kill(os.getpid(), signal.SIGKILL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        killer = os.getpid()
        if os.fork() == 0:
            time.sleep(self.delay or 0)
            os.kill(killer, signal.SIGKILL)
            os._exit(0)


def _makes_a_file(flags: int = 0, *_: Any) -> bool:
    return bool(flags & os.O_CREAT or flags & _UNNAMED == _UNNAMED != 0)


def _environment(*, with_key: bool) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CIPHERTOOL_")}
    names = ("CIPHERTOOL_KEYSTORE_PASSWORD", "CIPHERTOOL_NEW_KEYSTORE_PASSWORD") if with_key else ()
    return kept | dict.fromkeys(names, PASSWORD)


def run_forked(
    root: Path, arguments: Sequence[str], *, with_key: bool, fault: Fault | None = None
) -> tuple[int, int, str]:
    """Run the program in a fork; return its exit status (-1 if it was killed), its wait status and its messages."""
    messages = root.parent / "messages"
    process = os.fork()
    if process == 0:
        _child(root, arguments, messages, with_key=with_key, fault=fault)
    status = os.waitpid(process, 0)[1]
    done = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1
    return done, status, messages.read_text("utf-8", "replace")[:500]


def _child(root: Path, arguments: Sequence[str], messages: Path, *, with_key: bool, fault: Fault | None) -> None:
    code = 99
    try:
        os.chdir(root)
        given = _environment(with_key=with_key)
        os.environ.clear()
        os.environ.update(given)
        sys.stdin = sys.stdout = Path(os.devnull).open("r+")  # noqa: SIM115 - the process ends with it
        sys.stderr = messages.open("w", encoding="utf-8")
        sys.argv = ["ciphertool", *arguments]
        if fault is not None:
            fault.install()
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        sys.stderr.flush()
        if fault is not None and fault.number == 1 << 30:
            fault.report()
    finally:
        os._exit(code)


def _import_all(world: World, root: Path) -> None:
    """Run the program here, so that its forks need not import what it needs."""
    world.build(root)
    before, kept, streams = Path.cwd(), dict(os.environ), (sys.stdout, sys.stderr, sys.argv)
    try:
        os.chdir(root)
        os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"] = PASSWORD
        with Path(os.devnull).open("w") as quiet:
            sys.stdout = sys.stderr = quiet
            sys.argv = ["ciphertool", *_arguments(world)]
            with contextlib.suppress(SystemExit):
                main()
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(kept)
        sys.stdout, sys.stderr, sys.argv = streams


def kill_all(count: int, base: Path, seed: int, name: str = "") -> Figures:
    """Kill so many runs, in turn of every world with `name` in its name and in every way.

    Half of the next runs have the certificate alone.
    """
    root = base / "home"
    made = [world for world in worlds() if name in world.name]
    for world in made:
        _import_all(world, root)
    made += [again(world, root) for world in made]
    killer = Killer(root, seed)
    for number in range(count):
        how = "program" if number % 20 == 19 else "call" if number % 2 else "delay"
        world = made[number // 2 % len(made)] if how != "program" else made[number // 20 % len(made)]
        # Whether the key is at hand changes with every round of all worlds.
        killer.kill(world, how, with_key=(number + number // (2 * len(made))) % 2 == 0, first_with_key=number % 9 == 8)
    return killer.figures
