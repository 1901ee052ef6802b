"""An opened vault: what it looks at and when, what a reload takes over, and what an examination counts."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import (
    ProblemsError,
    UnknownAliasError,
    Vault,
)
from ciphertool.errors import (
    ConfigError,
    ForeignKeyError,
    KeystoreError,
    MovedCiphertextError,
    WriteError,
)
from ciphertool.keystore.create import CertificateRequest, create_keystore
from ciphertool.references import Reference, Syntax
from tests.conftest import PASSWORD, SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

ALIAS, OTHER = "app.datasource.password", "app.smtp.password"


def _replace(path: Path, data: bytes) -> None:
    new = path.with_name("new")
    new.write_bytes(data)
    new.replace(path)


def _changed(protected: Path, run: Run, value: str = "changed") -> bytes:
    """Return the repository's bytes with another value of ALIAS."""
    text = (protected / "security/vault.properties").read_text()
    old = next(line for line in text.splitlines() if line.startswith(f"{ALIAS}="))
    return text.replace(
        old, f"{ALIAS}={run('encrypt', '--secret-alias', ALIAS, stdin=value.encode()).out.strip()}"
    ).encode()


def test_a_vault_is_watched_only_if_asked_and_only_so_often(
    protected: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    plain, watching = Vault.open(protected), Vault.open(protected, watch=10)
    assert plain[ALIAS].reveal() == watching[ALIAS].reveal() == SECRETS[ALIAS]
    _replace(protected / "security/vault.properties", _changed(protected, run))
    clock[0] = 1009.9
    assert watching[ALIAS].reveal() == SECRETS[ALIAS]
    clock[0] = 1010.0
    assert watching[ALIAS].reveal() == "changed"
    assert plain[ALIAS].reveal() == SECRETS[ALIAS]
    _replace(protected / "security/vault.properties", _changed(protected, run, "again"))
    clock[0] = 1019.9
    assert watching[ALIAS].reveal() == "changed"
    clock[0] = 1020.1
    assert watching[ALIAS].reveal() == "again"


def test_a_store_is_opened_anew_only_if_it_has_changed(protected: Path, run: Run) -> None:
    vault = Vault.open(protected)
    assert vault[ALIAS].reveal() == SECRETS[ALIAS]
    store = protected / "security/primary.p12"
    kept = store.read_bytes()
    _replace(protected / "security/vault.properties", _changed(protected, run))
    status = store.stat()
    with store.open("r+b") as file:  # what is not replaced is taken to be the same
        file.write(b"\0" * 64)
    os.utime(store, ns=(status.st_atime_ns, status.st_mtime_ns))
    vault.reload()
    assert vault[ALIAS].reveal() == "changed"
    _replace(store, b"\0" * 64 + kept[64:])
    with pytest.raises(KeystoreError):
        vault.reload()
    assert vault[ALIAS].reveal() == "changed"
    _replace(store, create_keystore(CertificateRequest("CN=b", bits=2048), "primary", PASSWORD, now=datetime.now(UTC)))
    with pytest.raises(ForeignKeyError):
        vault.reload()
    _replace(store, kept)
    vault.reload()
    assert vault[OTHER].reveal() == SECRETS[OTHER]


def test_every_fact_of_a_file_tells_a_change(protected: Path) -> None:
    vault = Vault.open(protected, watch=0)
    repository = protected / "security/vault.properties"
    data, status = repository.read_bytes(), repository.stat()
    assert vault[ALIAS].reveal() == SECRETS[ALIAS]
    swapped = data.replace(ALIAS.encode(), b"app.datasource.passwore")
    repository.write_bytes(swapped)  # the same file, of the same size
    os.utime(repository, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.warns(UserWarning, match="changed but could not be reloaded.*app.datasource.password"):
        assert vault[ALIAS].reveal() == SECRETS[ALIAS]
    repository.write_bytes(data + b"\n")
    os.utime(repository, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert vault[ALIAS].reveal() == SECRETS[ALIAS]


def test_a_vault_that_cannot_be_looked_at_stays_as_it_was(protected: Path) -> None:
    warned: list[str] = []
    vault = Vault.open(protected, watch=0, warn=warned.append)
    assert vault[ALIAS].reveal() == SECRETS[ALIAS]
    (protected / "security").rename(protected / "away")
    (protected / "security").write_text("no directory")
    assert vault[ALIAS].reveal() == SECRETS[ALIAS]
    assert warned[0].startswith("the vault changed but could not be reloaded: ")
    (protected / "security").unlink()
    assert vault[ALIAS].reveal() == SECRETS[ALIAS]
    (protected / "away").rename(protected / "security")
    assert vault[OTHER].reveal() == SECRETS[OTHER]


def test_a_vault_without_a_repository_is_refused(protected: Path) -> None:
    (protected / "security/vault.properties").unlink()
    with pytest.raises(ConfigError, match="no such secret repository") as caught:
        Vault.open(protected)
    assert caught.value.path == protected / "security/vault.properties"
    count = (protected / "ciphertool.toml").read_text().count("[[target]]")
    assert f"run `ciphertool protect` to create it from {count} targets" in caught.value.hint


def test_without_targets_the_hint_is_to_declare_some(protected: Path) -> None:
    (protected / "security/vault.properties").unlink()
    settings = protected / "ciphertool.toml"
    settings.write_text(settings.read_text().partition("[[target]]")[0])
    with pytest.raises(ConfigError, match="no such secret repository") as caught:
        Vault.open(protected)
    assert caught.value.hint.startswith("declare what to protect")


def test_an_examination_counts_references_files_and_what_nothing_refers_to(protected: Path, run: Run) -> None:
    vault = Vault.open(protected)
    examined = vault.examine()
    assert (examined.references, examined.files, dict(examined.unused)) == (4, 2, {})
    assert vault.check() == 4
    with (protected / "security/vault.properties").open("a") as repository:
        repository.write(f"spare={run('encrypt', '--secret-alias', 'spare', stdin=b'x').out.strip()}\n")
    config = protected / "ciphertool.toml"
    config.write_text(config.read_text() + '[[target]]\nfile = "more.yaml"\nselector = "$.a"\nalias = "spare"\n')
    (protected / "more.yaml").write_text(f"a: '$secret{{{ALIAS}}}-$secret{{{OTHER}}}'\n")
    examined = Vault.open(protected).examine()
    assert (examined.references, examined.files, list(examined.unused)) == (6, 3, ["spare"])


def test_an_examination_tells_all_that_is_wrong_of_all_files(protected: Path) -> None:
    (protected / "conf/app.yaml").write_text("a: $secret{no.a}\nb: $secret{no.b}\npassword: x\n")
    (protected / "conf/server.xml").write_text("<broken")
    with pytest.raises(ProblemsError) as caught:
        Vault.open(protected).examine()
    found = [(type(one), one.path, one.line) for one in caught.value.problems]
    app, server = protected / "conf/app.yaml", protected / "conf/server.xml"
    assert found[:2] == [(UnknownAliasError, app, 1), (UnknownAliasError, app, 2)]
    assert [path for _, path, _ in found[2:]] == [server]


def test_what_was_resolved_and_only_that_is_told(protected: Path) -> None:
    vault = Vault.open(protected)
    assert vault.resolved() == {}
    vault[ALIAS]
    assert vault.resolved() == {ALIAS: SECRETS[ALIAS]}
    assert vault.reveal(Reference(OTHER, Syntax.SECRET)) == SECRETS[OTHER]
    assert vault.resolved() == {ALIAS: SECRETS[ALIAS], OTHER: SECRETS[OTHER]}


def test_bytes_are_resolved_under_the_name_that_they_are_given(protected: Path) -> None:
    vault = Vault.open(protected)
    text = f"a=$secret{{{ALIAS}}}\n"
    assert vault.resolve_bytes(text.encode(), format="properties") == f"a={SECRETS[ALIAS]}\n".encode()
    wide = f"[s]\n{text}".encode("utf-16-le")
    assert (
        vault.resolve_bytes(wide, format="ini", encoding="utf-16-le").decode("utf-16-le")
        == f"[s]\na={SECRETS[ALIAS]}\n"
    )
    for options, name in (({}, "<bytes>"), ({"name": "a.yaml"}, "a.yaml")):
        with pytest.raises(UnknownAliasError) as caught:
            vault.resolve_bytes(b"a: $secret{no}\n", format="yaml", **options)
        assert (caught.value.path, caught.value.line) == (Path(name), 1)


def test_a_file_is_read_as_its_targets_say_unless_the_caller_says_otherwise(protected: Path) -> None:
    config = protected / "ciphertool.toml"
    config.write_text(
        config.read_text()
        + '[[target]]\nfile = "odd.txt"\nselector = "a"\nalias = "x"\nformat = "properties"\nencoding = "iso-8859-1"\n'
    )
    (protected / "odd.txt").write_bytes(f"a=$secret{{{ALIAS}}}\nb=\xe4\n".encode("iso-8859-1"))
    vault = Vault.open(protected)
    assert tuple(vault.reading(protected / "odd.txt"))[:2] == ("properties", "iso-8859-1")
    assert tuple(vault.reading(protected / "a.yaml"))[:2] == (None, None)
    assert vault.load("odd.txt") == {"a": SECRETS[ALIAS], "b": "ä"}
    assert vault.resolve_file("odd.txt") == f"a={SECRETS[ALIAS]}\nb=\xe4\n".encode("iso-8859-1")
    (protected / "other.txt").write_text(f"a = $secret{{{ALIAS}}}\n")
    assert vault.load("other.txt", format="properties") == {"a": SECRETS[ALIAS]}


def test_a_moved_ciphertext_is_named_by_the_alias_it_was_made_for_and_never_resolves(protected: Path) -> None:
    repository = protected / "security/vault.properties"
    stored = next(line for line in repository.read_text().splitlines() if line.startswith(ALIAS)).partition("=")[2]
    with repository.open("a") as file:
        file.write(f"moved={stored}\n")
    (protected / "a.yaml").write_text("a: $secret{moved}\nb: $secret{moved}\n")
    vault = Vault.open(protected)
    with pytest.raises(MovedCiphertextError) as alone:
        vault["moved"]
    assert (alone.value.alias, alone.value.made_for, alone.value.path) == ("moved", ALIAS, repository)
    assert alone.value.line == 5
    with pytest.raises(ProblemsError) as caught:
        vault.resolve_file("a.yaml")
    assert [(type(one), one.path, one.line) for one in caught.value.problems] == [
        (MovedCiphertextError, Path("a.yaml"), 1),
        (MovedCiphertextError, Path("a.yaml"), 2),
    ]
    for one in caught.value.problems:
        assert one.message.count(f"(in {repository}:5)") == 1


def test_a_tree_that_does_not_resolve_gives_one_error_or_all(protected: Path) -> None:
    vault = Vault.open(protected)
    with pytest.raises(UnknownAliasError) as one:
        vault.resolve_tree(["$secret{no.a}"])
    assert one.value.alias == "no.a"
    with pytest.raises(ProblemsError) as all_of_them:
        vault.resolve_tree(("$secret{no.a} $secret{no.b}", f"$secret{{{ALIAS}}}"))
    assert len(all_of_them.value.problems) == 2
    assert vault.resolve_tree((1, {"a": (True, None)}, b"$secret{no.a}")) == (1, {"a": (True, None)}, b"$secret{no.a}")


def test_placeholders_come_from_where_they_say_and_a_default_only_where_there_is_none(
    protected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CT_BOTH", "environment")
    monkeypatch.setenv("CT_EMPTY", "")
    (protected / "a.yaml").write_text(
        "a: ${env:CT_BOTH,default}\nb: ${sys:CT_BOTH,default}\nc: x${env:CT_EMPTY,default}\n"
    )
    vault = Vault.open(protected)
    assert vault.load("a.yaml", placeholders=True) == {"a": "environment", "b": "default", "c": "x"}
    (protected / "a.yaml").write_text("a: 1\n\nb: ${sys:CT_BOTH}\nc: ${env:CT_BOTH}\n")
    with pytest.raises(ConfigError) as caught:
        vault.load("a.yaml", placeholders=True)
    assert (caught.value.path, caught.value.line) == (Path("a.yaml"), 3)
    assert not isinstance(caught.value, WriteError)


def test_only_a_properties_file_is_doubted_and_only_once(protected: Path) -> None:
    """In UTF-8 other readers read it otherwise; YAML has an encoding of its own."""
    warned: list[str] = []
    vault = Vault.open(protected, warn=warned.append)
    (protected / "a.yaml").write_text(f"a: $secret{{{ALIAS}}}\nb: ä\n", "utf-8")
    vault.load("a.yaml")
    assert warned == []
    (protected / "a.properties").write_text(f"a=$secret{{{ALIAS}}}\nb=ä\n", "utf-8")
    for _ in range(2):
        vault.load("a.properties")
    assert [message.partition(": b: ")[0] for message in warned] == ["a.properties:2"]


def test_what_a_carbon_product_reads_is_not_doubted(protected: Path) -> None:
    (protected / "security/carbon.properties").write_text("waiting=[x]\n")
    (protected / "a.properties").write_text("b=ä\n", "utf-8")
    (protected / "carbon.toml").write_text(
        '[keystore]\npath = "security/primary.p12"\n'
        '[repository]\npath = "security/carbon.properties"\nkind = "carbon4"\n'
    )
    warned: list[str] = []
    Vault.open(protected / "carbon.toml", warn=warned.append).load("a.properties")
    assert warned == []
