"""The program as its users meet it: streams, exit statuses, and no secret where it does not belong."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from typing import TYPE_CHECKING, NoReturn

import pytest

from ciphertool import Vault, rewriters
from tests.conftest import APP_YAML, PASSWORD, SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--version"], 0),
        (["protect", "--help"], 0),
        (["nonsense"], 2),
        (["protect", "--take", "both"], 2),
        (["protect", "--config", "a.toml", "--home", "b"], 2),
        (["encrypt"], 2),
        (["protect", "--config", "absent.toml"], 3),
        (["resolve", "absent.yaml"], 3),
        (["resolve", "security/primary.p12"], 3),
        (["protect", "--keystore", "absent.p12"], 4),
        (["protect", "--keystore", "conf/app.yaml"], 4),
        (["protect", "--key-alias", "other"], 4),
        (["protect", "--minimum-bits", "4096"], 4),
        (["get", "unknown.alias"], 5),
    ],
)
def test_the_exit_status_says_what_kind_of_failure_it_was(
    protected: Path, run: Run, arguments: list[str], status: int
) -> None:
    (protected / "conf/app.yaml").write_text(APP_YAML, encoding="utf-8")
    outcome = run(*arguments)
    assert outcome.status == status, outcome.err
    assert "bug" not in outcome.err
    if status:
        assert outcome.out == ""
        assert outcome.err


@pytest.mark.usefixtures("protected")
def test_a_wrong_password_is_told_as_such(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "c4n4ry-password")
    outcome = run("check")
    assert outcome.status == 4
    assert "security/primary.p12: wrong keystore password" in outcome.err
    assert "c4n4ry" not in outcome.err


@pytest.mark.usefixtures("project")
def test_without_a_terminal_nobody_is_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    outcome = run("protect")
    assert outcome.status == 4
    assert "no keystore password" in outcome.err
    assert "--password-file" in outcome.err


def test_a_password_file_serves(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    (project / "pw").write_text(f"{PASSWORD}\n")
    assert run("protect", "--password-file", "pw").status == 0


@pytest.mark.usefixtures("project")
def test_one_value_goes_through_encrypt_and_decrypt(run: Run) -> None:
    made = run("encrypt", "--secret-alias", "a", stdin="pässwörd€ \n\n".encode())
    assert made.status == 0
    assert re.fullmatch(r"ENC\[RSA-OAEP-256,[0-9a-f]{16},[A-Za-z0-9+/]+=*\]\n", made.out)
    back = run("decrypt", "--secret-alias", "a", stdin=made.out.encode())
    assert (back.status, back.out) == (0, "pässwörd€ \n"), "one final newline is dropped, no more"
    moved = run("decrypt", "--secret-alias", "b", stdin=made.out.encode())
    assert (moved.status, moved.out) == (5, "")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "name",
    ["RSA", "RSA/ECB/PKCS1Padding", "RSA/ECB/OAEPwithSHA1andMGF1Padding", "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"],
)
def test_a_transformation_gives_bare_base64(run: Run, name: str) -> None:
    made = run("encrypt", "--transformation", name, stdin=b"value")
    assert re.fullmatch(r"[A-Za-z0-9+/]{342}==\n", made.out)
    assert run("decrypt", "--transformation", name, stdin=made.out.encode()).out == "value"
    assert run("decrypt", "--transformation", "auto", stdin=made.out.encode()).out == "value"
    assert run("decrypt", "--secret-alias", "a", stdin=made.out.encode()).status == 5, "no downgrade of a native vault"


@pytest.mark.usefixtures("project")
def test_a_keystore_alone_is_enough(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ciphertool.toml").unlink()
    keystore = ("--keystore", "security/primary.p12", "--key-alias", "PRIMARY")
    made = run("encrypt", *keystore, "--secret-alias", "a", stdin=b"value")
    assert run("decrypt", *keystore, "--secret-alias", "a", stdin=made.out.encode()).out == "value"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("value", [b"", b"\n", b"\xff\xfe", b"x" * 191])
def test_a_value_that_cannot_be_encrypted_is_refused(run: Run, value: bytes) -> None:
    outcome = run("encrypt", "--secret-alias", "a", stdin=value)
    assert (outcome.status, outcome.out) == (3, "")


def test_resolve_gives_the_file_as_it_was(protected: Path, run: Run) -> None:
    assert run("resolve", "conf/app.yaml").out == APP_YAML
    (protected / "out.yaml").write_text("old")
    (protected / "out.yaml").chmod(0o644)
    outcome = run("resolve", "conf/app.yaml", "--output", "out.yaml")
    assert (outcome.status, outcome.out) == (0, "")
    assert (protected / "out.yaml").read_text(encoding="utf-8") == APP_YAML
    assert stat.S_IMODE((protected / "out.yaml").stat().st_mode) == 0o600


def test_resolve_does_not_write_over_its_input(protected: Path, run: Run) -> None:
    before = (protected / "conf/app.yaml").read_bytes()
    assert run("resolve", "conf/app.yaml", "--output", "conf/../conf/app.yaml").status == 3
    assert (protected / "conf/app.yaml").read_bytes() == before


def test_an_output_that_cannot_be_written_is_told_before_any_work(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "wrong")
    (project / "one").touch()
    (project / "two").hardlink_to(project / "one")
    for place, reason in (("absent/out.yaml", "directory does not exist"), ("two", "2 hard links")):
        outcome = run("resolve", "conf/app.yaml", "--output", place)
        assert (outcome.status, reason in outcome.err) == (6, True)
        assert run("audit", "--config", "absent.toml", "--format", "json", "--output", place).status == 6
        assert run("keystore", "export", "security/primary.p12", "--private-key", "--output", place).status == 6


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_what_a_command_writes_goes_to_no_file_of_another_users(protected: Path, run: Run) -> None:
    (protected / "store.p12").write_bytes((protected / "security/primary.p12").read_bytes())
    (protected / "there").write_bytes(b"")
    certificate = run("keystore", "export", "store.p12").out
    (protected / "certificate.pem").write_text(certificate)
    for name in ("store.p12", "there"):
        os.chown(protected / name, 65534, 65534)
    before = (protected / "store.p12").read_bytes()
    for arguments in (
        ("resolve", "conf/app.yaml", "--output", "there"),
        ("audit", "--format", "json", "--output", "there"),
        ("audit", "--accept", "a reason", "--baseline", "there"),
        ("keystore", "export", "security/primary.p12", "--output", "there"),
        ("keystore", "csr", "security/primary.p12", "--output", "there"),
        ("keystore", "export", "security/primary.p12", "--private-key", "--output", "there"),
        ("keystore", "trust", "store.p12", "certificate.pem", "--alias", "new"),
        ("keystore", "import", "store.p12", "security/primary.p12", "--as", "new"),
        ("keystore", "delete", "store.p12", "primary"),
        ("keystore", "change-password", "store.p12", "--new-password-file", "certificate.pem"),
    ):
        outcome = run(*arguments)
        assert (outcome.status, "belongs to another user" in outcome.err) == (6, True), (arguments, outcome)
    assert (protected / "there").read_bytes() == b""
    assert (protected / "store.p12").read_bytes() == before


def test_every_reference_that_fails_is_told_with_its_line(protected: Path, run: Run) -> None:
    (protected / "security/vault.properties").write_text("app.smtp.password=[c4n4ry]\n")
    for arguments in (("resolve", "conf/app.yaml"), ("check",)):
        outcome = run(*arguments)
        assert outcome.status in (1, 5)
        assert outcome.out == ""
        assert "conf/app.yaml:3: unknown secret alias 'app.datasource.password'" in outcome.err
        assert "conf/app.yaml:4: 'app.smtp.password' is not encrypted yet" in outcome.err
        assert "c4n4ry" not in outcome.err


def test_init_makes_a_vault_that_works(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    assert run("init", "app").status == 0
    app = tmp_path / "app"
    assert stat.S_IMODE((app / "security/primary.p12").stat().st_mode) == 0o600
    assert "primary.p12" in (app / "security/.gitignore").read_text()
    assert run("init", "app").status == 3
    (app / "a.yaml").write_text("password: x\n")
    with (app / "ciphertool.toml").open("a") as settings:
        settings.write('[[target]]\nfile = "a.yaml"\nselector = "$.password"\nalias = "a"\n')
    monkeypatch.chdir(app)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    outcome = run("protect", "--policy", "strict")
    assert outcome.status == 0, "the certificate is enough, and right under the strict policy"
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    assert run("get", "a").out == "x\n"


def test_another_certificate_than_the_expected_one_is_refused(protected: Path, run: Run) -> None:
    settings = protected / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("[keystore]", f'[keystore]\nfingerprint = "sha256:{"0" * 64}"'))
    outcome = run("protect")
    assert outcome.status == 4
    assert "fingerprint" in outcome.err


class _Broken:
    """A plug-in with a bug, whose exception quotes what it read."""

    name = "broken"
    suffixes = frozenset[str]()

    def parse(self, data: bytes) -> NoReturn:
        local = data.decode()
        raise RuntimeError(local)


def test_a_crash_shows_no_secret(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = EntryPoints([EntryPoint("broken", f"{__name__}:_Broken", rewriters.ENTRY_POINTS)])
    monkeypatch.setattr("importlib.metadata.entry_points", offered.select)
    settings = project / "ciphertool.toml"
    settings.write_text(
        settings.read_text().replace('alias = "{stem}.{key}"', 'alias = "{stem}.{key}"\nformat = "broken"')
    )
    outcome = run("protect", "--config", "ciphertool.toml")
    assert outcome.status == 70
    assert "RuntimeError" in outcome.err
    assert "c4n4ry" not in outcome.out + outcome.err


def test_no_command_takes_a_secret_as_an_argument(run: Run) -> None:
    for command in ("protect", "encrypt", "decrypt", "resolve", "get", "check", "init", "audit"):
        text = re.sub(r"\x1b\[[0-9;]*m", "", run(command, "--help").out)
        assert not re.search(r"--(?:key-?|keystore-?|store-?)?pass(?:word|phrase)?\b(?!-file)", text)
        assert "--value" not in text
        assert "--plaintext" not in text


def test_the_installed_program_runs_and_keeps_its_streams_apart(protected: Path) -> None:
    """Once for real, in a process of its own: `python -m ciphertool` with a closed standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "ciphertool", "get", "app.smtp.password"],
        cwd=protected,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env={**os.environ, "CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD},
    )
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, f"{SECRETS['app.smtp.password']}\n", b"")


def test_names_from_files_cannot_drive_the_terminal(project: Path, run: Run) -> None:
    with (project / "ciphertool.toml").open("a") as settings:
        settings.write('[[target]]\nfile = "conf/app.yaml"\nselector = "$[\'evil\\u001b[2J\']"\nalias = "evil"\n')
    outcome = run("protect")
    assert "\x1b" not in outcome.err
    assert "\\x1b[2J" in outcome.err


def test_the_library_warns_of_values_that_carbon_5_holds_in_clear(project: Path) -> None:
    (project / "secrets.properties").write_text("a=plainText with blanks\n", encoding="utf-8")
    (project / "deployment.yaml").write_text(
        "wso2.securevault:\n  secretRepository:\n    parameters:\n      privateKeyAlias: primary\n"
        "      keystoreLocation: security/primary.p12\n      secretPropertiesFile: secrets.properties\n"
    )
    with pytest.warns(UserWarning, match="is in clear"):
        assert Vault.open(project / "deployment.yaml")["a"].reveal() == "with blanks"
