"""A vault for several keys: any one of them opens it alone, by the algorithm that the settings state of it."""

from __future__ import annotations

from datetime import UTC, datetime
from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING

import pytest

from ciphertool.ciphertext import Envelope
from ciphertool.files import read
from ciphertool.keystore import CertificateRequest, create_keystore, open_keystore
from ciphertool.repository import Encrypted, repository_of
from tests.conftest import APP_YAML, PASSWORD, SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

REPOSITORY = "security/vault.properties"
NAMES = ("ops", "ci", "nobody")
ALIAS = "app.smtp.password"


@pytest.fixture(scope="module")
def stores() -> dict[str, bytes]:
    """Keystores of others, by their names."""
    now = datetime.now(UTC)
    return {
        name: create_keystore(CertificateRequest(subject=f"CN={name}", bits=2048), name, PASSWORD, now=now)
        for name in NAMES
    }


@pytest.fixture
def shared(project: Path, stores: dict[str, bytes]) -> Path:
    """The project, whose settings name two others as recipients, one of them with a key that can do SHA-1 only."""
    text = (project / "ciphertool.toml").read_text()
    for name, data in stores.items():
        (project / f"{name}.p12").write_bytes(data)
        chain = open_keystore(project / f"{name}.p12", PASSWORD, data=data).entry(name).chain
        (project / f"security/{name}.pem").write_text(DER_cert_to_PEM_cert(chain[0]))
    text += '[[recipient]]\nname = "ops"\ncertificate = "security/ops.pem"\n'
    text += '[[recipient]]\nname = "ci"\ncertificate = "security/ci.pem"\nalgorithm = "RSA-OAEP"\n'
    (project / "ciphertool.toml").write_text(text)
    return project


def _get(run: Run, *arguments: str) -> tuple[int, str]:
    """Return the status and the value, or the error if there is none."""
    outcome = run("get", ALIAS, *arguments)
    return outcome.status, outcome.out.removesuffix("\n") if outcome.status == 0 else outcome.err


def _as(name: str) -> tuple[str, ...]:
    return "--keystore", f"{name}.p12", "--key-alias", name


def test_each_recipient_opens_the_vault_alone_and_nobody_else_does(shared: Path, run: Run) -> None:
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    assert "whose digest is SHA-1" in outcome.err
    entries = repository_of("native", read(shared / REPOSITORY)).entries
    assert set(entries) == set(SECRETS)
    for entry in entries.values():
        assert isinstance(entry.stored, Encrypted)
        assert isinstance(entry.stored.ciphertext, Envelope)
        assert len(entry.stored.ciphertext.wrapped) == 3
    (shared / "security/primary.p12").rename(shared / "elsewhere.p12")
    for name in ("ops", "ci"):
        assert _get(run, *_as(name)) == (0, SECRETS[ALIAS])
        assert run("resolve", "conf/app.yaml", *_as(name)).out == APP_YAML
    status, error = _get(run, *_as("nobody"))
    assert status == 5
    assert "not for this key" in error
    (shared / "elsewhere.p12").rename(shared / "security/primary.p12")
    assert _get(run) == (0, SECRETS[ALIAS])


@pytest.mark.parametrize("where", ["recipient", "keystore"])
def test_the_settings_state_how_a_key_is_used_and_no_header_does(shared: Path, run: Run, where: str) -> None:
    settings = shared / "ciphertool.toml"
    if where == "keystore":
        settings.write_text(settings.read_text().replace("[repository]", 'algorithm = "RSA-OAEP"\n[repository]'))
    assert run("protect").status == 0
    stated = settings.read_text()
    first = 'certificate = "security/ci.pem"\n' if where == "recipient" else 'alias = "primary"\n'
    head, tail = stated.split(first)
    settings.write_text(head + first + tail.replace('algorithm = "RSA-OAEP"\n', "", 1))
    status, error = _get(run, *(_as("ci") if where == "recipient" else ()))
    assert status == 5
    assert "a header whose alg is not RSA-OAEP-256" in error
    assert "state `algorithm`" in error
    settings.write_text(stated)
    assert _get(run, *(_as("ci") if where == "recipient" else ())) == (0, SECRETS[ALIAS])


def test_the_strict_policy_refuses_sha1(shared: Path, run: Run) -> None:
    settings = shared / "ciphertool.toml"
    settings.write_text(f'[encryption]\npolicy = "strict"\n{settings.read_text()}')
    outcome = run("protect")
    assert outcome.status == 4
    assert "security/ci.pem" in outcome.err
    assert "RSA-OAEP, whose digest is SHA-1" in outcome.err
    assert not (shared / REPOSITORY).exists()


@pytest.mark.parametrize("change", ["one more", "one less"])
def test_protect_never_changes_who_can_read(shared: Path, run: Run, change: str) -> None:
    settings = shared / "ciphertool.toml"
    text = settings.read_text()
    more = '[[recipient]]\nname = "nobody"\ncertificate = "security/nobody.pem"\n'
    assert run("protect").status == 0
    before = (shared / REPOSITORY).read_bytes()
    settings.write_text(text + more if change == "one more" else text[: text.index('[[recipient]]\nname = "ci"')])
    (shared / "conf/app.yaml").write_text(APP_YAML.replace("c4n4ry", "n3w"), encoding="utf-8")
    for arguments in (("protect", "--take", "file"), ("set", "new.alias")):
        outcome = run(*arguments, stdin=b"c4n4ry")
        assert outcome.status == 4, outcome.err
        assert f"recipients {'add' if change == 'one more' else 'remove'}" in outcome.err
        assert "recipients check" in outcome.err
        assert (shared / REPOSITORY).read_bytes() == before


def test_a_key_is_named_once(shared: Path, run: Run) -> None:
    settings = shared / "ciphertool.toml"
    again = '[[recipient]]\nname = "again"\ncertificate = "security/ops.pem"\n'
    settings.write_text(settings.read_text() + again)
    outcome = run("protect")
    assert outcome.status == 4
    assert "'ops' and 'again' have the same key" in outcome.err


@pytest.mark.parametrize("scheme", ["RSA-OAEP-256"])
def test_blocks_are_for_one_key_alone(shared: Path, run: Run, scheme: str) -> None:
    settings = shared / "ciphertool.toml"
    settings.write_text(f'[encryption]\nscheme = "{scheme}"\n{settings.read_text()}')
    outcome = run("protect")
    assert outcome.status == 4
    assert "encrypts to one recipient alone" in outcome.err
    assert not (shared / REPOSITORY).exists()


@pytest.mark.parametrize("kind", ["carbon4", "carbon5"])
def test_a_products_vault_has_no_recipients(shared: Path, run: Run, kind: str) -> None:
    settings = shared / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("[repository]\n", f'[repository]\nkind = "{kind}"\n'))
    outcome = run("protect")
    assert outcome.status == 3
    assert "needs a native vault: no other kind has several recipients" in outcome.err


@pytest.mark.parametrize("kind", ["carbon4", "carbon5"])
@pytest.mark.parametrize("scheme", ["auto", "envelope"])
def test_a_products_vault_has_no_envelopes(project: Path, run: Run, kind: str, scheme: str) -> None:
    """Its own runtime reads the transformation from files of its own: there is no such one."""
    settings = project / "ciphertool.toml"
    text = settings.read_text().replace("[repository]\n", f'[repository]\nkind = "{kind}"\n')
    settings.write_text(f'[encryption]\nscheme = "{scheme}"\n{text}')
    outcome = run("protect")
    assert outcome.status == 3
    assert f'[encryption] scheme "{scheme}" needs a native vault: the kind {kind} has no envelopes' in outcome.err
    assert "leave it out, for RSA/ECB/OAEPwithSHA1andMGF1Padding" in outcome.err
    assert not (project / REPOSITORY).exists()
