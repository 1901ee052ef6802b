"""Errors, all of them, as they go from one process to another."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ciphertool
from ciphertool.changes.workbench import Standing
from ciphertool.cli import console
from ciphertool.errors import CipherToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

GIVEN = {
    "str": "a text",
    "int": 3,
    "bool": True,
    "Path": Path("a/file"),
    "Iterable[str]": ("one", "two"),
    "Sequence[str]": ("one", "two"),
    "Sequence[int]": (3, 4),
    "Mapping[str, int]": {"one": 1, "two": 2},
    "Mapping[str, Sequence[str]]": {"one": ("two", "three")},
    "Iterable[Standing]": (Standing("one", Path("a/file"), 3, "$.a", "$.a"),),
    "Iterable[CipherToolError]": (CipherToolError("one", path=Path("a/file")), CipherToolError("two", line=2)),
}


def _kinds(kind: type[CipherToolError]) -> Iterator[type[CipherToolError]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from _kinds(inner)


def _all() -> list[type[CipherToolError]]:
    for module in pkgutil.walk_packages(ciphertool.__path__, "ciphertool."):
        if not module.name.startswith("ciphertool.integrations.") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return [kind for kind in dict.fromkeys(_kinds(CipherToolError)) if kind.__module__.startswith("ciphertool.")]


def _made(kind: type[CipherToolError]) -> CipherToolError:
    """Return an error of a kind with something in all that it takes."""
    by_position, by_name = [], {}
    for name, parameter in inspect.signature(kind).parameters.items():
        value = GIVEN[str(parameter.annotation).partition(" | ")[0]]
        if parameter.kind is parameter.KEYWORD_ONLY:
            by_name[name] = value
        else:
            by_position.append(value)
    return kind(*by_position, **by_name)  # type: ignore[arg-type]  # by what their annotations say


def _facts(error: CipherToolError) -> dict[str, object]:
    return {name: str(value) if name == "problems" else value for name, value in vars(error).items()}


@pytest.mark.parametrize("kind", _all())
def test_an_error_crosses_without_loss(kind: type[CipherToolError]) -> None:
    error = _made(kind).at(Path("conf/app.yaml"), 7)
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(found) is kind
    assert (str(found), found.args, found.hint) == (str(error), error.args, error.hint)
    assert _facts(found) == _facts(error)
    assert console.status(found) == console.status(error)
