"""A key that changes: `protect` and `encrypt` refuse, `audit` finds the vault and the commit."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool.keystore import open_keystore
from ciphertool.keystore.create import CertificateRequest, create_keystore
from tests.cli.test_audit_staged import _git
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

VAULT = "security/vault.properties"


def _pem(path: Path, store: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    path.write_bytes(open_keystore(store, PASSWORD).certificate().public_bytes(Encoding.PEM))


@pytest.fixture
def owned(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A protected project whose settings name a certificate, all but the keystore committed; no password is at hand."""
    _pem(project / "security/primary.pem", project / "security/primary.p12")
    _name(project, "primary")
    assert run("protect").status == 0
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    (project / ".gitignore").write_text("*.p12\n")
    _git(project, "init", "-q")
    _commit(project, "1")
    return project


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of somebody else."""
    directory = tmp_path_factory.mktemp("stranger")
    request = CertificateRequest(subject="CN=stranger", bits=2048)
    (directory / "s.p12").write_bytes(create_keystore(request, "primary", PASSWORD, now=datetime.now(UTC)))
    _pem(directory / "s.pem", directory / "s.p12")
    return directory / "s.pem"


def _name(project: Path, certificate: str) -> None:
    rest = (project / "ciphertool.toml").read_text().split("[repository]", 1)[1]
    settings = f'[keystore]\ncertificate = "security/{certificate}.pem"\n[repository]{rest}'
    (project / "ciphertool.toml").write_text(settings)


def _commit(project: Path, message: str) -> None:
    _git(project, "add", ".")
    _git(project, "commit", "-q", "-m", message)


def _swap(project: Path, stranger: Path) -> None:
    (project / "security/other.pem").write_bytes(stranger.read_bytes())
    _name(project, "other")
    (project / "conf/new.yaml").write_text("password: s3cret-new\n")
    with (project / "ciphertool.toml").open("a") as settings:
        settings.write('[[target]]\nfile = "conf/new.yaml"\nselector = "$.password"\nalias = "new"\n')


def _findings(run: Run, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("audit", *arguments, "--json").out)["findings"]
    return found


def _changes(run: Run, *arguments: str) -> list[tuple[str, str]]:
    return [(f["level"], f["message"]) for f in _findings(run, *arguments) if f["rule"] == "CT031"]


def test_every_run_says_to_whom_it_encrypts(project: Path, run: Run) -> None:  # noqa: ARG001
    told = run("protect", "--dry-run").err
    assert "to encrypt: 4, to the key " in told
    assert "(CN=test, RSA-2048)" in told
    assert "(CN=test, RSA-2048)" in run("protect").err
    told = run("encrypt", "--secret-alias", "a", stdin=b"s3cret").err
    assert "note: encrypted to the key " in told
    assert "(CN=test, RSA-2048)" in told


@pytest.mark.parametrize("take", [(), ("--take", "file"), ("--take", "repository")])
def test_nothing_is_protected_for_a_stranger(owned: Path, run: Run, stranger: Path, take: tuple[str, ...]) -> None:
    _swap(owned, stranger)
    before = (owned / VAULT).read_bytes()
    told = run("protect", *take)
    assert told.status == 4
    assert told.err.count("holds values encrypted with another key") == 1
    assert "4 to the key " in told.err
    assert "(CN=stranger, RSA-2048)" in told.err
    assert (owned / VAULT).read_bytes() == before
    assert (owned / "conf/new.yaml").read_text() == "password: s3cret-new\n"


def test_a_single_value_of_another_key_is_enough(owned: Path, run: Run, stranger: Path) -> None:
    lines = (owned / VAULT).read_text().splitlines()
    kept = [line for line in lines if "server.admin.password" in line]
    (owned / VAULT).write_text("".join(f"{line}\n" for line in kept))
    _swap(owned, stranger)
    told = run("protect")
    assert told.status == 4
    assert "1 to the key " in told.err


def test_nothing_is_encrypted_for_a_stranger_in_a_vault(owned: Path, run: Run, stranger: Path) -> None:
    assert run("encrypt", "--secret-alias", "a", stdin=b"s3cret").status == 0
    _swap(owned, stranger)
    told = run("encrypt", "--secret-alias", "a", stdin=b"s3cret")
    assert (told.status, told.out) == (4, "")
    assert "(CN=stranger, RSA-2048)" in told.err
    # Without a vault there is nothing that it could be a stranger to.
    told = run("encrypt", "--certificate", str(stranger), "--secret-alias", "a", stdin=b"s3cret")
    assert (told.status, told.out[:4]) == (0, "ENC[")


def test_an_audit_finds_the_vault_once(owned: Path, run: Run, stranger: Path) -> None:
    assert "CT010" not in {finding["rule"] for finding in _findings(run)}
    _swap(owned, stranger)
    (found,) = (finding for finding in _findings(run) if finding["rule"] == "CT010")
    assert (found["path"], found["level"]) == (VAULT, "error")
    assert "4 of 4 values are encrypted to the key " in found["message"]
    assert "(CN=stranger, RSA-2048): 'app.datasource.password', " in found["message"]


def test_history_names_the_commit_that_changed_the_key(owned: Path, run: Run, stranger: Path) -> None:
    assert _changes(run, "--history") == []
    _swap(owned, stranger)
    _commit(owned, "2")
    (owned / "conf/other.yaml").write_text("a: 1\n")
    _commit(owned, "3")
    ((level, message),) = _changes(run, "--history")
    commit = _revision(owned, "HEAD~1")
    assert level == "warning"
    assert message.startswith(f"commit {commit} changes the key that secrets are encrypted to, from ")
    assert "(CN=test) to " in message
    assert message.endswith("(CN=stranger); 4 of the vault's 4 values stay under another")


def test_a_certificate_exchanged_under_its_name_is_found(owned: Path, run: Run, stranger: Path) -> None:
    (owned / "security/primary.pem").write_bytes(stranger.read_bytes())
    _commit(owned, "2")
    assert [level for level, _ in _changes(run, "--history")] == ["warning"]


def test_a_key_that_is_changed_and_changed_back_is_found_twice(owned: Path, run: Run, stranger: Path) -> None:
    mine = (owned / "security/primary.pem").read_bytes()
    (owned / "security/primary.pem").write_bytes(stranger.read_bytes())
    _commit(owned, "2")
    (owned / "security/primary.pem").write_bytes(mine)
    _commit(owned, "3")
    assert len(_changes(run, "--history")) == 2


def test_a_key_that_took_all_values_with_it_is_a_note(owned: Path, run: Run, stranger: Path) -> None:
    _swap(owned, stranger)
    (owned / VAULT).unlink()
    for file in ("app.yaml", "server.xml"):
        (owned / "conf" / file).unlink()
    settings = (owned / "ciphertool.toml").read_text()
    (owned / "ciphertool.toml").write_text(
        settings.split("[[target]]")[0] + "[[target]]" + settings.split("[[target]]")[-1]
    )
    assert run("protect").status == 0
    _commit(owned, "2")
    assert [level for level, _ in _changes(run, "--history")] == ["note"]


def test_a_staged_change_of_the_key_is_found(owned: Path, run: Run, stranger: Path) -> None:
    assert _changes(run, "--staged") == []
    _swap(owned, stranger)
    assert _changes(run, "--staged") == []  # it is not staged yet
    _git(owned, "add", ".")
    ((level, message),) = _changes(run, "--staged")
    assert level == "warning"
    assert message.startswith("the next commit changes the key that secrets are encrypted to, from ")


def test_a_history_that_cannot_be_judged_is_said(owned: Path, run: Run, stranger: Path) -> None:
    (owned / "security/primary.pem").write_bytes(b"no certificate")
    _commit(owned, "2")
    (owned / "security/primary.pem").write_bytes(stranger.read_bytes())
    _commit(owned, "3")
    assert _unsure(run, "--history") == [("warning", f"commit {_revision(owned, 'HEAD~1')} may have changed the key")]
    assert len(_changes(run, "--history")) == 1


def _unsure(run: Run, *arguments: str) -> list[tuple[str, str]]:
    found = (f for f in _findings(run, *arguments) if f["message"].startswith("the history of the primary key"))
    return [(f["level"], f["message"].rpartition("the certificate cannot be read, and ")[2]) for f in found]


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../../../x.pem", "a\\nHEAD", "a\\u0000b", "--output=x", ":(top)x", "1:x", "~/x", "x" * 5000],
)
def test_no_path_of_an_old_version_hides_what_others_changed(owned: Path, run: Run, stranger: Path, path: str) -> None:
    settings = (owned / "ciphertool.toml").read_text()
    (owned / "ciphertool.toml").write_text(settings.replace("security/primary.pem", path))
    _commit(owned, "2")
    (owned / "ciphertool.toml").write_text(settings)
    _commit(owned, "3")
    (owned / "security/primary.pem").write_bytes(stranger.read_bytes())
    _commit(owned, "4")
    odd = _revision(owned, "HEAD~2")
    for arguments in ((".",), ("--config", "ciphertool.toml")):
        ((level, message),) = _changes(run, *arguments, "--history")
        assert (level, message.split(" ")[1]) == ("warning", _revision(owned, "HEAD"))
        assert _unsure(run, *arguments, "--history") == [("warning", f"commit {odd} may have changed the key")]


def test_a_version_too_large_to_be_looked_at_is_said(owned: Path, run: Run) -> None:
    settings = (owned / "ciphertool.toml").read_text()
    (owned / "ciphertool.toml").write_text(settings + "\n" * (5 << 20))
    (owned / "security/primary.pem").write_bytes(b"\n" * (65 << 20))
    _commit(owned, "2")
    (owned / "ciphertool.toml").write_text(settings)
    (owned / "security/primary.pem").write_bytes(b"")
    _commit(owned, "3")
    assert "commit " + _revision(owned, "HEAD~1") in _unsure(run, "--history")[0][1]


def test_a_certificate_that_was_exchanged_before_it_was_renamed_is_found(owned: Path, run: Run, stranger: Path) -> None:
    mine = (owned / "security/primary.pem").read_bytes()
    for message, data in (("2", stranger.read_bytes()), ("3", mine)):
        (owned / "security/primary.pem").write_bytes(data)
        _commit(owned, message)
    (owned / "security/primary.pem").rename(owned / "security/renamed.pem")
    _name(owned, "renamed")
    _commit(owned, "4")
    commits = [message.split(" ")[1] for _, message in _changes(run, "--history")]
    assert sorted(commits) == sorted(_revision(owned, name) for name in ("HEAD~2", "HEAD~1"))


def test_a_key_behind_a_password_is_said_where_it_takes_another_s_place(owned: Path, run: Run, stranger: Path) -> None:
    assert _unsure(run, "--history") == []
    (owned / "security/hidden.store").write_bytes(stranger.with_suffix(".p12").read_bytes())
    settings = (owned / "ciphertool.toml").read_text()
    named = settings.replace('certificate = "security/primary.pem"', 'path = "security/hidden.store"')
    (owned / "ciphertool.toml").write_text(named)
    assert _unsure(run, "--staged") == []
    _git(owned, "add", ".")
    assert _unsure(run, "--staged") == [("warning", "the next commit may have changed the key")]
    _commit(owned, "2")
    assert _unsure(run, "--staged") == []
    assert _unsure(run, "--history") == [("warning", f"commit {_revision(owned, 'HEAD')} may have changed the key")]


def test_a_key_that_nobody_could_ever_read_and_nobody_changed_is_a_note(owned: Path, run: Run) -> None:
    settings = (owned / "ciphertool.toml").read_text()
    named = settings.replace('certificate = "security/primary.pem"', 'path = "security/primary.p12"')
    (owned / "ciphertool.toml").write_text(named)
    _git(owned, "checkout", "-q", "--orphan", "anew")
    _commit(owned, "1")
    (found,) = (f for f in _findings(run, "--history") if f["message"].startswith("the history of the primary key"))
    assert (found["level"], found["message"].rpartition(": ")[2]) == (
        "note",
        "the certificate cannot be read in 1 of 1 commits",
    )


def _revision(project: Path, name: str) -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", name], cwd=project, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
