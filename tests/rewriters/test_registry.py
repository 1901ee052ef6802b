from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import PurePath

import pytest

from ciphertool import rewriters
from ciphertool.errors import ConfigError, UnknownFormatError
from ciphertool.plugins import ALL_EXTENSIONS
from ciphertool.rewriters.yaml import YamlRewriter


def test_the_registry_says_what_the_rewriters_say() -> None:
    """The table repeats names and suffixes so that listing them imports no parser; it must not disagree."""
    assert [(r.name, r.suffixes) for r in rewriters.built_in()] == [(f.name, f.suffixes) for f in rewriters._BUILT_IN]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conf/app.yaml", "yaml"),
        ("APP.YML", "yaml"),
        (".env", "env"),
        (".env.local", "env"),
        ("prod.env", "env"),
        ("tox.ini", "ini"),
        ("a.b.properties", "properties"),
        ("etc/pip.conf", "ini"),
        ("Supervisord.conf", "ini"),
        ("wg0.conf", "ini"),
        ("krb5.conf", "ini"),
        ("my.cnf", "quoted-ini"),
        (".my.cnf", "quoted-ini"),
        ("openssl.cnf", "ini"),
        ("etc/php.ini", "quoted-ini"),
        (".gitconfig", "quoted-ini"),
        ("home/.aws/credentials", "ini"),
        ("repo/.git/config", "quoted-ini"),
        (".npmrc", "quoted-ini"),
        ("app.service", "systemd"),
        ("etc/app.service.d/10-db.conf", "systemd"),
        ("main.tf", "hcl"),
        ("prod.auto.tfvars", "hcl"),
        ("app.exe.config", "xml"),
        ("Info.plist", "xml"),
        (".dockercfg", "json"),
        ("env.local", "env"),
        ("api.env.production", "env"),
    ],
)
def test_a_name_chooses_its_format(name: str, expected: str) -> None:
    assert rewriters.for_path(PurePath(name)).name == expected


@pytest.mark.parametrize(
    "name", ["README", "env.py", "app.conf", ".bashrc", "x.yaml~", "config", "xwg0.conf", "pip.conf.d"]
)
def test_an_unknown_name_is_refused_with_the_known_formats(name: str) -> None:
    with pytest.raises(UnknownFormatError) as caught:
        rewriters.for_path(PurePath(name))
    assert "yaml" in caught.value.known


def test_a_plug_in_serves_only_settings_that_were_named(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = EntryPoints([EntryPoint("mine", "ciphertool.rewriters.yaml:YamlRewriter", rewriters.ENTRY_POINTS)])
    monkeypatch.setattr("importlib.metadata.entry_points", offered.select)
    with pytest.raises(UnknownFormatError):
        rewriters.by_name("mine")
    assert isinstance(rewriters.by_name("mine", extensions=ALL_EXTENSIONS), YamlRewriter)
    with pytest.raises(ConfigError, match="a plug-in's format"):
        rewriters.by_name("mine", "utf-8", extensions=ALL_EXTENSIONS)


def test_no_name_is_that_of_two_formats() -> None:
    names = rewriters.file_names()
    for format_name, patterns in names.items():
        for name in patterns:
            path = PurePath(name.replace("*", "x"))
            assert rewriters.for_path(path).name == format_name, name
            assert name == name.lower()


def test_npmrc_tokens_have_selectors() -> None:
    data = b"registry=https://r/\n; c\n//r/:_authToken=npm_s3cret\n//r/:username = u\n_auth = dTpw==\nx=${NPM}\n"
    document = rewriters.for_path(PurePath(".npmrc")).parse(data)
    found = document.locate(["//r/:_authToken", "_auth"])
    assert [site.value for sites in found if isinstance(sites, tuple) for site in sites] == ["npm_s3cret", "dTpw=="]
