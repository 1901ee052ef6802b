"""Files in many encodings, and what other programs read in them. Shared with scripts/fuzz-encodings."""

from __future__ import annotations

import configparser
import io
import json
import re
import tomllib
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import dotenv
import javaproperties
from ruamel.yaml import YAML

from ciphertool import rewriters
from ciphertool.errors import CipherToolError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import quoting
from ciphertool.rewriters.base import Change, rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
EIGHT_BIT = ("ascii", "iso-8859-1", "iso-8859-15", "cp1252", "koi8-r", "cp437")
SEVERAL_BYTES = ("cp932", "gb18030", "euc_kr", "big5hkscs", "euc_jp")
FORMATS = {
    "properties": UNICODE + EIGHT_BIT + SEVERAL_BYTES,
    "env": UNICODE + EIGHT_BIT + SEVERAL_BYTES,
    "ini": UNICODE + EIGHT_BIT + SEVERAL_BYTES,
    "yaml": UNICODE[:3],
    "json": UNICODE[:3],
    "toml": UNICODE[:1],
    "xml": (*UNICODE[:3], "iso-8859-1", "iso-8859-15", "cp1252", "koi8-r", "ascii"),
}
PIECES = (
    *"aZ9 $#;=:'\"\\%&<>[]{}!\t",
    *("ä", "ÿ", "Ã¤", "Ã", "¤", "\x85", "\xa0", "\xad", "€", "ß", "ı", "д", "漢", "字", "ソ", "表", "한", "ｱ", "😀"),
    *("Ê\u0304", "\u0304", "\u2028", "\ufeff", "𝒳", "\\u00e4", "~", "^", "|"),
)
_NAMES = {"properties": "a.password", "env": "PASSWORD", "ini": "s/password", "xml": "/a/password"}


class File(NamedTuple):
    """A file with one secret, the value of it, and a neighbour."""

    format: str
    encoding: str
    data: bytes


class Seen(NamedTuple):
    """What a trial came to: why it was refused, or the files before, while protected and after."""

    refusal: str = ""
    before: bytes = b""
    protected: bytes = b""
    after: bytes = b""


def pieces(format_: str, encoding: str) -> list[str]:
    """Return what values are made of: all, or what the encoding has where the format knows no escapes."""
    if format_ not in ("env", "ini"):
        return list(PIECES)
    return [piece for piece in PIECES if _has(encoding, piece)]


def file(format_: str, encoding: str, value: str, neighbour: str, *, escaped: bool = False) -> File | None:
    """Write a file as an author would, or return None where the format has no such value in that encoding."""
    text = _TEXTS[format_](value, neighbour, encoding, escaped)
    if text is None:
        return None
    try:
        codec = "utf-8" if encoding == "unsaid" else encoding
        data = text.encode(codec)
        if data.decode(codec) != text:
            return None
    except UnicodeError:
        return None
    return File(format_, encoding, data)


def tried(given: File) -> Seen:
    """Protect a file's secret and put it back, as ciphertool does where the encoding is said."""
    said = None if given.encoding == "unsaid" or given.format == "xml" else given.encoding
    rewriter = rewriters.by_name(given.format, said)
    try:
        document = rewriter.parse(given.data)
        found = document.locate([_NAMES.get(given.format, "$.password")])[0]
        if isinstance(found, CipherToolError):
            return Seen(str(found))
        if reason := document.doubt(found[0]):
            return Seen(reason)
        if found[0].reference is not None:
            return Seen("is a reference")
        protected = rewrite(rewriter, document, [Change(found[0], Reference("an.alias", rewriter.syntax))])
        again = rewriter.parse(protected)
        [site] = [site for site in again.sites() if site.reference is not None and site.reference.alias == "an.alias"]
        return Seen("", given.data, protected, rewrite(rewriter, again, [Change(site, found[0].value)]))
    except CipherToolError as error:
        return Seen(str(error))


def differences(given: File, seen: Seen) -> Iterator[str]:
    """Yield which reader sees what it should not: another secret after than before, no reference between."""
    for name, read in readers(given):
        before, protected, after = (read(data) for data in seen[1:])
        if before != after:
            yield f"{name}: another value afterwards"
        if {key: value for key, value in before.items() if key != "password"} != {
            key: value for key, value in protected.items() if key != "password"
        }:
            yield f"{name}: another neighbour"
        if not is_reference(given.format, protected["password"]):
            yield f"{name}: no reference"


def is_reference(format_: str, value: str) -> bool:
    """Tell whether a reader sees the reference."""
    if format_ == "xml":
        return value.strip() == "password"  # white space around a text stays
    if format_ == "env":
        return value in (str(Reference("an.alias", syntax)) for syntax in quoting.SYNTAXES)
    return value == str(Reference("an.alias", Syntax.SEC if format_ == "yaml" else Syntax.SECRET))


def readers(given: File) -> list[tuple[str, Callable[[bytes], dict[str, str]]]]:
    """Return the readers of a file; where no encoding is said, of each that it may be in."""
    read = _READERS[given.format]
    if given.encoding != "unsaid":
        return [(f"{given.format} in {given.encoding}", lambda data: read(data, given.encoding))]
    possible = ["iso-8859-1"]
    try:
        given.data.decode("utf-8")
        possible.append("utf-8")
    except UnicodeDecodeError:
        pass
    return [(f"{given.format} in {codec}", lambda data, codec=codec: read(data, codec)) for codec in possible]  # type: ignore[misc]


def _properties_text(value: str, neighbour: str, encoding: str, escaped: bool) -> str | None:
    codec = "utf-8" if encoding == "unsaid" else encoding

    def spelled(text: str) -> str:
        text = re.sub(r"^ ", r"\\ ", text.replace("\\", "\\\\").replace("\t", "\\t"))
        return "".join(c if _has(codec, c) and not (escaped and c > "~") else _unit(c) for c in text)

    comment = "".join(c for c in neighbour if _has(codec, c))
    return f"# {comment}\nb={spelled(neighbour)}\na.password={spelled(value)}\nlast = x\n" if value else None


def _unit(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _has(codec: str, character: str) -> bool:
    try:
        return character.encode(codec).decode(codec) == character
    except UnicodeError:
        return False


def _env_text(value: str, neighbour: str, encoding: str, escaped: bool) -> str | None:  # noqa: ARG001 - one shape for all
    if not value:
        return None
    one, other = (re.sub(r"(['\\])", r"\\\1", text) for text in (value, neighbour))
    return f"# c\nB='{other}'\nexport PASSWORD='{one}' # c\nLAST=x\n"


def _ini_text(value: str, neighbour: str, encoding: str, escaped: bool) -> str | None:  # noqa: ARG001 - as above
    if not value.strip() or value != value.strip() or neighbour != neighbour.strip():
        return None
    return f"[s]\nb = {neighbour}\npassword = {value}\n; c\nlast: x\n"


def _json_text(value: str, neighbour: str, encoding: str, escaped: bool) -> str | None:  # noqa: ARG001 - as above
    if not value:
        return None
    return json.dumps({"b": neighbour, "password": value, "last": "x"}, ensure_ascii=escaped, indent=1)


def _yaml_text(value: str, neighbour: str, encoding: str, escaped: bool) -> str | None:
    text = _json_text(value, neighbour, encoding, escaped and max(value + neighbour) < "\U00010000")
    return None if re.search("[\x85\u2028\u2029\ufeff]", value + neighbour) else text


def _toml_text(value: str, neighbour: str, encoding: str, escaped: bool) -> str | None:  # noqa: ARG001 - as above
    dumped = (json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f") for text in (neighbour, value))
    return "# ä\nb = {}\npassword = {}\nlast = 'x'\n".format(*dumped) if value else None


def _xml_text(value: str, neighbour: str, encoding: str, escaped: bool) -> str | None:
    if not value.strip():
        return None
    codec = "utf-8" if encoding.startswith("utf") else encoding

    def spelled(text: str) -> str:
        return "".join(
            c if _has(codec, c) and not (escaped and c > "~") else f"&#{ord(c)};" for c in escape(text, {"\t": "&#9;"})
        )

    declared = {"utf-8-sig": "UTF-8", "cp1252": "windows-1252", "ascii": "US-ASCII"}.get(encoding, encoding)
    head = f'<?xml version="1.0" encoding="{declared}"?>\n'
    return f"{head}<a><b>{spelled(neighbour)}</b><password>{spelled(value)}</password><last>x</last></a>\n"


def _read_properties(data: bytes, encoding: str) -> dict[str, str]:
    found = javaproperties.loads(data.decode(encoding))
    return {"password": found["a.password"], "b": found["b"], "last": found["last"]}


def _read_env(data: bytes, encoding: str) -> dict[str, str]:
    found = dotenv.dotenv_values(stream=io.StringIO(data.decode(encoding)), interpolate=False)
    return {"password": found["PASSWORD"] or "", "b": found["B"] or "", "last": found["LAST"] or ""}


def _read_ini(data: bytes, encoding: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read_string(data.decode(encoding))
    return dict(parser["s"])


def _read_xml(data: bytes, encoding: str) -> dict[str, str]:  # noqa: ARG001 - the file says so itself
    return {element.tag: element.text or "" for element in ET.fromstring(data)}  # noqa: S314 - a file of our own


_TEXTS: dict[str, Callable[[str, str, str, bool], str | None]] = {
    "properties": _properties_text,
    "env": _env_text,
    "ini": _ini_text,
    "yaml": _yaml_text,
    "json": _json_text,
    "toml": _toml_text,
    "xml": _xml_text,
}
_READERS: dict[str, Callable[[bytes, str], dict[str, str]]] = {
    "properties": _read_properties,
    "env": _read_env,
    "ini": _read_ini,
    "yaml": lambda data, encoding: dict(YAML(typ="safe", pure=True).load(data.decode(encoding))),
    "json": lambda data, encoding: dict(json.loads(data.decode(encoding))),
    "toml": lambda data, encoding: dict(tomllib.loads(data.decode(encoding))),
    "xml": _read_xml,
}
