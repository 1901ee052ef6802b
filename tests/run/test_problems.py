"""What does not resolve for a child is told of all variables, and of each once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool.errors import ConfigError, ProblemsError, UnknownAliasError
from ciphertool.run.environment import Rules, child_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.references import Reference

RULES = Rules(inherit=("INHERITED",), passwords=("STORE",), keep=("CIPHERTOOL_KEPT",))


@pytest.fixture
def env(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def _reveal(reference: Reference) -> str:
    values = {"a": "one", "b": "two", "nul": "x\0y"}
    if reference.alias not in values:
        raise UnknownAliasError(reference.alias, Path("vault"))
    return values[reference.alias]


def _made(env: Path | None = None, inherited: Mapping[str, str] | None = None, **aliases: str) -> dict[str, str]:
    files = [(env, None)] if env else []
    return child_environment(inherited or {}, files, aliases, _reveal, RULES).variables


def _problems(env: Path | None = None, inherited: Mapping[str, str] | None = None, **aliases: str) -> list[str]:
    with pytest.raises((ProblemsError, ConfigError, UnknownAliasError)) as caught:
        _made(env, inherited, **aliases)
    problems = caught.value.problems if isinstance(caught.value, ProblemsError) else [caught.value]
    return [problem.message.partition(": ")[0] for problem in problems]


def test_a_variable_that_asks_for_one_that_does_not_resolve_is_no_second_problem(env: Path) -> None:
    env.write_text("A='${sec:absent}'\nB=\"x${A}\"\nC='$secret{a}'\n")
    assert _problems(env) == [f"A of {env}:1"]


def test_everything_that_does_not_resolve_is_told_in_its_order(env: Path) -> None:
    env.write_text("A='${sec:absent}'\n\nN='$secret{nul}'\n")
    told = _problems(env, {"INHERITED": "$secret{absent}", "OTHER": "$secret{absent}"}, X="absent", STORE="a")
    assert told == [
        "the environment variable INHERITED",
        f"A of {env}:1",
        f"N of {env}:3",
        "--env X",
        "--env STORE",
    ]


def test_a_name_that_no_variable_can_have_is_refused() -> None:
    for name in ("", "A=B", "A\0B"):
        with pytest.raises(ConfigError, match="no environment variable can have this name"):
            child_environment({}, [], {name: "a"}, _reveal, RULES)
    assert _problems(X="nul") == ["--env X"]


def test_a_later_source_replaces_an_earlier_one_and_what_is_withheld_is_withheld_from_all(env: Path) -> None:
    env.write_text("B='$secret{b}'\nC=2\nSTORE=x\nCIPHERTOOL_X=x\nCIPHERTOOL_KEPT=kept\nALONE\n")
    inherited = {
        "A": "0",
        "B": "0",
        "C": "0",
        "STORE": "0",
        "CIPHERTOOL_Y": "0",
        "INHERITED": "$secret{a}",
        "ALONE": "0",
    }
    assert _made(env, inherited, C="a") == {
        "A": "0",
        "B": "two",
        "C": "one",
        "INHERITED": "one",
        "CIPHERTOOL_KEPT": "kept",
        "ALONE": "0",
    }
    assert Rules().withhold("CIPHERTOOL_X")
    assert not Rules().withhold("X_CIPHERTOOL_")
    assert not RULES.withhold("CIPHERTOOL_KEPT")
