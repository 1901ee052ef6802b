"""The readers of `.env` files as judges: what each of them finds in many files at once.

bash, python-dotenv and Node's dotenv with dotenv-expand are run. `docker run --env-file` and compose are read by their
rules, written down here after the sources of docker/cli (pkg/kvfile) and compose-spec/compose-go (dotenv, template).
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from dotenv import dotenv_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).parent
_MODULES = HERE / "node" / "node_modules"
CANARY = "c4n4ry"

Reading = tuple[str | None, ...]
"""The values of the names that were asked for; None for one that is not there. Files that a reader made come last."""

BASH = r"""
names=$1; shift
shopt -s nullglob dotglob
for file in "$@"; do
  (
    show() {
      set +fuex; IFS=' '
      for name in $names; do
        if [[ -v $name ]]; then printf 'S%s\0' "${!name}"; else printf 'U\0'; fi
      done
      made=(*); printf 'M%s\0' "${made[*]}"
    } 2>/dev/null
    exec 3>&1
    trap 'show >&3' EXIT
    set -a
    . "$file" </dev/null >/dev/null 2>&1
  )
  made=(*); ((${#made[@]})) && /bin/rm -rf -- "${made[@]}"
done
"""


def node_is_there() -> bool:
    """Tell whether Node and the packages of `tests/interop/node` are installed."""
    return bool(shutil.which("node")) and (_MODULES / "dotenv" / "package.json").exists()


def read_all(
    files: Sequence[Path], names: Sequence[str], env: Mapping[str, str], scratch: Path
) -> dict[str, list[Reading]]:
    """Return, for each reader that is there, what it finds under the names in each file."""
    found = {"bash": _bash(files, names, env, scratch)}
    with mock.patch.dict(os.environ, env, clear=True):
        for reader, interpolate in (("python-dotenv", False), ("python-dotenv, interpolating", True)):
            found[reader] = [_dotenv(file, names, interpolate=interpolate) for file in files]
    if node_is_there():
        for reader, readings in _node(files, names, env).items():
            found[reader] = readings
    found["docker run --env-file"] = [_picked(docker(file.read_bytes()), names) for file in files]
    found["compose"] = [_picked(compose(file.read_bytes(), env), names) for file in files]
    return found


def _picked(values: Mapping[str, str] | None, names: Sequence[str]) -> Reading:
    return ("refused",) if values is None else tuple(values.get(name) for name in names)


def _bash(files: Sequence[Path], names: Sequence[str], env: Mapping[str, str], scratch: Path) -> list[Reading]:
    given = {"PATH": "/nonexistent", "HOME": str(scratch), "LC_ALL": "C.UTF-8", **env}
    command = ["/bin/bash", "--norc", "-c", BASH, "bash", " ".join(names), *map(str, files)]
    done = subprocess.run(
        command, env=given, cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    fields = done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
    size = len(names) + 1
    assert len(fields) == size * len(files), (len(fields), size, len(files))
    rows = [fields[start : start + size] for start in range(0, len(fields), size)]
    return [tuple(None if field == "U" else field[1:] for field in row) for row in rows]


def _dotenv(file: Path, names: Sequence[str], *, interpolate: bool) -> Reading:
    stream = io.TextIOWrapper(io.BytesIO(file.read_bytes()), encoding="utf-8")
    values = dotenv_values(stream=stream, interpolate=interpolate)
    return tuple(values.get(name) for name in names)


def _node(files: Sequence[Path], names: Sequence[str], env: Mapping[str, str]) -> dict[str, list[Reading]]:
    given = json.dumps({"files": [str(file) for file in files], "names": list(names)})
    node = shutil.which("node") or "node"
    out = subprocess.run(
        [node, HERE / "env_readers.js"], input=given, env=dict(env), text=True, capture_output=True, check=True
    )
    rows = json.loads(out.stdout)
    return {reader: [tuple(row[reader]) for row in rows] for reader in rows[0]} if rows else {}


def docker(data: bytes) -> dict[str, str] | None:
    """What `docker run --env-file` hands on: the text after the first `=`, quotes and comments included."""
    found: dict[str, str] = {}
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        return None
    for line in text.split("\n"):
        line = line.removesuffix("\r").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not name.lstrip() or re.search(r"[ \t]", name.lstrip()):
            return None
        if equals:
            found[name.lstrip()] = value
    return found


_GO_SPACE = "\t\v\f\r \x85\xa0"
_GO_ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0\d{0,3})')
_GO_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}


def compose(data: bytes, env: Mapping[str, str]) -> dict[str, str] | None:
    """What compose-go's dotenv package reads, or None where it refuses the file."""
    rest, found = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape"), dict[str, str]()
    try:
        while True:
            rest = re.sub(r"\A(?:\s|#[^\n]*)*+", "", rest)
            if not rest:
                return found
            if re.match(r"export\s+", rest):
                rest = rest.removeprefix("export").lstrip(_GO_SPACE)
            head = re.match(r"[^=:\n]*", rest)
            name = head[0] if head else ""
            if re.search(r"[^\w.\-\[\]\t\v\f\r \x85\xa0]", name):
                return None
            stop = rest[len(name) : len(name) + 1]
            rest = rest[len(name) + 1 :].lstrip(_GO_SPACE)
            name = name.rstrip()
            if not stop or " " in name:
                return None
            if stop == "\n":
                if name in env:
                    found[name] = env[name]
                continue
            value, rest = _compose_value(rest, {**found, **env})
            found[name] = value
    except ValueError:
        return None


def _compose_value(rest: str, known: Mapping[str, str]) -> tuple[str, str]:
    quote = rest[:1]
    if quote not in ("'", '"'):
        line, _, rest = rest.partition("\n")
        return _interpolated(line.partition(" #")[0].rstrip(), known), rest
    match = re.match(rf"{quote}((?:[^\\{quote}]|\\.)*+){quote}", rest, re.DOTALL)
    if match is None:
        raise ValueError("an open quote")
    inner = re.sub(r"\\(.)", lambda pair: quote if pair[1] == quote else pair[0], match[1], flags=re.DOTALL)
    if quote == '"':
        inner = _interpolated(_GO_ESCAPE.sub(_go_escape, inner), known)
    return inner, rest[match.end() :]


def _go_escape(match: re.Match[str]) -> str:
    text = match[0]
    if text == r"\$":
        return "$$"
    if text[1] == "0":
        digits = text[2:]
        return chr(int(digits, 8)) if re.fullmatch(r"[0-3][0-7]{2}", digits) else f"\\{digits}"
    return _GO_LETTERS.get(text[1], text)


_TEMPLATE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<named>[_a-z][_a-z0-9]*)|\{(?:(?P<braced>[_a-z][_a-z0-9]*(?::?[-+?](?:.*))?)\}|(?P<invalid>)))",
    re.IGNORECASE,
)


def _interpolated(text: str, known: Mapping[str, str]) -> str:
    return _TEMPLATE.sub(lambda match: _substituted(match[0], known), text)


def _closing(text: str) -> int:
    depth = index = 0
    while index < len(text):
        if text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
        if text[index] == "{":
            depth += 1
            index += 1
        index += 1
    return -1


def _substituted(text: str, known: Mapping[str, str]) -> str:
    end = _closing(text)
    text, rest = (text[: end + 1], text[end + 1 :]) if end >= 0 else (text, "")
    match = _TEMPLATE.match(text)
    if match is None:
        raise ValueError("an invalid template")
    if match["escaped"]:
        return "$"
    if match["named"]:
        return known.get(match["named"], "")
    if not match["braced"]:
        raise ValueError("an invalid template")
    name, operator, other = re.match(r"(\w+?)(?:(:?[-+?])(.*))?\Z", match["braced"], re.DOTALL).groups()  # type: ignore[union-attr]  # the template says so
    value = known.get(name)
    given = bool(value) if (operator or "").startswith(":") else value is not None
    match (operator or "")[-1:]:
        case "-":
            result = value if given else _interpolated(other, known)
        case "+":
            result = _interpolated(other, known) if given else value
        case "?" if not given:
            raise ValueError("a required variable")
        case _:
            result = value
    return (result or "") + _interpolated(rest, known)
