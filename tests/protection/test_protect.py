"""`protect` decides, plans and applies; through the program, on real files and keys."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, protection, settings
from ciphertool.errors import ConflictError
from ciphertool.keystore.create import CertificateRequest, create_keystore
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.repository import open_repository
from ciphertool.vault.opening import VaultAccess
from tests.conftest import APP_YAML, PASSWORD, SECRETS, SERVER_XML

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

VAULT = "security/vault.properties"


def _tree(project: Path) -> dict[str, bytes]:
    return {str(p.relative_to(project)): p.read_bytes() for p in sorted(project.rglob("*")) if p.is_file()}


def _target(project: Path, *, file: str, selector: str, alias: str, more: str = "") -> None:
    with (project / "ciphertool.toml").open("a") as settings:
        settings.write(f"\n[[target]]\nfile = '{file}'\nselector = '{selector}'\nalias = '{alias}'\n{more}\n")


def _put_back(project: Path) -> None:
    (project / "conf/app.yaml").write_text(APP_YAML, encoding="utf-8")


def test_the_plan_is_shown_and_nothing_written(project: Path, run: Run) -> None:
    before = _tree(project)
    outcome = run("protect", "--dry-run", "--diff")
    assert outcome.status == 1
    assert '+  password: "${sec:app.datasource.password}"' in outcome.out
    assert "c4n4ry" not in outcome.out + outcome.err
    assert _tree(project) == before


def test_every_secret_is_encrypted_and_resolves(protected: Path) -> None:
    vault = Vault.open(protected)
    assert {alias: vault[alias].reveal() for alias in SECRETS} == SECRETS
    assert b"c4n4ry" not in b"".join(data for name, data in _tree(protected).items())


def test_only_the_secrets_bytes_change(protected: Path) -> None:
    assert (protected / "conf/app.yaml").read_text(encoding="utf-8") == APP_YAML.replace(
        '"c4n4ry-yaml-1"', '"${sec:app.datasource.password}"'
    ).replace("'c4n4ry''yaml-2'", "'${sec:app.smtp.password}'")
    assert (protected / "conf/server.xml").read_text(encoding="utf-8") == SERVER_XML.replace(
        'port="8005"', 'port="8005"  xmlns:svns="http://org.wso2.securevault/configuration"'
    ).replace('"c4n4ry-xml-1"', '"password" svns:secretAlias="server.keystore.password"').replace(
        "<Password>c4n4ry-xml-&amp;2", '<Password svns:secretAlias="server.admin.password">password'
    )


def test_a_second_run_changes_nothing(protected: Path, run: Run) -> None:
    before = _tree(protected)
    outcome = run("protect", "--json")
    assert outcome.status == 0
    states = {site["state"] for file in json.loads(outcome.out)["files"] for site in file["sites"]}
    assert states == {"already-protected"}
    assert _tree(protected) == before
    assert "nothing to do" in run("protect").err
    assert run("protect", "--dry-run").status == 0


@pytest.mark.usefixtures("project")
def test_json_says_what_was_done(run: Run) -> None:
    report = json.loads(run("protect", "--json").out)
    assert report["problems"] == []
    assert [(file["path"], file["format"]) for file in report["files"]] == [
        ("conf/app.yaml", "yaml"),
        ("conf/server.xml", "xml"),
    ]
    assert report["files"][0]["sites"][0] == {
        "selector": "$['datasource']['password']",
        "alias": "app.datasource.password",
        "line": 3,
        "state": "protected",
    }


def test_all_problems_are_told_at_once_and_nothing_is_written(project: Path, run: Run) -> None:
    (project / "conf/broken.yaml").write_text("a: [c4n4ry")
    _target(project, file="conf/broken.yaml", selector="$.a", alias="a")
    _target(project, file="conf/app.yaml", selector="$.absent", alias="b")
    _target(project, file="conf/absent.yaml", selector="$.a", alias="c")
    _target(project, file="conf/app.yaml", selector="$.datasource", alias="d")
    before = _tree(project)
    outcome = run("protect")
    assert outcome.status == 3
    for told in ("conf/broken.yaml:2", "$.absent: matches nothing", "conf/absent.yaml", "$.datasource:", "4 problems"):
        assert told in outcome.err
    assert "c4n4ry" not in outcome.err
    assert _tree(project) == before


def test_one_alias_for_two_values_is_refused(project: Path, run: Run) -> None:
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace('"{stem}.{key}"', '"one"'))
    outcome = run("protect")
    assert outcome.status == 3
    assert "conf/app.yaml:3 and " in outcome.err.replace(f"{project}/", "")
    assert "conf/app.yaml:4" in outcome.err


def test_one_alias_for_one_value_at_two_sites(project: Path, run: Run) -> None:
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace('"{stem}.{key}"', '"one"'))
    (project / "conf/app.yaml").write_text(
        "a: {password: 'same'}\nb: {password: same}\n".replace("{password: same}", "\n  password: same")
    )
    assert run("protect").status == 0
    assert Vault.open(project)["one"].reveal() == "same"
    assert (project / "conf/app.yaml").read_text() == "a: {password: '${sec:one}'}\nb: \n  password: ${sec:one}\n"


def test_a_default_file_put_back_is_finished_with_the_ciphertext_that_is_there(protected: Path, run: Run) -> None:
    ciphertexts = (protected / VAULT).read_bytes()
    _put_back(protected)
    assert run("protect").status == 0
    assert (protected / VAULT).read_bytes() == ciphertexts
    assert "c4n4ry" not in (protected / "conf/app.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("take", "expected"), [("file", "another value"), ("repository", SECRETS["app.datasource.password"])]
)
def test_a_ciphertext_is_overwritten_only_on_request(protected: Path, run: Run, take: str, expected: str) -> None:
    file = protected / "conf/app.yaml"
    file.write_text(APP_YAML.replace("c4n4ry-yaml-1", "another value"), encoding="utf-8")
    before = _tree(protected)
    outcome = run("protect")
    assert outcome.status == 3
    assert "different values" in outcome.err
    assert "conf/app.yaml:3" in outcome.err
    assert f"{VAULT}:1" in outcome.err
    assert "--take repository" in outcome.err
    assert _tree(protected) == before
    assert run("protect", "--take", take).status == 0
    assert Vault.open(protected)["app.datasource.password"].reveal() == expected


def test_a_value_in_clear_in_the_repository_is_encrypted(project: Path, run: Run) -> None:
    (project / VAULT).write_text("extra=[not ]in any[ file]\nserver.admin.password=[c4n4ry-xml-&2]\n")
    assert run("protect").status == 0
    vault = Vault.open(project)
    assert vault["extra"].reveal() == "not ]in any[ file"
    assert vault["server.admin.password"].reveal() == SECRETS["server.admin.password"]
    assert "[not" not in (project / VAULT).read_text()


def test_a_repository_value_in_clear_that_differs_is_a_problem_with_its_remedy(project: Path, run: Run) -> None:
    (project / VAULT).write_text("server.admin.password=[new]\n")
    outcome = run("protect")
    assert outcome.status == 3
    assert "protect --take repository" in outcome.err
    assert run("protect", "--take", "repository").status == 0
    assert Vault.open(project)["server.admin.password"].reveal() == "new"


@pytest.mark.parametrize(
    "stored", ["wso2carbon", "cGFzc3dvcmQ=", "ENC[RSA,0123456789abcdef,AAAA]", "ENC[", "", r"[c4n4ry\ud800]"]
)
def test_a_repository_value_that_is_neither_is_reported(project: Path, run: Run, stored: str) -> None:
    (project / VAULT).write_text(f"sure=[x]\nodd={stored}\n")
    before = _tree(project)
    outcome = run("protect")
    assert outcome.status in (3, 5)
    # The key of a line that is no entry may be text of anything.
    assert ("odd" in outcome.err) == stored.startswith(("ENC[RSA,", "["))
    assert "c4n4ry" not in outcome.err
    assert f"{VAULT}:2" in outcome.err
    assert _tree(project) == before


def test_a_moved_ciphertext_is_told_from_a_damaged_one(protected: Path, run: Run) -> None:
    repository = protected / VAULT
    lines = dict(line.split("=", 1) for line in repository.read_text().splitlines())
    lines["app.smtp.password"] = lines["app.datasource.password"]
    damaged = lines["server.admin.password"]
    lines["server.admin.password"] = damaged[:60] + ("A" if damaged[60] != "A" else "B") + damaged[61:]
    repository.write_text("".join(f"{k}={v}\n" for k, v in lines.items()))
    outcome = run("protect")
    assert outcome.status == 5
    assert "the ciphertext of 'app.smtp.password' was made for 'app.datasource.password'" in outcome.err
    assert "'server.admin.password': does not decrypt" in outcome.err


def test_a_certificate_alone_is_enough(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    _certificate_only(project)
    outcome = run("protect")
    assert outcome.status == 0
    # What needs the private key is said not to be done, not assumed.
    _put_back(project)
    again = run("protect")
    assert again.status == 3
    assert "no private key is available" in again.err
    assert "not checked to decrypt" in again.err
    assert run("protect", "--take", "repository").status == 0
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "a keystore password")
    assert Vault.open(project)["app.datasource.password"].reveal() == SECRETS["app.datasource.password"]


def _certificate_only(project: Path) -> None:
    from ssl import DER_cert_to_PEM_cert

    from ciphertool.keystore import open_keystore

    keystore = open_keystore(project / "security/primary.p12", "a keystore password")
    (project / "security/primary.pem").write_text(DER_cert_to_PEM_cert(keystore.entry("primary").chain[0]))
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("[keystore]", '[keystore]\ncertificate = "security/primary.pem"'))


def test_an_optional_target_that_is_missing_is_a_note(project: Path, run: Run) -> None:
    _target(project, file="conf/app.yaml", selector="$.absent", alias="x", more="optional = true")
    _target(project, file="conf/absent.ini", selector="a/b", alias="y", more="optional = true")
    outcome = run("protect", "--json")
    assert outcome.status == 0
    assert "x: skipped" in outcome.err
    assert "y: skipped" in outcome.err
    states = [(s["alias"], s["state"]) for f in json.loads(outcome.out)["files"] for s in f["sites"]]
    assert ("x", "skipped") in states


def test_a_placeholder_is_left_alone_unless_it_is_literal(project: Path, run: Run) -> None:
    (project / "conf/p.yaml").write_text("a: ${DB_PASSWORD}\nb: ${DB_PASSWORD}\n")
    _target(project, file="conf/p.yaml", selector="$.a", alias="pa")
    _target(project, file="conf/p.yaml", selector="$.b", alias="pb", more="literal = true")
    outcome = run("protect", "--json")
    assert outcome.status == 0
    states = {s["alias"]: s["state"] for f in json.loads(outcome.out)["files"] for s in f["sites"]}
    assert (states["pa"], states["pb"]) == ("placeholder", "protected")
    assert (project / "conf/p.yaml").read_text() == "a: ${DB_PASSWORD}\nb: ${sec:pb}\n"
    assert Vault.open(project)["pb"].reveal() == "${DB_PASSWORD}"


def test_plaintext_beside_a_reference_is_protected(protected: Path, run: Run) -> None:
    file = protected / "conf/server.xml"
    file.write_text(file.read_text().replace('admin.password">password<', 'admin.password">c4n4ry-xml-&amp;2<'))
    assert run("protect", "--dry-run").status == 1
    assert run("protect").status == 0
    assert "c4n4ry" not in file.read_text()


def test_two_secret_attributes_of_one_element(project: Path, run: Run) -> None:
    (project / "conf/two.xml").write_text('<S><C a="c4n4ry1" b="c4n4ry2"/></S>')
    _target(project, file="conf/two.xml", selector="/S/C/@a", alias="a")
    _target(project, file="conf/two.xml", selector="/S/C/@b", alias="b")
    assert run("protect").status == 0
    assert (project / "conf/two.xml").read_text() == '<S><C a="$secret{a}" b="$secret{b}"/></S>'
    assert run("resolve", "conf/two.xml").out == '<S><C a="c4n4ry1" b="c4n4ry2"/></S>'


def test_a_value_that_is_too_long_is_refused_with_the_limit_in_bytes(project: Path, run: Run) -> None:
    (project / "conf/long.yaml").write_text(f"ok: {'x' * 190}\nlong: {'ü' * 96}\n", encoding="utf-8")
    _target(project, file="conf/long.yaml", selector="$.ok", alias="fits")
    _target(project, file="conf/long.yaml", selector="$.long", alias="too.long")
    settings = project / "ciphertool.toml"
    settings.write_text(f'{settings.read_text()}\n[encryption]\nscheme = "RSA-OAEP-256"\n')
    outcome = run("protect")
    assert outcome.status == 3
    assert 'set `scheme = "auto"`' in outcome.err
    assert "192 bytes" in outcome.err
    assert "can encrypt at most 190" in outcome.err
    assert "too.long" in outcome.err
    assert "fits" not in outcome.err.replace("fits  ", "")


def test_a_reference_without_a_secret_is_a_problem(protected: Path, run: Run) -> None:
    (protected / VAULT).write_text("")
    outcome = run("protect")
    assert outcome.status == 5
    assert "unknown secret alias 'server.admin.password'" in outcome.err


def test_modes_and_links_are_kept(project: Path, run: Run) -> None:
    (project / "ciphertool.toml").chmod(0o664)
    (project / "conf/app.yaml").chmod(0o640)
    (project / "conf/server.xml").rename(project / "real.xml")
    (project / "conf/server.xml").symlink_to("../real.xml")
    assert run("protect").status == 0
    assert stat.S_IMODE((project / VAULT).stat().st_mode) == 0o664
    assert stat.S_IMODE((project / "conf/app.yaml").stat().st_mode) == 0o640
    assert (project / "conf/server.xml").is_symlink()
    assert "svns:secretAlias" in (project / "real.xml").read_text()


def test_what_cannot_be_replaced_is_found_before_anything_is_written(project: Path, run: Run) -> None:
    os.link(project / "conf/app.yaml", project / "other-name.yaml")
    before = _tree(project)
    outcome = run("protect")
    assert outcome.status == 6
    assert "hard link" in outcome.err
    assert _tree(project) == before


def test_values_that_stay_readable_elsewhere_are_named_once(project: Path, run: Run) -> None:
    (project / "conf/app.yaml.bak").write_text(APP_YAML, encoding="utf-8")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "conf/server.xml"], check=True)
    outcome = run("protect")
    assert outcome.status == 0
    assert "conf/server.xml: git's index holds the clear value of server.keystore.password, server.admin" in outcome.err
    assert "git tracks" not in outcome.err
    assert "conf/app.yaml: git" not in outcome.err
    assert "conf/app.yaml.bak: this backup holds the clear value of app.datasource.password" in outcome.err
    assert "c4n4ry" not in outcome.err


def test_a_file_changed_since_it_was_read_is_not_written(project: Path) -> None:
    from datetime import UTC, datetime

    from ciphertool import protection, settings
    from ciphertool.errors import ConflictError
    from ciphertool.passwords import Environment, PasswordChain
    from ciphertool.repository import open_repository
    from ciphertool.vault.opening import VaultAccess

    loaded = settings.load(project)
    cipher = VaultAccess(loaded, PasswordChain((Environment(),))).to_seal(now=datetime.now(UTC)).sealer
    work = protection.plan(loaded, open_repository(loaded.kind, loaded.repository), cipher)
    changed = APP_YAML.replace("25", "26")
    (project / "conf/app.yaml").write_text(changed, encoding="utf-8")
    with pytest.raises(ConflictError) as caught:
        protection.apply(loaded, work)
    assert caught.value.path is None or "app.yaml" in str(caught.value)
    assert (project / "conf/app.yaml").read_text(encoding="utf-8") == changed
    # What had been written before it, the repository, makes the next run complete the work.
    work = protection.plan(loaded, open_repository(loaded.kind, loaded.repository), cipher)
    assert work.problems == ()
    protection.apply(loaded, work)
    assert Vault.open(project).resolve_file(project / "conf/app.yaml") == changed.encode()


def test_every_step_that_lasts_is_told(project: Path) -> None:
    from datetime import UTC, datetime

    from ciphertool import protection, settings
    from ciphertool.passwords import Environment, PasswordChain
    from ciphertool.repository import open_repository
    from ciphertool.vault.opening import VaultAccess

    told: list[tuple[str, int, int]] = []

    def tell(step: str, done: int, total: int) -> None:
        told.append((step, done, total))

    loaded = settings.load(project)
    cipher = VaultAccess(loaded, PasswordChain((Environment(),))).to_seal(now=datetime.now(UTC)).sealer
    work = protection.plan(loaded, open_repository(loaded.kind, loaded.repository), cipher, progress=tell)
    protection.apply(loaded, work, progress=tell)
    steps = {"reading": 2, "rewriting": 2, "encrypting": len(SECRETS), "writing": 3}
    assert told == [(step, done, total) for step, total in steps.items() for done in range(1, total + 1)]


def test_globs_name_files_and_patterns_name_secrets(project: Path, run: Run) -> None:
    for name in ("one", "two"):
        (project / f"conf/{name}").mkdir()
        (project / f"conf/{name}/db.yaml").write_text(f"password: secret-{name}\n")
    _target(project, file="conf/*/db.yaml", selector="$.password", alias="{path}:{key}")
    assert run("protect").status == 0
    assert Vault.open(project)["conf/two/db.yaml:password"].reveal() == "secret-two"


def test_additions_on_two_branches_merge(protected: Path, run: Run) -> None:
    """One line for each alias: two people protect another secret each, and git merges the vaults."""
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]

    def commit(*command: str) -> None:
        subprocess.run([*git, *command], check=True, capture_output=True)

    commit("init", "-q", "-b", "main")
    commit("add", ".")
    commit("commit", "-qm", "base")
    settings = (protected / "ciphertool.toml").read_text()
    for name in ("before", "till"):
        commit("checkout", "-q", "-b", name, "main")
        (protected / f"conf/{name}.yaml").write_text(f"password: {name}\n")
        _target(protected, file=f"conf/{name}.yaml", selector="$.password", alias=name)
        assert run("protect").status == 0
        (protected / "ciphertool.toml").write_text(settings)
        commit("add", ".")
        commit("commit", "-qm", name)
    commit("merge", "-q", "before")
    vault = Vault.open(protected)
    assert (vault["before"].reveal(), vault["till"].reveal()) == ("before", "till")
    aliases = [line.split("=")[0] for line in (protected / VAULT).read_text().splitlines()]
    assert aliases == sorted(aliases)


def test_what_another_run_has_protected_meanwhile_is_a_conflict(project: Path, run: Run) -> None:
    found = settings.load(project)
    before = open_repository(found.kind, found.repository)
    assert run("protect").status == 0
    primary = VaultAccess(found, PasswordChain([Environment()])).to_seal(now=datetime.now(UTC))
    with pytest.raises(ConflictError, match="changed during processing"):
        protection.plan(found, before, primary.sealer)


def test_a_key_password_of_its_own_is_no_reason_for_a_warning(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = CertificateRequest(subject="CN=test", bits=2048)
    data = create_keystore(
        request, "primary", PASSWORD, now=datetime.now(UTC), format_name="JKS", key_password="another one"
    )
    (project / "security/primary.jks").write_bytes(data)
    (project / "security/primary.jks").chmod(0o600)
    settings_file = project / "ciphertool.toml"
    settings_file.write_text(settings_file.read_text().replace("security/primary.p12", "security/primary.jks"))
    monkeypatch.setenv("CIPHERTOOL_KEY_PASSWORD", "another one")
    outcome = run("protect")
    assert outcome.status == 0
    assert "warning" not in outcome.err
