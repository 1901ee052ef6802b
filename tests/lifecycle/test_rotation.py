"""`rotate`: a vault encrypted anew, under new content keys or to another key pair, whatever happens on the way."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import Vault, settings
from ciphertool.lifecycle import rotation
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.vault.opening import VaultAccess
from tests.changes.kills import Fault, run_forked
from tests.conftest import PASSWORD, SECRETS
from tests.lifecycle.conftest import VAULT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.lifecycle.conftest import Somebody

SPELLED = 'first: "c4n4ry\\u002dspelled"\n'


@pytest.fixture(autouse=True)
def _new_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIPHERTOOL_NEW_KEYSTORE_PASSWORD", PASSWORD)


def _values(root: Path) -> dict[str, str]:
    vault = Vault.open(root / "ciphertool.toml")
    vault.check()
    return {alias: vault[alias].reveal() for alias in vault}


def _keys(root: Path) -> Mapping[str, Mapping[str, str]]:
    return VaultAccess(settings.load(root / "ciphertool.toml"), PasswordChain((Environment(),))).repository().keys


def _move(people: Mapping[str, Somebody], name: str = "ops") -> list[str]:
    return ["rotate", "--to", f"keys/{name}.p12", "--fingerprint", people[name].fingerprint]


def _with_envelopes(vault: Path, run: Any) -> None:
    """Protect in two runs that each make a content key: one keeps a spelling, one holds a long value."""
    (vault / "conf/spelled.yaml").write_text(SPELLED)
    with (vault / "ciphertool.toml").open("a") as file:
        file.write('\n[[target]]\nfile = "conf/spelled.yaml"\nselector = "$.first"\nalias = "spelled"\n')
    assert run("protect").status == 0
    assert run("set", "long", stdin=b"l" * 3000).status == 0
    assert len(_keys(vault)) == 2


ALL = {**SECRETS, "spelled": "c4n4ry-spelled", "long": "l" * 3000}


def test_all_envelopes_come_under_one_new_content_key(vault: Path, run: Any) -> None:
    _with_envelopes(vault, run)
    before, stored = _keys(vault), (vault / VAULT).read_text()
    assert run("rotate", "--check").status == 1
    outcome = run("rotate", "--json")
    assert outcome.status == 0, outcome.err
    told = json.loads(outcome.out)
    assert (set(told["secrets"]), set(told["former"]), told["written"]) == (set(ALL), set(before), True)
    after = _keys(vault)
    assert len(after) == 1
    assert not after.keys() & before.keys()
    assert not set(stored.splitlines()) & set((vault / VAULT).read_text().splitlines())
    assert _values(vault) == ALL
    assert run("resolve", "conf/spelled.yaml").out == SPELLED
    assert run("rotate", "--check").status == 0


def test_a_dry_run_writes_nothing(vault: Path, run: Any, people: Mapping[str, Somebody]) -> None:
    _with_envelopes(vault, run)
    before = {path: path.read_bytes() for path in vault.rglob("*") if path.is_file()}
    assert run("rotate", "--dry-run").status == 0
    assert run(*_move(people), "--dry-run").status == 0
    assert {path: path.read_bytes() for path in vault.rglob("*") if path.is_file()} == before


def test_recipients_stay(vault: Path, run: Any, add: Any) -> None:
    assert run("protect").status == 0
    assert add("glass").status == 0
    before = {frozenset(wrapped) for wrapped in _keys(vault).values()}
    assert run("rotate").status == 0
    assert {frozenset(wrapped) for wrapped in _keys(vault).values()} == before
    assert len(next(iter(before))) == 2
    assert run("recipients", "check").status == 0


def test_a_value_that_does_not_decrypt_stops_everything(vault: Path, run: Any) -> None:
    _with_envelopes(vault, run)
    text = (vault / VAULT).read_text()
    broken = text.replace("app.smtp.password=ENC[RSA-OAEP-256,", "app.smtp.password=ENC[RSA-OAEP-256,", 1)
    line = next(line for line in text.splitlines() if line.startswith("long="))
    damaged = line[:-3] + ("A" if line[-3] != "A" else "B") + line[-2:]
    broken = text.replace(line, damaged)
    (vault / VAULT).write_text(broken)
    assert run("rotate").status == 5
    assert (vault / VAULT).read_text() == broken


def test_to_another_key_pair(vault: Path, run: Any, people: Mapping[str, Somebody]) -> None:
    _with_envelopes(vault, run)
    before = (vault / "ciphertool.toml").read_text()
    outcome = run(*_move(people))
    assert outcome.status == 0, outcome.err
    assert _values(vault) == ALL
    assert run("resolve", "conf/spelled.yaml").out == SPELLED
    expected = before.replace("security/primary.p12", "keys/ops.p12").replace('"primary"', '"ops"')
    assert (vault / "ciphertool.toml").read_text() == expected.replace("security/primary.pem", "keys/ops.pem")
    assert (vault / "keys/ops.pem").read_text() == people["ops"].pem
    assert {key for wrapped in _keys(vault).values() for key in wrapped} == {people["ops"].key}
    assert people["primary"].key not in (vault / VAULT).read_text()
    assert run("get", "long", "--keystore", "security/primary.p12", "--key-alias", "primary").status == 5
    assert run("protect").status == 0
    assert run("recipients", "check").status == 0


def test_the_new_certificate_is_confirmed_and_its_private_key_is_proved(
    vault: Path, run: Any, people: Mapping[str, Somebody], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("protect").status == 0
    before = {path: path.read_bytes() for path in vault.rglob("*") if path.is_file()}
    arguments = _move(people)
    assert run(*arguments[:3]).status == 2  # no terminal, no fingerprint
    assert run(*arguments[:-1], people["glass"].fingerprint).status == 4
    (vault / "keys/cert.pem").write_text(people["ops"].pem)
    assert run("rotate", "--to", "keys/cert.pem", "--fingerprint", people["ops"].fingerprint).status == 4
    (vault / "keys/cert.pem").unlink()
    monkeypatch.setenv("CIPHERTOOL_NEW_KEYSTORE_PASSWORD", "another")
    assert run(*arguments).status == 4
    assert {path: path.read_bytes() for path in vault.rglob("*") if path.is_file()} == before


def test_a_table_that_cannot_be_changed_safely_is_said_before_anything_is_written(
    vault: Path, run: Any, people: Mapping[str, Somebody]
) -> None:
    assert run("protect").status == 0
    file = vault / "ciphertool.toml"
    keystore = '{path = "security/primary.p12", alias = "primary", certificate = "security/primary.pem"}'
    _, _, rest = file.read_text().partition("[repository]")
    file.write_text(f"keystore = {keystore}\n[repository]{rest}")
    before = (vault / VAULT).read_bytes()
    outcome = run(*_move(people))
    assert outcome.status == 3
    assert "is not spelled as one that can be changed" in outcome.err
    assert (vault / VAULT).read_bytes() == before


def test_a_run_that_is_killed_anywhere_loses_nothing_and_is_completed_by_the_same_command(
    vault: Path, people: Mapping[str, Somebody], run: Any
) -> None:
    _with_envelopes(vault, run)
    arguments = _move(people)
    before = vault.parent / "before"
    shutil.copytree(vault, before)
    whole = Fault(1 << 30)
    assert run_forked(vault, arguments, with_key=True, fault=whole)[0] == 0
    calls, _ = whole.told()
    assert calls >= 16
    seen = set()
    for number in range(1, calls + 1):
        shutil.rmtree(vault / "security")
        shutil.rmtree(vault / "keys")
        shutil.copytree(before, vault, dirs_exist_ok=True)
        assert run_forked(vault, arguments, with_key=True, fault=Fault(number))[0] == -1
        assert _values(vault) == ALL, f"after call {number} of {calls}"
        moved = "keys/ops.p12" in (vault / "ciphertool.toml").read_text()
        seen.add((moved, people["primary"].key in (vault / VAULT).read_text()))
        status, _, said = run_forked(vault, arguments, with_key=True)
        assert status == 0, said
        assert _values(vault) == ALL
        assert {key for wrapped in _keys(vault).values() for key in wrapped} == {people["ops"].key}
        assert run("recipients", "check").status == 0
    assert seen == {(False, True), (True, True), (True, False)}


def _with_scheme(vault: Path, scheme: str) -> None:
    text = (vault / "ciphertool.toml").read_text().partition("\n[encryption]\n")[0]
    (vault / "ciphertool.toml").write_text(f'{text}\n[encryption]\nscheme = "{scheme}"\n')


def _forms(vault: Path) -> set[str]:
    lines = (vault / VAULT).read_text().splitlines()
    return {line.split("ENC[", 1)[1].split(",", 1)[0] for line in lines if "=ENC[" in line}


def test_a_new_scheme_of_the_settings_is_checked_for_and_rotated_to(vault: Path, run: Any) -> None:
    assert run("protect").status == 0
    assert _forms(vault) == {"RSA-OAEP-256"}
    for scheme, form in (("envelope", "JWE"), ("RSA-OAEP-256", "RSA-OAEP-256"), ("envelope", "JWE")):
        _with_scheme(vault, scheme)
        checked = run("rotate", "--check", "--json")
        assert (checked.status, {row["outdated"] for row in json.loads(checked.out)["keys"]}) == (1, {"scheme"})
        assert run("rotate").status == 0
        assert _forms(vault) == {form}
        assert _values(vault) == SECRETS
        assert run("rotate", "--check").status == 0
    _with_scheme(vault, "auto")
    assert run("rotate", "--check").status == 0, "an envelope is as good under this scheme"
    assert run("rotate").status == 0
    assert _forms(vault) == {"RSA-OAEP-256"}
    assert not _keys(vault)


@pytest.mark.parametrize("to", [False, True])
def test_everything_that_does_not_fit_a_scheme_is_said_at_once_and_nothing_is_written(
    vault: Path, run: Any, people: Mapping[str, Somebody], to: bool
) -> None:
    _with_envelopes(vault, run)
    assert run("set", "longer", stdin=b"l" * 4000).status == 0
    _with_scheme(vault, "RSA-OAEP-256")
    before = {path: path.read_bytes() for path in vault.rglob("*") if path.is_file()}
    outcome = run(*(_move(people) if to else ["rotate"]))
    assert outcome.status == 3
    assert "'long': value is 3000 bytes; RSA-OAEP-256 can encrypt at most 190" in outcome.err
    assert "'longer': value is 4000 bytes" in outcome.err
    assert {path: path.read_bytes() for path in vault.rglob("*") if path.is_file()} == before


def test_a_spelling_for_which_a_scheme_has_no_room_is_named(vault: Path, run: Any) -> None:
    _with_envelopes(vault, run)
    assert run("remove", "long").status == 0
    _with_scheme(vault, "RSA-OAEP-256")
    outcome = run("rotate", "--json")
    assert (outcome.status, json.loads(outcome.out)["unspelled"]) == (0, ["spelled"])
    assert "warning: spelled: the scheme has no room for how the value was spelled" in outcome.err
    assert _values(vault) == {**SECRETS, "spelled": "c4n4ry-spelled"}


def test_to_another_key_pair_without_envelopes(vault: Path, run: Any, people: Mapping[str, Somebody]) -> None:
    """On the way it is an envelope all the same, which both keys can read."""
    _with_scheme(vault, "RSA-OAEP-256")
    assert run("protect").status == 0
    assert run(*_move(people)).status == 0
    assert _forms(vault) == {"RSA-OAEP-256"}
    assert _values(vault) == SECRETS
    assert people["ops"].key in (vault / VAULT).read_text()


def test_a_value_under_a_key_that_the_settings_do_not_name_is_found(
    vault: Path, run: Any, people: Mapping[str, Somebody]
) -> None:
    assert run("protect").status == 0
    text = (vault / "ciphertool.toml").read_text()
    for name in ("primary.p12", "primary.pem"):
        text = text.replace(f"security/{name}", f"keys/{name.replace('primary', 'ops')}")
    (vault / "ciphertool.toml").write_text(text.replace('alias = "primary"', 'alias = "ops"'))
    (vault / "keys/ops.pem").write_text(people["ops"].pem)
    checked = run("rotate", "--check")
    assert (checked.status, "not the keys of the settings" in checked.out) == (1, True)
    assert people["primary"].key in checked.out


def test_an_empty_vault_has_nothing_to_rotate(vault: Path, run: Any, people: Mapping[str, Somebody]) -> None:
    for more in ([], ["--dry-run"]):
        outcome = run("rotate", *more)
        assert (outcome.status, outcome.err) == (0, "nothing to rotate: the vault has no encrypted values\n")
    assert not (vault / VAULT).exists()
    outcome = run(*_move(people))
    assert (outcome.status, "new ones will be encrypted to the key" in outcome.err) == (0, True)
    assert run("protect").status == 0
    assert _values(vault) == SECRETS
    assert people["ops"].key in (vault / VAULT).read_text()


def test_the_work_is_reported_as_it_goes_on(vault: Path, run: Any) -> None:
    assert run("protect").status == 0
    loaded, passwords, seen = settings.load(vault / "ciphertool.toml"), PasswordChain((Environment(),)), []
    keys = rotation.open_keys(loaded, passwords, datetime.now(UTC))
    repository = VaultAccess(loaded, passwords).repository()
    rotation.plan(loaded, repository, keys, lambda *step: seen.append(step))
    every = [(step, done, len(SECRETS)) for step in ("decrypting", "encrypting", "proving") for done in range(1, 5)]
    assert seen == every
