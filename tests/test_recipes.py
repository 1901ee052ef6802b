"""docs/recipes.md: each recipe is laid out from the page, protected, and its commands are run as they stand.

Programs that cannot be had everywhere, or would change the machine (`docker`, `helm`, Spring's `java`, Tomcat,
`systemd-creds`), are replaced by ones that accept only what the recipe should hand them; the others are run if they are
installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ciphertool.rewriters import by_name
from tests.walk import ROOT, environment, matches, shell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PAGE = "docs/recipes.md"
PASSWORD = "c4n4ry-store"
SECRET, MAIL = "kX9!tea-for-two", "mail-7Pq2"
_FILE = re.compile(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMANDS = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SETTINGS = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_JAVA = f"""\
file=$SPRING_CONFIG_ADDITIONAL_LOCATION
for argument; do case $argument in --spring.config.location=file:*) file=${{argument#*file:}};; esac; done
grep -qxF '    password: "{SECRET}"' "$file" && echo "orders: connected to the database"
"""
_CATALINA = f"""\
[ "$1 $2" = "run -config" ] && grep -qF 'certificateKeystorePassword="{SECRET}"' "$3" &&
! grep -q secretAlias "$3" && echo "INFO: Server startup"
"""
_DOCKER = f"""\
[ "$*" = "compose up -d" ] && [ "$DB_PASSWORD" = '{SECRET}' ] && [ "$MAIL_PASSWORD" = 'pa$$word-7' ] &&
echo "DB_PASSWORD and MAIL_PASSWORD are set"
"""
_HELM = f"""\
found=$(cat)
[ "$found" = 'database:
  password: "{SECRET}"
mail:
  password: {MAIL}' ] && echo 'Release "orders" has been upgraded'
"""
_CREDENTIALS = f"""\
[ "$1 $2 $3" = "encrypt --name=keystore-password -" ] && [ "$(cat)" = {PASSWORD} ] && echo sealed > "$4"
"""
STAND_INS = {
    "systemd-creds": _CREDENTIALS,
    "java": _JAVA,
    "bin/catalina.sh": _CATALINA,
    "docker": _DOCKER,
    "helm": _HELM,
}
REAL = {"Kubernetes": ["kubectl"], "systemd": ["systemd-analyze"], "gunicorn": ["gunicorn"]}


class Recipe(NamedTuple):
    """A section of the page: its files, commands with their outputs, and what it adds to `ciphertool.toml`."""

    files: Mapping[str, str]
    steps: list[tuple[str, str]]
    settings: str


def _recipes() -> dict[str, Recipe]:
    sections = re.split(r"^## (.+)\n", (ROOT / PAGE).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {}
    for name, text in zip(sections[::2], sections[1::2], strict=True):
        parts = re.split(r"^\$ (.*)\n", "".join(_COMMANDS.findall(text)), flags=re.MULTILINE)[1:]
        steps = list(zip(parts[::2], parts[1::2], strict=True))
        found[name] = Recipe(dict(_FILE.findall(text)), steps, "".join(_SETTINGS.findall(text)))
    return found


RECIPES = _recipes()


def _lay_out(directory: Path, files: Mapping[str, str], programs: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, text in programs.items():
        path = directory / name if "/" in name else directory.parent / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)


def _run(command: str, directory: Path) -> str:
    status, output = shell(command, directory, PASSWORD)
    assert status == 0, f"$ {command}\n{output}"
    return output


def test_the_page_has_the_recipes() -> None:
    expected = {"Spring Boot", "Tomcat", "Docker Compose", "Kubernetes", "Helm", "systemd", "gunicorn", "WSO2"}
    assert set(RECIPES) == expected
    assert all(recipe.files and len(recipe.steps) >= 2 for name, recipe in RECIPES.items() if name != "WSO2")


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "WSO2"])
def test_a_recipe_does_what_it_says(name: str, tmp_path: Path) -> None:
    missing = [program for program in REAL.get(name, ()) if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    directory = tmp_path / "orders"
    directory.mkdir()
    recipe = RECIPES[name]
    _lay_out(directory, recipe.files, STAND_INS)
    before = {file: (directory / file).read_bytes() for file in recipe.files}
    _run("ciphertool init", directory)
    _run("ciphertool audit --write-targets >> ciphertool.toml", directory)
    for command, expected in recipe.steps:
        output = _run(command, directory)
        assert matches(expected, output), f"$ {command}\n{output}"
    protected = [file for file, content in before.items() if (directory / file).read_bytes() != content]
    assert protected
    for file in protected:
        resolved = subprocess.run(
            [sys.executable, "-m", "ciphertool", "resolve", file], cwd=directory, env=environment(directory, PASSWORD),
            capture_output=True, check=True,
        )  # fmt: skip
        assert resolved.stdout == before[file]


def test_a_service_gets_its_password_from_its_credentials(tmp_path: Path) -> None:
    """As in the unit: the settings are named, the keystore and the password are credentials of the service."""
    directory, credentials = tmp_path / "orders", tmp_path / "credentials"
    directory.mkdir()
    credentials.mkdir()
    recipe = RECIPES["systemd"]
    _lay_out(directory, recipe.files, {"orders": f'grep -qF "{SECRET}" "$2" && echo started'})
    for command in ("ciphertool init", "ciphertool audit --write-targets >> ciphertool.toml", "ciphertool protect"):
        _run(command, directory)
    with (directory / "ciphertool.toml").open("a") as settings:
        settings.write(recipe.settings)
    shutil.move(directory / "security/primary.p12", credentials / "primary.p12")
    (credentials / "keystore-password").write_text(PASSWORD)
    unit = recipe.files["orders.service"].replace("\\\n", " ")
    start = re.search(r"^ExecStart=/usr/bin/env (.*)$", unit, re.MULTILINE)
    assert start is not None
    given = environment(directory, PASSWORD)
    del given["CIPHERTOOL_KEYSTORE_PASSWORD"]
    command = start[1].replace("/etc/orders", str(directory))
    done = subprocess.run(
        ["sh", "-c", command],
        env={**given, "CREDENTIALS_DIRECTORY": str(credentials)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"started\n"), done.stderr.decode()


def _mount(volume: Path, files: Mapping[str, bytes]) -> None:
    """Lay out a volume as Kubernetes does: each file is a link, by way of a link to a directory of this state."""
    state = volume / "..2026_11_30"
    state.mkdir(parents=True)
    (volume / "..data").symlink_to(state.name)
    for name, content in files.items():
        (state / name).write_bytes(content)
        (volume / name).symlink_to(f"..data/{name}")


def test_a_pod_resolves_at_its_start(tmp_path: Path) -> None:
    recipe = RECIPES["Kubernetes"]
    pod: Any = by_name("yaml").load(recipe.files["pod.yaml"].encode(), lambda _: "")
    (container,) = pod["spec"]["initContainers"]
    source = tmp_path / "source"
    _lay_out(source, {"app.yaml": f'database:\n  password: "{SECRET}"  # rotated\n'}, {})
    for command in ("ciphertool init", "ciphertool audit --write-targets >> ciphertool.toml", "ciphertool protect"):
        _run(command, source)
    root = tmp_path / "root"
    settings = (source / "ciphertool.toml").read_text()
    settings = settings.replace("security/primary.p12", "/run/secrets/keystore/primary.p12")
    settings = re.sub(r"^(?:certificate|fingerprint) = .*\n", "", settings, flags=re.MULTILINE)
    settings = settings.replace("security/vault.properties", "vault.properties") + recipe.settings
    assert tomllib.loads(settings)["password"]
    at_root = settings.replace('"/run/', f'"{root}/run/')
    vault = (source / "security/vault.properties").read_bytes()
    contents = {
        "vault": {"ciphertool.toml": at_root.encode(), "vault.properties": vault},
        "config": {"app.yaml": (source / "app.yaml").read_bytes()},
        "keystore": {"primary.p12": (source / "security/primary.p12").read_bytes(), "password": PASSWORD.encode()},
    }
    for mount in container["volumeMounts"]:
        volume = root / mount["mountPath"].lstrip("/")
        if mount["name"] in contents:
            _mount(volume, contents[mount["name"]])
        else:
            volume.mkdir(parents=True)
    arguments = [f"{root}{argument}" if argument.startswith("/") else argument for argument in container["args"]]
    given = {name: value for name, value in os.environ.items() if not name.startswith("CIPHERTOOL_")}
    done = subprocess.run(
        [sys.executable, "-m", "ciphertool", *arguments], env=given, cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    (main,) = pod["spec"]["containers"]
    assert (root / main["args"][1].lstrip("/")).read_text() == f'database:\n  password: "{SECRET}"  # rotated\n'
