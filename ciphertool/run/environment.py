"""The environment of a child: with secrets, without ciphertool's own variables or any that lead to a password."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files, references
from ciphertool.errors import CipherToolError, ConfigError, ProblemsError
from ciphertool.rewriters.env import EnvRewriter
from ciphertool.run.expansion import Expansion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from ciphertool.references import Reference

_OWN = "CIPHERTOOL_"


class Rules(NamedTuple):
    """What the child gets of the inherited environment, as names of variables.

    References are resolved only in those of `inherit`: the others may be a stranger's text. `passwords` are those that
    password sources read; they and ciphertool's own are removed, except those of `keep`.
    """

    inherit: Collection[str] = ()
    passwords: Collection[str] = ()
    keep: Collection[str] = ()

    def withhold(self, name: str) -> bool:
        """Return whether a variable is withheld from the child."""
        return (name.startswith(_OWN) or name in self.passwords) and name not in self.keep


class ChildEnvironment(NamedTuple):
    """A child's environment, and the names of the inherited variables whose references were left as they are."""

    variables: dict[str, str]
    unresolved: tuple[str, ...]


def child_environment(
    inherited: Mapping[str, str],
    env_files: Sequence[tuple[Path, str | None]],
    aliases: Mapping[str, str],
    reveal: Callable[[Reference], str],
    rules: Rules,
) -> ChildEnvironment:
    """Return a child's environment: the inherited variables, then those of each file, then name → secret by alias.

    Later ones replace earlier ones. Files are read as by python-dotenv, each in its given encoding or in UTF-8;
    `expansion` determines which variables are expanded. Names without a value are skipped. Raises `ProblemsError` with
    everything that does not resolve, or the error itself if there is only one.
    """
    making = _Making(reveal, rules)
    making.inherit(inherited)
    for path, encoding in env_files:
        making.read(path, encoding)
    for name, alias in aliases.items():
        making.add(name, alias)
    problems = making.problems
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    variables = {name: value for name, value in making.variables.items() if not rules.withhold(name)}
    return ChildEnvironment(variables, tuple(sorted(making.unresolved)))


class _Making:
    """An environment under construction: the variables so far, and what did not resolve."""

    def __init__(self, reveal: Callable[[Reference], str], rules: Rules) -> None:
        self.variables: dict[str, str] = {}
        self.unresolved: set[str] = set()
        self.problems: list[CipherToolError] = []
        self._reveal = reveal
        self._rules = rules

    def inherit(self, inherited: Mapping[str, str]) -> None:
        """Take over the inherited variables."""
        for name, value in inherited.items():
            if self._rules.withhold(name):
                continue
            if name in self._rules.inherit:
                resolved = partial(references.substitute, value, self._reveal)
                value = self._tried(name, resolved, f"the environment variable {name}")
            elif any(references.find(value)):
                self.unresolved.add(name)
            self.variables[name] = value

    def read(self, path: Path, encoding: str | None) -> None:
        """Add the variables of a `.env` file."""
        try:
            document = EnvRewriter(encoding).parse(files.read(path).bytes)
        except ConfigError as error:
            raise error.at(path) from None
        given: dict[str, str | None] = {}
        seen: dict[str, str | None] = {**self.variables}
        expansion = Expansion(self._reveal, seen, self._rules.withhold)
        for ordinal, name in enumerate(document.entries.selectors):
            spelled = document.spelled(ordinal)
            given[name] = None
            if spelled is not None:
                reveal = self._reveal if spelled.startswith("'") else expansion
                value = partial(references.substitute, document.read(spelled), reveal)
                line = document.source.line(document.entries.heads[ordinal])
                given[name] = self._tried(name, value, f"{name} of {path}:{line}")
            seen[name] = given[name]
        self._replace({name: value for name, value in given.items() if value is not None})

    def add(self, name: str, alias: str) -> None:
        """Add the secret of an alias."""
        where = f"--env {name}"
        if self._rules.withhold(name):
            hint = f"use --keep-environment {name} as well, or choose another name"
            self.problems.append(ConfigError(f"{where}: the child does not receive a variable of this name", hint=hint))
            return
        reference = references.Reference(alias, references.Syntax.SECRET)
        self._replace({name: self._tried(name, lambda: self._reveal(reference), where)})

    def _replace(self, given: Mapping[str, str]) -> None:
        self.variables.update(given)
        self.unresolved.difference_update(given)

    def _tried(self, name: str, value: Callable[[], str], where: str) -> str:
        """Return a value; if there is a problem, note it and return ""."""
        try:
            made = value()
            _check(name, made)
        except CipherToolError as error:
            error.message = f"{where}: {error.message}"
            self.problems.append(error)
            return ""
        return made


def _check(name: str, value: str) -> None:
    if not name or "=" in name or "\0" in name:
        raise ConfigError("no environment variable can have this name")
    if "\0" in value:
        raise ConfigError("the value holds a NUL, which no environment variable can hold")
