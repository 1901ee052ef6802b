"""docs/migrating.md: for each tool its step, then those that all have in common, lead from its file to a protected one.

ansible-vault and hiera-eyaml are run if they are installed. The others, which cannot be had everywhere, are replaced by
programs that print the file in clear, as the tool does, for the arguments that the page shows and for nothing else.
"""

from __future__ import annotations

import base64
import re
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ciphertool import keystore
from tests.homes import STORE_PASSWORD, lay_out
from tests.homes import keystore as store_of_a_home
from tests.walk import Edit, acts, matches, shell

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/migrating.md"
PASSWORD = "c4n4ry-store"
SECRETS = ("kX9!tea-for-two", "mail-7Pq2", "bWFpbC03UHEy")
_YAML = f"""\
database:
  user: orders
  password: "{SECRETS[0]}"   # rotated
mail:
  password: {SECRETS[1]}
"""
_HIERA = f"---\ndatabase::password: '{SECRETS[0]}'   # rotated\nmail::password: {SECRETS[1]}\n"
_SPRING = f"# orders\nspring.datasource.username=orders\nspring.datasource.password={SECRETS[0]}\n"
_DOTENV = f'# orders\nDATABASE_PASSWORD="{SECRETS[0]}"\nMAIL_PASSWORD={SECRETS[1]}\n'
_SECRET = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: orders
data:
  MAIL_PASSWORD: {SECRETS[2]}
stringData:
  DB_PASSWORD: {SECRETS[0]}
"""
_MAVEN = f"""\
cat <<'END'
[INFO] Scanning for projects...
[INFO]
[INFO] Decrypting file src/main/resources/application.properties
[INFO]
{_SPRING.replace(SECRETS[0], f"DEC({SECRETS[0]})")}
[INFO] ------------------------------------------------------------------------
END
"""
_HEADER = '#/---[DOTENV_PUBLIC_KEY]---/\n#/---/\nDOTENV_PUBLIC_KEY="034af9"\n'


def _prints(text: str) -> str:
    return f"cat <<'END'\n{text}END\n"


class Move(NamedTuple):
    """A file of a tool: where it is, in clear, what the tool is asked, and what stands in for the tool."""

    path: str
    clear: str
    arguments: str
    stand_in: str


MOVES = {
    "ansible-vault": Move(
        "conf/app.yaml", _YAML, "decrypt --vault-password-file ../vault-password --output ../clear conf/app.yaml",
        f"cat > ../clear <<'END'\n{_YAML}END\n",
    ),
    "sops": Move("conf/app.yaml", _YAML, "decrypt conf/app.yaml", _prints(_YAML)),
    "eyaml": Move("data/common.yaml", _HIERA, "decrypt -q -f data/common.yaml", _prints(_HIERA)),
    "mvn": Move(
        "src/main/resources/application.properties", _SPRING,
        "--batch-mode jasypt:decrypt -Djasypt.plugin.path=file:src/main/resources/application.properties", _MAVEN,
    ),
    "dotenvx": Move(".env", _DOTENV, "decrypt --stdout", _prints(_HEADER + _DOTENV)),
    "kubeseal": Move(
        "orders.yaml", _SECRET, "--recovery-unseal --recovery-private-key ../sealing.key -o yaml", _prints(_SECRET)
    ),
}  # fmt: skip
_SECTIONS = {"eyaml": "hiera-eyaml", "mvn": "jasypt", "kubeseal": "Sealed Secrets"}


def _sections() -> dict[str, list[tuple[str, str]]]:
    return {title: [act for act in section if not isinstance(act, Edit)] for title, section in acts(PAGE)}


def _run(command: str, directory: Path, expected: str = "…") -> None:
    status, output = shell(command, directory, PASSWORD)
    assert status == 0, f"$ {command}\n{output}"
    assert matches(expected, output), f"$ {command}\n{output}"


def _prepare(tool: str, move: Move, directory: Path) -> None:
    path = directory / move.path
    path.parent.mkdir(parents=True, exist_ok=True)
    (directory.parent / "vault-password").write_text("a password\n")
    if tool == "eyaml" and shutil.which(tool):
        _run("eyaml createkeys", directory)
        path.write_text(re.sub("|".join(SECRETS), r"DEC::PKCS7[\g<0>]!", move.clear))
        _run(f"eyaml encrypt -q -e {move.path} > ../encrypted && mv ../encrypted {move.path}", directory)
        assert "ENC[PKCS7" in path.read_text()
    elif tool == "ansible-vault" and shutil.which(tool):
        path.write_text(move.clear)
        _run(f"ansible-vault encrypt --vault-password-file ../vault-password {move.path}", directory)
        assert path.read_text().startswith("$ANSIBLE_VAULT")
    else:
        path.write_text("a ciphertext of another tool\n")
        program = directory.parent / "bin" / tool
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\n[ "$*" = "{move.arguments}" ] || exit 64\n{move.stand_in}')
        program.chmod(0o755)


@pytest.mark.parametrize("tool", MOVES)
def test_a_file_moves(tool: str, tmp_path: Path) -> None:
    move, directory = MOVES[tool], tmp_path / "orders"
    directory.mkdir()
    _prepare(tool, move, directory)
    ((command, expected),) = _sections()[_SECTIONS.get(tool, tool)]
    _run(command, directory, expected)
    clear = tmp_path / "clear"
    assert clear.read_text().rstrip("\n") == move.clear.rstrip("\n")
    assert clear.stat().st_mode & 0o077 == 0
    steps = _sections()[""]
    assert len(steps) == 5
    for step, output in steps:
        _run(step.replace("conf/app.yaml", move.path), directory, output)
    assert not clear.exists()
    protected = (directory / move.path).read_text()
    assert not [secret for secret in SECRETS if secret in protected]
    references = re.findall(r"\$\{sec:|\$secret\{|\{ciphertool:", protected)
    assert len(references) == sum(move.clear.count(secret) for secret in SECRETS)


def test_a_home_of_wso2_needs_nothing(tmp_path: Path) -> None:
    """Its ciphertexts are made here as WSO2's tool makes them: RSA with PKCS #1 v1.5, in base64."""
    home = tmp_path / "wso2ei"
    store = tmp_path / "store.jks"
    store.write_bytes(store_of_a_home())
    public = keystore.open_keystore(store, STORE_PASSWORD).encryption_certificate().public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    places = {
        "UserManager.AdminUser.Password": ("user-mgt.xml", "/UserManager/Password"),
        "Datasources.Orders.Password": ("datasources/orders-datasources.xml", "/datasources/password"),
    }
    files, tool, ciphertexts = {}, "", ""
    for alias, (name, path) in places.items():
        ciphertext = base64.b64encode(public.encrypt(SECRETS[0].encode(), padding.PKCS1v15())).decode()
        ciphertexts += f"{alias}={ciphertext}\n".replace("=", "\\=").replace("\\=", "=", 1)
        tool += f"{alias}=conf/{name}/{path},false\n"
        root, element = path.strip("/").split("/")
        svns = f'xmlns:svns="http://org.wso2.securevault/configuration" svns:secretAlias="{alias}"'
        files[name] = f"<{root}><{element} {svns}>password</{element}></{root}>"
    conf = "secretRepositories=file\nsecretRepositories.file.location=conf/security/cipher-text.properties\n"
    security = {"cipher-text": ciphertexts, "cipher-tool": tool, "secret-conf": conf}
    files.update({f"security/{name}.properties": text for name, text in security.items()})
    lay_out(home, files, conf="conf")
    ((command, expected),) = _sections()["WSO2's cipher tool"]
    _run(command, tmp_path, expected)


def test_every_tool_of_the_page_is_tried() -> None:
    titles = [title for title, _ in acts(PAGE)]
    assert titles == ["", *(_SECTIONS.get(tool, tool) for tool in MOVES), "WSO2's cipher tool"]
