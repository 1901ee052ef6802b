"""The vault as an application lives on it: load, check, reload, watch, threads, forks, placeholders."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.pretty import pretty_repr

from ciphertool import CipherToolError, ProblemsError, UnknownAliasError, Vault
from ciphertool.errors import (
    ConfigError,
    DecryptionError,
    ForeignKeyError,
    MovedCiphertextError,
    NoPasswordError,
    UnknownPlaceholderError,
    WrongKeyOrDamagedError,
    WrongKeystorePasswordError,
)
from ciphertool.passwords import Environment, PasswordChain, PasswordFile, Passwords
from ciphertool.repository import open_repository
from ciphertool.secret import Secret
from ciphertool.settings import Overrides
from ciphertool.vault.opening import VaultAccess
from tests.conftest import SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

ALIAS, VALUE = "app.datasource.password", SECRETS["app.datasource.password"]
FORMATS = {
    "a.yaml": "a: ${sec:ALIAS}\nb: [x, 'p:$secret{ALIAS}@h']\nn: 1\n",
    "a.json": '{"a": "$secret{ALIAS}", "b": ["x", "p:$secret{ALIAS}@h"], "n": 1}',
    "a.toml": 'a = "$secret{ALIAS}"\nb = ["x", "p:$secret{ALIAS}@h"]\nn = 1\n',
    "a.properties": "a=secretAlias:ALIAS\nb=p:$secret{ALIAS}@h\nc={wso2:vault-lookup('ALIAS')}\n",
    "a.env": "a='$secret{ALIAS}'\nb='p:$secret{ALIAS}@h'\nalone\n",
    "a.ini": "[s]\na = $secret{ALIAS}\nb = p:$secret{ALIAS}@h\nalone\n",
}
DATA = {
    "a.yaml": {"a": VALUE, "b": ["x", f"p:{VALUE}@h"], "n": 1},
    "a.json": {"a": VALUE, "b": ["x", f"p:{VALUE}@h"], "n": 1},
    "a.toml": {"a": VALUE, "b": ["x", f"p:{VALUE}@h"], "n": 1},
    "a.properties": {"a": VALUE, "b": f"p:{VALUE}@h", "c": VALUE},
    "a.env": {"a": VALUE, "b": f"p:{VALUE}@h", "alone": None},
    "a.ini": {"DEFAULT": {}, "s": {"a": VALUE, "b": f"p:{VALUE}@h", "alone": None}},
}


def _chain(error: BaseException) -> str:
    """All that a traceback of the error would show."""
    import traceback

    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


@pytest.fixture
def vault(protected: Path) -> Vault:
    return Vault.open(protected)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_loaded_as_plain_data(vault: Vault, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FORMATS[name].replace("ALIAS", ALIAS))
    assert vault.load(tmp_path / name) == DATA[name]


def test_xml_is_loaded_as_a_tree_in_all_shapes_and_any_prefix(vault: Vault, tmp_path: Path) -> None:
    text = (
        '<r xmlns:s="http://org.wso2.securevault/configuration"><a s:secretAlias="ALIAS">password</a>'
        '<b s:secretAlias="ALIAS"></b><c s:secretAlias="ALIAS"/><d e="$secret{ALIAS}">jdbc:${sec:ALIAS};x</d>'
        "<f>{wso2:vault-lookup('ALIAS')}</f></r>"
    ).replace("ALIAS", ALIAS)
    (tmp_path / "a.xml").write_text(text)
    root = vault.load(tmp_path / "a.xml").getroot()
    assert [root.findtext(tag) for tag in "abcdf"] == [VALUE, VALUE, VALUE, f"jdbc:{VALUE};x", VALUE]
    assert root.find("d").get("e") == VALUE
    assert b"secretAlias" not in vault.resolve_file(tmp_path / "a.xml")


def test_all_references_that_fail_are_told_at_once_with_their_lines(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"ok: ${{sec:{ALIAS}}}\na: ${{sec:no.a}}\n\nb: x$secret{{no.b}}\nagain: ${{sec:no.a}}\n")
    with pytest.raises(ProblemsError) as e:
        vault.load(path)
    told = [(type(p), p.path, p.line, getattr(p, "alias", None)) for p in e.value.problems]
    assert told == [(UnknownAliasError, path, line, alias) for line, alias in ((2, "no.a"), (4, "no.b"), (5, "no.a"))]
    with pytest.raises(ProblemsError) as tree:
        vault.resolve_tree({"a": "$secret{no.a}", "b": ["$secret{no.b}"]})
    assert len(tree.value.problems) == 2


def test_a_tree_is_copied_with_its_strings_resolved(vault: Vault) -> None:
    given = {"a": [f"$secret{{{ALIAS}}}", 1, None, (f"x${{sec:{ALIAS}}}",)], f"$secret{{{ALIAS}}}": True}
    assert vault.resolve_tree(given) == {"a": [VALUE, 1, None, (f"x{VALUE}",)], f"$secret{{{ALIAS}}}": True}
    assert given["a"][0] == f"$secret{{{ALIAS}}}"  # type: ignore[index]


def test_placeholders_are_filled_on_request_only_and_never_within_a_secret(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "conf/app.yaml").write_text("password: '${env:CT_X}'\n")
    config = project / "ciphertool.toml"
    config.write_text(config.read_text().replace('alias = "{stem}.{key}"', 'alias = "{stem}.{key}"\nliteral = true'))
    assert run("protect").status == 0
    monkeypatch.setenv("CT_X", "from the environment")
    text = "a: ${env:CT_X}\nb: $env{CT_X}-${sys:name}\nc: '${env:CT_NOT,a default}'\n"
    text += "d: 'x${sec:app.password}${env:CT_X}'\n"
    (project / "a.yaml").write_text(text)
    vault = Vault.open(overrides=Overrides(define={"name": "defined"}))
    plain = vault.load("a.yaml")
    assert (plain["a"], plain["d"]) == ("${env:CT_X}", "x${env:CT_X}${env:CT_X}")
    assert vault.load("a.yaml", placeholders=True) == {
        "a": "from the environment",
        "b": "from the environment-defined",
        "c": "a default",
        "d": "x${env:CT_X}from the environment",
    }
    (project / "a.yaml").write_text("ok: 1\nc: '${env:CT_NOT}'\n")
    with pytest.raises(UnknownPlaceholderError) as e:
        vault.load("a.yaml", placeholders=True)
    assert (e.value.kind, e.value.name, e.value.path, e.value.line) == ("env", "CT_NOT", Path("a.yaml"), 2)


# --- errors: their facts, and no secret ------------------------------------------------------------------------------


def _entry(root: Path) -> str:
    lines = (root / "security/vault.properties").read_text().splitlines()
    return next(line for line in lines if line.startswith(ALIAS)).partition("=")[2]


def _store(root: Path, alias: str, stored: str) -> None:
    with (root / "security/vault.properties").open("a") as repository:
        repository.write(f"{alias}={stored}\n")


def test_a_damaged_a_moved_and_a_foreign_ciphertext_are_told_apart(protected: Path) -> None:
    stored = _entry(protected)
    key_id = stored.split(",")[1]
    _store(protected, "damaged", stored[:60] + ("A" if stored[60] != "A" else "B") + stored[61:])
    _store(protected, "moved", stored)
    _store(protected, "foreign", stored.replace(key_id, "0" * 16))
    _store(protected, "waiting", "[c4n4ry-waiting]")
    _store(protected, "bare", "c4n4ry-bare")
    vault = Vault.open(protected)
    shown = ""
    kinds: dict[str, type[CipherToolError]] = {
        "damaged": WrongKeyOrDamagedError,
        "moved": MovedCiphertextError,
        "foreign": ForeignKeyError,
        "waiting": DecryptionError,
        "bare": DecryptionError,
        "absent": UnknownAliasError,
    }
    for alias, kind in kinds.items():
        with pytest.raises(kind) as e:
            vault[alias]
        assert repr(alias) in e.value.message
        if alias != "absent":
            assert (e.value.path, e.value.line is None) == (protected / "security/vault.properties", False)
        assert e.value.hint
        shown += _chain(e.value)
        if isinstance(e.value, MovedCiphertextError):
            assert e.value.made_for == ALIAS
        if isinstance(e.value, ForeignKeyError):
            assert (e.value.key_id, e.value.expected) == ("0" * 16, key_id)
    assert "c4n4ry" not in shown


def test_passwords_that_are_not_there_or_wrong_are_told_and_not_shown(
    protected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    with pytest.raises(NoPasswordError) as none:
        Vault.open(protected)[ALIAS]
    assert "CIPHERTOOL_KEYSTORE_PASSWORD" in none.value.hint
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "c4n4ry-wrong")
    with pytest.raises(WrongKeystorePasswordError) as wrong:
        Vault.open(protected)[ALIAS]
    assert wrong.value.path == protected / "security/primary.p12"
    assert "c4n4ry" not in _chain(wrong.value)


def test_a_world_readable_password_file_is_warned_of(protected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"]
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    (protected / "p").write_text(password)
    (protected / "p").chmod(0o644)
    warned: list[str] = []
    vault = Vault.open(protected, passwords=PasswordChain([PasswordFile(protected / "p")]), warn=warned.append)
    assert vault[ALIAS].reveal() == VALUE
    assert [str(protected / "p") in message and password not in message for message in warned] == [True]


# --- one vault for long ----------------------------------------------------------------------------------------------


def test_the_keystore_is_opened_once_and_a_secret_is_kept(protected: Path) -> None:
    vault = Vault.open(protected)
    first = vault[ALIAS]
    (protected / "security/primary.p12").unlink()
    assert vault[ALIAS] is first
    assert vault["app.smtp.password"].reveal() == SECRETS["app.smtp.password"]


def test_a_secret_by_its_alias_costs_no_parser_of_documents(protected: Path) -> None:
    """They would take a third of an application's start, for nothing."""
    parsers = [
        f"ciphertool.rewriters.{name}" for name in ("toml", "tree", "jsonpath", "json", "yaml", "xml", "env", "ini")
    ]
    program = f"""
import sys
from ciphertool import Vault
assert Vault.open({str(protected / "ciphertool.toml")!r})[{ALIAS!r}].reveal() == {VALUE!r}
print(*sorted({{"json", "lxml", "ruamel.yaml", *{parsers!r}}} & {{*sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_reload_takes_all_or_leaves_all(protected: Path, run: Run) -> None:
    vault = Vault.open(protected)
    old = vault[ALIAS]
    made = run("encrypt", "--secret-alias", ALIAS, stdin=b"changed").out.strip()
    repository = protected / "security/vault.properties"
    text = repository.read_text()
    kept = _entry(protected)
    repository.write_text(text.replace(kept, made))
    assert vault[ALIAS] is old
    vault.reload()
    assert (vault[ALIAS].reveal(), old.reveal()) == ("changed", VALUE)
    for broken in (text.replace(kept, made[:-9] + "AAAAAAA=]"), text.replace(ALIAS, "renamed"), "\\u12"):
        repository.write_text(broken)
        with pytest.raises(CipherToolError):
            vault.reload()
        assert vault[ALIAS].reveal() == "changed"
    repository.unlink()
    with pytest.raises(ConfigError, match="no such secret repository"):
        vault.reload()
    assert vault[ALIAS].reveal() == "changed"


def test_a_watching_vault_follows_a_change_and_survives_a_broken_one(protected: Path, run: Run) -> None:
    warned: list[str] = []
    vault = Vault.open(protected, watch=0.0, warn=warned.append)
    assert vault[ALIAS].reveal() == VALUE
    repository = protected / "security/vault.properties"
    changed = repository.read_text().replace(
        _entry(protected), run("encrypt", "--secret-alias", ALIAS, stdin=b"changed").out.strip()
    )
    (protected / "new").write_text(changed)
    (protected / "new").replace(repository)
    assert vault[ALIAS].reveal() == "changed"
    (protected / "new").write_text("\\u12")
    (protected / "new").replace(repository)
    assert vault[ALIAS].reveal() == "changed"
    assert "could not be reloaded" in warned[0]


def test_many_threads_resolve_while_the_vault_changes_and_is_reloaded(vault: Vault) -> None:
    """A small sample of scripts/soak: of each alias one of its two values, and in one call all of the same state."""
    repository = open_repository(vault.settings.kind, vault.settings.repository)
    sealer = VaultAccess(vault.settings, PasswordChain((Environment(),))).to_seal(now=datetime.now(UTC)).sealer
    others = {alias: f"another {value}" for alias, value in SECRETS.items()}
    changes = {alias: sealer.seal(alias, Secret(value)) for alias, value in others.items()}
    states = [(repository.snapshot.bytes, SECRETS), (repository.updated(changes), others)]
    wrong: list[object] = []
    seen: set[str] = set()

    def work() -> None:
        try:
            for _ in range(40):
                tree = vault.resolve_tree({alias: f"$secret{{{alias}}}" for alias in SECRETS})
                if tree not in [values for _, values in states]:
                    wrong.append(tree)
                for alias in SECRETS:
                    seen.add(vault[alias].reveal())
                time.sleep(0.001)
        except CipherToolError as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for stored, _ in states:
            (repository.path.parent / "new").write_bytes(stored)
            (repository.path.parent / "new").replace(repository.path)
            vault.reload()
    assert wrong == []
    assert seen == {*SECRETS.values(), *others.values()}


class SlowSource:
    """A source that has its password when it is told to."""

    name = "a slow source"
    variables = ()

    def __init__(self, password: str) -> None:
        self._password = password
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def read(self) -> Passwords:
        self.asked.set()
        self.may_answer.wait(1)  # for which a fork waits
        return Passwords(self._password)


def test_a_forked_child_goes_on_though_another_thread_was_opening_the_keystore(protected: Path) -> None:
    source = SlowSource(os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"])
    vault = Vault.open(protected, passwords=PasswordChain([source]))
    thread = threading.Thread(target=lambda: vault[ALIAS])
    thread.start()
    source.asked.wait(30)
    child = os.fork()
    if child == 0:
        source.may_answer = threading.Event()  # the fork has taken a lock within the event along
        source.may_answer.set()
        source.asked = threading.Event()
        os._exit(0 if vault[ALIAS].reveal() == VALUE else 1)
    deadline = time.monotonic() + 30
    done = (0, 0)
    while not done[0] and time.monotonic() < deadline:
        done = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    source.may_answer.set()
    thread.join()
    if not done[0]:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert done == (child, 0)
    child = os.fork()
    if child == 0:
        os._exit(0 if vault["app.smtp.password"].reveal() == SECRETS["app.smtp.password"] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_what_was_resolved_is_masked_in_logs_after_a_reload_too(vault: Vault) -> None:
    import logging

    redactor = vault.redactor()
    record = logging.makeLogRecord({"msg": f"connecting with {VALUE}"})
    redactor.filter(record)
    assert VALUE in record.msg
    vault[ALIAS]
    vault.reload()
    redactor.filter(record)
    assert record.msg == "connecting with ****"


# --- [secrets] of a deployment.toml ----------------------------------------------------------------------------------


def test_the_secrets_of_a_deployment_toml_resolve(protected: Path, run: Run) -> None:
    made = run("encrypt", "--transformation", "RSA/ECB/PKCS1Padding", stdin="pässwörd".encode()).out.strip()
    path = protected / "deployment.toml"
    path.write_text(
        f'[db]\npassword = "$secret{{a.b}}"\n[secrets]\n"a.b" = "{made}"\nplain = "[c4n4ry]"\nodd = 3\n', "utf-8"
    )
    (protected / "ciphertool.toml").write_text(
        '[keystore]\npath = "security/primary.p12"\n[encryption]\nscheme = "RSA"\n'
        '[repository]\npath = "deployment.toml"\nkind = "toml-secrets"\n'
    )
    vault = Vault.open(protected)
    assert vault.load(path)["db"] == {"password": "pässwörd"}
    assert vault.check() == 1
    for alias, line in (("plain", 5), ("odd", 6)):
        with pytest.raises(DecryptionError) as e:
            vault[alias]
        assert (e.value.path, e.value.line) == (path, line if alias == "plain" else e.value.line)
        assert "c4n4ry" not in _chain(e.value)
    with pytest.raises(UnknownAliasError):
        vault["a"]


# --- real files ------------------------------------------------------------------------------------------------------


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["carbon-4.4.3-home", "carbon-4.4.x-home"])
def test_every_file_that_java_protected_loads(corpus: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "wso2carbon")
    home = corpus / "protected-by-java" / name
    vault = Vault.open(home)
    assert vault.check() > 0
    loaded = 0
    for path in sorted(home.rglob("*.xml")):
        if b"secretAlias" not in path.read_bytes():
            continue
        tree = vault.load(path)
        loaded += 1
        assert not [e for e in tree.iter() if isinstance(e.tag, str) and any("secretAlias" in key for key in e.attrib)]
    assert loaded >= 4


@pytest.mark.corpus
def test_every_real_pair_resolves(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import csv

    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "wso2carbon")
    with (corpus / "ciphertext-pairs.tsv").open(encoding="utf-8") as pairs:
        rows = list(csv.DictReader(pairs, delimiter="\t"))
    for number, row in enumerate(rows):
        root = tmp_path / str(number)
        root.mkdir()
        (root / "cipher-text.properties").write_text("a=" + row["ciphertext"].replace("=", "\\=") + "\n")
        (root / "a.yaml").write_text("a: ${sec:a}\n")
        (root / "ciphertool.toml").write_text(
            f'[keystore]\npath = "{corpus / row["keystore"]}"\nalias = "{row["key_alias"]}"\n'
            f'[repository]\nkind = "carbon4"\npath = "cipher-text.properties"\n'
            f'[encryption]\nscheme = "{row["transformation"]}"\n'
        )
        warned: list[str] = []
        assert Vault.open(root, warn=warned.append).load(root / "a.yaml") == {"a": row["plaintext"]}
        assert bool(warned) == (row["transformation"] == "RSA/ECB/NoPadding")
    assert len(rows) == 14


def test_a_dump_of_a_vault_shows_no_value(protected: Path) -> None:
    vault = Vault.open(protected)
    assert vault["app.smtp.password"].reveal() in vault.redactor()._values
    assert "c4n4ry" not in f"{vault!r}{vars(vault)!r}"
    assert "c4n4ry" not in pretty_repr(vars(vault), expand_all=True)
