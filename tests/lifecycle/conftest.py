"""A vault whose primary certificate is at hand, and the keystores of two who may become recipients."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ciphertool.keystore import open_keystore
from ciphertool.keystore.create import CertificateRequest, create_keystore
from tests.conftest import PASSWORD, TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conftest import Outcome

SETTINGS = f"""\
# The vault of a test.
[keystore]
path = "security/primary.p12"
alias = "primary"
certificate = "security/primary.pem"
[repository]
path = "security/vault.properties"
{TARGETS}"""
VAULT = "security/vault.properties"


class Somebody(NamedTuple):
    """A keystore with one key, its certificate as PEM, the certificate's fingerprint, and the id of its key."""

    store: bytes
    pem: str
    fingerprint: str
    key: str


def made(name: str, store: bytes | None = None) -> Somebody:
    """Return the keystore of somebody, with the entry of this name."""
    request = CertificateRequest(subject=f"CN={name}", bits=2048)
    store = store or create_keystore(request, name, PASSWORD, now=datetime.now(UTC))
    opened = open_keystore(Path("store.p12"), PASSWORD, data=store)
    entry = opened.entry(name)
    return Somebody(store, DER_cert_to_PEM_cert(entry.chain[0]), f"sha256:{entry.sha256}", opened.key(name).id)


@pytest.fixture(scope="session")
def people(keystore_bytes: bytes) -> Mapping[str, Somebody]:
    """The keystores of the primary key and of two others, by name."""
    return {"primary": made("primary", keystore_bytes), "ops": made("ops"), "glass": made("glass")}


@pytest.fixture
def vault(project: Path, people: Mapping[str, Somebody]) -> Path:
    """The project of four secrets, not protected yet, with everybody's certificate; keystores lie in `keys`."""
    (project / "ciphertool.toml").write_text(SETTINGS)
    (project / "keys").mkdir()
    for name, person in people.items():
        (project / f"security/{name}.pem").write_text(person.pem)
        (project / f"keys/{name}.p12").write_bytes(person.store)
    return project


@pytest.fixture
def add(vault: Path, people: Mapping[str, Somebody], run: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Add one of the people by the command, with the fingerprint of the certificate."""

    def add_one(name: str, *more: str) -> Outcome:
        assert vault.is_dir()
        return run("recipients", "add", name, f"security/{name}.pem", "--fingerprint", people[name].fingerprint, *more)

    return add_one


def as_(name: str) -> tuple[str, ...]:
    """Return the options that open the vault by the keystore of one of the people."""
    return ("--keystore", f"keys/{name}.p12", "--key-alias", name)
