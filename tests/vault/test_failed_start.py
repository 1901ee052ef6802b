"""What operators see of a start that fails: tracebacks and logs tell every problem, its place and its remedy."""

from __future__ import annotations

import io
import logging
import traceback
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from ciphertool.errors import ConfigError, ProblemsError, UnknownAliasError

if TYPE_CHECKING:
    from pathlib import Path

_BROKEN = "one: ${sec:absent.one}\nfine: x\ntwo: ${sec:absent.two}\n"


def _failure(project: Path) -> Exception:
    (project / "conf/broken.yaml").write_text(_BROKEN)
    with pytest.raises(ProblemsError) as caught:
        Vault.open().load("conf/broken.yaml")
    return caught.value


@pytest.mark.parametrize("spell", ["traceback", "log", "str"])
def test_several_problems_are_all_shown(protected: Path, spell: str) -> None:
    error = _failure(protected)
    stream = io.StringIO()
    logger = logging.Logger("app")
    logger.addHandler(logging.StreamHandler(stream))
    try:
        raise error
    except ProblemsError:
        logger.exception("no start")
    spelled = {"traceback": "".join(traceback.format_exception(error)), "log": stream.getvalue(), "str": str(error)}
    lines = spelled[spell].splitlines()
    first = next(number for number, line in enumerate(lines) if line.endswith("2 problems:"))
    assert lines[first + 1].startswith("conf/broken.yaml:1: unknown secret alias 'absent.one'")
    assert lines[first + 2].startswith("conf/broken.yaml:3: unknown secret alias 'absent.two'")
    assert lines[first + 3].startswith("hint: check the spelling")
    assert len(lines) == first + 4


def test_a_traceback_has_the_hint_of_one_problem(protected: Path) -> None:
    with pytest.raises(UnknownAliasError) as caught:
        Vault.open()["absent"]
    lines = "".join(traceback.format_exception(caught.value)).splitlines()
    assert lines[-2].endswith(f"unknown secret alias 'absent': {protected}/security/vault.properties has no such entry")
    assert lines[-1] == f"hint: {caught.value.hint}"
    assert "hint:" not in str(caught.value)


def test_a_hint_that_is_replaced_is_shown_once() -> None:
    error = ConfigError("wrong", hint="do this")
    error.add_note("somebody's note")
    error.hint = "do that"
    assert traceback.format_exception_only(error)[1:] == ["somebody's note\n", "hint: do that\n"]
    error.hint = ""
    assert traceback.format_exception_only(error)[1:] == ["somebody's note\n"]
