"""`add`: a target at the end of the settings, and its value protected, or nothing at all."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from tests.changes.kills import Fault, run_forked, worlds
from tests.conftest import SECRETS, contents, strays
from tests.lifecycle.conftest import VAULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

TOML, MORE = "ciphertool.toml", "conf/more.yaml"
TEXT = "payment:\n  api_key: 'pk-4Kx9Lm2Qw8Zr'  # kept\n  user: me\n  none: ''\n"
TABLE = """
[[target]]
file = "conf/more.yaml"
selector = "$.payment.api_key"
alias = "more.payment.api_key"
"""


@pytest.fixture
def more(protected: Path) -> Path:
    """The protected project, and one more file, in clear."""
    (protected / MORE).write_text(TEXT)
    return protected


def test_the_target_that_the_audit_would_write_is_added_and_protected(more: Path, run: Run) -> None:
    before = contents(more)
    assert run("audit", MORE, "--write-targets").out.count("payment.api_key") == 2
    outcome = run("add", MORE, "$.payment.api_key")
    assert (outcome.status, outcome.out) == (0, "")
    assert "conf/more.yaml\n      2  more.payment.api_key  protected\n" in outcome.err
    assert "written: ciphertool.toml, security/vault.properties, conf/more.yaml\n" in outcome.err
    after = contents(more)
    assert after[TOML] == before[TOML] + TABLE.encode()
    assert after[MORE] == TEXT.replace("pk-4Kx9Lm2Qw8Zr", "${sec:more.payment.api_key}").encode()
    assert run("resolve", MORE).out == TEXT
    assert {name for name in after if after[name] != before.get(name)} == {TOML, MORE, VAULT}
    assert run("protect", "--dry-run").status == 0


def test_the_alias_and_the_place_are_those_that_are_named(more: Path, run: Run) -> None:
    server = (more / "conf/server.xml").read_text().replace('port="9443"', 'port="9443" key="c4n4ry-9"')
    (more / "conf/server.xml").write_text(server)
    before = contents(more)
    arguments = ("add", "conf/server.xml", "//Connector/@key", "--alias", "tls.key", "--json")
    declared = {"file": "conf/server.xml", "selector": "//Connector/@key", "alias": "tls.key"}
    tried = json.loads(run(*arguments, "--dry-run").out)
    assert (tried["target"], tried["encrypted"]) == (declared, ["tls.key"])
    assert [site["state"] for site in tried["files"][0]["sites"] if site["alias"] == "tls.key"] == ["planned"]
    assert contents(more) == before
    assert json.loads(run(*arguments).out)["target"] == declared
    assert Vault.open(more)["tls.key"].reveal() == "c4n4ry-9"
    assert 'key="$secret{tls.key}"' in (more / "conf/server.xml").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("$.payment.nothing",), "matches nothing"),
        (("$.payment.none",), "empty"),
        (("$.payment[",), "conf/more.yaml"),
        (("$.payment.api_key", "--alias", "app.smtp.password"), "app.smtp.password"),
        (("$.payment.api_key", "--alias", "with blank"), "alias may hold letters"),
        (("$.payment['api_key', 'user']",), "the selector names 2 values"),
    ],
)
def test_with_a_problem_nothing_is_written(more: Path, run: Run, arguments: tuple[str, ...], said: str) -> None:
    before = contents(more)
    outcome = run("add", MORE, *arguments)
    assert outcome.status == 3
    assert said in outcome.err
    assert contents(more) == before


def test_a_value_that_has_a_target_is_refused(more: Path, run: Run) -> None:
    before = contents(more)
    outcome = run("add", "conf/app.yaml", "$.smtp.password", "--alias", "x")
    assert outcome.status == 3
    assert "the target of {stem}.{key} names this value already" in outcome.err
    assert contents(more) == before


def test_several_values_get_an_alias_each_by_a_pattern(more: Path, run: Run) -> None:
    assert run("add", MORE, "$.payment['api_key', 'user']", "--alias", "more.{key}").status == 0
    secrets = {alias: secret.reveal() for alias, secret in Vault.open(more).items() if alias not in SECRETS}
    assert secrets == {"more.payment.api_key": "pk-4Kx9Lm2Qw8Zr", "more.payment.user": "me"}


def test_a_place_that_refers_to_a_secret_keeps_its_alias(more: Path, run: Run) -> None:
    (more / MORE).write_text("a:\n  b: ${sec:app.smtp.password}\n")
    before = contents(more)
    assert run("add", MORE, "$.a.b").status == 0
    after = contents(more)
    assert {name for name in after if after[name] != before[name]} == {TOML}
    assert after[TOML].endswith(b'alias = "app.smtp.password"\n')


@pytest.mark.parametrize(("before", "between"), [(b"# end", b"\r\n\r\n"), (b"# end\r\n", b"\r\n")])
def test_the_line_ends_of_the_settings_are_kept(more: Path, run: Run, before: bytes, between: bytes) -> None:
    text = b"\xef\xbb\xbf" + (more / TOML).read_bytes().replace(b"\n", b"\r\n") + before
    (more / TOML).write_bytes(text)
    assert run("add", MORE, "$.payment.api_key").status == 0
    assert (more / TOML).read_bytes() == text + between + TABLE.lstrip("\n").replace("\n", "\r\n").encode()
    assert run("check").status == 0


def test_a_product_s_own_files_get_no_target(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    world = next(world for world in worlds() if world.name == "carbon4")
    world.build(tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "a keystore password")
    before = contents(tmp_path / "home")
    outcome = run("add", "repository/conf/axis2/axis2.xml", "//parameter", "--home", ".")
    assert outcome.status == 3
    assert "a product's own files declare what is protected" in outcome.err
    assert contents(tmp_path / "home") == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_that_is_killed_anywhere_is_completed_by_protect(more: Path, run: Run) -> None:
    """Or, if it was killed before it wrote anything, by the same command."""
    before = more.parent / "before-target"
    shutil.copytree(more, before)
    command = ["add", MORE, "$.payment.api_key"]
    number, states = 0, set[tuple[bool, ...]]()
    while True:
        number += 1
        for name in (TOML, MORE, VAULT):
            shutil.copy(before / name, more / name)
        if run_forked(more, command, with_key=True, fault=Fault(number))[0] != -1:
            break
        state = tuple((more / name).read_bytes() != (before / name).read_bytes() for name in (TOML, VAULT, MORE))
        states.add(state)
        text = (more / MORE).read_text()
        assert text == TEXT or run("resolve", MORE).out == TEXT
        for again in [["protect"]] if state[0] else [["protect"], command]:
            status, _, said = run_forked(more, again, with_key=True)
            assert status == 0, said
        assert "pk-4" not in (more / MORE).read_text()
        assert run("resolve", MORE).out == TEXT
        assert (more / TOML).read_bytes() == (before / TOML).read_bytes() + TABLE.encode()
        assert not strays(more)
    assert states == {(False,) * 3, (True, False, False), (True, True, False), (True, True, True)}
