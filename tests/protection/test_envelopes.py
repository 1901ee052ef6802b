"""`protect` with envelopes: what it writes opens, and a content key that somebody put into the vault is never used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from ciphertool.ciphertext import Envelope, Native
from ciphertool.engine import LocalKey
from ciphertool.engine.envelope import ContentKey, Recipient
from ciphertool.errors import DecryptionError, MovedCiphertextError
from ciphertool.files import read
from ciphertool.keystore import open_keystore
from ciphertool.repository import Encrypted, repository_of
from ciphertool.secret import Secret
from tests.conftest import APP_YAML, PASSWORD, SECRETS, SERVER_XML

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ciphertool.ciphertext import Ciphertext
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

REPOSITORY = "security/vault.properties"
ATTACKERS_BITS = bytes(range(32))
PEM = "-----BEGIN PRIVATE KEY-----\n" + "c4n4ry/+" * 400 + "\n-----END PRIVATE KEY-----\n"


def _state(project: Path, scheme: str) -> None:
    settings = project / "ciphertool.toml"
    settings.write_text(f'[encryption]\nscheme = "{scheme}"\n{settings.read_text()}')


def _stored(project: Path) -> dict[str, Ciphertext]:
    entries = repository_of("native", read(project / REPOSITORY)).entries
    return {alias: one.stored.ciphertext for alias, one in entries.items() if isinstance(one.stored, Encrypted)}


def _resolved(project: Path) -> dict[str, str]:
    vault = Vault.open(project)
    return {alias: vault[alias].reveal() for alias in _stored(project)}


def _key(project: Path) -> LocalKey:
    key = open_keystore(project / "security/primary.p12", PASSWORD).key("primary")
    assert isinstance(key, LocalKey)
    return key


def _injected(project: Path) -> list[ContentKey]:
    """Put content keys that an attacker knows into the vault, made for its recipient, before and behind any other.

    One has a value, as a content key of a run has.
    """
    recipient = Recipient(_key(project).public)
    known = [ContentKey(identity * 12, ATTACKERS_BITS) for identity in "0f"]
    lines = [f"{{{one.id}}}{recipient.id}={one.wrapped_for(recipient)}\n" for one in known]
    lines.append(f"attackers={Envelope(known[0].id, known[0].seal('attackers', Secret('known')))}\n")
    with (project / REPOSITORY).open("a") as vault:
        vault.writelines(lines)
    return known


def _require_unreadable(known: list[ContentKey], made: dict[str, Ciphertext]) -> None:
    for alias, ciphertext in made.items():
        assert isinstance(ciphertext, Envelope)
        assert ciphertext.content_key not in {one.id for one in known}
        for one in known:
            with pytest.raises(DecryptionError):
                ContentKey(ciphertext.content_key, ATTACKERS_BITS).open(alias, ciphertext.token)
            with pytest.raises(DecryptionError):
                one.open(alias, ciphertext.token)


@pytest.fixture
def enveloped(certified: Path) -> Path:
    """The project, whose values are all envelopes; the certificate is beside the keystore."""
    _state(certified, "envelope")
    return certified


def test_what_is_protected_resolves(enveloped: Path, run: Run) -> None:
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    assert all(isinstance(one, Envelope) for one in _stored(enveloped).values())
    assert _resolved(enveloped) == SECRETS
    assert run("check").status == 0
    for name, text in (("conf/app.yaml", APP_YAML), ("conf/server.xml", SERVER_XML)):
        assert run("resolve", name).out == text
    assert run("protect").out.count("already protected") or run("protect").status == 0
    text = (enveloped / REPOSITORY).read_text()
    assert run("protect").status == 0
    assert (enveloped / REPOSITORY).read_text() == text
    assert text.count("\n{") == 1


@pytest.mark.parametrize("with_key", [True, False])
def test_a_content_key_that_an_attacker_knows_is_never_used(
    enveloped: Path, run: Run, monkeypatch: pytest.MonkeyPatch, with_key: bool
) -> None:
    (enveloped / REPOSITORY).write_text("")
    known = _injected(enveloped)
    assert Vault.open(enveloped)["attackers"].reveal() == "known"  # such a key is in order, which is the point
    if not with_key:
        monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    made = _stored(enveloped)
    del made["attackers"]
    assert set(made) == set(SECRETS)
    _require_unreadable(known, made)
    (enveloped / "conf/app.yaml").write_text(APP_YAML.replace("c4n4ry", "n3w"), encoding="utf-8")
    outcome = run("protect", "--take", "file")
    assert outcome.status == 0, outcome.err
    again = _stored(enveloped)
    changed = {alias: one for alias, one in again.items() if one != made.get(alias) and alias != "attackers"}
    assert set(changed) == {"app.datasource.password", "app.smtp.password"}
    _require_unreadable(known, changed)
    assert {one.content_key for one in changed.values() if isinstance(one, Envelope)}.isdisjoint(
        one.content_key for one in made.values() if isinstance(one, Envelope)
    )
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    assert _resolved(enveloped) == {
        alias: value.replace("c4n4ry", "n3w") if alias.startswith("app.") else value
        for alias, value in (*SECRETS.items(), ("attackers", "known"))
    }


@pytest.mark.parametrize("with_key", [True, False])
def test_a_value_in_clear_in_the_vault_is_encrypted_under_the_runs_own_key(
    enveloped: Path, run: Run, monkeypatch: pytest.MonkeyPatch, with_key: bool
) -> None:
    (enveloped / REPOSITORY).write_text("by.hand=[c4n4ry-by-hand]\n")
    known = _injected(enveloped)
    if not with_key:
        monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    assert run("protect").status == 0
    made = _stored(enveloped)
    del made["attackers"]
    assert "by.hand" in made
    _require_unreadable(known, made)


def test_set_never_uses_a_content_key_that_an_attacker_knows(enveloped: Path, run: Run) -> None:
    (enveloped / REPOSITORY).write_text("")
    known = _injected(enveloped)
    for value in (b"c4n4ry-1", b"c4n4ry-2"):
        outcome = run("set", "new.alias", stdin=value)
        assert outcome.status == 0, outcome.err
        made = _stored(enveloped)
        del made["attackers"]
        assert set(made) == {"new.alias"}
        _require_unreadable(known, made)
    assert Vault.open(enveloped)["new.alias"].reveal() == "c4n4ry-2"


def test_a_content_key_for_another_reader_stops_the_run(enveloped: Path, run: Run) -> None:
    """Who adds himself to a content key is found by the settings, which do not name him."""
    assert run("protect").status == 0
    text = (enveloped / REPOSITORY).read_text()
    line = next(line for line in text.splitlines() if line.startswith("{"))
    (enveloped / REPOSITORY).write_text(f"{text}{line[:14]}{'0' * 16}={line.partition('=')[2]}\n")
    (enveloped / "conf/app.yaml").write_text(APP_YAML, encoding="utf-8")
    before = (enveloped / REPOSITORY).read_bytes()
    outcome = run("protect")
    assert outcome.status == 4
    assert f"can be read by {'0' * 16}" in outcome.err
    assert (enveloped / REPOSITORY).read_bytes() == before
    assert (enveloped / "conf/app.yaml").read_text(encoding="utf-8") == APP_YAML


def test_auto_makes_an_envelope_of_what_no_block_holds(certified: Path, run: Run) -> None:
    """A value too long for a block no longer stops the run; the others stay blocks."""
    (certified / "conf/app.yaml").write_text(f"smtp:\n  password: {PEM!r}\n")
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    made = _stored(certified)
    kinds = {alias: type(one) for alias, one in made.items()}
    assert kinds.pop("app.smtp.password") is Envelope
    assert set(kinds.values()) == {Native}
    assert _resolved(certified)["app.smtp.password"] == PEM.replace("\n", "\\n")


def test_a_vault_of_blocks_stays_one(certified: Path, run: Run) -> None:
    """What was written before there were envelopes opens, and is not written again."""
    _state(certified, "RSA-OAEP-256")
    assert run("protect").status == 0
    before = (certified / REPOSITORY).read_bytes()
    assert {type(one) for one in _stored(certified).values()} == {Native}
    settings = certified / "ciphertool.toml"
    for scheme in ("auto", "envelope"):
        settings.write_text(settings.read_text().replace("RSA-OAEP-256", scheme).replace('"auto"', f'"{scheme}"'))
        assert run("protect").status == 0
        assert (certified / REPOSITORY).read_bytes() == before
        assert _resolved(certified) == SECRETS
        assert run("check").status == 0


@pytest.mark.parametrize("with_key", [True, False])
def test_a_moved_envelope_is_named(enveloped: Path, run: Run, monkeypatch: pytest.MonkeyPatch, with_key: bool) -> None:
    assert run("protect").status == 0
    made = _stored(enveloped)
    text = (enveloped / REPOSITORY).read_text()
    one, other = "app.datasource.password", "server.keystore.password"
    (enveloped / REPOSITORY).write_text(text.replace(str(made[one]), str(made[other])))
    with pytest.raises(MovedCiphertextError) as e:
        Vault.open(enveloped)[one]
    assert (e.value.alias, e.value.made_for) == (one, other)
    if not with_key:
        monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    outcome = run("protect")
    assert outcome.status == 5
    assert f"was made for {other!r} and moved" in outcome.err if with_key else "another alias" in outcome.err


@pytest.mark.parametrize("with_key", [True, False])
def test_a_lost_content_key_is_named(
    enveloped: Path, run: Run, monkeypatch: pytest.MonkeyPatch, with_key: bool
) -> None:
    assert run("protect").status == 0
    lines = (enveloped / REPOSITORY).read_text().splitlines(keepends=True)
    (lost,) = (line for line in lines if line.startswith("{"))
    (enveloped / REPOSITORY).write_text("".join(line for line in lines if line != lost))
    if not with_key:
        monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    outcome = run("protect")
    assert outcome.status == 5
    assert f"the vault has no content key {lost[1:13]}" in outcome.err
    assert outcome.err.count("the vault has no content key") == len(SECRETS)


def test_additions_on_two_branches_merge(enveloped: Path, run: Run) -> None:
    """Lines of values and of content keys are sorted, so that what two runs add is not one conflict of all of it."""
    first = enveloped / REPOSITORY
    assert run("protect").status == 0
    base = first.read_text()
    sides = []
    for alias in ("aaa", "zzz"):
        first.write_text(f"{alias}=[c4n4ry-{alias}]\n{base}")
        assert run("protect").status == 0
        sides.append(first.read_text().splitlines(keepends=True))
    merged = sorted({*sides[0], *sides[1]}, key=lambda line: line.partition("=")[0])
    first.write_text("".join(merged))
    assert _resolved(enveloped) == {**SECRETS, "aaa": "c4n4ry-aaa", "zzz": "c4n4ry-zzz"}
    assert len(repository_of("native", read(first)).keys) == 3
