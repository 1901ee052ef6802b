"""What every runtime promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import files, rewriters, settings
from ciphertool.passwords.carbon import CarbonHome, MasterKeys
from ciphertool.references import Reference, Syntax
from ciphertool.repository import KINDS, is_native
from ciphertool.rewriters.base import Change, rewrite
from ciphertool.runtimes.base import KeystoreFacts
from ciphertool.runtimes.registry import RUNTIMES, runtime_of

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.rewriters.base import Rewriter
    from ciphertool.runtimes.base import Runtime
    from ciphertool.settings import Settings

DOCUMENTS = {
    "xml": "<a><b>c4n4ry</b></a>",
    "yaml": "a: c4n4ry\n",
    "toml": 'a = "c4n4ry"\n',
    "json": '{"a": "c4n4ry"}',
    "properties": "a=c4n4ry\n",
    "env": "A=c4n4ry\n",
    "ini": "[s]\na=c4n4ry\n",
    "quoted-ini": '[s]\na="c4n4ry"\n',
    "systemd": '[Service]\nEnvironment="A=c4n4ry"\n',
    "hcl": 'a = "c4n4ry"\n',
    "lines": "c4n4ry\n",
}


def test_each_built_in_kind_has_one_runtime() -> None:
    assert sorted(runtime.kind for runtime in RUNTIMES) == sorted(KINDS)
    assert all(runtime_of(runtime.kind) is runtime for runtime in RUNTIMES)


def test_only_ciphertools_own_kind_and_those_of_plug_ins_are_native() -> None:
    assert [kind for kind in (*KINDS, "a-plug-in") if is_native(kind)] == ["native", "a-plug-in"]
    assert runtime_of("a-plug-in") is runtime_of("native")


@pytest.mark.parametrize("rewriter", rewriters.built_in(), ids=lambda rewriter: rewriter.name)
@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.kind)
def test_a_reference_in_its_syntax_is_read_back(runtime: Runtime, rewriter: Rewriter) -> None:
    before = rewriter.parse(DOCUMENTS[rewriter.name].encode())
    [site] = before.sites()
    written = rewrite(rewriter, before, [Change(site, Reference("a.b", runtime.syntax(rewriter)))])
    assert b"c4n4ry" not in written
    [after] = rewriter.parse(written).sites()
    assert after.reference is not None
    assert after.reference.alias == "a.b"


def test_only_carbon_4_spells_references_its_own_way() -> None:
    properties = rewriters.by_name("properties")
    spelled = {runtime.kind: runtime.syntax(properties) for runtime in RUNTIMES}
    assert spelled == dict.fromkeys(KINDS, Syntax.SECRET) | {"carbon4": Syntax.SECRET_ALIAS}


def test_what_it_always_reads_is_there_and_lies_within_the_vault(vault_settings: Settings) -> None:
    always, below = runtime_of(vault_settings.kind).files(vault_settings)
    assert all(path.is_file() for path in always)
    assert all(path.is_relative_to(vault_settings.root) for path in (*always, *below))


def test_the_repository_is_the_vaults_own_or_configuration(vault_settings: Settings) -> None:
    runtime = runtime_of(vault_settings.kind)
    own, always = runtime.own_files(vault_settings), runtime.files(vault_settings).always
    assert (vault_settings.repository in own) is not (vault_settings.repository in always)
    assert own.isdisjoint(always)


def test_companions_are_written_once_and_change_nothing_that_settings_say(vault_settings: Settings) -> None:
    runtime = runtime_of(vault_settings.kind)
    written = runtime.companions(vault_settings, KeystoreFacts())
    assert vault_settings.repository not in {write.before.path for write in written}
    for write in written:
        write.before.path.parent.mkdir(parents=True, exist_ok=True)
    files.write_all(written)
    assert runtime.companions(vault_settings, KeystoreFacts()) == ()
    stated = vault_settings.encryption._replace(assumed=False)
    assert settings.load(vault_settings.origin) == vault_settings._replace(encryption=stated)


def test_a_runtime_that_opens_its_vault_by_a_file_of_its_own_gets_it(tmp_path: Path) -> None:
    from tests.runtimes.conftest import make_vault

    written = {
        kind: [
            str(write.before.path.relative_to(tmp_path / kind))
            for write in runtime_of(kind).companions(make_vault(tmp_path / kind, kind), KeystoreFacts())
        ]
        for kind in KINDS
    }
    expected: dict[str, list[str]] = {kind: [] for kind in KINDS}
    of_a_home = ["repository/conf/security/secret-conf.properties"]
    assert written == expected | {"carbon4": of_a_home, "toml-secrets": of_a_home}


def test_the_files_that_a_home_reads_passwords_from_are_its_password_files(vault_settings: Settings) -> None:
    sources = vault_settings.password_sources
    read = {path for source in sources if isinstance(source, CarbonHome | MasterKeys) for path in source.files}
    assert read == set(runtime_of(vault_settings.kind).password_files(vault_settings))
    assert bool(read) is not vault_settings.native
