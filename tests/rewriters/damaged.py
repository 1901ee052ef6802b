"""Documents of all formats as damage, haste and ill will leave them. Shared with scripts/fuzz-documents."""

from __future__ import annotations

import json
import shutil
import tomllib
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import rewriters
from ciphertool.changes.spellings import spellings
from ciphertool.errors import CipherToolError, ConfigSyntaxError, SelectorError
from ciphertool.references import Reference
from ciphertool.rewriters.base import Change, rewrite
from ciphertool.settings.model import Target
from ciphertool.targets.matching import Match
from tests.settings.hostile_homes import BUG, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from ciphertool.rewriters.base import Document, Rewriter, Site

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
_TOKENS = (
    *('"', "'", '"""', "'''", "=", ":", "\n", "\r", "\r\n", "\t", " ", "\x00", "\x07", "\\", "\\u12", "\\ud83d", "é"),
    *("\ud7ff", "\u2028", "\x85", "\ufeff", "😀", "{", "}", "[", "]", "<", ">", "#", ";", ",", ".", "&", "%", "!", "`"),
    *("[a]\n", "[[a]]\n", "a.b = 1\n", "a = {b = 1}\n", "1e999", "NaN", "Infinity", "0x", "-0", "9" * 5000, "[" * 600),
    *("{" * 600, "a." * 120, "- " * 600, "<a>" * 300, "2024-01-01", "true", "null", "~", "<<: *a\n", "&a ", "*a", "? "),
    *("!!int ", "!x ", "|\n", ">-\n", "|2\n", "---\n", "...\n", "%YAML 1.1\n", "%YAML 9.9\n", "%TAG ! x\n", "&a:b "),
    *("<![CDATA[", "]]>", "<!--", "-->", "<?x", "?>", "<!DOCTYPE a [<!ENTITY x 'y'>]>", "&x;", "&#0;", "&#65;", "</a>"),
    *("<?xml version='1.1'?>", "<?xml version='1.0' encoding='ebcdic'?>", " xmlns:svns='http://org.wso2.securevault'"),
    *(" svns:secretAlias='a'", " x='1'", " u:x='1'", "<!ATTLIST a x ID #IMPLIED>", "${sec:", "${sec:a}", "$secret{a}"),
    *("secretAlias:a", "{ciphertool:a}", "export ", "#---\n", "doc[0]", "=${X}", "$(x)", "// c\n", "/* c */"),
    *("k = v\n"),
)  # fmt: skip


class Damaged(NamedTuple):
    """A file, and selectors of values that it had before."""

    name: str
    data: bytes
    selectors: tuple[str, ...]


def bases() -> dict[str, list[Damaged]]:
    """Return whole files by the name of their format."""
    found: dict[str, list[Damaged]] = {name: [] for name in rewriters.names()}
    for shape in tomllib.loads((VECTORS / "shapes.toml").read_text(encoding="utf-8"))["shape"]:
        rewriter = _rewriter(shape["file"], shape.get("format"))
        data = shape["text"].encode(shape.get("bytes", "utf-8"))
        found[rewriter.name].append(Damaged(shape["file"], data, tuple(shape["selectors"])))
    return {name: files for name, files in found.items() if files}


def damage(random: Random, base: Damaged) -> Damaged:
    """Return a file with some of its text cut, repeated, exchanged or put in."""
    codec = "utf-16" if base.data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    text = base.data.decode(codec, "surrogateescape")
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice((0, 1, 3, 20)))
        lines = text.splitlines(keepends=True)
        match random.randrange(8):
            case 0:
                text = text[:start] + text[end:]
            case 1 | 2 | 3:
                text = text[:start] + random.choice(_TOKENS) + text[end:]
            case 4 if lines:
                lines.insert(random.randrange(len(lines) + 1), random.choice(lines + list(_TOKENS)))
                text = "".join(lines)
            case 5:
                text = text[:start] + text[start:end] * random.choice((2, 50)) + text[end:]
            case 6 if lines:
                lines[random.randrange(len(lines))] = random.choice(lines)
                text = "".join(lines)
            case _:
                text = random.choice((text * 2, text[: len(text) // 2], text[end:]))
    data = text.encode(codec, "surrogateescape")
    if random.random() < 0.1:
        at = random.randrange(len(data) + 1)
        data = data[:at] + random.randbytes(random.randint(1, 3)) + data[at:]
    return base._replace(data=data)


def exercise(format_name: str, damaged: Damaged) -> list[str]:
    """Return what is wrong with how a rewriter takes a file: an error without a place, a crash, other bytes."""
    rewriter = rewriters.by_name(format_name)
    try:
        document = rewriter.parse(damaged.data)
    except ConfigSyntaxError as error:
        return [] if error.line and error.column else [f"no place: {error.reason}"]
    sites = list(document.sites())
    _look(document, sites)
    located = document.locate([site.selector for site in sites])
    refused = [found for found in located if isinstance(found, SelectorError) and found.line is None]
    wrong = [f"no line: {error.reason}" for error in refused]
    document.locate(damaged.selectors)
    targets = [site for site, found in zip(sites, located, strict=True) if found == (site,) and site.reference is None]
    for chosen in ([targets], [[site] for site in targets[:4]]):
        for each in chosen:
            wrong += _round_trip(rewriter, document, each, damaged.data)
    with suppress(CipherToolError):
        rewriter.load(damaged.data, str)
    return wrong


def _look(document: Document, sites: Sequence[Site]) -> None:
    """Ask a document for all that it has."""
    list(document.shadowed())
    list(document.strays())
    document.outline()
    document.stable_selectors(sites[:20])
    document.pick([site.selector for site in sites])


def _round_trip(rewriter: Rewriter, document: Document, sites: Sequence[Site], data: bytes) -> list[str]:
    """Protect values as a native vault would, and put them back; what is refused is in order."""
    matches = [Match(Target("f", "s", "a"), f"a{n}", site, site.value) for n, site in enumerate(sites)]
    changes = [Change(match.site, Reference(match.alias, rewriter.syntax)) for match in matches]
    try:
        protected = rewrite(rewriter, document, changes)
        known = spellings(rewriter, document, protected, matches, native=True)
    except CipherToolError:
        return []
    return [f"other bytes: {sorted(known.lost)} of {data!r}"] if known.lost else []


def _rewriter(name: str, format_name: str | None) -> Rewriter:
    return rewriters.by_name(format_name) if format_name else rewriters.for_path(PurePath(name))


_SETTINGS = """\
[keystore]
path = "keys.p12"
alias = "primary"
[repository]
path = "vault.properties"
"""
_COMMANDS = (
    ("audit", "."), ("audit", ".", "--write-targets"), ("protect", "--dry-run", "--diff"), ("protect",),
    ("check",), ("audit", ".", "--json"), ("resolve", "FILE"), ("run", "--config-file", "FILE", "--", "true"),
    ("unprotect", "FILE", "--yes"), ("add", "FILE", "SELECTOR"), ("resolve", "FILE", "--output", "back"),
)  # fmt: skip


def lay_out(root: Path, format_name: str, damaged: Damaged, keystore: bytes) -> None:
    """Make a project of one file, with targets for what it had, in place of the one before."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    (root / "keys.p12").write_bytes(keystore)
    (root / damaged.name).write_bytes(damaged.data)
    settings = _SETTINGS
    for number, selector in enumerate(damaged.selectors):
        values = {
            "file": damaged.name,
            "selector": selector,
            "alias": f"a{number}.{{doc}}.{{key}}",
            "format": format_name,
        }
        settings += "[[target]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    (root / "ciphertool.toml").write_text(settings, encoding="utf-8")


def command_all(root: Path, damaged: Damaged) -> list[str]:
    """Run the commands that read configuration files on a project; return those that end with the status of a bug."""
    named = {"FILE": str(root / damaged.name), "SELECTOR": damaged.selectors[0]}
    bugs = []
    for command in _COMMANDS:
        arguments = [named.get(argument, argument) for argument in command]
        status, output = run(arguments)
        if status == BUG:
            bugs.append(f"{' '.join(command)} of {damaged.data!r}\n{output}")
    return bugs
