"""The child's environment holds no password source, and a stranger's text in it does not become a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import settings
from ciphertool.errors import PluginError, UnknownAliasError
from ciphertool.passwords import Environment, MasterKeys, PasswordChain, Passwords, SystemdCredential
from ciphertool.passwords.plugin import PluginSource
from ciphertool.run.environment import ChildEnvironment, Rules, child_environment

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.references import Reference


def _reveal(reference: Reference) -> str:
    if reference.alias == "a":
        return "s3cret"
    raise UnknownAliasError(reference.alias, None)  # type: ignore[arg-type]  # no repository is asked


def test_references_are_resolved_only_in_inherited_variables_that_are_named() -> None:
    inherited = {"BRANCH": "x-${sec:a}", "OTHER": "$secret{no.such}", "URL": "db:$secret{a}", "PLAIN": "${HOME} $x"}
    made = child_environment(inherited, [], {}, _reveal, Rules(inherit=["URL", "ABSENT"]))
    assert made == ChildEnvironment({**inherited, "URL": "db:s3cret"}, ("BRANCH", "OTHER"))


def test_a_variable_that_is_replaced_is_not_told_as_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("B=1\n")
    inherited = {"A": "${sec:a}", "B": "${sec:a}", "C": "${sec:a}"}
    made = child_environment(inherited, [(tmp_path / ".env", None)], {"A": "a"}, _reveal, Rules())
    assert made == ChildEnvironment({"A": "s3cret", "B": "1", "C": "${sec:a}"}, ("C",))


def test_what_a_file_says_of_a_withheld_variable_is_withheld_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STORE=1\nCIPHERTOOL_X=2\nA=3\n")
    rules = Rules(passwords={"STORE"})
    inherited = {"STORE": "${sec:a}", "CIPHERTOOL_Y": "${sec:no}"}
    assert child_environment(inherited, [(tmp_path / ".env", None)], {}, _reveal, rules) == ChildEnvironment(
        {"A": "3"}, ()
    )


def test_every_source_says_which_variables_it_reads(tmp_path: Path) -> None:
    (tmp_path / "ciphertool.toml").write_text("""
    [keystore]
    path = "a.p12"
    [repository]
    path = "v.properties"
    [[password]]
    from = "environment"
    variable = "STORE"
    [[password]]
    from = "environment"
    variable = "OTHER"
    key_variable = "OTHERS_KEY"
    [[password]]
    from = "systemd"
    name = "store"
    [[password]]
    from = "command"
    command = ["vault", "read"]
    variables = ["VAULT_TOKEN"]
    [[password]]
    from = "keyring"
    service = "app"
    user = "store"
    variables = ["KEYRING_CRYPTFILE_PASSWORD"]
    [[password]]
    from = "carbon"
    home = "."
    [[password]]
    from = "file"
    path = "p"
    [[password]]
    from = "mounted"
    name = "p"
    [[password]]
    from = "master-keys"
    path = "master-keys.yaml"
    """)
    sources = settings.load(tmp_path / "ciphertool.toml").password_sources
    assert PasswordChain((Environment(), *sources)).variables == {
        "CIPHERTOOL_KEYSTORE_PASSWORD", "CIPHERTOOL_KEY_PASSWORD", "STORE", "STORE_KEY", "OTHER", "OTHERS_KEY",
        "CREDENTIALS_DIRECTORY", "VAULT_TOKEN", "KEYRING_CRYPTFILE_PASSWORD", "keyStorePassword", "privateKeyPassword",
    }  # fmt: skip


class _Recording(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]  # of one type here
        self.asked.add(key)
        return super().get(key, default)


def test_no_source_reads_a_variable_that_it_does_not_name(tmp_path: Path) -> None:
    for make in (
        lambda seen: Environment(seen, "STORE", "KEY"),
        lambda seen: MasterKeys(tmp_path / "absent.yaml", seen),
        lambda seen: SystemdCredential("a", "b", seen),
    ):
        seen = _Recording()
        source = make(seen)
        assert source.read() is None
        assert seen.asked
        assert seen.asked <= set(source.variables)


class _Offered:
    name = "offered"

    def __init__(self, variables: object = None) -> None:
        if variables is not None:
            self.variables = variables

    def read(self) -> Passwords | None:
        return None


def test_a_plug_in_may_declare_variables_and_nothing_else() -> None:
    def variables(source: object) -> tuple[str, ...]:
        return PluginSource("offered", source).variables  # type: ignore[arg-type]  # it is a stranger's

    assert variables(_Offered()) == ()
    assert variables(_Offered(["TOKEN", "OTHER"])) == ("TOKEN", "OTHER")
    for wrong in ("TOKEN", [1], 7):
        with pytest.raises(PluginError):
            variables(_Offered(wrong))
