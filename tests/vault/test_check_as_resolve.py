"""`check` reports what `resolve` would refuse, also if every reference has a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import ProblemsError, Vault
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """\
[keystore]
path = "primary.p12"
[repository]
path = "vault.properties"
[[target]]
file = "app.*"
selector = "{selector}"
alias = "db"
"""
BRACE = '<a xmlns="urn:{x"><password>$secret{db}</password></a>'


@pytest.mark.parametrize(
    ("name", "text", "selector", "secret"),
    [
        ("app.xml", BRACE, "/a/password", "any"),
        ("app.xml", '<a password="$secret{db}"/>', "/a/@password", "a\x01b"),
        ("app.ini", "[db]\npassword = $secret{db}\n", "db/password", "ends with a blank "),
        ("app.env", "PASSWORD='{ciphertool:db}'\n", "PASSWORD", "a\0b"),
    ],
)
def test_what_resolve_refuses_is_a_problem(tmp_path: Path, name: str, text: str, selector: str, secret: str) -> None:
    (tmp_path / "ciphertool.toml").write_text(SETTINGS.format(selector=selector))
    (tmp_path / name).write_text(text)
    vault = Vault.of({"db": secret}, tmp_path)
    with pytest.raises(ConfigError) as refused:
        vault.resolve_file(tmp_path / name)
    with pytest.raises(ProblemsError) as reported:
        vault.check()
    [problem] = reported.value.problems
    assert (type(problem), str(problem), problem.hint) == (type(refused.value), str(refused.value), refused.value.hint)
    assert problem.path == tmp_path / name


def test_every_such_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "ciphertool.toml").write_text(SETTINGS.format(selector="/a/password"))
    (tmp_path / "app.xml").write_text(BRACE)
    (tmp_path / "app.2.xml").write_text(BRACE)
    with pytest.raises(ProblemsError) as reported:
        Vault.of({"db": "any"}, tmp_path).check()
    assert [problem.line for problem in reported.value.problems] == [1, 1]


def test_a_stated_format_that_the_name_contradicts_is_a_hint(tmp_path: Path) -> None:
    settings = SETTINGS.format(selector="$.password") + 'format = "json"\n'
    (tmp_path / "ciphertool.toml").write_text(settings)
    (tmp_path / "app.yaml").write_text("password: ${sec:db}\n")
    vault = Vault.of({"db": "any"}, tmp_path)
    with pytest.raises(ConfigError) as refused:
        vault.resolve_file(tmp_path / "app.yaml")
    with pytest.raises(ProblemsError) as reported:
        vault.check()
    hint = "check the format: json is stated, but the file's name is that of yaml"
    assert (refused.value.hint, reported.value.problems[0].hint) == (hint, hint)
