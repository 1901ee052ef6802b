"""Fixtures shared by all tests: keys, the corpus of real files, a JVM."""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING

import hypothesis
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ciphertool import files
from ciphertool.cli import console, main
from ciphertool.keystore import open_keystore
from ciphertool.keystore.create import CertificateRequest, create_keystore

if TYPE_CHECKING:
    from collections.abc import Callable

# Machines are shared: how long an example takes says nothing about the code.
hypothesis.settings.register_profile(
    "project", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("project")

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the corpus or a JVM where there is none."""
    for item in items:
        if item.get_closest_marker("corpus") and not CORPUS.is_dir():
            item.add_marker(pytest.mark.skip(reason="../shared/corpus is absent"))
        if item.get_closest_marker("jvm") and not (shutil.which("java") and shutil.which("keytool")):
            item.add_marker(pytest.mark.skip(reason="no JVM on this machine"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real WSO2 homes, keystores and ciphertexts."""
    return CORPUS


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    """A real RSA-2048 key."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_key() -> rsa.RSAPrivateKey:
    """Another real RSA-2048 key."""
    return rsa.generate_private_key(65537, 2048)


PASSWORD = "a keystore password"
TARGETS = """
[[target]]
file = "conf/app.yaml"
selector = "$..password"
alias = "{stem}.{key}"

[[target]]
file = "conf/server.xml"
selector = "//Connector/@keystorePass"
alias = "server.keystore.password"

[[target]]
file = "conf/server.xml"
selector = "/Server/Admin/Password"
alias = "server.admin.password"
"""
SETTINGS = (
    '[keystore]\npath = "security/primary.p12"\nalias = "primary"\n'
    '[repository]\npath = "security/vault.properties"\n' + TARGETS
)
APP_YAML = """\
datasource:
  user: app  # Ünïcödé
  password: "c4n4ry-yaml-1"
smtp: {password: 'c4n4ry''yaml-2', port: 25}
"""
SERVER_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<Server port="8005">
  <Connector keystorePass="c4n4ry-xml-1" port="9443"/>
  <Admin><Password>c4n4ry-xml-&amp;2</Password></Admin>
</Server>
"""
SECRETS = {
    "app.datasource.password": "c4n4ry-yaml-1",
    "app.smtp.password": "c4n4ry'yaml-2",
    "server.keystore.password": "c4n4ry-xml-1",
    "server.admin.password": "c4n4ry-xml-&2",
}


@pytest.fixture(scope="session")
def keystore_bytes() -> bytes:
    """A PKCS #12 keystore with one right primary key, `primary`, made once."""
    return create_keystore(CertificateRequest(subject="CN=test", bits=2048), "primary", PASSWORD, now=datetime.now(UTC))


@pytest.fixture
def project(tmp_path: Path, keystore_bytes: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with `ciphertool.toml`, a keystore and two files with four secrets; the working directory."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "security").mkdir()
    (tmp_path / "security" / "primary.p12").write_bytes(keystore_bytes)
    (tmp_path / "ciphertool.toml").write_text(SETTINGS)
    (tmp_path / "conf" / "app.yaml").write_text(APP_YAML, encoding="utf-8")
    (tmp_path / "conf" / "server.xml").write_text(SERVER_XML, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    monkeypatch.delenv("CIPHERTOOL_KEY_PASSWORD", raising=False)
    monkeypatch.delenv("CIPHERTOOL_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def named(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project with its settings named, so that they may have regular expressions."""
    monkeypatch.setenv("CIPHERTOOL_CONFIG", str(project / "ciphertool.toml"))
    return project


@pytest.fixture
def certified(project: Path, keystore_bytes: bytes) -> Path:
    """The project with its certificate beside the keystore, so that it can be protected without a password."""
    settings = project / "ciphertool.toml"
    settings.write_text(
        settings.read_text().replace("[repository]", 'certificate = "security/primary.pem"\n[repository]')
    )
    keystore = open_keystore(project / "security/primary.p12", PASSWORD, data=keystore_bytes)
    (project / "security/primary.pem").write_text(DER_cert_to_PEM_cert(keystore.entry("primary").chain[0]))
    return project


def contents(root: Path) -> dict[str, bytes]:
    """Return the files below a directory, without the copies for `undo`."""
    every = (path for path in root.rglob("*") if path.is_file() and path.parent.name != files.COPIES)
    return {str(path.relative_to(root)): path.read_bytes() for path in every}


def strays(root: Path) -> list[Path]:
    """Return the hidden files that no run may leave for good."""
    return [path for path in root.rglob(".*") if path.is_file() and path.name != ".gitignore"]


@dataclass(frozen=True)
class Outcome:
    """What a run of the program left: exit status, stdout, stderr."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Outcome]:
    """Run the program in this process, as its console script does: `run("protect", "--dry-run", stdin=b"...")`."""

    def run_program(*arguments: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["ciphertool", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capfdbinary.readouterr()
        console.volume.set(0)  # as in a new process
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Outcome(int(ended.value.code or 0), out.decode("utf-8"), err.decode("utf-8"))

    return run_program


@pytest.fixture
def protected(project: Path, run: Callable[..., Outcome]) -> Path:
    """The project after `protect`."""
    assert run("protect").status == 0
    return project
