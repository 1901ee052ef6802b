"""No page asks a package index for a name that is not published, and the container has no more than it needs."""

from __future__ import annotations

import re
from pathlib import Path

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
