"""Protects small projects as the README says, edits them, protects them again. scripts/try-projects prints what holds.

A project is a directory of tests/vectors/projects with a table of its secrets beside it: each with an entry that is put
in above it, and one secret that is added later.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROJECTS = Path(__file__).resolve().parent / "vectors" / "projects"
NAMES = sorted(path.stem for path in PROJECTS.glob("*.toml"))
# What `protect` adds to a tag beside the value.
_ADDED = re.compile(r' +(?:xmlns:svns="[^"]*"|svns:secretAlias="[^"]*")')


class Outcome(Protocol):
    """What a run of the program left."""

    @property
    def status(self) -> int: ...
    @property
    def out(self) -> str: ...
    @property
    def err(self) -> str: ...


class Program(Protocol):
    """Runs `ciphertool` with these arguments in a directory."""

    def __call__(self, directory: Path, arguments: Sequence[str], /) -> Outcome: ...


class Insertion(NamedTuple):
    """Text that is put in above the line on which `at` begins."""

    file: str
    at: str
    text: str


class Secret(NamedTuple):
    """A secret, and the entry that is put in above it."""

    file: str
    value: str
    above: Insertion


@dataclass(frozen=True)
class Project:
    """The files of a project, and what of them is secret."""

    name: str
    files: dict[str, str] = field(repr=False)
    secrets: tuple[Secret, ...]
    new: Secret


@dataclass
class Result:
    """What went wrong, by step; nothing where all is well."""

    project: str
    secrets: int
    protected: list[str] = field(default_factory=list)
    exact: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)

    @property
    def steps(self) -> dict[str, list[str]]:
        """The problems of each step, in order."""
        return {step: getattr(self, step) for step in STEPS}


STEPS = ("protected", "exact", "resolved", "edited")
"""Every secret is protected · nothing else is changed · files resolve to the byte · the same after the edits."""


def load(name: str) -> Project:
    """Return the project of that name."""
    root = PROJECTS / name
    files = {
        path.relative_to(root).as_posix(): path.read_bytes().decode() for path in root.rglob("*") if path.is_file()
    }
    table = tomllib.loads((PROJECTS / f"{name}.toml").read_text(encoding="utf-8"))
    secrets = tuple(
        Secret(row["file"], row["value"], Insertion(row["file"], row.get("at", row["value"]), row["above"]))
        for row in table["secret"]
    )
    new = table["new"]
    return Project(
        name, files, secrets, Secret(new["file"], new["value"], Insertion(new["file"], new["at"], new["text"]))
    )


def attempt(project: Project, directory: Path, vault: Path, program: Program) -> Result:
    """Do in a copy of the project what a user does; `vault` is what `ciphertool init` made."""
    shutil.copytree(vault, directory)
    for name, text in project.files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(text.encode())
    result = Result(project.name, len(project.secrets))
    result.protected += _protect(directory, program)
    result.protected += _in_clear(directory, project.secrets)
    result.exact += _spoilt(directory, project)
    result.resolved += _differing(directory, project.files, program)
    edits = [*(secret.above for secret in project.secrets), project.new.above]
    edited = _edit(directory, project.files, edits)
    result.edited += _protect(directory, program)
    result.edited += _in_clear(directory, [project.new])
    result.edited += [
        f"{file}: of what was put in, something was protected: {text.strip()}"
        for file, _, text in edits[:-1]
        if text not in (directory / file).read_bytes().decode()
    ]
    result.edited += _differing(directory, edited, program)
    return result


def _protect(directory: Path, program: Program) -> list[str]:
    proposed = program(directory, ("audit", ".", "--write-targets"))
    if proposed.status not in (0, 1):
        return [f"audit: status {proposed.status}: {proposed.err}"]
    with (directory / "ciphertool.toml").open("a", encoding="utf-8") as settings:
        settings.write(proposed.out)
    done = program(directory, ("protect",))
    return [f"protect: status {done.status}: {done.err}"] if done.status else []


def _in_clear(directory: Path, secrets: Sequence[Secret]) -> list[str]:
    return [
        f"{file}: {value} is in clear"
        for file, value, _ in secrets
        if value in (directory / file).read_bytes().decode()
    ]


def _spoilt(directory: Path, project: Project) -> list[str]:
    """Return the lines that hold more of a change than a secret's."""
    problems = []
    for name, text in project.files.items():
        values = [secret.value for secret in project.secrets if secret.file == name]
        before = text.splitlines()
        after = (directory / name).read_bytes().decode().splitlines()
        if len(before) != len(after):
            problems.append(f"{name}: {len(before)} lines before, {len(after)} after")
        for number, (old, new) in enumerate(zip(before, after, strict=False), 1):
            if not is_kept(old, _ADDED.sub("", new), [value for value in values if value in old]):
                problems.append(f"{name}:{number}: {old.strip()} → {new.strip()}")
    return problems


def is_kept(old: str, new: str, values: Sequence[str]) -> bool:
    """Tell whether of a line only what lies between the ends of its secrets was changed."""
    if not values:
        return old == new
    start = min(old.index(value) for value in values)
    end = max(old.index(value) + len(value) for value in values)
    return new == old or (new.startswith(old[:start]) and new.endswith(old[end:]))


def _differing(directory: Path, files: dict[str, str], program: Program) -> list[str]:
    """Return the files that do not resolve to this text. Those that protect left alone have to be it."""
    problems = []
    for name, text in files.items():
        if (directory / name).read_bytes().decode() == text:
            continue
        done = program(directory, ("resolve", name))
        if done.status:
            problems.append(f"{name}: resolve: status {done.status}: {done.err}")
        elif done.out != text:
            problems.append(f"{name}: resolves to another text")
    return problems


def _edit(directory: Path, files: dict[str, str], insertions: Iterable[Insertion]) -> dict[str, str]:
    """Put the insertions into the files as they are on disk, and return the texts that they resolve to then."""
    lines: dict[str, list[tuple[int, str]]] = {}
    for file, at, text in insertions:
        lines.setdefault(file, []).append((files[file].count("\n", 0, files[file].index(at)), text))

    def edit(name: str, text: str) -> str:
        rows = text.splitlines(keepends=True)
        for line, inserted in sorted(lines.get(name, ()), reverse=True):
            rows.insert(line, inserted)
        return "".join(rows)

    for name in lines:
        path = directory / name
        path.write_bytes(edit(name, path.read_bytes().decode()).encode())
    return {name: edit(name, text) for name, text in files.items()}
