"""The locks hold what pyproject.toml asks for, each version by its hashes, and name no index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {
    "requirements.lock": ["ciphertool[test]", "hatchling>=1.25", "editables"],
    "requirements-docs.lock": ["ciphertool[docs]"],
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _wanted(lines: list[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, lines):
        if requirement.name == PROJECT["name"]:
            for extra in requirement.extras:
                yield from _wanted(PROJECT["optional-dependencies"][extra])
        else:
            yield requirement


def _locked(lock: str) -> dict[str, list[tuple[str, int]]]:
    """Return the versions that are locked for each distribution (one a marker), and how many hashes each has."""
    found: dict[str, list[tuple[str, int]]] = {}
    for entry in re.split(r"^(?=\S)", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE):
        if entry and not entry.startswith("#"):
            name, version = re.match(r"(\S+?)==(\S+)", entry).groups()  # type: ignore[union-attr]  # or it is no lock
            found.setdefault(name, []).append((version, len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_locked_in_its_range(lock: str) -> None:
    locked = _locked(lock)
    run = PROJECT["dependencies"] if lock == "requirements.lock" else []
    wanted = list(_wanted([*run, *LOCKS[lock]]))
    assert len(wanted) > (25 if run else 1)
    for requirement in wanted:
        versions = [version for version, _ in locked.get(canonicalize_name(requirement.name), [])]
        assert versions, f"{requirement} is not in {lock}: run scripts/lock"
        assert all(map(requirement.specifier.contains, versions)), (
            f"{requirement}: locked are {versions}: run scripts/lock"
        )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_version_has_hashes_and_no_index_is_named(lock: str) -> None:
    locked = _locked(lock)
    assert len(locked) > 20
    assert [name for name, versions in locked.items() if not all(hashes for _, hashes in versions)] == []
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")
