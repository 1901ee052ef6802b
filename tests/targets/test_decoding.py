"""Secrets in base64: what they encode is protected, and the same base64 comes back."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SECRET = "c4n4ry: ü\n$x"
FILES = {
    "secret.yaml": (
        f"apiVersion: v1\nkind: Secret\ndata:\n  password: {_b64(SECRET)} # c\n  other: 'eA=='\n",
        "$.data.password",
        None,
        SECRET,
        "  password: ciphertool-base64:${sec:a} # c\n",
    ),
    "quoted.yaml": (
        f'data: {{"password": "{_b64(SECRET)}"}}\n',
        "$.data.password",
        None,
        SECRET,
        'data: {"password": "ciphertool-base64:${sec:a}"}\n',
    ),
    "config.json": (
        json.dumps({"auths": {"r.example": {"auth": _b64("bot:c4n4ry")}}}, indent=1),
        "$.auths['r.example'].auth",
        "^[^:]+:(?P<secret>.+)$",
        "c4n4ry",
        '"auth": "ciphertool-base64:bot:$secret{a}"',
    ),
    "url.toml": (
        f"u = '{_b64('db://u:c4n%40ry@h/x')}'\n",
        "$.u",
        "password",
        "c4n@ry",
        "u = 'ciphertool-base64:db://u:$secret{a}@h/x'\n",
    ),
    "a.xml": (
        f'<a><b p="{_b64(SECRET)}"/></a>',
        "/a/b/@p",
        None,
        SECRET,
        '<a><b p="ciphertool-base64:$secret{a}"/></a>',
    ),
    "a.properties": (f"a={_b64('c4n4ry-7d')}\n", "a", None, "c4n4ry-7d", "a=ciphertool-base64:$secret{a}\n"),
    "a.ini": (f"[s]\na = {_b64('c4n4ry-7d')}\n", "s/a", None, "c4n4ry-7d", "a = ciphertool-base64:$secret{a}\n"),
    "a.tfvars": (f'a = "{_b64("c4n4ry-7d")}"\n', "$.a", None, "c4n4ry-7d", 'a = "ciphertool-base64:$secret{a}"\n'),
}


def _lay_out(project: Path, name: str, text: str, selector: str, part: str | None) -> Path:
    (project / name).write_text(text, encoding="utf-8")
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    target = f'[[target]]\nfile = "{name}"\nselector = """{selector}"""\nalias = "a"\ndecode = "base64"\n'
    part_line = f"part = '{part}'\n" if part else ""
    (project / "ciphertool.toml").write_text(settings + target + part_line)
    return project / name


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("name", FILES)
def test_what_is_encoded_is_the_secret(project: Path, run: Run, name: str) -> None:
    text, selector, part, secret, protected = FILES[name]
    path = _lay_out(project, name, text, selector, part)
    shown = run("protect", "--dry-run", "--diff")
    assert shown.status == 1  # there is something to do
    assert secret not in shown.out + shown.err
    for encoded in (_b64(secret), _b64("bot:c4n4ry"), _b64("db://u:c4n%40ry@h/x")):
        assert encoded not in shown.out + shown.err
    assert run("protect").status == 0
    assert protected in path.read_text(encoding="utf-8")
    assert run("get", "a").out == f"{secret}\n"
    assert run("protect").status == 0
    assert run("check").status == 0
    assert run("resolve", name).out == text
    values = json.loads(run("audit", ".", "--config", "ciphertool.toml", "--format", "json").out)["values"]
    assert [(each["state"], each["evidence"]) for each in values if each["alias"] == "a"] == [("protected", "declared")]
    with Vault.open(project / "ciphertool.toml") as vault:
        loaded = json.dumps(vault.load(path)) if path.suffix != ".xml" else text
    assert "ciphertool-base64" not in loaded


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("name", "text", "selector", "reason"),
    [
        ("a.json", '{"a": "no base64!"}', "$.a", "is not base64 of text"),
        ("a.json", '{"a": "/w=="}', "$.a", "is not base64 of text"),
        ("a.json", '{"a": "eB=="}', "$.a", "is base64 in a spelling that would not come back"),
        ("a.json", '{"a": "$secret{b}"}', "$.a", "is not base64 of text"),
        ("a.json", json.dumps({"a": _b64("x $secret{b}")}), "$.a", "encodes a reference"),
        ("a.env", "A=eA==\n", "A", "its format has no `decode`"),
        ("a.service", "[S]\nA=eA==\n", "S/A", "its format has no `decode`"),
    ],
)
def test_what_could_not_come_back_is_refused(
    project: Path, run: Run, name: str, text: str, selector: str, reason: str
) -> None:
    path = _lay_out(project, name, text, selector, None)
    told = run("protect")
    assert told.status == 3
    assert reason in told.err
    assert path.read_text() == text


def test_an_unknown_encoding_is_refused(project: Path, run: Run) -> None:
    _lay_out(project, "a.json", '{"a": "eA=="}', "$.a", None)
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace('"base64"', '"hex"'))
    told = run("protect")
    assert told.status == 3
    assert 'decode must be "base64"' in told.err


@pytest.mark.usefixtures("named")
def test_a_changed_secret_is_encoded(project: Path, run: Run) -> None:
    text, selector, part, _, _ = FILES["config.json"]
    _lay_out(project, "config.json", text, selector, part)
    assert run("protect").status == 0
    assert run("set", "a", stdin=b"new").status == 0
    assert json.loads(run("resolve", "config.json").out)["auths"]["r.example"]["auth"] == _b64("bot:new")
    assert run("unprotect", "config.json", "--yes").status == 0
    assert json.loads((project / "config.json").read_text())["auths"]["r.example"]["auth"] == _b64("bot:new")
