"""Who can read a vault: recipients are added and removed, and everybody who should can open it, alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool.ciphertext import Envelope
from ciphertool.engine import jwe
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.repository import Encrypted
from ciphertool.settings import load
from ciphertool.vault.cipher import Opener
from ciphertool.vault.opening import VaultAccess
from tests.changes.kills import Fault, run_forked
from tests.conftest import SECRETS
from tests.lifecycle.conftest import SETTINGS, VAULT, as_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lifecycle.conftest import Somebody

ASK = Path(__file__).parents[1] / "cli/ask.py"


def _reads(run: Any, name: str) -> bool:
    """Return whether somebody's key alone opens every secret, by each command that opens a vault."""
    checked = run("check", *as_(name))
    values = [run("get", alias, *as_(name)) for alias in SECRETS]
    assert {checked.status, *(one.status for one in values)} in ({0}, {1, 5}, {5})
    if checked.status == 0:
        assert [one.out.strip() for one in values] == list(SECRETS.values())
        child = "import os; print(os.environ['X'])"
        ran = run("run", *as_(name), "--no-masking", "--env", "X=app.smtp.password", "--", "python3", "-c", child)
        assert ran.out.strip() == "c4n4ry'yaml-2"
    return bool(checked.status == 0)


def _listed(run: Any) -> dict[str | None, dict[str, Any]]:
    return {one["name"] or one["role"]: one for one in json.loads(run("recipients", "list", "--json").out)}


def _keys(vault: Path) -> list[str]:
    return [line.partition("=")[0] for line in (vault / VAULT).read_text().splitlines() if line.startswith("{")]


def test_each_recipient_alone_opens_the_vault_and_no_removed_one_does(
    vault: Path, people: Mapping[str, Somebody], run: Any, add: Any
) -> None:
    assert run("protect").status == 0
    assert "ENC[RSA-OAEP-256," in (vault / VAULT).read_text()
    assert (_reads(run, "primary"), _reads(run, "ops")) == (True, False)
    assert add("ops").status == 0
    assert add("glass").status == 0
    assert "ENC[RSA-OAEP-256," not in (vault / VAULT).read_text()
    assert [_reads(run, name) for name in people] == [True, True, True]
    assert {key.partition("}")[2] for key in _keys(vault)} == {person.key for person in people.values()}
    content_key = _keys(vault)[0].partition("}")[0]
    removed = run("recipients", "remove", "ops")
    assert removed.status == 0
    assert "change the secrets themselves" in removed.err
    assert content_key not in (vault / VAULT).read_text()
    assert [_reads(run, name) for name in people] == [True, False, True]
    assert run("recipients", "check").status == 0
    assert run("protect").err.strip().endswith("nothing to do")
    assert (vault / "conf/app.yaml").read_text().count("${sec:") == 2


def test_a_later_value_is_for_all_recipients(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    (vault / "conf/app.yaml").write_text((vault / "conf/app.yaml").read_text() + "more:\n  password: c4n4ry-later\n")
    assert run("protect").status == 0
    assert run("get", "app.more.password", *as_("ops")).out.strip() == "c4n4ry-later"
    assert len(_keys(vault)) == 4, "the run that wrote it has a content key of its own, for both"


def test_the_settings_get_a_table_and_lose_it_and_no_other_byte(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    before = (vault / "ciphertool.toml").read_bytes()
    assert add("ops").status == 0
    after = (vault / "ciphertool.toml").read_bytes()
    assert after.startswith(before)
    assert after[len(before) :].decode().splitlines()[:4] == [
        "",
        "[[recipient]]",
        'name = "ops"',
        'certificate = "security/ops.pem"',
    ]
    assert run("recipients", "remove", "ops").status == 0
    assert (vault / "ciphertool.toml").read_bytes() == before


def test_a_second_run_has_nothing_to_do(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    before = {path: path.read_bytes() for path in (vault / VAULT, vault / "ciphertool.toml")}
    again = add("ops")
    assert again.status == 0
    assert "nothing to do" in again.err
    assert {path: path.read_bytes() for path in before} == before


def test_a_dry_run_writes_nothing_and_reports_what_it_would_do(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    before = {path: path.read_bytes() for path in (vault / VAULT, vault / "ciphertool.toml")}
    outcome = add("ops", "--dry-run", "--json")
    assert outcome.status == 1
    found = json.loads(outcome.out)
    assert sorted(found["encrypted"]) == sorted(SECRETS)
    assert found["written"] == ["ciphertool.toml", VAULT]
    assert {path: path.read_bytes() for path in before} == before
    assert add("ops").status == 0
    before = {path: path.read_bytes() for path in (vault / VAULT, vault / "ciphertool.toml")}
    outcome = run("recipients", "remove", "ops", "--dry-run", "--json")
    assert (outcome.status, json.loads(outcome.out)["written"]) == (1, [VAULT, "ciphertool.toml"])
    assert {path: path.read_bytes() for path in before} == before


def test_without_a_fingerprint_and_a_terminal_nobody_is_added(
    vault: Path, people: Mapping[str, Somebody], run: Any
) -> None:
    before = (vault / "ciphertool.toml").read_bytes()
    outcome = run("recipients", "add", "ops", "security/ops.pem")
    assert outcome.status == 2
    assert people["ops"].fingerprint in outcome.err.replace("\n", "").replace(" ", "")
    assert "CN=ops" in outcome.err
    for other, status in ((people["glass"].fingerprint, 4), ("sha256:12", 2)):
        assert run("recipients", "add", "ops", "security/ops.pem", "--fingerprint", other).status == status
    assert (vault / "ciphertool.toml").read_bytes() == before


def test_any_recipient_adds_another(vault: Path, people: Mapping[str, Somebody], run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    (vault / "security/primary.p12").unlink()
    assert add("glass", *as_("ops")).status == 0
    assert [_reads(run, name) for name in people] == [True, True, True]
    assert run("recipients", "remove", "ops", *as_("ops")).status == 4, "nobody takes away the key that opens the vault"
    assert run("recipients", "remove", "ops", *as_("glass")).status == 0
    assert [_reads(run, name) for name in people] == [True, False, True]


def test_a_stranger_adds_nobody(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    before = {path: path.read_bytes() for path in (vault / VAULT, vault / "ciphertool.toml")}
    assert add("glass", *as_("glass")).status == 5
    assert {path: path.read_bytes() for path in before} == before


def test_the_list_says_who_is_who(vault: Path, people: Mapping[str, Somebody], run: Any, add: Any) -> None:
    assert {one["encrypted"] for one in _listed(run).values()} == {"empty"}
    assert run("protect").status == 0
    assert add("ops").status == 0
    found = _listed(run)
    assert {name: (one["key"], one["encrypted"], one["values"], one["of"]) for name, one in found.items()} == {
        "primary": (people["primary"].key, "wholly", 4, 4),
        "ops": (people["ops"].key, "wholly", 4, 4),
    }
    assert found["ops"]["subject"] == "CN=ops"
    assert f"sha256:{found['ops']['sha256']}" == people["ops"].fingerprint
    (vault / "ciphertool.toml").write_text(SETTINGS)
    assert _listed(run)["unknown"]["key"] == people["ops"].key
    text = run("recipients", "list").out
    assert people["ops"].key in text
    assert people["primary"].fingerprint in text


@pytest.mark.parametrize("scheme", ["auto", "envelope"])
def test_settings_that_name_another_recipient_change_nothing_without_the_command(
    vault: Path, people: Mapping[str, Somebody], run: Any, add: Any, scheme: str
) -> None:
    """`protect` refuses in either direction, and what it says to do is what helps."""
    settings = f'{SETTINGS}\n[encryption]\nscheme = "{scheme}"\n'
    (vault / "ciphertool.toml").write_text(settings)
    assert run("protect").status == 0
    vaulted = (vault / VAULT).read_bytes()
    table = '[[recipient]]\nname = "ops"\ncertificate = "security/ops.pem"\n'
    (vault / "ciphertool.toml").write_text(settings + table)
    (vault / "conf/app.yaml").write_text((vault / "conf/app.yaml").read_text() + "more:\n  password: c4n4ry-later\n")
    refused = run("protect")
    assert refused.status == 4
    assert "recipients add NAME CERTIFICATE" in refused.err
    assert (vault / VAULT).read_bytes() == vaulted
    (one,) = [one for one in json.loads(run("recipients", "check", "--json").out) if one["kind"] == "missing"]
    assert one["name"] == "ops"
    assert "`ciphertool recipients add ops " in one["hint"]
    assert add("ops").status == 0
    assert run("recipients", "check").status == 0
    assert run("protect").status == 0
    assert _reads(run, "ops")
    (vault / "ciphertool.toml").write_text(settings)
    refused = run("protect")
    assert refused.status == 4
    assert f"recipients remove {people['ops'].key}" in " ".join(refused.err.split())
    (one,) = json.loads(run("recipients", "check", "--json").out)
    assert (one["kind"], one["key"]) == ("surplus", people["ops"].key)
    assert run("recipients", "remove", people["ops"].key).status == 0
    assert run("recipients", "check").status == 0
    assert not _reads(run, "ops")


@pytest.mark.usefixtures("vault")
def test_who_cannot_be_removed(people: Mapping[str, Somebody], run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    unknown = run("recipients", "remove", "opps")
    assert unknown.status == 3
    assert "'ops'" in unknown.err
    stays = run("recipients", "remove", people["primary"].key)
    assert stays.status == 3
    assert "which stays" in " ".join(stays.err.split())


def test_a_name_is_of_one_certificate(vault: Path, people: Mapping[str, Somebody], run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    other = ("security/glass.pem", "--fingerprint", people["glass"].fingerprint)
    assert run("recipients", "add", "ops", *other).status == 3
    same = ("security/primary.pem", "--fingerprint", people["primary"].fingerprint)
    twice = run("recipients", "add", "again", *same)
    assert twice.status == 4
    assert "have the same key" in twice.err
    with (vault / "ciphertool.toml").open("a") as settings:
        settings.write('[[recipient]]\nname = "by hand"\ncertificate = "security/glass.pem"\n')
    twice = run("recipients", "add", "again", *other)
    assert twice.status == 4
    assert "'by hand' and 'again' have the same key" in " ".join(twice.err.split())


def test_a_damaged_value_keeps_everything_as_it_was(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    text = (vault / VAULT).read_text()
    alias = "server.admin.password=ENC[JWE,"
    at = text.index("..", text.index(alias)) + 4
    (vault / VAULT).write_text(text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :])
    before = {path: path.read_bytes() for path in (vault / VAULT, vault / "ciphertool.toml")}
    for outcome in (add("glass"), run("recipients", "remove", "ops")):
        assert outcome.status == 5
        assert "server.admin.password" in outcome.err
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 130), ("", 130)])
def test_a_person_is_asked_on_a_terminal(vault: Path, run: Any, answer: str, status: int) -> None:
    assert run("protect").status == 0
    before = (vault / "ciphertool.toml").read_bytes()
    command = [sys.executable, "-m", "ciphertool", "recipients", "add", "ops", "security/ops.pem"]
    done = subprocess.run([sys.executable, str(ASK), answer, *command], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout
    assert "CN=ops" in done.stdout.partition("[y/N]")[0]
    assert ((vault / "ciphertool.toml").read_bytes() == before) == (status != 0)


def test_a_key_that_can_do_sha_1_only_is_a_warning_and_strict_refuses_it(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    before = (vault / "ciphertool.toml").read_bytes()
    assert add("ops", "--algorithm", "RSA-OAEP", "--policy", "strict").status == 4
    assert add("ops", "--algorithm", "RSA1_5").status == 2
    assert (vault / "ciphertool.toml").read_bytes() == before
    done = add("ops", "--algorithm", "RSA-OAEP")
    assert done.status == 0
    assert "whose digest is SHA-1" in " ".join(done.err.split())
    assert 'algorithm = "RSA-OAEP"' in (vault / "ciphertool.toml").read_text()
    assert _reads(run, "ops")
    assert {one["algorithm"] for one in _listed(run).values()} == {"RSA-OAEP-256", "RSA-OAEP"}
    assert run("recipients", "check").status == 0
    assert run("recipients", "check", "--policy", "strict").status == 1


def test_the_settings_and_no_header_say_how_a_content_key_is_read(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("ops", "--algorithm", "RSA-OAEP").status == 0
    text = (vault / "ciphertool.toml").read_text().replace('algorithm = "RSA-OAEP"\n', "")
    (vault / "ciphertool.toml").write_text(text)
    assert run("get", "app.smtp.password", *as_("ops")).status == 5
    (one,) = json.loads(run("recipients", "check", "--json").out)
    assert (one["kind"], one["name"]) == ("missing", "ops")
    assert add("ops").status == 0
    assert _reads(run, "ops")


def test_a_direct_value_is_told_of_and_made_an_envelope(
    vault: Path, people: Mapping[str, Somebody], run: Any, add: Any
) -> None:
    assert run("protect").status == 0
    direct = next(line for line in (vault / VAULT).read_text().splitlines() if line.startswith("app.smtp"))
    assert add("ops").status == 0
    lines = (vault / VAULT).read_text().splitlines()
    (vault / VAULT).write_text("".join(f"{direct if x.startswith('app.smtp') else x}\n" for x in lines))
    found = {one["kind"]: one for one in json.loads(run("recipients", "check", "--json").out)}
    assert sorted(found) == ["direct", "missing"]
    assert "'app.smtp.password'" in found["direct"]["message"]
    refused = run("recipients", "add", "glass", "security/glass.pem", "--fingerprint", people["glass"].fingerprint,
                  *as_("ops"))  # fmt: skip
    assert refused.status == 5, "ops cannot read it either"
    assert add("ops").status == 0
    assert run("recipients", "check").status == 0
    assert _reads(run, "ops")


def test_a_public_default_key_reads_no_vault(vault: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("protect").status == 0
    before = {path: path.read_bytes() for path in (vault / VAULT, vault / "ciphertool.toml")}
    monkeypatch.setattr("ciphertool.certificates.judge.origin_of", lambda _: "a product")
    refused = run("recipients", "add", "ops", "security/ops.pem", "--dry-run")
    assert refused.status == 4
    assert "protects nothing" in refused.err
    assert {path: path.read_bytes() for path in before} == before
    (vault / "ciphertool.toml").write_text(f'{SETTINGS}[[recipient]]\nname = "g"\ncertificate = "security/glass.pem"\n')
    found = [one for one in json.loads(run("recipients", "check", "--json").out) if one["kind"] == "public-key"]
    assert [(one["name"], one["level"]) for one in found] == [("g", "error")]


def test_a_primary_certificate_behind_a_password_is_said_to_be(vault: Path, run: Any) -> None:
    settings = SETTINGS.replace('certificate = "security/primary.pem"\n', "")
    (vault / "ciphertool.toml").write_text(f'{settings}\n[encryption]\nscheme = "envelope"\n')
    assert run("protect").status == 0
    listed = run("recipients", "list")
    assert (listed.status, "(primary)" in listed.out) == (0, True)
    assert "cannot be read" in " ".join(listed.err.split())
    checked = run("recipients", "check")
    assert checked.status == 0
    assert "[keystore] certificate" in checked.out


def test_a_recipient_whose_certificate_is_lost_can_be_removed(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    (vault / "security/ops.pem").unlink()
    found = json.loads(run("recipients", "check", "--json").out)
    assert {one["kind"] for one in found} == {"unreadable", "surplus"}
    assert run("recipients", "remove", "ops").status == 0
    assert run("recipients", "check").status == 0
    assert not _reads(run, "ops")


def test_the_spelling_of_a_value_is_kept_for_the_next_recipients(vault: Path, run: Any, add: Any) -> None:
    path = vault / "conf/app.yaml"
    path.write_text(path.read_text() + 'more:\n  password: "c4n4ry\\x20x"\n')
    assert run("protect").status == 0
    for change in (None, lambda: add("ops"), lambda: run("recipients", "remove", "ops")):
        assert change is None or change().status == 0
        settings = load(vault / "ciphertool.toml")
        access = VaultAccess(settings, PasswordChain((Environment(),)))
        stored = access.repository().get("app.more.password").stored
        opener = access.to_open().opener
        assert isinstance(opener, Opener)
        assert isinstance(stored, Encrypted)
        assert isinstance(stored.ciphertext, Envelope)
        opened = opener.content_keys.read("app.more.password", stored.ciphertext)
        assert (opened.value.reveal(), opened.spelling and opened.spelling.reveal()) == ("c4n4ry x", '"c4n4ry\\x20x"')


def test_a_carbon_home_has_no_recipients(vault: Path, run: Any) -> None:
    (vault / "ciphertool.toml").write_text(SETTINGS.replace("[repository]", '[repository]\nkind = "carbon5"'))
    refused = run("recipients", "add", "ops", "security/ops.pem", "--dry-run")
    assert refused.status == 3
    assert "only a native vault" in refused.err


def test_a_certificate_elsewhere_is_refused(vault: Path, people: Mapping[str, Somebody], run: Any) -> None:
    (vault.parent / "ops.pem").write_text(people["ops"].pem)
    refused = run("recipients", "add", "ops", "../ops.pem", "--dry-run")
    assert refused.status == 3
    assert "outside" in refused.err


@pytest.mark.usefixtures("vault")
def test_an_interrupted_run_of_protect_comes_first(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    (vault / "conf/app.yaml").write_text((vault / "conf/app.yaml").read_text() + "more:\n  password: c4n4ry-later\n")
    arguments = ["protect"]
    whole = Fault(1 << 30)
    before = {path: path.read_bytes() for path in (vault / VAULT, vault / "conf/app.yaml")}
    assert run_forked(vault, arguments, with_key=True, fault=whole)[0] == 0
    calls, _ = whole.told()
    for path, data in before.items():
        path.write_bytes(data)
    for number in range(1, calls):
        run_forked(vault, arguments, with_key=True, fault=Fault(number))
        if (vault / "security/.ciphertool-journal").exists():
            break
    assert add("ops").status == 7
    assert run("protect").status == 0
    assert add("ops").status == 0


def test_nobody_is_let_in_beside_the_one_who_is_confirmed(vault: Path, run: Any, add: Any) -> None:
    """A second table, which somebody has written by hand, waits for a command of its own."""
    assert run("protect").status == 0
    tables = [f'[[recipient]]\nname = "{name}"\ncertificate = "security/{name}.pem"\n' for name in ("ops", "glass")]
    (vault / "ciphertool.toml").write_text(SETTINGS + "".join(tables))
    assert add("ops").status == 0
    assert {name: one["encrypted"] for name, one in _listed(run).items()} == {
        "primary": "wholly",
        "ops": "wholly",
        "glass": "not",
    }
    assert not _reads(run, "glass")
    assert run("recipients", "remove", "ops").status == 4, "nor by taking another out"
    assert add("glass").status == 0
    assert run("recipients", "remove", "ops").status == 0
    assert _reads(run, "glass")


def test_a_certificate_that_was_exchanged_is_not_confirmed_by_the_other(
    vault: Path, people: Mapping[str, Somebody], run: Any, add: Any
) -> None:
    assert run("protect").status == 0
    assert add("ops").status == 0
    (vault / "security/ops.pem").write_text(people["glass"].pem)
    (vault / "right.pem").write_text(people["ops"].pem)
    refused = run("recipients", "add", "ops", "right.pem", "--fingerprint", people["ops"].fingerprint)
    assert refused.status == 3
    assert "another certificate" in refused.err
    found = json.loads(run("recipients", "check", "--json").out)
    assert {(one["kind"], one["name"]) for one in found} == {("unreadable", "ops"), ("surplus", None)}
    assert run("recipients", "remove", "ops").status == 0
    assert not _reads(run, "ops")


@pytest.mark.parametrize("command", ["add", "remove"])
def test_what_does_not_decrypt_again_is_not_written(
    vault: Path, run: Any, add: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A fault of the machine: a value is encrypted wrongly."""
    assert run("protect").status == 0
    assert command == "add" or add("ops").status == 0
    before = {path: path.read_bytes() for path in (vault / VAULT, vault / "ciphertool.toml")}
    seal = jwe.seal

    def faulty(header: Any, plaintext: bytes, *others: Any) -> str:
        return seal(header, plaintext.replace(b"c4n4ry-yaml-1", b"c4n4ry-yaml-0"), *others)

    monkeypatch.setattr(jwe, "seal", faulty)
    assert (add("ops") if command == "add" else run("recipients", "remove", "ops")).status == 70
    assert {path: path.read_bytes() for path in before} == before


def test_a_vault_without_values_is_not_said_to_be_in_order(vault: Path, run: Any) -> None:
    assert not (vault / VAULT).exists()
    outcome = run("recipients", "check")
    assert (outcome.status, outcome.err) == (0, "the vault holds no values yet, so there is nothing to compare\n")
    assert run("protect").status == 0
    assert "and by nobody else" in run("recipients", "check").err
