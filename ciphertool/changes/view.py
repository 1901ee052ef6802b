"""Shows a plan: a unified diff, and the places where old plaintext can still be read. Every secret is `****`."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files, git
from ciphertool.changes.plan import Note, join_names
from ciphertool.detection.names import names_a_secret
from ciphertool.errors import CipherToolError
from ciphertool.redaction.masking import TextMasker, spellings
from ciphertool.repository import Clear
from ciphertool.rewriters.base import Edit, Source, splice
from ciphertool.secret import MASK, repr_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ciphertool.changes.plan import Plan
    from ciphertool.repository import SecretRepository
    from ciphertool.rewriters.base import Document, Site

_BACKUPS = ("{}~", "{}.bak", "{}.backup", "{}.orig", "{}.old", "{}.save", ".{}.swp", "{}.1")


def diff(plan: Plan, repository: SecretRepository, shown: Callable[[Path], str] = str) -> str:
    """Return a unified diff of the configuration files, without any secret; `shown` returns the displayed file names.

    It masks every site of the plan, every site with the name of a secret, and every other place that holds the value of
    a planned site or a clear value of the repository, in any spelling.
    """
    known = _known_values(plan, repository)
    lines: list[str] = []
    for item in plan.files:
        if item.after is not None:
            name = shown(item.before.path)
            planned = {match.site.selector for match in item.planned}
            before = _masked(item.rewriter.parse(item.before.bytes), known, planned)
            after = _masked(item.rewriter.parse(item.after), known, set())
            lines += difflib.unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").splitlines(keepends=True)


def _known_values(plan: Plan, repository: SecretRepository) -> TextMasker:
    """Return what masks the secrets of the plan and the clear values of the repository, in any spelling."""
    values = {e.stored.value.reveal() for e in repository.entries.values() if isinstance(e.stored, Clear)}
    spelled: set[str] = set()
    for item in plan.files:
        text = Source.decode(item.before.bytes, item.codec).text if item.planned else ""
        for match in item.planned:
            values.add(match.value)
            if match.part is None or match.target.decode:  # the file shows the whole value's spelling
                spelled.add(_spelling(text, match.site))
    return TextMasker(values, spelled)


def _spelling(text: str, site: Site) -> str:
    return text[site.start : site.end].strip("\"'")


def _masked(document: Document, known: TextMasker, planned: set[str]) -> str:
    from ciphertool.detection import patterns  # which takes its time, and a run without a diff does not need it

    text = document.source.text
    edits = [
        _mask(text, site)
        for site in document.sites()
        if site.value
        and site.reference is None
        and (
            site.selector in planned
            or site.beside is not None
            or names_a_secret(site.key)
            or _is_hidden(known, site.value, text[site.start : site.end])
        )
    ]
    text = splice(text, edits)
    return patterns.masked(known.mask(text), assigned=False)


def _is_hidden(known: TextMasker, value: str, spelled: str) -> bool:
    """Return whether a value holds a known value in a spelling that a search would miss."""
    found = known.mask(value).count(MASK)
    return found > 0 and found > known.mask(spelled).count(MASK)


def _mask(text: str, site: Site) -> Edit:
    quote = text[site.start] if text[site.start] in "\"'" else ""
    return Edit(site.start, site.end, f"{quote}{MASK}{quote}")


def exposures(plan: Plan, repository: SecretRepository) -> Iterator[Note]:
    """Yield notes on values, now encrypted, that remain in clear: in git, and in backups beside the files."""
    exposed = list(_exposed(plan, repository))
    in_git = git.held(file.path for file in exposed)
    for file in exposed:
        path = file.path
        if path in in_git and (reason := _kept_by_git(file, in_git[path])):
            yield Note(reason, path)
        for backup in (path.with_name(pattern.format(path.name)) for pattern in _BACKUPS):
            try:
                data = files.read_if_there(backup).bytes
            except CipherToolError:
                continue
            if kept := file.names_in(data):
                yield Note(f"this backup holds the clear value of {join_names(kept)}; remove it or change them", backup)


class _Exposed(NamedTuple):
    """A file as it was read, and its values that are encrypted now: the name of each, and its spellings."""

    path: Path
    content: bytes
    values: Sequence[tuple[str, set[bytes]]]

    def __repr__(self) -> str:
        return repr_of(self, "path")

    def names_in(self, data: bytes) -> list[str]:
        """Return the names of the values that another content, or an earlier one of the file, holds as well."""
        same = data == self.content
        return [name for name, found in self.values if same or any(value and value in data for value in found)]


def _exposed(plan: Plan, repository: SecretRepository) -> Iterator[_Exposed]:
    for item in plan.files:
        text = Source.decode(item.before.bytes, item.codec).text if item.planned else ""
        values: list[tuple[str, set[bytes]]] = []
        for match in item.planned:
            spelled = {match.value, *spellings(match.value)}
            if match.part is None or match.target.decode:
                spelled.add(_spelling(text, match.site))
            values.append((match.alias, {each.encode(item.codec, "replace") for each in spelled}))
        if values:
            yield _Exposed(item.before.path, item.before.bytes, values)
    clear = [
        (entry.label(alias), {entry.stored.value.reveal_bytes()})
        for alias in plan.encrypted
        if (entry := repository.entries.get(alias)) is not None and isinstance(entry.stored, Clear)
    ]
    if clear and isinstance(repository.where, Path):
        yield _Exposed(repository.where, repository.content.data, clear)


def _kept_by_git(file: _Exposed, held: git.Held) -> str:
    """Return what git keeps of a file's values in clear, as far as its last commit and its index show, or ""."""
    if held.committed is None or held.staged is None:
        names = join_names([name for name, _ in file.values])
        return f"git tracks this file, and its history may keep the clear value of {names}; change them"
    if kept := file.names_in(held.committed):
        return f"git tracks this file, and its history keeps the clear value of {join_names(kept)}; change them"
    if kept := file.names_in(held.staged):
        return f"git's index holds the clear value of {join_names(kept)}; `git add` the file again before you commit"
    return ""
