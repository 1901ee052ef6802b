"""What an audit says of who can read a vault, of content keys, and of values under them. It has no key."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.certificates.made import KEY_USAGES, certificate
from tests.cli.test_audit_staged import _git
from tests.lifecycle.conftest import SETTINGS, VAULT, Somebody, add, people, vault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["add", "people", "vault"]
_TABLE = '[[recipient]]\nname = "ops"\ncertificate = "security/ops.pem"\n'


def _found(run: Any, *rules: str) -> list[dict[str, Any]]:
    found = json.loads(run("audit", "--json").out)["findings"]
    return [one for one in found if one["rule"] in (rules or ("CT036", "CT037", "CT038", "CT039", "CT043"))]


@pytest.fixture
def shared(vault: Path, run: Any, add: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The vault, protected and encrypted to the primary key and to `ops`; no password is at hand any more."""
    assert run("protect").status == 0
    assert add("ops").status == 0
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    return vault


def _certificate_at_hand(shared: Path, wanted: bool) -> None:
    if not wanted:
        settings = (shared / "ciphertool.toml").read_text()
        (shared / "ciphertool.toml").write_text(settings.replace('certificate = "security/primary.pem"\n', ""))


def test_a_vault_that_is_as_the_settings_say_has_no_finding_and_the_report_has_its_readers(
    shared: Path, people: Mapping[str, Somebody], run: Any
) -> None:
    report = json.loads(run("audit", "--json").out)
    assert [f for f in report["findings"] if f["level"] != "note" and f["rule"] != "CT021"] == []
    cards = {card["recipient"]: card for card in report["keys"]}
    assert cards["ops"]["key_id"] == people["ops"].key
    assert f"sha256:{cards['ops']['sha256']}" == people["ops"].fingerprint
    assert {(name, card["primary"], card["vault"], card["encrypted"]) for name, card in cards.items()} == {
        (None, True, VAULT, "wholly"),
        ("ops", False, VAULT, "wholly"),
    }
    table = run("audit").out
    assert f"ops {people['ops'].key}: reads {VAULT}" in table.partition("KEYS")[2]
    assert run("audit", "--format", "html", "--output", "report.html").status == 0
    html = (shared / "report.html").read_text()
    assert people["ops"].key in html
    assert "· recipient" in html


def test_a_vault_of_one_key_has_no_readers_in_the_report(vault: Path, run: Any) -> None:
    assert run("protect").status == 0
    assert vault.is_dir()
    (card,) = json.loads(run("audit", "--json").out)["keys"]
    assert (card["recipient"], card["vault"], card["encrypted"]) == (None, None, None)


def test_readers_that_differ_from_the_settings_are_findings(
    shared: Path, people: Mapping[str, Somebody], run: Any
) -> None:
    settings = (shared / "ciphertool.toml").read_text()
    (shared / "ciphertool.toml").write_text(settings.partition("[[recipient]]")[0])
    (one,) = _found(run)
    assert (one["rule"], one["path"]) == ("CT036", VAULT)
    assert people["ops"].key in one["message"]
    (shared / "ciphertool.toml").write_text(
        settings + '[[recipient]]\nname = "g"\ncertificate = "security/glass.pem"\n'
    )
    (one,) = _found(run)
    assert (one["rule"], one["path"], one["selector"]) == ("CT036", "ciphertool.toml", "recipient g")
    assert "is not encrypted to 'g'" in one["message"]


def test_a_value_for_one_key_alone_is_a_finding_where_several_are_to_read(vault: Path, run: Any) -> None:
    assert run("protect").status == 0
    assert _found(run) == []
    (vault / "ciphertool.toml").write_text(SETTINGS + _TABLE)
    found = {one["rule"]: one for one in _found(run)}
    assert sorted(found) == ["CT036", "CT038"]
    assert found["CT038"]["message"].startswith("4 values are encrypted to one key alone")


def test_a_value_whose_content_key_is_gone_is_an_error(shared: Path, run: Any) -> None:
    lines = (shared / VAULT).read_text().splitlines(keepends=True)
    (shared / VAULT).write_text("".join(line for line in lines if not line.startswith("{")))
    found = _found(run, "CT039")
    assert [one["level"] for one in found] == ["error"] * 4
    assert run("audit").status == 1


@pytest.mark.parametrize("certificate_at_hand", [True, False])
def test_a_value_that_stands_under_another_alias_is_found_without_a_key(
    shared: Path, run: Any, certificate_at_hand: bool
) -> None:
    _certificate_at_hand(shared, certificate_at_hand)
    lines = (shared / VAULT).read_text().splitlines(keepends=True)
    values = {line.partition("=")[0]: line.partition("=")[2] for line in lines}
    values["app.smtp.password"] = values["server.admin.password"]
    (shared / VAULT).write_text("".join(f"{alias}={value}" for alias, value in values.items()))
    found = [one for one in _found(run, "CT026") if one["selector"] == "app.smtp.password"]
    assert "was made for another alias" in found[0]["message"]


@pytest.mark.parametrize("certificate_at_hand", [True, False])
def test_a_header_that_cannot_be_right_is_a_malformed_value(shared: Path, run: Any, certificate_at_hand: bool) -> None:
    _certificate_at_hand(shared, certificate_at_hand)
    text = (shared / VAULT).read_text()
    start = text.index("ENC[JWE,") + len("ENC[JWE,") + 13
    (shared / VAULT).write_text(text[:start] + "e30" + text[text.index("..", start) :])
    (one,) = _found(run, "CT009")
    assert "header" in one["message"]


def test_many_content_keys_are_a_note(shared: Path, run: Any) -> None:
    text = (shared / VAULT).read_text()
    (shared / VAULT).write_text(text + "".join(
        line.replace(line[1:13], f"{number:012x}") + "\n"
        for number in range(20) for line in text.splitlines() if line.startswith("{")))  # fmt: skip
    (one,) = _found(run)
    assert (one["rule"], one["level"], one["message"]) == ("CT043", "note", "the vault has 21 content keys")


@pytest.mark.parametrize(
    ("bits", "end", "message"),
    [(2048, 2021, "expired on 2021-01-01"), (1024, 2040, "has 1024 bits")],
)
def test_a_recipient_whose_certificate_is_not_fit_is_a_finding(
    shared: Path, run: Any, bits: int, end: int, message: str
) -> None:
    key = rsa.generate_private_key(65537, bits)
    made = certificate(key, KEY_USAGES[7], end=datetime(end, 1, 1, tzinfo=UTC))
    (shared / "security/ops.pem").write_bytes(made.public_bytes(Encoding.PEM))
    settings = (shared / "ciphertool.toml").read_text()
    (shared / "ciphertool.toml").write_text("\n".join(x for x in settings.splitlines() if "fingerprint" not in x))
    found = _found(run, "CT037")
    assert [one["path"] for one in found] == ["security/ops.pem"]
    assert message in found[0]["message"]
    assert any(message in one["message"] for one in json.loads(run("recipients", "check", "--json").out))


def test_a_primary_certificate_that_permits_content_keys_alone_is_no_error(vault: Path, run: Any) -> None:
    """Only `RSA-OAEP-256` needs dataEncipherment."""
    key = rsa.generate_private_key(65537, 2048)
    usage = next(one for one in KEY_USAGES if one.usages == ("keyEncipherment",) and one.critical)
    (vault / "security/primary.pem").write_bytes(certificate(key, usage).public_bytes(Encoding.PEM))
    (vault / "security/primary.p12").unlink()
    assert [one["level"] for one in _found(run, "CT014")] == []
    (vault / "ciphertool.toml").write_text(f'{SETTINGS}\n[encryption]\nscheme = "RSA-OAEP-256"\n')
    assert [one["level"] for one in _found(run, "CT014")] == ["error"]


def test_the_history_says_who_was_let_in_and_taken_out(
    vault: Path, people: Mapping[str, Somebody], run: Any, add: Any
) -> None:
    (vault / ".gitignore").write_text("*.p12\n")
    _git(vault, "init", "-q")

    def commit() -> None:
        _git(vault, "add", ".")
        _git(vault, "commit", "-q", "-m", "next")

    assert run("protect").status == 0
    commit()
    assert add("ops").status == 0
    staged = json.loads(run("audit", "--staged", "--json").out)["findings"]
    assert [one for one in staged if one["rule"] == "CT044"] == []
    _git(vault, "add", ".")
    staged = json.loads(run("audit", "--staged", "--json").out)["findings"]
    (one,) = [one for one in staged if one["rule"] == "CT044"]
    assert one["message"] == f"the next commit lets {people['ops'].key} read the vault"
    commit()
    assert run("recipients", "remove", "ops").status == 0
    commit()
    found = json.loads(run("audit", "--history", "--json").out)["findings"]
    told = [
        (one["level"], one["message"].partition(" ")[2].partition(" ")[2]) for one in found if one["rule"] == "CT044"
    ]
    key = people["ops"].key
    assert sorted(told) == [("note", f"takes {key} out"), ("warning", f"lets {key} read the vault")]
    assert [one for one in found if one["rule"] == "CT031"] == []


def test_the_bill_of_materials_has_what_encrypts_content_keys(shared: Path, run: Any) -> None:
    pytest.importorskip("cyclonedx")
    bill = json.loads(run("audit", "--format", "cbom").out)
    contexts = {
        one["bom-ref"]: [each["additionalContext"] for each in one.get("evidence", {}).get("occurrences", ())]
        for one in bill["components"]
    }
    assert shared.is_dir()
    assert "content keys: 2" in contexts["algorithm:RSA-OAEP-256"]
    assert "secrets: 4" in contexts["algorithm:AES/GCM/NoPadding"]


def _aged(vault: Path, run: Any, text: str, days: int, *, scheme: str = "envelope") -> list[dict[str, Any]]:
    """Return what an audit finds in so many days with a `max_age`."""
    settings = SETTINGS.replace("[repository]\n", f'[repository]\nmax_age = "{text}"\n')
    (vault / "ciphertool.toml").write_text(f'{settings}[encryption]\nscheme = "{scheme}"\n')
    with pytest.MonkeyPatch.context() as context:
        made = int(time.time()) - days * 86_400
        context.setattr(time, "time", lambda: made)
        assert run("protect").status == 0
    return _found(run, "CT045")


@pytest.mark.parametrize(("text", "allowed"), [("180d", 180), ("26w", 182), ("1y", 365)])
def test_values_older_than_the_settings_allow_are_found(vault: Path, run: Any, text: str, allowed: int) -> None:
    found = _aged(vault, run, text, allowed + 1)
    assert [(one["level"], one["path"]) for one in found] == [("warning", VAULT)] * 4
    assert f"{allowed + 1} days old; at most {allowed} are allowed" in found[0]["message"]
    assert run("audit").status == 1
    assert run("explain", "CT045").status == 0


def test_values_that_are_younger_are_not_found(vault: Path, run: Any) -> None:
    assert _aged(vault, run, "180d", 179) == []


def test_values_that_state_no_time_are_counted_in_a_note(vault: Path, run: Any) -> None:
    [one] = _aged(vault, run, "1d", 99, scheme="auto")
    assert (one["level"], one["line"]) == ("note", 1)
    assert one["message"] == "the age of 4 of 4 values is unknown: only envelopes state a time"
    assert run("audit", "--fail-on", "warning").status == 0


@pytest.mark.parametrize("text", ["180", "0d", "d", "-1d", "1.5y", "99999d", "1 d", ""])
def test_an_age_that_is_none_is_refused(vault: Path, run: Any, text: str) -> None:
    (vault / "ciphertool.toml").write_text(SETTINGS.replace("[repository]\n", f'[repository]\nmax_age = "{text}"\n'))
    outcome = run("audit")
    assert outcome.status == 3
    assert "[repository] max_age must be a" in outcome.err
