"""Carbon homes as damage, haste and ill will leave them: mutations of small ones. Shared with scripts/fuzz-homes."""

from __future__ import annotations

import io
import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.cli import main
from ciphertool.errors import CipherToolError
from ciphertool.keystore import configured, open_keystore
from ciphertool.settings.keystore_roles import keystore_uses
from ciphertool.vault.configured import ROLES
from tests.homes import CARBON_XML, CONF, STORE_PASSWORD, STORES, keystore
from tests.interop.secret_keys import FOLDER, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

BUG = 70
_XML = CARBON_XML.format(store="main.jks", password=STORE_PASSWORD)
_DEPLOYMENT = """\
[server]
hostname = "$env{HOST}"
[super_admin]
password = "$secret{admin}"
[keystore.primary]
file_name = "main.jks"
alias = "wso2"
password = "c4n4ry-store"
[keystore.internal]
file_name = "$ref{keystore.primary.file_name}"
[[apim.gateway]]
password = "$secret{vault:hashicorp:gateway}"
[runtime_secrets]
enable = "false"
[secrets]
admin = "[s3cret]"
"db.admin" = "[pa]ss]"
filled = "$env{X}"
"""
_SYMMETRIC = """\
[keystore.internal]
file_name = "keys.p12"
type = "PKCS12"
alias = "aes256"
[keystore.primary]
password = "c4n4ry-store"
[super_admin]
password = "$secret{admin}"
[secrets]
admin = "[s3cret]"
"""
_CONF = (
    f"secVault.enabled=true\nsecretRepositories=file\nkeystore.identity.location={STORES}/main.jks\n"
    "keystore.identity.alias=wso2\nsecretRepositories.file.location=repository/conf/security/cipher-text.properties\n"
)
_TOOL = (
    "Carbon.Security.KeyStore.Password=repository/conf/carbon.xml//Server/Security/KeyStore/Password,false\n"
    "A=repository\\\\conf\\\\user-mgt.xml//a/b[@c],true\n"
)
_TARGETS = f'[[target]]\nfile = "{CONF}/deployment.toml"\nselector = "$.keystore.primary.password"\nalias = "store"\n'
_SYNAPSE = "<a><b c=\"wso2:vault-lookup('admin')\">{wso2:vault-lookup('db.admin')}</b></a>"
BASES: dict[str, dict[str, str]] = {
    "deployment": {f"{CONF}/deployment.toml": _DEPLOYMENT, f"{CONF}/carbon.xml": _XML},
    "protected": {
        f"{CONF}/deployment.toml": _DEPLOYMENT,
        f"{CONF}/carbon.xml": _XML,
        f"{CONF}/security/secret-conf.properties": _CONF,
        f"{CONF}/security/cipher-tool.properties": _TOOL,
        "ciphertool.toml": _TARGETS,
        "repository/deployment/server/a.xml": _SYNAPSE,
        "repository/resources/conf/default.json": '{"keystore.primary.alias": "wso2"}',
    },
    "xml": {
        f"{CONF}/carbon.xml": _XML,
        f"{CONF}/user-mgt.xml": '<a><b c="c4n4ry"/></a>',
        f"{CONF}/security/cipher-tool.properties": _TOOL,
        f"{CONF}/security/cipher-text.properties": "Carbon.Security.KeyStore.Password=[c4n4ry-store]\nB=[$env{X}]\n",
        f"{CONF}/security/secret-conf.properties": _CONF,
    },
    "standalone": {
        "conf/cipher-standalone-config.properties": f"primary.key.location={STORES}/main.jks\nprimary.key.alias=wso2\n",
        "conf/deployment.toml": _DEPLOYMENT,
        "conf/security/secret-conf.properties": "secretRepositories.file.encryptionMode=symmetric\n",
    },
    "symmetric": {
        f"{CONF}/deployment.toml": _SYMMETRIC,
        f"{CONF}/security/secret-conf.properties": (
            f"secretRepositories.file.encryptionMode=symmetric\nkeystore.identity.location={STORES}/keys.p12\n"
            "keystore.identity.alias=aes256\nsecretRepositories.file.algorithm=AES/GCM/NoPadding\n"
        ),
        "ciphertool.toml": f'[keystore]\nalias = "aes256"\n{_TARGETS}',
    },
}
PASSWORDS = {"symmetric": PASSWORD}
"""The password of the keystore of each of `BASES`, if it is not that of every small home."""
_TOKENS = (
    *("[", "]", '"', "'", '"""', "'''", "=", "\n", "\r", "\x00", "\\", "\\u12", "é", "\ud7ff", "{", "}", "#"),
    *(",", ".", ":", "[secrets]\n", "[[secrets]]\n", "[secrets.x]\n", "secrets = 1\n", "a.b.c = 1\n"),
    *("keystore = []\n", "x = {a = 1}\n", "[[keystore.primary]]\n", "file_name = 5\n", "alias = [1]\n"),
    *("password = 2024-01-01\n", "1e999", "nan", "0x", "\u2028", "$secret{"),
    *("$ref{keystore.internal.file_name}", "$ref{a}", "$env{", "${carbon.home}", "${", "$sys{}", "a:b:c"),
    *("::", "secretRepositories=vault\n", "secretProviders=x,y\n"),
    *("secretRepositories.file.encryptionMode=k\n", "../", "/", "//", "<![CDATA["),
    *("<!DOCTYPE a [<!ENTITY x 'y'>]>", "&x;", "&#0;", "<a>", "</a>"),
    *("xmlns:svns='http://org.wso2.securevault'", "svns:secretAlias='a'", "wso2:vault-lookup("),
    *("secretAlias:", "x" * 300, "9" * 5000, "[" * 200, "a." * 120, "true", "[1]"),
)  # fmt: skip
_VALUES = ('"x"', "7", "true", "[]", "{}", '["a"]', "[[1]]", "2024-01-01", '""', "''", "[x]")
_COMMANDS = (
    ("protect", "--dry-run", "--diff"), ("protect",), ("protect", "--take", "file"), ("check",), ("get", "admin"),
    ("audit",), ("audit", "--json"), ("audit", "--write-targets"), ("encrypt",), ("decrypt",), ("resolve", "FILE"),
    ("keystore", "list", "STORE"), ("keystore", "check", "STORE"), ("keystore", "check", "STORE", "--role", "tls"),
    ("keystore", "export", "STORE"), ("keystore", "csr", "STORE"), ("run", "--", "true"),
    ("rotate", "--check"), ("rotate", "--transformation", "RSA"),
    ("rotate", "--to", f"{STORES}/next.jks", "--fingerprint", "SHA256"), ("check",),
)  # fmt: skip


class Bug(NamedTuple):
    """A command that ended with the status of a bug, and what it printed."""

    command: Sequence[str]
    output: str


def mutate(random: Random, files: dict[str, str]) -> dict[str, str]:
    """Return the files of a home with some of their text cut, repeated, exchanged or put in, or without a file."""
    mutated = dict(files)
    for _ in range(random.randint(1, 4)):
        name = random.choice(sorted(mutated))
        text = mutated[name]
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice((0, 1, 3, 20)))
        lines = text.splitlines(keepends=True)
        match random.randrange(7):
            case 0:
                text = text[:start] + text[end:]
            case 1 | 2 | 3:
                text = text[:start] + random.choice(_TOKENS) + text[end:]
            case 4 if lines:
                lines.insert(random.randrange(len(lines) + 1), random.choice(lines + list(_TOKENS)))
                text = "".join(lines)
            case 5 if "=" in text:
                at = random.choice([n for n, character in enumerate(text) if character == "="])
                stop = text.find("\n", at)
                value = random.choice(
                    ('"x"', "7", "true", "[]", "{}", '["a"]', "[[1]]", "2024-01-01", '""', "''", "[x]")
                )
                text = f"{text[: at + 1]} {value}{text[stop:] if stop >= 0 else ''}"
            case _:
                text = random.choice(("", text * 2, text[: len(text) // 2]))
        mutated[name] = text
    return mutated


def lay_out(root: Path, files: dict[str, str], random: Random) -> Path:
    """Write a home in place of the one before."""
    shutil.rmtree(root, ignore_errors=True)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1" if random.random() < 0.1 else "utf-8", "replace"))
    (root / STORES).mkdir(parents=True, exist_ok=True)
    (root / STORES / "main.jks").write_bytes(keystore())
    (root / STORES / "next.jks").write_bytes(keystore("next"))
    (root / STORES / "keys.p12").write_bytes((FOLDER / "keys.p12").read_bytes())
    return root


def exercise(home: Path, files: dict[str, str]) -> list[Bug]:
    """Run all commands on a home; return those that end as no configuration may make them end."""
    bugs = []
    files_of = {
        "FILE": [str(home / name) for name in sorted(files)],
        "STORE": _stores(home),
        "SHA256": [open_keystore(home / STORES / "next.jks", STORE_PASSWORD).entry("next").sha256 or ""],
    }
    for command in _COMMANDS:
        kind = next((argument for argument in command if argument in files_of), "")
        for name in files_of.get(kind, [""]):
            arguments = [name if argument == kind else argument for argument in command]
            # The commands of keystores take a store: those that the home names, wherever that leads.
            named = [] if kind == "STORE" else ["--home", str(home)]
            status, output = run([arguments[0], *named, *arguments[1:]])
            if status == BUG:
                bugs.append(Bug(arguments, output))
    for role in ROLES:
        try:
            configured(home, role)
        except CipherToolError:
            continue
        except Exception as error:  # noqa: BLE001 - what is looked for
            bugs.append(Bug(["ciphertool.keystore.configured", role], repr(error)))
    return bugs


def _stores(home: Path) -> list[str]:
    """Return where the keystores are that a home names, its own one if its files cannot be read."""
    try:
        return sorted({str(use.path) for use in keystore_uses(home)}) or [str(home / STORES / "main.jks")]
    except CipherToolError:
        return [str(home / STORES / "main.jks")]


def run(arguments: Sequence[str]) -> tuple[int, str]:
    """Run the program in this process; return its status, and what it printed to standard error."""
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="replace") for _ in range(2))
    sys.argv, sys.stdin = ["ciphertool", *arguments], io.TextIOWrapper(io.BytesIO(b"QUJD"), encoding="utf-8")
    sys.stdout, sys.stderr = out, err
    status = 0
    try:
        main()
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before
    err.flush()
    return status, err.buffer.getvalue().decode("utf-8", "replace")
