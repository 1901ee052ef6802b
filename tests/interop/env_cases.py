"""Lines of a `.env` file, each with a secret in it; what `protect` and `resolve` make of them; and what readers find.

`judge` compares, for every reader: what it found before with what it finds after `resolve`; and while the file is
protected, what it finds with what it finds where a plain word stands in place of each reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa

from ciphertool import files
from ciphertool.engine import Decryptor, Encryptor, LocalKey
from ciphertool.engine.schemes import DEFAULT
from ciphertool.errors import CipherToolError
from ciphertool.repository import repository_of
from ciphertool.rewriters.base import rewrite
from ciphertool.rewriters.env import EnvRewriter
from ciphertool.secret import Secret
from ciphertool.settings.model import Target
from ciphertool.targets.matching import changes, is_left_alone, locate
from ciphertool.vault.at_hand import OpenerAtHand
from ciphertool.vault.cipher import Opener, Sealer
from ciphertool.vault.resolver import Resolver, resolve_document
from tests.interop.env_readers import CANARY, Reading, read_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random


ALIAS = "app/db.pw"
NAMES = ("HOST", "VAL", "OTHER", "LAST", "Password")
# Whatever a reader takes a reference's letters for, it finds a canary.
ENV = dict.fromkeys(("secret", "sec", "ciphertool", "verbatim", "escaped", "app", "db", "pw", "B", "REF"), CANARY)
QUOTES = ("", "'", '"', "`")
WORD = "REFxREF"
_REFERENCE = re.compile(r"\{ciphertool[\w-]*:[^}]*\}|\$secret\{[^}]*\}|\$\{sec:[^}]*\}")

_PIECES = (
    *"'\"`$\\ #!&;|<>(){}[]*?~^=:,%@+.-_\t",
    *(
        "a",
        "b",
        "Z",
        "9",
        "é",
        "€",
        "n",
        "word",
        "Tr0ub4dor",
        "pa",
        "\\n",
        "\\t",
        '\\"',
        "\\'",
        "\\\\",
        "\\$",
        "$$",
        " #",
    ),
    *("\n", "\r\n", "${HOST}", "$HOST", "${NONE:-x}", "${NONE", "$(: >canary)", "`: >canary`", "$((1+1))", "$B", "=x"),
    *("postgres://u:", "@h/db", "?a=b&", "Server=x;", "Password=", "://", "\x85", "\xa0", "{a,b}", "p%41w", "%2a"),
)
_PLAIN = tuple("abcxyzABC019._-/:@")


@dataclass
class Case:
    """A file before, protected, and after; `refused` is why there is no more than the first."""

    quote: str
    part: bool
    before: bytes
    protected: bytes = b""
    after: bytes = b""
    refused: str = ""
    value: str = field(default="", repr=False)


def made(random: Random, quote: str, *, part: bool, literal: bool = False) -> Case | None:
    """Return one case with what ciphertool makes of it; None where the line is no binding with a value."""
    pieces = _PLAIN if random.random() < 0.15 else (*_PIECES, *_PLAIN)
    if random.random() < 0.3:
        pieces = (*pieces, *_PLAIN * 6)
    inner = "".join(random.choice(pieces) for _ in range(random.randrange(1, 12)))
    end = random.choice(("\n", "\n", "\r\n"))
    inner = inner.replace("\r\n", "\n").replace("\n", end) if random.random() < 0.8 else inner
    if not quote or quote == "`":
        inner = inner.replace("\r", "").replace("\n", "")
    tail = random.choice(("", "", "", " # a comment", "#x" if quote in ("'", '"') else "", " "))
    head = random.choice(("VAL=", "VAL=", "VAL=", "export VAL=", "VAL = "))
    others = (f'HOST=h.example{end}OTHER="x${{HOST}}y"{end}', f"LAST=${{HOST}}z{end}")
    text = f"{others[0]}{head}{quote}{inner}{quote}{tail}{end}{others[1]}"
    return worked(Case(quote, part, text.encode()), at_random=random if part else None, literal=literal)


def worked(case: Case, *, at_random: Random | None = None, literal: bool = False) -> Case | None:
    """Protect and resolve a case in memory, by the code that the commands use: its value, or any piece of it."""
    rewriter, path = EnvRewriter(), Path("/nowhere/a.env")
    try:
        document = rewriter.parse(case.before)
    except CipherToolError:
        return None
    site = next((site for site in document.sites() if site.selector == "VAL"), None)
    if site is None or not site.value or site.reference is not None:
        return None
    start, stop = 0, len(site.value)
    expression = None
    if at_random is not None:
        start, stop = sorted(at_random.choices(range(len(site.value) + 1), k=2))
        if start == stop:
            return None
        expression = f"(?s)\\A.{{{start}}}(?P<secret>.{{{stop - start}}})"
    target = Target("a.env", "VAL", ALIAS, part=expression, literal=literal)
    snapshot = files.Snapshot(path, path, case.before)
    located = locate(path.parent, snapshot, document, [target], native=True)
    if located.problems or located.missing:
        case.refused = (located.problems or [error for _, error in located.missing])[0].message
        return case
    if is_left_alone(located.matches[0]):
        case.refused = "a placeholder"
        return case
    case.value = located.matches[0].value
    try:
        case.protected = rewrite(rewriter, document, changes(located.matches, rewriter.syntax))
    except CipherToolError as error:
        case.refused = error.message
        return case
    case.after = resolve_document(rewriter, case.protected, path, _vault(case.value))
    return case


def changed(random: Random, quote: str) -> tuple[bytes, str] | None:
    """Return a file in which another value than the one that had stood there took its reference's place, and the value.

    None where it is refused.
    """
    pieces = random.choice((_PLAIN, _PIECES, (*_PIECES, *_PLAIN * 8)))
    value = "".join(random.choice(pieces) for _ in range(random.randrange(1, 8)))
    data = f"VAL={quote}{{ciphertool:{ALIAS}}}{quote}\n".encode()
    try:
        return resolve_document(EnvRewriter(), data, Path("/nowhere/a.env"), _vault(value)), value
    except CipherToolError:
        return None


@cache
def _sealer() -> Sealer:
    key = rsa.generate_private_key(65537, 2048)
    return Sealer(DEFAULT, True, Encryptor(key.public_key()), Opener(DEFAULT, True, Decryptor(LocalKey(key))))


def _opener() -> Opener:
    opener = _sealer().opener
    assert opener is not None
    return opener


def _vault(value: str) -> Resolver:
    """Return the resolver of a vault of one secret."""
    sealer, path = _sealer(), Path("/nowhere/vault.properties")
    data = f"{ALIAS}={sealer.seal(ALIAS, Secret(value))}\n".encode()
    repository = repository_of("native", files.Snapshot(path, path, data))
    return Resolver(repository, OpenerAtHand(_opener), warn=_unexpected, tell=lambda _: None)


def _unexpected(message: str) -> None:
    raise AssertionError(message)


def judge(cases: Sequence[Case], folder: Path) -> tuple[dict[str, int], list[tuple[str, str, Case, Reading, Reading]]]:
    """Return how many files each reader read, and every difference: the reader, when, the case, what, what instead."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    texts: dict[str, list[bytes]] = {
        "before": [case.before for case in cases],
        "after": [case.after for case in cases],
        "protected": [case.protected for case in cases],
        "with a word": [_REFERENCE.sub(WORD, case.protected.decode()).encode() for case in cases],
    }
    paths: list[Path] = []
    for when, contents in texts.items():
        for number, data in enumerate(contents):
            paths.append(folder / f"{when.replace(' ', '-')}-{number}.env")
            paths[-1].write_bytes(data)
    readings = read_all(paths, NAMES, ENV, scratch)
    size, differences = len(cases), []
    for reader, found in readings.items():
        before, after, protected, word = (found[start : start + size] for start in range(0, 4 * size, size))
        for number, case in enumerate(cases):
            # The same bytes are the same to a reader, but what they leave to a process in the background is not.
            if before[number] != after[number] and case.before != case.after:
                differences.append((reader, "resolved", case, before[number], after[number]))
            references = _REFERENCE.findall(case.protected.decode())
            expected = tuple(None if value is None else value.replace(WORD, references[0]) for value in word[number])
            if protected[number] != expected:
                differences.append((reader, "protected", case, expected, protected[number]))
    return {reader: len(found) for reader, found in readings.items()}, differences
