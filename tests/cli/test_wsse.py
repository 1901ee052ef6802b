"""`ciphertool wsse`: messages on files and pipes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ciphertool.keystore import export_certificates, open_keystore
from ciphertool.keystore.formats.writing import write
from tests.wsse.parties import SECRET, envelope, party
from tests.wsse.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

PASSWORD = "a password of messages"


@pytest.fixture(scope="module")
def stores() -> dict[str, bytes]:
    """The keystores of a client and a server, and a truststore with both."""
    parties = [party("client"), party("server")]
    found = {f"{one.name}.p12": write("PKCS12", one.keystore().entries, PASSWORD) for one in parties}
    found["trust.pem"] = b"".join(export_certificates(one.keystore()) for one in parties)
    return found


@pytest.fixture
def here(tmp_path: Path, stores: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with them and a message; the working directory."""
    for name, data in stores.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "request.xml").write_bytes(envelope())
    (tmp_path / "scenario5.xml").write_bytes(SCENARIOS[4].data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    monkeypatch.delenv("CIPHERTOOL_KEY_PASSWORD", raising=False)
    return tmp_path


TRUST = ("--truststore", "trust.pem")


def test_a_pipe_from_sign_to_verify(here: Path, run: Callable[..., Outcome]) -> None:
    signed = run("wsse", "sign", "--keystore", "client.p12", stdin=envelope())
    assert (signed.status, signed.err) == (0, "")
    assert signed.out.endswith("</e:Envelope>")
    verified = run("wsse", "verify", *TRUST, stdin=signed.out.encode())
    assert (verified.status, verified.err) == (0, "")
    assert SECRET in verified.out
    assert "urn:service" not in verified.out, "an unsigned header"
    facts = json.loads(run("wsse", "verify", *TRUST, "--json", stdin=signed.out.encode()).out)
    client = open_keystore(here / "client.p12", PASSWORD).entry(None)
    assert facts["signer"] == {"subject": "CN=client,O=Example", "sha256": client.sha256}
    assert (facts["signed"], facts["encrypted"]) == (["Body", "Timestamp"], [])


@pytest.mark.parametrize("policy", [(), ("--policy", "scenario5.xml")])
def test_files_from_encrypt_to_decrypt(here: Path, run: Callable[..., Outcome], policy: tuple[str, ...]) -> None:
    keys = ("--keystore", "client.p12", *TRUST, "--recipient", "trust-2")
    made = run("wsse", "encrypt", "request.xml", *keys, *policy, "--output", "secured.xml", "--json")
    assert (made.status, made.err) == (0, "")
    assert json.loads(made.out)["encrypted"] == ["Body"]
    assert SECRET not in (here / "secured.xml").read_text()
    service = (*policy, "--service") if policy else ()
    read = run("wsse", "decrypt", "secured.xml", "--keystore", "server.p12", *TRUST, *service, "-o", "plain.xml")
    assert (read.status, read.err) == (0, "")
    assert SECRET in (here / "plain.xml").read_text()
    assert (here / "plain.xml").stat().st_mode & 0o777 == 0o600
    both = run("wsse", "verify", "secured.xml", "--keystore", "server.p12", *TRUST, *service)
    assert SECRET in both.out


@pytest.mark.usefixtures("here")
def test_what_nobody_signed_is_read_with_a_warning(run: Callable[..., Outcome]) -> None:
    made = run("wsse", "encrypt", "request.xml", *TRUST, "--recipient", "trust-2", "-o", "secured.xml")
    assert (made.status, made.out) == (0, "")
    assert "cannot know who sent it" in made.err
    read = run("wsse", "decrypt", "secured.xml", "--keystore", "server.p12")
    assert read.status == 0
    assert SECRET in read.out
    assert "nothing says who sent this message" in read.err
    refused = run("wsse", "decrypt", "secured.xml", "--keystore", "server.p12", *TRUST)
    assert (refused.status, refused.out) == (3, "")
    assert "secured.xml: message refused: it does not have a trusted signature over its Body" in refused.err


@pytest.mark.usefixtures("here")
def test_algorithms_are_named(run: Callable[..., Outcome]) -> None:
    old = ("--algorithm", "rsa-sha1", "--algorithm", "sha1")
    signed = run("wsse", "sign", "request.xml", "--keystore", "client.p12", *old)
    assert "xmldsig#rsa-sha1" in signed.out
    refused = run("wsse", "verify", *TRUST, stdin=signed.out.encode())
    assert (refused.status, refused.out) == (3, "")
    assert "only algorithms that the policy allows" in refused.err
    assert run("wsse", "verify", *TRUST, *old, stdin=signed.out.encode()).status == 0
    wrong = run("wsse", "sign", "request.xml", "--keystore", "client.p12", "--algorithm", "secret")
    assert wrong.status == 2
    assert "secret" not in wrong.err
    assert "rsa-sha256" in wrong.err


def test_errors_write_nothing_and_have_their_statuses(here: Path, run: Callable[..., Outcome]) -> None:
    (here / "changed.xml").write_bytes(envelope().replace(b"Body", b"Soul"))
    for arguments, status in (
        (("sign", "changed.xml", "--keystore", "client.p12"), 3),
        (("sign", "nowhere.xml", "--keystore", "client.p12"), 3),
        (("sign", "request.xml", "--keystore", "nowhere.p12"), 4),
        (("sign", "request.xml", "--keystore", "client.p12", "--key-alias", "nobody"), 4),
        (("sign", "request.xml", "--keystore", "client.p12", "--policy", "request.xml"), 3),
        (("encrypt", "request.xml", *TRUST, "--recipient", "nobody"), 4),
        (("verify", "request.xml", *TRUST), 3),
        (("decrypt", "request.xml", "--keystore", "server.p12"), 3),
    ):
        done = run("wsse", *arguments, "--output", "out.xml")
        assert done.status == status, (arguments, done.err)
        assert not (here / "out.xml").exists()
        assert json.loads(run("wsse", *arguments, "-o", "out.xml", "--json").out)["error"]["status"] == status
