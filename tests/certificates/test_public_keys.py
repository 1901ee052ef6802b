"""The list of published keys, and the script that finds them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ciphertool.certificates.public_keys import PublishedKey, origin_of, read_list
from ciphertool.keystore import CertificateRequest, create_keystore, open_keystore

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "find-default-keys"
LISTED = read_list(files("ciphertool.certificates").joinpath("public_keys.tsv").read_text("utf-8"))
# The beginnings of the SHA-256 of the key in each default keystore of a product: kernel 4.3 to 4.12, Identity Server 7,
# Enterprise Integrator, Micro Integrator.
DEFAULTS = (
    "28396ee1bcfc3cdd", "ab9dbc9c2104a279", "eb479350c27268ca", "da909c62b1bdd210", "85c9aa36100b3d93",
    "ad874c42382e2a46", "914b840fcfd7194c", "ba3d55920e54e314", "131376aa6c47751f", "884f63a7e1925600",
    "bbf5e12f2cda2529", "12a769c3f680f207", "b42a33122de66ccd", "be316d356dd4254e", "caa08ab78bb6223d",
    "d1111226285a6506",
)  # fmt: skip


def test_each_key_is_listed_once_with_its_origin() -> None:
    assert len({key.sha256 for key in LISTED}) == len(LISTED) > 150
    for key in LISTED:
        assert len(key.sha256) == 64
        assert int(key.sha256, 16)
        assert key.repository.count("/") == 1
        assert all((key.version, key.path, key.alias))
        assert origin_of(key.sha256) == f"{key.repository} {key.version}: {key.path}"
    assert origin_of("0" * 64) is None


@pytest.mark.parametrize("prefix", DEFAULTS)
def test_the_default_key_of_each_product_is_listed(prefix: str) -> None:
    (key,) = (key for key in LISTED if key.sha256.startswith(prefix))
    assert key.path.endswith((".jks", ".p12"))


def _git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "tag.gpgSign=false")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


def _store(path: Path, format_name: str, password: str, key_password: str | None = None) -> str:
    """Write a store with one key; return the SHA-256 of its public key."""
    request, now = CertificateRequest("CN=a", bits=2048), datetime.now(UTC)
    data = create_keystore(request, "a", password, now=now, format_name=format_name, key_password=key_password)
    path.write_bytes(data)
    key = open_keystore(path, password).private_key("a", key_password).public_key()
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def test_the_script_finds_the_keys_of_tags_and_of_history_and_keeps_none(tmp_path: Path) -> None:
    clone = tmp_path / "owner+name" / "repo"
    clone.mkdir(parents=True)
    _git(clone, "init", "-q")
    first = _store(clone / "first.jks", "JKS", "wso2carbon", "changeit")
    _git(clone, "add", ".")
    _git(clone, "commit", "-qm", "1")
    _git(clone, "tag", "v1")
    (clone / "first.jks").unlink()
    second = _store(clone / "ü.p12", "PKCS12", "changeit")
    _store(clone / "unknown.p12", "PKCS12", "nobody knows this one")
    _git(clone, "add", "-A")
    _git(clone, "commit", "-qm", "2")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, check=True, capture_output=True, text=True)
    output = tmp_path / "keys.tsv"
    for _ in range(2):  # the second run adds nothing
        done = subprocess.run(
            [sys.executable, SCRIPT, "--output", output, clone / ".git"], capture_output=True, text=True, check=True
        )
    assert "owner/name: 0 new keys" in done.stdout
    assert "not opened: unknown.p12" in done.stderr
    assert sorted(read_list(output.read_text("utf-8"))) == sorted(
        (
            PublishedKey(first, "owner/name", "v1", "first.jks", "a"),
            PublishedKey(second, "owner/name", commit.stdout[:12], "ü.p12", "a"),
        )
    )
