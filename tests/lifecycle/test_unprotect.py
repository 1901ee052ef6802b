"""`unprotect`: plaintext back into the files, byte for byte, only if a person says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, lifecycle, settings
from ciphertool.changes import commit
from ciphertool.errors import ConflictError
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.vault.at_hand import OpenerAtHand
from ciphertool.vault.opening import VaultAccess
from ciphertool.vault.resolver import Resolver
from tests.changes.kills import Fault, run_forked
from tests.conftest import APP_YAML, SECRETS, SERVER_XML, strays

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

YAML, XML, VAULT, TOML = "conf/app.yaml", "conf/server.xml", "security/vault.properties", "ciphertool.toml"
ASK = Path(__file__).parents[1] / "cli/ask.py"


def _contents(project: Path) -> dict[str, bytes]:
    return {name: (project / name).read_bytes() for name in (YAML, XML, VAULT, TOML)}


def _resolver(project: Path) -> Resolver:
    found = settings.load(project)
    access = VaultAccess(found, PasswordChain((Environment(),)))
    opener = OpenerAtHand(lambda: access.to_open().opener)
    return Resolver(access.repository(), opener, warn=lambda _: None, tell=lambda _: None)


def test_a_file_is_as_it_was_and_everything_else_as_it_is(protected: Path, run: Run) -> None:
    (protected / YAML).chmod(0o640)
    before = _contents(protected)
    outcome = run("unprotect", YAML, "--yes")
    assert (outcome.status, outcome.out) == (0, "")
    assert "restored: conf/app.yaml: app.datasource.password, app.smtp.password\n" in outcome.err
    assert "the next `ciphertool protect` encrypts them again" in outcome.err
    assert "c4n4ry" not in outcome.err
    assert _contents(protected) == {**before, YAML: APP_YAML.encode()}
    assert (protected / YAML).stat().st_mode & 0o777 == 0o640
    assert run("unprotect", YAML, "--yes").err == "nothing to do\n"
    assert run("protect").status == 0
    assert _contents(protected) == before


def test_of_an_alias_every_reference_is_replaced_and_no_other(protected: Path, run: Run) -> None:
    """In two files, in a part of a value too; the references beside it stay."""
    more = "url: http://u:${sec:app.smtp.password}@h/${sec:app.datasource.password}\n"
    (protected / "conf/more.yaml").write_text(more)
    with (protected / TOML).open("a") as stream:
        stream.write('[[target]]\nfile = "conf/more.yaml"\nselector = "$.none"\nalias = "x"\noptional = true\n')
    before = _contents(protected)
    outcome = run("unprotect", "app.smtp.password", "--yes", "--json")
    assert json.loads(outcome.out) == {
        "written": True,
        "files": [
            {"path": YAML, "aliases": ["app.smtp.password"]},
            {"path": "conf/more.yaml", "aliases": ["app.smtp.password"]},
        ],
    }
    written = (protected / YAML).read_text()
    assert "'c4n4ry''yaml-2'" in written
    assert "${sec:app.datasource.password}" in written
    assert (protected / "conf/more.yaml").read_text() == more.replace("${sec:app.smtp.password}", "c4n4ry%27yaml-2")
    assert _contents(protected) == {**before, YAML: written.encode()}


def test_the_vault_s_own_spelling_of_a_value_comes_back(protected: Path, run: Run) -> None:
    text = '{"password": "c4n4ry\\u002djson", "note": "kept"}\n'
    (protected / "conf/web.json").write_text(text)
    with (protected / TOML).open("a") as stream:
        stream.write('[[target]]\nfile = "conf/web.json"\nselector = "$.password"\nalias = "web.password"\n')
    assert run("protect").status == 0
    assert "c4n4ry" not in (protected / "conf/web.json").read_text()
    assert run("unprotect", "web.password", "--yes").status == 0
    assert (protected / "conf/web.json").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "name a file or an alias"),
        ((YAML,), 2, "there is no terminal to ask on"),
        (("app.smtp.passwort", "--yes"), 5, "did you mean app.smtp.password?"),
        (("other.yaml", "--yes"), 3, "no target names this file"),
    ],
)
def test_what_is_refused_writes_nothing(
    protected: Path, run: Run, arguments: tuple[str, ...], status: int, said: str
) -> None:
    (protected / "other.yaml").write_text("password: ${sec:app.smtp.password}\n")
    before = _contents(protected)
    outcome = run("unprotect", *arguments)
    assert outcome.status == status
    assert said in outcome.err
    assert "passwort" not in outcome.err
    assert _contents(protected) == before


def test_a_dry_run_says_which_files_and_writes_none(protected: Path, run: Run) -> None:
    before = _contents(protected)
    (protected / XML).chmod(0o644)
    outcome = run("unprotect", XML, "--dry-run")
    assert outcome.status == 0
    assert "would be restored: conf/server.xml: server.keystore.password, server.admin.password\n" in outcome.err
    assert "warning: conf/server.xml: every user of this machine can read it\n" in outcome.err
    assert _contents(protected) == before


@pytest.mark.parametrize(("answer", "status"), [("yes", 0), ("n", 130), ("4", 130)])
def test_a_person_is_asked(protected: Path, answer: str, status: int) -> None:
    """4 ends the input."""
    before = _contents(protected)
    command = [sys.executable, str(ASK), answer, sys.executable, "-m", "ciphertool", "unprotect", YAML]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Write app.datasource.password, app.smtp.password in clear to conf/app.yaml? [y/N] " in done.stdout
    assert done.returncode == status
    assert _contents(protected) == (before if status else {**before, YAML: APP_YAML.encode()})


def test_the_private_key_is_needed(protected: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "wrong")
    before = _contents(protected)
    assert run("unprotect", YAML, "--yes").status == 4
    assert _contents(protected) == before


def test_a_secret_that_reads_as_a_reference_stays_in_the_vault(protected: Path, run: Run) -> None:
    for value in ("${sec:app.datasource.password}", "${sec:app.smtp.password}", "$secret{app.smtp.password}"):
        assert run("set", "app.smtp.password", stdin=value.encode()).status == 0
        before = _contents(protected)
        for name in (YAML, "app.smtp.password"):
            outcome = run("unprotect", name, "--yes")
            assert outcome.status == 3
            assert "would be read as a reference" in outcome.err
        assert _contents(protected) == before


def test_a_reference_that_does_not_resolve_keeps_every_file_as_it_is(protected: Path, run: Run) -> None:
    assert run("remove", "server.admin.password", "--force").status == 0
    before = _contents(protected)
    outcome = run("unprotect", YAML, XML, "--yes")
    assert outcome.status == 5
    assert "server.admin.password" in outcome.err
    assert _contents(protected) == before
    assert run("unprotect", "server.keystore.password", "--yes").status == 0, "another reference of the same file"


def test_somebody_else_s_change_is_not_overwritten(protected: Path) -> None:
    found, resolver = settings.load(protected), _resolver(protected)
    change = lifecycle.unprotect(found, resolver, [YAML])
    theirs = (protected / YAML).read_bytes() + b"# theirs\n"
    (protected / YAML).write_bytes(theirs)
    with pytest.raises(ConflictError), commit.begin(found.anchor) as transaction:
        transaction.apply(change.changes)
    assert (protected / YAML).read_bytes() == theirs


def test_a_vault_that_changed_in_the_meantime_is_noticed(protected: Path, run: Run) -> None:
    resolver = _resolver(protected)
    lifecycle.require_unchanged(settings.load(protected), resolver.repository)
    assert run("set", "app.smtp.password", stdin=b"new").status == 0
    with pytest.raises(ConflictError, match="changed during processing"):
        lifecycle.require_unchanged(settings.load(protected), resolver.repository)


def test_an_interrupted_run_is_completed_first(protected: Path, run: Run) -> None:
    journal = protected / "security/.ciphertool-journal"
    journal.write_text(
        '{"ciphertool": 1, "repository": "vault.properties", "identity": null, "entries": {}, "files": {}}\n'
    )
    journal.chmod(0o600)
    before = _contents(protected)
    assert run("unprotect", YAML, "--yes").status == 7
    assert _contents(protected) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_that_is_killed_loses_nothing_and_the_next_one_completes_it(protected: Path) -> None:
    before = _contents(protected)
    original = {YAML: APP_YAML.encode(), XML: SERVER_XML.encode()}
    command = ["unprotect", YAML, XML, "--yes"]
    number, seen = 0, set[int]()
    while True:
        number += 1
        for name, data in before.items():
            (protected / name).write_bytes(data)
        status = run_forked(protected, command, with_key=True, fault=Fault(number))[1]
        if not os.WIFSIGNALED(status):
            break
        now = _contents(protected)
        for name, data in original.items():
            assert now[name] in (before[name], data)
        assert (now[VAULT], now[TOML]) == (before[VAULT], before[TOML])
        seen.add(sum(now[name] == data for name, data in original.items()))
        assert {alias: secret.reveal() for alias, secret in Vault.open(protected).items()} == SECRETS
        assert run_forked(protected, command, with_key=True)[0] == 0
        assert _contents(protected) == {**before, **original}
        assert not strays(protected)
    assert number > 8
    assert seen == {0, 1, 2}
