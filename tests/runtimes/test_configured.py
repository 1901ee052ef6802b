"""`check` looks at every file whose references `resolve` replaces, however they are spelled and wherever they lie."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, settings
from ciphertool.errors import ProblemsError, SelectorError
from ciphertool.keystore.create import CertificateRequest, create_keystore
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.runtimes.configured import configured_files
from ciphertool.secret import Secret
from ciphertool.settings.model import EncryptionSettings
from ciphertool.settings.secret_conf import LEGACY_SCHEME
from ciphertool.vault.opening import open_to_encrypt
from tests.conftest import PASSWORD
from tests.runtimes.conftest import make_vault

if TYPE_CHECKING:
    from pathlib import Path

REFERRING = {
    "text.xml": "<a><b>jdbc:x;p=${sec:a};y</b></a>",
    "whole.xml": "<a><b>$secret{a}</b></a>",
    "attribute.xml": "<a b='x$secret{a}y'/>",
    "alias.xml": "<a xmlns:q='http://org.wso2.securevault/configuration'><b q:secretAlias='a'>password</b></a>",
    "lookup.xml": "<a><b v='{wso2:vault-lookup(&apos;a&apos;)}'/></a>",
    "upper-case.XML": "<a><b>${sec:a}</b></a>",
    "cdata.xml": "<a><b><![CDATA[x${sec:a}]]></b></a>",
    "cut-by-cdata.xml": "<a><b>x$<![CDATA[{sec:]]>a}</b></a>",
    "cut-by-a-comment.xml": "<a><b>$sec<!-- -->ret{a}</b></a>",
    "number.xml": "<a><b>x&#36;{sec:a}</b></a>",
    "hexadecimal.xml": "<a b='$&#x7b;sec:a}'/>",
    "plain.properties": "k=jdbc:${sec:a};x\n",
    "word.properties": "k=secretAlias:a\n",
    "number.properties": "k=\\u0024{sec:a}\n",
    "backslash.properties": "k=${sec\\:a}\n",
    "line-end.properties": "k=${se\\\n  c:a}\n",
    "plain.toml": "k = 'x${sec:a}y'\n",
    "number.toml": 'k = "\\u0024{sec:a}"\n',
    "line-end.toml": 'k = """\n$sec\\\nret{a}"""\n',
    "plain.yaml": "k: x${sec:a}y\n",
    "number.yml": 'k: "\\x24secret{a}"\n',
    "plain.json": '{"k": "x${sec:a}"}',
    "number.json": '{"k": "\\u0024{sec:a}"}',
    "plain.ini": "[s]\nk=x${sec:a}\n",
    "plain.env": "K='$secret{a}'\n",
}
NOT_REFERRING = {
    "escapes.xml": "<a><b>&#36;{env:HOME} <![CDATA[${x}]]></b><!-- a --></a>",
    "escapes.properties": "k=C\\:\\\\secrets \\u0024{env:X}\n",
    "broken.xml": "<a><b>&#36;{sec:",
    "broken.json": '{"k": "\\u0024',
    "a.txt": "${sec:a}",
}


@pytest.fixture(scope="module")
def jks() -> bytes:
    request = CertificateRequest(subject="CN=home", bits=2048)
    return create_keystore(request, "primary", PASSWORD, now=datetime.now(UTC), format_name="JKS")


@pytest.fixture(params=["carbon4", "toml-secrets"])
def home(request: pytest.FixtureRequest, tmp_path: Path, jks: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose repository holds the secret `a`, which no file refers to."""
    home = tmp_path / "home"
    said = make_vault(home, request.param)
    keystore = home / "repository/resources/security/primary.jks"
    keystore.parent.mkdir(parents=True)
    keystore.write_bytes(jks)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)
    # No `secret-conf.properties` names a transformation.
    by_default = said._replace(encryption=EncryptionSettings(LEGACY_SCHEME))
    cipher = open_to_encrypt(by_default, PasswordChain((Environment(),)), now=datetime.now(UTC)).cipher
    ciphertext = str(cipher.encrypt("a", Secret("c4n4ry")))
    quoted = f'"{ciphertext}"' if request.param == "toml-secrets" else ciphertext
    said.repository.write_text(said.repository.read_text() + f"a={quoted}\n")
    return home


def _put(home: Path, directory: str, name: str, text: str) -> Path:
    path = home / directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("home", ["carbon4"], indirect=True)
def test_in_the_configuration_what_is_resolved_is_checked(home: Path) -> None:
    for count, (name, text) in enumerate(REFERRING.items()):
        vault = Vault.open(home)
        assert vault.check() == count, name
        path = _put(home, "repository/conf/some/where", name, text)
        assert vault.resolve_file(path).count(b"c4n4ry") == 1, name
    assert Vault.open(home).examine() == (len(REFERRING), len(REFERRING), {})


@pytest.mark.parametrize(
    "directory", ["repository/deployment/server/userstores", "repository/tenants/1/synapse-configs"]
)
def test_what_is_deployed_is_checked(home: Path, directory: str) -> None:
    before = Vault.open(home).examine()
    assert list(before.unused) == ["a"]
    for name, text in REFERRING.items():
        _put(home, directory, name, text)
    after = Vault.open(home).examine()
    assert after == (len(REFERRING), before.files + len(REFERRING), {})


def test_an_alias_that_is_unknown_is_a_problem_wherever_it_stands(home: Path) -> None:
    path = _put(home, "repository/deployment/server/userstores", "a.xml", "<a>\n<b>&#36;secret{unknown}</b></a>")
    with pytest.raises(ProblemsError) as caught:
        Vault.open(home).check()
    [problem] = caught.value.problems
    assert (problem.path, problem.line) == (path, 2)
    assert "unknown" in problem.message


def test_a_file_without_a_reference_is_not_counted_nor_a_problem(home: Path) -> None:
    before = Vault.open(home).examine()
    for name, text in NOT_REFERRING.items():
        _put(home, "repository/deployment", name, text)
    assert Vault.open(home).examine() == before


def test_a_file_that_looks_like_referring_and_is_damaged_is_a_problem(home: Path) -> None:
    path = _put(home, "repository/deployment", "a.xml", "<a><b>${sec:a}</b>")
    with pytest.raises(ProblemsError) as caught:
        Vault.open(home).check()
    assert [problem.path for problem in caught.value.problems] == [path]


def test_of_a_home_that_was_found_nothing_outside_is_looked_for(home: Path, tmp_path: Path) -> None:
    outside = _put(tmp_path, "outside", "a.xml", "<a><b>${sec:a}</b></a>").parent
    deployment, server = home / "repository/deployment", home / "repository/tenants/server"
    deployment.symlink_to(outside)
    server.mkdir(parents=True)
    (server / "a.xml").symlink_to(outside / "a.xml")
    found = settings.load_found(home).settings
    assert found is not None
    configured, refused = configured_files(found)
    assert {deployment / "a.xml", server / "a.xml"}.isdisjoint(configured)
    asked = [f"configuration directory {deployment} ", f"configuration file {server / 'a.xml'} "]
    assert [what in error.message for what, error in zip(asked, refused, strict=True)] == [True, True]
    named, refused = configured_files(settings.load(home))
    assert {deployment / "a.xml", server / "a.xml"} <= named.keys()
    assert not refused


@pytest.mark.parametrize("home", ["carbon4"], indirect=True)
def test_a_plaintext_that_waits_in_the_repository_is_no_reference(home: Path) -> None:
    repository = settings.load(home).repository
    repository.write_text(repository.read_text() + "b=[$secret{unknown}]\n")
    assert Vault.open(home).check() == 0


@pytest.mark.parametrize("text", ["<a>$secret{a}<b/></a>", "<!DOCTYPE a [<!ENTITY d 'x'>]><a>${sec:a}&d;</a>"])
def test_a_reference_that_cannot_be_resolved_where_it_stands_is_a_problem_of_both(home: Path, text: str) -> None:
    path = _put(home, "repository/deployment", "a.xml", text)
    vault = Vault.open(home)
    with pytest.raises(SelectorError) as resolved:
        vault.resolve_file(path)
    with pytest.raises(ProblemsError) as checked:
        vault.check()
    assert [str(problem) for problem in checked.value.problems] == [str(resolved.value)]
