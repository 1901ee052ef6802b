"""Secrets that stand where a name belongs: keys, sections, declarations, files and directories. Judges by patterns."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from ciphertool.audit import rules
from ciphertool.detection import comments, hints, patterns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ciphertool.audit.ledger import Ledger
    from ciphertool.audit.scope.reading import FileReading


def judge(gathered: Ledger, opened: FileReading) -> None:
    """Report each secret of a document that is in none of its values and comments: those are judged elsewhere."""
    for line, kind, secret in dict.fromkeys(_in_document(opened)):
        place = gathered.place(opened.path, line)
        message = f"{kind}, in a key or elsewhere outside the values"
        gathered.finding(rules.SECRET_AS_NAME, place, message, stands=secret)


def judge_paths(gathered: Ledger, paths: Sequence[Path]) -> None:
    """Report each file, and each directory with files in it, whose name is a secret."""
    found: dict[tuple[str, str], None] = {}
    names = [gathered.place(path).path for path in paths]
    for index in sorted(hints.candidates(names)):
        parts = names[index].split("/")
        for part, until in zip(parts, accumulate(parts, "{}/{}".format), strict=True):
            found.update(((until, kind), None) for _, _, kind in patterns.secrets_in_name(part))
    for path, kind in found:
        place = gathered.place(gathered.base / path)
        gathered.finding(rules.SECRET_AS_NAME, place, f"{kind}, in a file's name", stands=path)


def _in_document(opened: FileReading) -> Iterator[tuple[int, str, str]]:
    """Yield line, kind and text of each secret: by the text, and, where it is spelled with escapes, by the keys."""
    assert opened.document is not None  # noqa: S101 - the caller has looked
    seen: set[str] = set()
    hits = list(_in_text(opened))
    if hits:
        spans = [(site.start, site.end) for site in opened.document.sites()]
        spans = sorted(spans + comments.spans(opened.rewriter, opened.text))
        starts, ends = [start for start, _ in spans], [*accumulate((end for _, end in spans), max)]
        for start, end, kind in hits:
            seen.add(opened.text[start:end])
            before = bisect_right(starts, start)
            if not before or ends[before - 1] <= start:
                yield opened.document.source.line(start), kind, opened.text[start:end]
    outline = opened.outline
    for index in sorted(_spelled_otherwise(opened)):
        key = outline.keys[index]
        for start, end, kind in patterns.secrets_in_name(key):
            if key[start:end] not in seen:
                seen.add(key[start:end])
                (site,) = opened.pick({outline.selectors[index]})
                yield site.line, kind, key[start:end]


def _spelled_otherwise(opened: FileReading) -> set[int]:
    """Return the indexes of the keys that may hold a secret which no line of the text holds."""
    keys = opened.outline.keys
    if not opened.is_verbatim:
        return hints.candidates(keys)
    if " " not in "".join(keys):
        return set()
    spaced = [index for index, key in enumerate(keys) if " " in key]  # the space may be the end of a line
    return {spaced[index] for index in hints.candidates([keys[index] for index in spaced])}


def _in_text(opened: FileReading) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and kind of each secret in a text, line by line."""
    text, end = opened.text, 0
    for position in opened.hints:
        if position < end:
            continue
        start, end = text.rfind("\n", 0, position) + 1, text.find("\n", position) + 1 or len(text)
        at = start
        for line in text[start:end].splitlines(keepends=True):
            for begin, finish, kind in patterns.secrets_in_name(line, assigned=False):
                yield at + begin, at + finish, kind
            at += len(line)
