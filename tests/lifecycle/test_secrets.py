"""`set`, `list` and `remove`."""

from __future__ import annotations

import json
import re
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from ciphertool.errors import ConfigError
from ciphertool.lifecycle import generate
from ciphertool.lifecycle.secrets import ALPHABETS
from tests.conftest import PASSWORD, SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

VAULT = "security/vault.properties"


def _values(project: Path) -> dict[str, str]:
    return {alias: secret.reveal() for alias, secret in Vault.open(project).items()}


def test_a_value_from_standard_input_replaces_one_and_nothing_else(protected: Path, run: Run) -> None:
    before = (protected / VAULT).read_bytes()
    outcome = run("set", "app.smtp.password", stdin=b"new value\n")
    assert (outcome.status, outcome.out) == (0, "")
    assert "\nchanged: app.smtp.password, to the key " in outcome.err
    assert _values(protected) == {**SECRETS, "app.smtp.password": "new value"}
    changed = set(before.splitlines()) ^ set((protected / VAULT).read_bytes().splitlines())
    assert {line.partition(b"=")[0] for line in changed} == {b"app.smtp.password"}


def test_a_new_secret_is_added_and_said_to_be_unused(protected: Path, run: Run) -> None:
    outcome = run("set", "app.new", "--json", stdin=b"value")
    assert json.loads(outcome.out)["secrets"] == [{"alias": "app.new", "new": True}]
    assert "note: no configured file refers to app.new\n" in outcome.err
    assert _values(protected) == {**SECRETS, "app.new": "value"}


def test_public_keys_are_enough(protected: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the keystore and its password: the certificate alone, for a value of one block and for a long one."""
    from ciphertool.keystore import open_keystore
    from ciphertool.keystore.exports import export_certificates

    kept = tmp_path.parent / f"{tmp_path.name}.p12"
    store = open_keystore(protected / "security/primary.p12", PASSWORD)
    (protected / "primary.pem").write_bytes(export_certificates(store))
    shutil.move(protected / "security/primary.p12", kept)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    for alias, value in (("short", "s"), ("long", "l" * 5000)):
        assert run("set", alias, "--certificate", "primary.pem", stdin=value.encode()).status == 0
    shutil.move(kept, protected / "security/primary.p12")
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    assert _values(protected) == {**SECRETS, "short": "s", "long": "l" * 5000}


def test_a_dry_run_and_what_is_refused_write_nothing(protected: Path, run: Run) -> None:
    before = (protected / VAULT).read_bytes()
    assert "would be changed: app.smtp.password" in run("set", "app.smtp.password", "--dry-run", stdin=b"x").err
    assert run("set", "app.smtp.password", stdin=b"\n").status == 3
    assert run("set", "with blank", stdin=b"x").status == 3
    assert run("set", "app.smtp.password", "--length", "40", stdin=b"x").status == 2
    assert run("set", "app.smtp.password", "--generate", "--length", "21").status == 3
    assert run("remove", "app.smtp.password", "--dry-run", "--force").status == 0
    assert (protected / VAULT).read_bytes() == before


def test_a_generated_value_is_random_and_not_shown(protected: Path, run: Run) -> None:
    outcome = run("set", "app.smtp.password", "--generate", "--alphabet", "hex")
    value = _values(protected)["app.smtp.password"]
    assert re.fullmatch("[0-9a-f]{32}", value)
    assert value not in outcome.out + outcome.err
    assert run("set", "app.smtp.password", "--generate", "--alphabet", "hex").status == 0
    assert _values(protected)["app.smtp.password"] != value


@pytest.mark.parametrize(
    ("alphabet", "least"), [("hex", 32), ("alphanumeric", 22), ("url", 22), ("ascii", 20), ("01", 128)]
)
def test_a_generated_value_has_128_bits_of_chance(alphabet: str, least: int) -> None:
    characters = set(ALPHABETS.get(alphabet, alphabet))
    assert len(generate(least, alphabet).reveal()) == least
    assert set(generate(2000, alphabet).reveal()) == characters
    assert len(generate(None, alphabet).reveal()) == max(32, least)
    with pytest.raises(ConfigError, match="fewer than 128"):
        generate(least - 1, alphabet)


@pytest.mark.parametrize("alphabet", ["", "a", "abca", "ab\n"])
def test_an_alphabet_that_says_less_than_it_seems_is_refused(alphabet: str) -> None:
    with pytest.raises(ConfigError, match="different visible characters"):
        generate(40, alphabet)


def test_another_key_is_refused(protected: Path, run: Run) -> None:
    """A new keystore in the old one's place would split the vault, and give new values to whoever put it there."""
    from datetime import UTC, datetime

    from ciphertool.keystore.create import CertificateRequest, create_keystore

    store = create_keystore(CertificateRequest(subject="CN=x", bits=2048), "primary", PASSWORD, now=datetime.now(UTC))
    (protected / "security/primary.p12").write_bytes(store)
    before = (protected / VAULT).read_bytes()
    assert run("set", "app.smtp.password", stdin=b"x").status == 4
    assert (protected / VAULT).read_bytes() == before


def test_the_list_needs_no_key(protected: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("set", "app.long", stdin=b"v" * 3000)
    (protected / "security/primary.p12").unlink()
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    found = {secret["alias"]: secret for secret in json.loads(run("list", "--json").out)}
    assert found.keys() == {*SECRETS, "app.long"}
    long, smtp = found["app.long"], found["app.smtp.password"]
    assert (long["scheme"], long["used"], long["recipients"]) == ("JWE", [], smtp["recipients"])
    assert abs(long["changed"] - time.time()) < 60
    assert (smtp["scheme"], smtp["changed"]) == ("RSA-OAEP-256", None)
    assert [use["path"] for use in smtp["used"]] == ["conf/app.yaml"]
    shown = run("list").out
    assert re.search(r"^app\.long +JWE +[0-9a-f]{12} +\d{4}-\d\d-\d\d +nowhere$", shown, re.MULTILINE)
    assert re.search(
        r"^app\.smtp\.password +RSA-OAEP-256 +[0-9a-f]{16} +unknown +conf/app\.yaml:\d+$", shown, re.MULTILINE
    )


def test_a_secret_in_use_is_removed_only_by_force(protected: Path, run: Run) -> None:
    run("set", "app.unused", stdin=b"x")
    outcome = run("remove", "app.unused", "app.smtp.password")
    assert outcome.status == 3
    assert "still in use: app.smtp.password (" in outcome.err
    assert "conf/app.yaml:" in outcome.err
    assert _values(protected).keys() == {*SECRETS, "app.unused"}
    assert run("remove", "app.unused").status == 0
    assert _values(protected) == SECRETS
    assert run("remove", "app.smtp.password", "--force").status == 0
    assert "app.smtp.password" not in _values(protected)
    outcome = run("remove", "app.smtp.passwort", "--force")
    assert outcome.status == 5
    assert "passwort" not in outcome.err


def test_an_interrupted_run_is_completed_first(protected: Path, run: Run) -> None:
    journal = protected / "security/.ciphertool-journal"
    journal.write_text(
        '{"ciphertool": 1, "repository": "vault.properties", "identity": null, "entries": {}, "files": {}}\n'
    )
    journal.chmod(0o600)
    for command in (("set", "app.smtp.password"), ("remove", "app.smtp.password", "--force")):
        outcome = run(*command, stdin=b"x")
        assert outcome.status == 7
        assert "run `ciphertool protect`" in outcome.err
    assert _values(protected) == SECRETS
