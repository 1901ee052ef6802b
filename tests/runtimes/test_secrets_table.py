"""What stands in `[secrets]` besides secrets to encrypt, and how references to other providers are judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, references, settings
from ciphertool.engine.gcm import key_of_text
from ciphertool.errors import BadKeyTextError, ConfigError
from tests.homes import CONF, lay_out
from tests.interop.java_home import secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

KEY_BASED = "secVault.enabled=true\nsecretRepositories.file.encryptionMode=key.based.symmetric.encryption\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD", raising=False)


PLACEHOLDERS = ("[$env{X}]", "$env{X}", "[$sys{x.y}]", "$sys{x}", "[$ref{a.b}]", "$ref{a}", "[a$env{X}b]", "[${x}]")


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_a_placeholder_is_left_alone_with_a_note(tmp_path: Path, run: Run, value: str) -> None:
    text = f'[a]\np = "$secret{{filled}}"\n[secrets]\nfilled = "{value}"\nother = "[s3cret]"\n'
    home = lay_out(tmp_path / "home", {"deployment.toml": text})
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 0
    assert "deployment.toml:4: filled: left as it is: a placeholder" in outcome.err
    assert f'filled = "{value}"\n' in (home / CONF / "deployment.toml").read_text()
    assert Vault.open(home)["other"].reveal() == "s3cret"
    assert run("check", "--home", str(home)).status == 0
    resolved = run("resolve", "--home", str(home), str(home / CONF / "deployment.toml"))
    assert 'p = "$secret{filled}"' in resolved.out
    assert run("get", "--home", str(home), "filled").status == 5


@pytest.mark.parametrize(
    ("table", "line", "said"),
    [
        ('[secrets]\ndb.admin = "[c4n4ry]"\n', 2, 'quote it: "db.admin"'),
        ('[secrets]\n\n[secrets.db]\nadmin = "[c4n4ry]"\n', 4, 'quote it: "db.admin"'),
        ('[secrets]\ndb = { admin = "[c4n4ry]" }\n', 2, 'quote it: "db.admin"'),
        ('[secrets]\na = "[x]"\nlist = [\n"c4n4ry"]\n', 3, "list: is not a string"),
        ("[secrets]\nnumber = 7\n", 2, "number: is not a string"),
        ("[secrets]\nflag = true\n", 2, "flag: is not a string"),
        ("[secrets]\nday = 2024-01-01\n", 2, "day: is not a string"),
        ('[[secrets.rows]]\na = "c4n4ry"\n[[secrets.rows]]\n', 1, "rows: is not a string"),
        ('[secrets]\nbare = "c4n4ry"\n', 2, "bare: neither in brackets nor a ciphertext"),
        ('secrets = "c4n4ry"\n', None, "secrets is not a table"),
    ],
)
def test_what_is_no_secret_is_reported_with_its_line(
    tmp_path: Path, run: Run, table: str, line: int | None, said: str
) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": table})
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 3
    place = "deployment.toml" if line is None else f"deployment.toml:{line}"
    assert f"{place}: " in outcome.err
    assert said in outcome.err
    assert "c4n4ry" not in outcome.err
    assert (home / CONF / "deployment.toml").read_text() == table
    file = str(home / CONF / "deployment.toml")
    for command in (["check"], ["get", "a"], ["resolve", file], ["audit"], ["encrypt"], ["audit", "--write-targets"]):
        assert run(*command, "--home", str(home), stdin=b"x").status != 70


def test_references_to_other_providers_are_external(tmp_path: Path, run: Run) -> None:
    text = '[a]\np = "$secret{vault:hashicorp:admin}"\nq = "$secret{own}"\n[secrets]\nown = "[s3cret]"\n'
    home = lay_out(tmp_path / "home", {"deployment.toml": text})
    assert run("protect", "--home", str(home)).status == 0
    assert run("check", "--home", str(home)).status == 0
    found = json.loads(run("audit", "--home", str(home), "--json").out)
    (value,) = [each for each in found["values"] if each["alias"] == "vault:hashicorp:admin"]
    assert value["state"] == "unjudged"
    assert not [each for each in found["findings"] if "hashicorp" in each["message"]]
    resolved = run("resolve", "--home", str(home), str(home / CONF / "deployment.toml"))
    assert resolved.out.startswith('[a]\np = "$secret{vault:hashicorp:admin}"\nq = "s3cret"\n')


def test_a_home_whose_secrets_are_elsewhere_alone_is_not_encrypted_for_nothing(tmp_path: Path, run: Run) -> None:
    conf = "secretProviders=vault\nsecretProviders.vault.provider=x\n"
    text = '[a]\np = "$secret{admin}"\n'
    files = {"deployment.toml": text, "security/secret-conf.properties": conf}
    home = lay_out(tmp_path / "home", files)
    assert run("check", "--home", str(home)).status != 5
    assert "admin" not in run("check", "--home", str(home)).err
    (home / CONF / "deployment.toml").write_text(f'{text}[secrets]\nadmin = "[s3cret]"\n')
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 3
    assert "the product takes secrets from 'vault' alone" in outcome.err
    assert "[s3cret]" in (home / CONF / "deployment.toml").read_text()


def test_secrets_that_are_asked_for_at_run_time_are_external(tmp_path: Path, run: Run) -> None:
    text = '[a]\np = "$secret{late}"\n[runtime_secrets]\nenable = "true"\n[secrets]\nown = "[s3cret]"\n'
    home = lay_out(tmp_path / "home", {"deployment.toml": text})
    assert run("protect", "--home", str(home)).status == 0
    assert run("check", "--home", str(home)).status == 0


SYNAPSE = """\
<proxy xmlns="http://ws.apache.org/ns/synapse">
  <property name="a" expression="wso2:vault-lookup('used')"/>
  <property name="b" expression="fn:concat('Basic ', wso2:vault-lookup( &quot;used2&quot; ))"/>
  <parameter name="c">${wso2:vault-lookup('used3')}</parameter>
  <parameter name="d">{wso2:vault-lookup('used4')}</parameter>
  <property name="e" expression="wso2:vault-lookup('elsewhere','FILE','true')"/>
</proxy>
"""


def test_lookups_in_expressions_count_as_references(tmp_path: Path, run: Run) -> None:
    names = ("used", "used2", "used3", "used4", "unused")
    table = "[secrets]\n" + "".join(f'{name} = "[c4n4ry-{name}]"\n' for name in names)
    synapse = "/repository/deployment/server/synapse-configs/default/a.xml"
    home = lay_out(tmp_path / "home", {"deployment.toml": table, synapse: SYNAPSE})
    assert run("protect", "--home", str(home)).status == 0
    found = json.loads(run("audit", "--home", str(home), "--json").out)
    orphans = [each["alias"] for each in found["values"] if each["state"] == "orphaned"]
    assert orphans == ["unused"]
    checked = run("check", "--home", str(home))
    assert (checked.status, "4 references in 2 files" in checked.err) == (0, True)
    resolved = run("resolve", "--home", str(home), str(home / synapse.lstrip("/"))).out
    assert resolved == SYNAPSE.replace("{wso2:vault-lookup('used4')}", "c4n4ry-used4")
    (home / synapse.lstrip("/")).write_text(SYNAPSE.replace("'used'", "'missing'"))
    checked = run("check", "--home", str(home))
    assert (checked.status, "unknown secret alias 'missing'" in checked.err) == (1, True)


@pytest.mark.parametrize("alias", ["a:b:c", "vault:hashicorp:db.x"])
def test_three_parts_name_a_provider(alias: str) -> None:
    assert references.names_provider(alias)


@pytest.mark.parametrize("alias", ["a", "a:b", "a:b:c:d", "a::c", ":a:b"])
def test_other_aliases_name_none(alias: str) -> None:
    assert not references.names_provider(alias)


UNSUPPORTED = {
    "secretRepositories.file.encryptionMode": "hsm.backed",
    "secretRepositories": "vault",
    "secretRepositories.file.provider": "com.example.OwnRepositoryProvider",
}


@pytest.mark.parametrize("flow", ["deployment.toml", "security/cipher-tool.properties"])
@pytest.mark.parametrize("key", UNSUPPORTED)
def test_what_is_not_supported_is_refused_by_name(tmp_path: Path, run: Run, key: str, flow: str) -> None:
    text = '[secrets]\na = "[s3cret]"\n' if flow == "deployment.toml" else ""
    conf = f"# ours\n{key}={UNSUPPORTED[key]}\n"
    home = lay_out(tmp_path / "home", {flow: text, "security/secret-conf.properties": conf})
    with pytest.raises(ConfigError) as caught:
        settings.load(home)
    assert (caught.value.path, caught.value.line) == (home / CONF / "security/secret-conf.properties", 2)
    assert UNSUPPORTED[key] in caught.value.message
    for command in (["protect"], ["check"], ["get", "a"], ["encrypt"]):
        assert run(*command, "--home", str(home), stdin=b"x").status == 3
    assert (home / CONF / flow).read_text() == text


def test_a_symmetric_vault_of_another_transformation_is_refused(tmp_path: Path) -> None:
    conf = f"{KEY_BASED}secretRepositories.file.algorithm=AES/CBC/PKCS5Padding\n"
    home = lay_out(tmp_path / "home", {"deployment.toml": "", "security/secret-conf.properties": conf})
    with pytest.raises(ConfigError, match="AES/CBC/PKCS5Padding"):
        settings.load(home)


KEYS = ("0123456789abcdefABCDEF9876543210" * 2, "a key of 32 bytes, ä €, and .")


@pytest.mark.jvm
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("flow", ["toml", "xml"])
def test_a_vault_whose_password_is_its_key_is_read_and_written(tmp_path: Path, run: Run, key: str, flow: str) -> None:
    assert len(key_of_text(key)) == 32
    in_toml, in_properties = '[a]\np = "$secret{a}"\n[secrets]\na = "[pa]ss €]"\n', "a=[pa]ss \\u20ac]\n"
    stated = {"deployment.toml": in_toml} if flow == "toml" else {"security/cipher-text.properties": in_properties}
    home = lay_out(tmp_path / "home", {**stated, "security/secret-conf.properties": KEY_BASED})
    (home / "password-persist").write_text(f"{key}\n", encoding="utf-8")
    (home / "password-persist").chmod(0o600)
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 0
    assert "to the AES key that is the vault's password" in outcome.err
    assert Vault.open(home)["a"].reveal() == "pa]ss €"
    again = run("protect", "--home", str(home))
    assert (again.status, "nothing to do" in again.err) == (0, True)
    assert run("check", "--home", str(home)).status == 0
    assert secrets_of(home, key) == {"a": "pa]ss €"}


@pytest.mark.parametrize("text", ["short", "0" * 63, "0" * 65, "ä" * 17, ""])
def test_a_password_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadKeyTextError) as caught:
        key_of_text(text)
    assert caught.value.size == len(text.encode())
