"""The environment of a child: references in it resolved, secrets added, and nothing that is ciphertool's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files, references
from ciphertool.errors import CipherToolError, ConfigError, ProblemsError
from ciphertool.rewriters.env import EnvRewriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ciphertool.references import Reference

_OWN = "CIPHERTOOL_"


def child_environment(
    inherited: Mapping[str, str],
    env_files: Sequence[Path],
    aliases: Mapping[str, str],
    reveal: Callable[[str], str],
    encoding_of: Callable[[Path], str | None] = lambda _: None,
) -> dict[str, str]:
    """Return what a child is given: the inherited variables, then those of each file, then name → secret by alias.

    A later one replaces an earlier one. Files are read as python-dotenv reads them, without expanding variables; a name
    without a value is left out. Each is in the encoding that `encoding_of` says, or UTF-8. Raises `ProblemsError` with
    everything that does not resolve, or the one error.
    """
    problems: list[CipherToolError] = []
    resolved: dict[str, str] = {}

    def fill(name: str, value: str, where: str) -> None:
        try:
            filled = references.substitute(value, lambda reference: reveal(reference.alias))
            _check(name, filled)
        except CipherToolError as error:
            error.message = f"{where}: {error.message}"
            problems.append(error)
        else:
            resolved[name] = filled

    for name, value in inherited.items():
        if not name.startswith(_OWN):
            fill(name, value, f"the environment variable {name}")
    for path in env_files:
        for name, value in _file(path, encoding_of(path)).items():
            fill(name, value, f"{name} of {path}")
    for name, alias in aliases.items():
        fill(name, str(references.Reference(alias, references.Syntax.SECRET)), f"--env {name}")
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return {name: value for name, value in resolved.items() if not name.startswith(_OWN)}


def _file(path: Path, encoding: str | None) -> dict[str, str]:
    def keep(reference: Reference) -> str:
        return str(reference)

    try:
        values = EnvRewriter(encoding).load(files.read(path).bytes, keep)
    except ConfigError as error:
        raise error.at(path) from None
    return {name: value for name, value in values.items() if value is not None}


def _check(name: str, value: str) -> None:
    if not name or "=" in name or "\0" in name:
        raise ConfigError("no environment variable can have this name")
    if "\0" in value:
        raise ConfigError("the value holds a NUL, which no environment variable can hold")
