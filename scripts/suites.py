"""The cases of public conformance suites, as their checkouts have them, and what each expects. Knows no rewriters."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "\\": "\\"}
_VALUE = re.compile(r"=VAL(?: &\S+)?(?: <[^>]*>)? [:'\"|>](.*)", re.DOTALL)


class Case(NamedTuple):
    """A document, and what the suite expects: `valid` is None if both is right; `expected` is a value to compare."""

    name: str
    data: bytes
    valid: bool | None
    expected: Any = None


def toml(suite: Path) -> Iterator[Case]:
    """Yield the cases of toml-test for TOML 1.0."""
    for name in (suite / "tests" / "files-toml-1.0.0").read_text().split():
        if name.endswith(".toml"):
            path = suite / "tests" / name
            valid = name.startswith("valid/")
            expected = json.loads(path.with_suffix(".json").read_text()) if valid else None
            yield Case(name, path.read_bytes(), valid, expected)


def json_texts(suite: Path) -> Iterator[Case]:
    """Yield the cases of JSONTestSuite."""
    for folder in ("test_parsing", "test_transform"):
        for path in sorted((suite / folder).glob("*.json")):
            valid = {"y": True, "n": False}.get(path.name[0] if folder == "test_parsing" else "i")
            yield Case(path.name, path.read_bytes(), valid)


def json_paths(suite: Path) -> Iterator[Case]:
    """Yield the cases of the JSONPath compliance suite; expected are the selector and the possible node lists."""
    for case in json.loads((suite / "cts.json").read_text(encoding="utf-8"))["tests"]:
        lists = [case["result"]] if "result" in case else case.get("results", [])
        data = json.dumps(case.get("document")).encode()
        yield Case(case["name"], data, not case.get("invalid_selector", False), (case["selector"], lists))


def yaml(suite: Path) -> Iterator[Case]:
    """Yield the cases of yaml-test-suite; expected are the texts of all scalars in order."""
    from ruamel.yaml import YAML

    for path in sorted((suite / "src").glob("*.yaml")):
        whole: dict[str, Any] = {}
        for number, case in enumerate(YAML(typ="safe", pure=True).load(path)):
            whole = {**{key: value for key, value in whole.items() if key != "fail"}, **case}
            if "skip" not in case:
                valid = not whole.get("fail", False)
                expected = _scalars(whole["tree"]) if valid else None
                yield Case(f"{path.stem}/{number}", _shown(whole["yaml"]).encode(), valid, expected)


def _shown(text: str) -> str:
    """Return a text without the signs by which the suite shows what cannot be seen."""
    text = re.sub("—*»", "\t", text).translate({0x2423: " ", 0x21B5: None, 0x2190: "\r", 0x21D4: "\ufeff"})
    return text[:-2] if text.endswith("∎\n") else text


def _scalars(tree: str) -> list[str]:
    found = [_VALUE.match(_shown(line.lstrip())) for line in tree.splitlines()]
    return [re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), match[1]) for match in found if match]


def python_dotenv(suite: Path) -> Iterator[Case]:
    """Yield what python-dotenv's tests of its parser read; its own reading is what is expected."""
    from io import StringIO

    from dotenv.parser import parse_stream

    tree = ast.parse((suite / "tests" / "test_parser.py").read_text())
    for pair in (node for node in ast.walk(tree) if isinstance(node, ast.Tuple) and len(node.elts) == 2):
        text = pair.elts[0]
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            bindings = list(parse_stream(StringIO(text.value)))
            values = {binding.key: binding.value for binding in bindings if binding.key is not None}
            yield Case(repr(text.value), text.value.encode(), not any(b.error for b in bindings), values)


def node_dotenv(suite: Path) -> Iterator[Case]:
    """Yield the files of the tests of Node's dotenv; its own reading is what is expected."""
    read = "require(process.argv[1]).parse(require('fs').readFileSync(process.argv[2]))"
    program = f"process.stdout.write(JSON.stringify({read}))"
    for path in sorted((suite / "tests").glob(".env*")):
        command = ["node", "-e", program, str(suite / "lib" / "main.js"), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        yield Case(path.name, path.read_bytes(), None, json.loads(done.stdout))
