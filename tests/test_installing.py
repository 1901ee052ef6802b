"""No page asks a package index for a name that is not published, and the container has no more than it needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_no_page_asks_an_index_for_the_name() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "ciphertool").rglob("*.py")]
    assert len(pages) > 200
    asked = re.compile(r"(?:pip|pipx|tool) install (?:-\S+ )*[\"']?ciphertool\b")
    assert [page for page in pages if asked.search(page.read_text(encoding="utf-8"))] == []


def test_the_container_runs_as_no_user_of_the_system_and_is_built_from_what_it_may_see() -> None:
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {name for line in re.findall(r"^COPY (?!--)(.+) \S+$", recipe, re.MULTILINE) for name in line.split()}
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)
    final = recipe.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 1\d{4}:1\d{4}$", final, re.MULTILINE)
    assert re.search(r"^COPY --from=build ", final, re.MULTILINE)
    assert "pip uninstall" in final


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_completion_and_the_manual_page_install_as_described(tmp_path: Path) -> None:
    """The machine's paths are those of a scratch directory, and nobody becomes root."""
    page = (ROOT / "docs/installing.md").read_text(encoding="utf-8")
    section = re.search(r"(?ms)^## Completion\n.*?(?=^## Systems)", page)
    assert section is not None
    commands = "".join(re.findall(r"(?ms)^```sh\n(.*?)^```$", section[0]))
    for directory in ("bash-completion/completions", "fish/vendor_completions.d"):
        (tmp_path / "usr/share" / directory).mkdir(parents=True)
    commands = commands.replace("sudo ", "").replace("/usr/", f"{tmp_path}/usr/")
    subprocess.run(
        ["bash", "-euo", "pipefail"],
        input=commands.replace("/opt/ciphertool/share", f"{ROOT}/share"),
        text=True,
        check=True,
        cwd=ROOT,
        env={"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert ".bash_completions/ciphertool.sh" in (tmp_path / ".bashrc").read_text()
    for script in (".bash_completions/ciphertool.sh", "usr/share/bash-completion/completions/ciphertool"):
        assert "complete -o default -F _ciphertool_completion ciphertool" in (tmp_path / script).read_text()
    assert "complete --command ciphertool" in next((tmp_path / "usr").rglob("*.fish")).read_text()
    assert ".SH NAME\n" in (tmp_path / "usr/local/share/man/man1/ciphertool.1").read_text()


@pytest.mark.parametrize(
    ("shell", "path"),
    [("bash", "bash-completion/completions/ciphertool"), ("fish", "fish/vendor_completions.d/ciphertool.fish")],
)
def test_completion_in_files_is_what_the_program_prints(shell: str, path: str) -> None:
    environment = {**os.environ, "_CIPHERTOOL_COMPLETE": f"source_{shell}"}
    program = Path(sys.executable).with_name("ciphertool")
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=True)
    assert (ROOT / "share" / path).read_text(encoding="utf-8") == done.stdout


def test_a_wheel_has_the_manual_page_and_completion(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        shared = {
            name.partition(".data/data/")[2]: wheel.read(name) for name in wheel.namelist() if ".data/data/" in name
        }
    files = [path for path in (ROOT / "share").rglob("*") if path.is_file()]
    assert shared == {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}
    assert len(shared) == 3
