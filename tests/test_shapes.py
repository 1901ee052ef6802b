"""Shapes of files from public bug reports come back byte for byte, or are refused with a reason."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

SHAPES = tomllib.loads(Path(__file__).with_name("vectors").joinpath("shapes.toml").read_text(encoding="utf-8"))["shape"]


def _targets(shape: dict[str, Any]) -> str:
    """Return the targets of a shape; a JSON string is one of TOML."""
    same = "".join(
        f"{key} = {json.dumps(shape[key])}\n" for key in ("part", "encoding", "literal", "format") if key in shape
    )
    return "".join(
        f'\n[[target]]\nfile = "conf/{shape["file"]}"\nselector = {json.dumps(selector)}\nalias = "a{number}"\n{same}'
        for number, selector in enumerate(shape["selectors"])
    )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["name"])
def test_a_shape_comes_back_byte_for_byte_or_is_refused(shape: dict[str, Any], project: Path, run: Run) -> None:
    file, settings = project / "conf" / shape["file"], project / "ciphertool.toml"
    data = shape["text"].encode(shape.get("bytes", "utf-8"))
    file.write_bytes(data)
    settings.write_text(settings.read_text().partition("[[target]]")[0] + _targets(shape), encoding="utf-8")
    outcome = run("protect")
    if "refused" in shape:
        assert outcome.status == 3, outcome.err
        assert shape["refused"] in outcome.err
        assert file.read_bytes() == data
        return
    assert outcome.status == 0, outcome.err
    assert f"{len(shape['selectors'])}, to the key" in outcome.err
    protected = file.read_bytes()
    assert protected != data
    assert "nothing to do" in run("protect").err
    assert file.read_bytes() == protected
    assert run("resolve", f"conf/{shape['file']}", "--output", "conf/back").status == 0
    assert (project / "conf/back").read_bytes() == data
