"""Each sample of an integration runs, in the walk-through's directory, and shows no secret."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample-configs"


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], list[str]]:
    """The samples after `init` and `protect`, the environment for them, and the secrets that must not show."""
    root = tmp_path_factory.mktemp("samples") / "app"
    shutil.copytree(SAMPLES, root)
    environment = {n: v for n, v in os.environ.items() if not n.startswith("CIPHERTOOL_")}
    environment["CIPHERTOOL_KEYSTORE_PASSWORD"] = "a keystore password"
    secrets = re.findall(r"password: *[\"']?([^\"'\n]+)", (root / "conf/app.yaml").read_text())
    assert secrets
    program = [sys.executable, "-m", "ciphertool"]
    subprocess.run([*program, "init"], cwd=root, env=environment, check=True, capture_output=True)
    with (root / "ciphertool.toml").open("a") as config:
        config.write((root / "targets.toml").read_text())
    subprocess.run([*program, "protect"], cwd=root, env=environment, check=True, capture_output=True)
    return root, environment, secrets


@pytest.mark.parametrize("sample", sorted(path.name for path in (SAMPLES / "integrations").glob("*.py")))
def test_a_sample_runs_and_shows_no_secret(walked: tuple[Path, dict[str, str], list[str]], sample: str) -> None:
    pytest.importorskip(re.sub(r"_[a-z]+\.py$", "", sample))
    root, environment, secrets = walked
    done = subprocess.run(
        [sys.executable, f"integrations/{sample}"], cwd=root, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout
    assert not [secret for secret in secrets if secret.encode() in done.stdout + done.stderr]
