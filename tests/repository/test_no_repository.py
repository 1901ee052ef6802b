"""Files that are no secret repository, named as one: no command shows what stands in them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from ciphertool.errors import ConfigError, NotARepositoryError
from ciphertool.files import Snapshot
from ciphertool.repository import KINDS, Malformed, repository_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

_WORD = "c4n4ryHunter2Word"
_BYTES = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(40))
_BASE64 = base64.b64encode(_BYTES).decode()
_WRAPPED = "\n".join(re.findall(".{1,64}", _BASE64))
_PADDED = base64.b64encode(_BYTES[:1279]).decode()

FILES = {
    "token": f"ghp_{_WORD}A1b2C3d4E5f6G7h8I9j0K1l2\n",
    "token without a line end": f"{_WORD}A1b2C3d4",
    "one line of base64": base64.b64encode(_WORD.encode()).decode() + "\n",
    "one padded line": "YzRuNHJ5SHVudGVyMldvcmQ=\n",
    "two padded lines": "YzRuNHJ5SHVudGVyMldvcmQ=\nYzRuNHJ5SHVudGVyMldvcmRz==\n",
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{_WRAPPED}\n-----END RSA PRIVATE KEY-----\n",
    "base64": "\n".join(re.findall(".{1,64}", _PADDED)) + "\n",
    "base64 in Windows' lines": "\r\n".join(re.findall(".{1,76}", _PADDED)) + "\r\n",
    "environment": f"DB_PASSWORD={_WORD}\nexport API_TOKEN='{_WORD}2'\nEMPTY=\n",
    "json": json.dumps({"password": _WORD, "list": [_WORD]}, indent=2),
    "kubeconfig": f"apiVersion: v1\nkind: Config\nusers:\n- name: prod\n  user:\n    token: {_WORD}\n    {_WORD}: x\n",
    "netrc": f"machine example.com login bob password {_WORD}\n{_WORD} prod\n",
    "users": f"bob:{_WORD}\n{_WORD}:admin\n",
    "htpasswd": f"{_WORD}:$apr1$abcdefgh$0123456789abcdefghijkl\n",
    "pgpass": f"{_WORD}:5432:*:app:x\n",
    "sops": f"{_WORD}=ENC[AES256_GCM,data:{_BASE64[:24]},iv:{_BASE64[:43]}=,tag:{_BASE64[:22]}==,type:str]\n"
    f"sops_mac_{_WORD}=ENC[AES256_GCM,data:{_BASE64[:99]},type:str]\n",
    "eyaml": f"{_WORD}: ENC[PKCS7,{_BASE64[:300]}]\n{_WORD}2: ENC[GPG,{_BASE64[:300]}]\n",
    "words": f"{_WORD}\n{_WORD} [for prod]\n{_WORD} cHJvZA==\n",
}
_SHOWN = re.compile(r"(?i)c4n4ry|YzRuNHJ5|" + "|".join(re.escape(line[:20]) for line in _WRAPPED.splitlines()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_a_file_that_is_no_repository_is_one_error_without_its_text(tmp_path: Path, kind: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        repository_of(kind, Snapshot(tmp_path, tmp_path, text.encode()))
    assert not _SHOWN.search(f"{caught.value}{caught.value.hint}{caught.value.__dict__!r}")
    assert caught.value.line
    assert kind == "toml-secrets" or isinstance(caught.value, NotARepositoryError)


@pytest.mark.parametrize("kind", ["native", "carbon4"])
@pytest.mark.parametrize("name", ["token", "one padded line", "private key", "environment", "words"])
@pytest.mark.parametrize("good", [True, False])
def test_no_command_shows_its_text(project: Path, run: Run, kind: str, name: str, good: bool) -> None:
    """Not even where one line of it is an entry, so that it is a repository with a good many damaged lines."""
    text, settings = FILES[name], project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("[repository]", f'[repository]\nkind = "{kind}"'))
    (project / "conf/ref.yaml").write_text("a: ${sec:sure}\n")
    (project / "security/vault.properties").write_text(f"sure=[x]\n{text}" if good else text)
    said = ""
    for command in ("protect", "protect --json --dry-run --diff", "check", "check --json", "get sure", "get nobody"):
        outcome = run(*command.split())
        said += outcome.out + outcome.err
        assert good or command.startswith("get") or outcome.err.count("not a secret repository") == 1, said
        assert outcome.status in (0, 1, 3, 5) if good else outcome.status in (3, 5), (command, outcome)
    reports = [f"report{suffix}" for suffix in (".cdx.json", ".sarif", ".html", ".csv", ".md")]
    run("audit", *(f"--output={name}" for name in reports))
    said += "".join((project / name).read_text() for name in reports) + run("audit").out
    outcome = run("audit", "--json")
    here = [f for f in json.loads(outcome.out)["findings"] if f["path"] == "security/vault.properties"]
    assert good or [f["level"] for f in here if "not a secret repository" in f["message"]] == ["error"]
    assert [f["line"] for f in here if f["rule"] in ("CT009", "CT024")]
    outcome = run("textconv", "security/vault.properties")
    said += outcome.out + outcome.err
    assert not _SHOWN.search(said), _SHOWN.findall(said)


def test_a_check_says_what_it_has_not_looked_at(project: Path, run: Run) -> None:
    assert run("protect").status == 0
    with (project / "security/vault.properties").open("a") as vault:
        vault.write(f"unused=[x]\ndamaged=ENC[RSA-OAEP-256,0123456789abcdef,\n{_WORD}={_WORD}\n")
    outcome = run("check")
    assert (outcome.status, outcome.out) == (0, "")
    assert outcome.err.splitlines() == [
        "warning: security/vault.properties:6: 'damaged' is damaged; no file refers to it",
        "warning: security/vault.properties:7: the entry on line 7 is damaged; no file refers to it",
        "note: values not checked because no configured file refers to them: 1",
        "4 references in 2 files: all resolve",
    ]
    assert json.loads(run("check", "--json").out) == {"problems": [], "references": 4, "files": 2, "unused": 3}


def test_a_check_of_nothing_proves_nothing(project: Path, run: Run) -> None:
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().partition("[[target]]")[0])
    (project / "security/vault.properties").write_text("a=[x]\n")
    outcome = run("check")
    assert outcome.err.splitlines() == [
        "note: values not checked because no configured file refers to them: 1",
        "warning: no configured file exists; nothing was checked",
        "0 references in 0 files: nothing to resolve",
    ]


def test_a_vault_does_not_open_with_it(project: Path) -> None:
    (project / "security/vault.properties").write_text(FILES["private key"])
    with pytest.raises(NotARepositoryError):
        Vault.open(project)


def test_only_some_damaged_lines_are_told_by_what_is_certain(project: Path, run: Run) -> None:
    (project / "security/vault.properties").write_text(
        "# kept\ngood=[x]\ndamaged=ENC[RSA-OAEP-256,0123456789abcdef,\n"
        f"server.admin.password={_WORD}\n{_WORD}=\n{_WORD}x={_WORD}\n"
    )
    found = json.loads(run("audit", "--json").out)["findings"]
    malformed = {f["line"]: (f["selector"], f["message"]) for f in found if f["rule"] == "CT009"}
    assert {line: selector for line, (selector, _) in malformed.items()} == {
        3: "damaged",
        4: "server.admin.password",  # so the settings call it
        5: None,
        6: None,
    }
    assert malformed[5][1].startswith("the entry on line 5: ")
    assert _WORD not in json.dumps(found)
    assert len({f["fingerprint"] for f in found}) == len(found)


@pytest.mark.parametrize("separator", ["=", " = ", ":", ": ", "\t=\t"])
def test_a_repository_is_one_however_it_is_separated(tmp_path: Path, separator: str) -> None:
    made = base64.b64encode(bytes(256)).decode()
    for kind, value in (("native", "[x]"), ("carbon4", made), ("carbon4", "[]"), ("carbon5", f"cipherText {made}")):
        entry = repository_of(kind, Snapshot(tmp_path, tmp_path, f"a.b{separator}{value}\n".encode())).get("a.b")
        assert entry.certain
        assert not isinstance(entry.stored, Malformed)


def test_values_that_wait_are_entries_where_a_target_names_them(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path, tmp_path, b"a.b=\nc=\n")
    assert list(repository_of("carbon4", snapshot, declared={"c"}).entries) == ["a.b", "c"]
    with pytest.raises(NotARepositoryError) as caught:
        repository_of("carbon4", snapshot, declared={"d"})
    assert caught.value.lines == (1, 2)


def test_a_line_that_stands_twice_shows_its_key_only_if_it_is_one(tmp_path: Path) -> None:
    for key, text, shown in ((_WORD, f"{_WORD}=x\n{_WORD}=y\n", False), ("twice", "twice=[x]\ntwice=[y]\n", True)):
        entry = repository_of("native", Snapshot(tmp_path, tmp_path, f"a=[x]\n{text}".encode())).get(key)
        assert entry.stored == Malformed("occurs on lines 2 and 3", "keep only one of them")
        assert entry.label(key) == ("twice" if shown else "the entry on line 3")


@pytest.mark.parametrize("scheme", ["NO-SUCH", "RSA", "RSA-OAEP-512"])
def test_an_unknown_scheme_is_told_with_alias_and_line(protected: Path, run: Run, scheme: str) -> None:
    vault = protected / "security/vault.properties"
    vault.write_text(
        vault.read_text().replace("server.admin.password=ENC[RSA-OAEP-256", f"server.admin.password=ENC[{scheme}")
    )
    line = next(n for n, text in enumerate(vault.read_text().splitlines(), 1) if scheme + "," in text)
    for command in ("protect", "check", "get server.admin.password"):
        outcome = run(*command.split())
        assert outcome.status == (1 if command == "check" else 3), (command, outcome)
        assert f"'server.admin.password': encryption scheme '{scheme}'" in outcome.err, (command, outcome)
        assert f"security/vault.properties:{line}" in outcome.err, (command, outcome)
    for options in ((), ("--decrypt",)):
        found = json.loads(run("audit", "--json", *options).out)["findings"]
        (one,) = [f for f in found if scheme in f["message"]]
        assert (one["rule"], one["line"], one["selector"]) == ("CT009", line, "server.admin.password")
