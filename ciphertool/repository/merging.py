"""Merges two versions of a repository in a `.properties` file, alias by alias. No key is needed, and none would help.

What one side alone has changed is taken over, wherever it stands. One alias that both have changed is a conflict: no
ciphertext shows which is right, so both stay, between git's markers, until a person removes one. So is a value whose
content key one side has removed; it would be lost without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.ciphertext import Envelope
from ciphertool.errors import ConfigError
from ciphertool.files import Snapshot
from ciphertool.repository import Encrypted, repository_of
from ciphertool.repository.grammar import ContentKeyLine, guess_kind
from ciphertool.rewriters.base import Edit, splice
from ciphertool.rewriters.properties import PropertiesRewriter, rewrite_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ciphertool.repository import SecretRepository
    from ciphertool.rewriters.properties import PropertiesDocument

_MARKERS = ("<<<<<<< ours", "=======", ">>>>>>> theirs")


class Merged(NamedTuple):
    """The merged file, and a sentence for each conflict in it."""

    data: bytes
    conflicts: tuple[str, ...]


def merge(base: bytes, ours: bytes, theirs: bytes, path: Path) -> Merged:
    """Return two versions merged; `path` names the file in errors.

    Raises `ConfigError` if one of the three is not a repository that can be read, or if both sides have changed what
    stands between the entries: then only a merge of lines is left.
    """
    kind = guess_kind(base + ours + theirs)
    versions = [_read(kind, data, path) for data in (base, ours, theirs)]
    before, mine, other = (dict(document.pairs()) for document in versions)
    both = [key for key in {**mine, **other, **before} if mine.get(key) != other.get(key)]
    taken = [key for key in both if mine.get(key) == before.get(key)]
    disputed = {key for key in both if key not in taken and other.get(key) != before.get(key)}
    start, changes = _between(versions, {key: other.get(key) for key in taken}, mine, other, before)
    merged = rewrite_entries(start, changes, ordered=True)
    held = {key: mine.get(key, other.get(key)) for key in disputed}
    merged = rewrite_entries(_read(kind, merged, path), {k: v for k, v in held.items() if v is not None}, ordered=True)
    repository = repository_of(kind, Snapshot(path, path, merged))
    sentences = [_sentence(key) for key in sorted(disputed)]
    lost = sorted(_lost(repository) - disputed)
    sentences += (f"{alias}: one side has removed its content key; restore that side's value" for alias in lost)
    sentences += _readers(repository)
    marked = _marked(_read(kind, merged, path), {*disputed, *lost}, mine, other)
    return Merged(marked, tuple(sentences))


def _read(kind: str, data: bytes, path: Path) -> PropertiesDocument:
    repository_of(kind, Snapshot(path, path, data))  # raises for an alias that stands there twice
    encoding = "utf-8" if kind == "native" else "iso-8859-1"
    return PropertiesRewriter(assumed=encoding).parse(data)


def _between(
    versions: list[PropertiesDocument],
    taken: Mapping[str, str | None],
    mine: Mapping[str, str],
    other: Mapping[str, str],
    before: Mapping[str, str],
) -> tuple[PropertiesDocument, Mapping[str, str | None]]:
    """Return the version that has the right comments, and the changes that are to be made in it."""
    first, second, third = (_rest(document) for document in versions)
    if third in (first, second):
        return versions[1], taken
    if first != second:
        raise ConfigError("both sides have changed its comments")
    changed = {key: mine.get(key) for key in {**mine, **before} if mine.get(key) != before.get(key)}
    return versions[2], {key: value for key, value in changed.items() if value != other.get(key)}


def _rest(document: PropertiesDocument) -> str:
    """Return what stands between the entries."""
    lines = (document.line_span(ordinal) for ordinal in range(len(document.entries.selectors)))
    return splice(document.source.text, [Edit(start, end, "") for start, end in lines])


def _sentence(key: str) -> str:
    line = ContentKeyLine.parse(key)
    name = key if line is None else f"the content key {line.content_key} for {line.recipient}"
    return f"{name}: changed on both sides"


def _lost(repository: SecretRepository) -> set[str]:
    """Return the aliases whose content key is gone."""
    lost = set()
    for alias, entry in repository.entries.items():
        match entry.stored:
            case Encrypted(Envelope(wrapped=wrapped)) if not wrapped:
                lost.add(alias)
    return lost


def _readers(repository: SecretRepository) -> Iterator[str]:
    """Yield a sentence if content keys are for different recipients: one side has added or removed one."""
    every = {recipient for wrapped in repository.keys.values() for recipient in wrapped}
    partly = sorted({one for wrapped in repository.keys.values() for one in every - wrapped.keys()})
    if partly:
        yield f"only part of the vault is encrypted to {', '.join(partly)}: one side has changed who can read it"


def _marked(document: PropertiesDocument, keys: set[str], mine: Mapping[str, str], other: Mapping[str, str]) -> bytes:
    """Return a document's bytes with both sides of some entries, each between markers of its own."""
    text = document.source.text
    edits = []
    for key in keys:
        ordinal = document.only(key)
        if ordinal is None:
            continue
        start, end = document.line_span(ordinal)
        head = text[document.entries.heads[ordinal] : document.entries.starts[ordinal]]
        newline = "\r\n" if text[start:end].endswith("\r\n") else "\n"
        sides = [[] if side.get(key) is None else [f"{head}{side[key]}"] for side in (mine, other)]
        lines = [_MARKERS[0], *sides[0], _MARKERS[1], *sides[1], _MARKERS[2]]
        edits.append(Edit(start, end, "".join(f"{line}{newline}" for line in lines)))
    return document.source.encode(splice(text, sorted(edits, key=lambda edit: edit.start)))
