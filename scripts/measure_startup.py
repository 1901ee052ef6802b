"""Measures start-up in the environment of the Python that runs it, and `get` against the same of other tools."""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from ciphertool.keystore import CertificateRequest, create_keystore, open_keystore

PASSWORD = "a keystore password"
RESOLVE = "from ciphertool import Vault; assert Vault.open(r'%s')['db.password'].reveal() == 'a value'"
TARGETS = {"PKCS #12": 9.0, "PEM": 9.0, "JKS": 13.0}
SLOWER = {"eyaml decrypt": 1.5, "ansible-vault view": 2.5}
"""How many times the time of `ciphertool get` the commands of other tools are to take, at least."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, help="an empty directory to make vaults in")
    parser.add_argument("runs", type=int, nargs="?", default=31, help="how often each program is run (default: 31)")
    arguments = parser.parse_args()
    work, runs = arguments.directory, arguments.runs
    vaults = _vaults(work)
    texts = {"bare": "pass", "import": "import ciphertool", **{name: RESOLVE % vault for name, vault in vaults.items()}}
    programs = {name: [sys.executable, "-c", text] for name, text in texts.items()}
    programs |= _commands(vaults["PKCS #12"]) | _peers(work)
    times: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(runs + 1):
        for name, program in programs.items():  # in turns, so that a busy machine is busy for all
            spent = _cpu(program)
            if number:
                times[name].append(spent)
    medians = {name: statistics.median(spent) for name, spent in times.items()}
    bare = medians["bare"]
    missed = 0
    for name, median in medians.items():
        target = TARGETS.get(name)
        extra = (median - bare) * 1000
        missed += (target is not None and median > target * bare) or (name == "import" and extra > 30)
        print(
            f"{name:20}{median * 1000:8.1f} ms{median / bare:7.2f} x{f'  (at most {target:.0f} x)' if target else ''}"
        )
    for name, least in SLOWER.items():
        if name in medians:
            times_slower = medians[name] / medians["get"]
            missed += times_slower < least
            print(f"{name} takes {times_slower:.2f} x the time of get (at least {least} x)")
    return int(missed > 0)


def _cpu(program: list[str]) -> float:
    """Return the CPU time of a fresh process, which is steadier than the clock on a machine that others use too."""
    environment = {**os.environ, "CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(program, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _commands(vault: Path) -> dict[str, list[str]]:
    program = str(Path(sys.executable).with_name("ciphertool"))
    return {"get": [program, "get", "db.password", "--config", str(vault)]}


def _peers(work: Path) -> dict[str, list[str]]:
    """Return commands of other tools that print the same value, in clear, as far as they are installed."""
    found = {}
    if eyaml := shutil.which("eyaml"):
        keys = [f"--pkcs7-{kind}-key={work / kind}.pem" for kind in ("public", "private")]
        subprocess.run([eyaml, "createkeys", *keys], check=True, capture_output=True)
        made = subprocess.run(
            [eyaml, "encrypt", *keys, "-o", "string", "-s", "a value"], check=True, capture_output=True, text=True
        )
        found["eyaml decrypt"] = [eyaml, "decrypt", *keys, "-s", made.stdout.strip()]
    else:
        print("no eyaml: it is left out")
    if ansible := shutil.which("ansible-vault"):
        (work / "vault-password").write_text(PASSWORD)
        (work / "value.yml").write_text("a value\n")
        named = ["--vault-password-file", str(work / "vault-password"), str(work / "value.yml")]
        subprocess.run([ansible, "encrypt", *named], check=True, capture_output=True)
        found["ansible-vault view"] = [ansible, "view", *named]
    else:
        print("no ansible-vault: it is left out")
    return found


def _vaults(work: Path) -> dict[str, Path]:
    made = create_keystore(
        CertificateRequest(subject="CN=bench", bits=2048), "primary", PASSWORD, now=datetime.now(UTC)
    )
    (work / "primary.p12").write_bytes(made)
    vaults = {"PKCS #12": _vault(work, "primary.p12")}
    openssl = ["openssl", "pkcs12", "-in", str(work / "primary.p12"), "-passin", f"pass:{PASSWORD}"]
    subprocess.run([*openssl, "-nodes", "-out", str(work / "clear.pem")], check=True)
    vaults["PEM"] = _vault(work, "clear.pem")
    return vaults | _jks(work)


def _jks(work: Path) -> dict[str, Path]:
    source = ["keytool", "-importkeystore", "-noprompt", "-srckeystore", str(work / "primary.p12")]
    source += ["-srcstorepass", PASSWORD]
    try:
        subprocess.run(
            [*source, "-destkeystore", str(work / "primary.jks"), "-deststoretype", "JKS", "-deststorepass", PASSWORD],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        print("no keytool: JKS is left out")
        return {}
    return {"JKS": _vault(work, "primary.jks")}


def _vault(work: Path, keystore: str) -> Path:
    directory = work / keystore.replace(".", "-")
    directory.mkdir()
    alias = "primary" if keystore != "clear.pem" else open_keystore(work / keystore, None).entries[0].alias
    (directory / "ciphertool.toml").write_text(
        f'[keystore]\npath = "../{keystore}"\nalias = "{alias}"\n[repository]\npath = "vault.properties"\n'
        '[[target]]\nfile = "app.env"\nselector = "PASSWORD"\nalias = "db.password"\n'
    )
    (directory / "app.env").write_text("PASSWORD='a value'\n")
    environment = {**os.environ, "CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD}
    command = [sys.executable, "-m", "ciphertool", "protect", "--config", str(directory / "ciphertool.toml")]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return directory / "ciphertool.toml"


if __name__ == "__main__":
    start = time.monotonic()
    status = main()
    print(f"measured in {time.monotonic() - start:.0f} s")
    sys.exit(status)
