"""What in one file can be a target: by which selector and part, whether it is a secret, whether `protect` can do it.

Reads the file once more, and tries in memory what `protect` would do. Nothing here holds a value for long.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files, references
from ciphertool.audit.scope.reading import open_text
from ciphertool.detection import embedded, known_settings, patterns
from ciphertool.detection.detector import Detector
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.names import Strength, strength
from ciphertool.detection.verdicts import Confidence
from ciphertool.errors import CipherToolError, SelectorError
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.rewriters.base import rewrite
from ciphertool.settings.model import Target
from ciphertool.settings.targets import Reading
from ciphertool.targets import parts
from ciphertool.targets.matching import changes, is_left_alone, locate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from ciphertool.audit.scope.reading import FileReading
    from ciphertool.detection.detector import Suspect
    from ciphertool.detection.known_settings import Known
    from ciphertool.rewriters.base import Document, Rewriter, Site

# Files that a tool writes, and writes anew.
_GENERATED = re.compile(
    r"(?i)(?:^|[/.-])(?:[\w.-]+\.lock|[\w-]*-?lock\.(?:json|ya?ml)|npm-shrinkwrap\.json|packages\.lock\.json|\w*\.tfstate)$"
)
_CATALOGUE = re.compile(r"(?i)(?:^|/)(?:(?:i18n|l10n|locales?|translations?)/|(?:messages|localstrings)[\w-]*\.)")
_ITEM = re.compile(r"(?P<name>[A-Za-z_][\w.-]*)=\S.*", re.DOTALL)
_NAME_BEFORE = re.compile(
    r"(?<![\w.\-/])(?P<name>-{0,2}[^\W\d][\w.\-/]{0,127})[\"']?(?:[ \t]*[=:][ \t]*|[ \t]+)[\"']?\Z"
)
_NO_PART = "it stands within a longer value, and no `part` names it"
_PLACEHOLDER = "`protect` takes its value for a placeholder; if it is the secret itself, add `literal = true`"


class Candidate(NamedTuple):
    """A place that a target can name; `reason` is why it may not be a secret, or why `protect` refuses it, or ""."""

    path: str
    line: int
    selector: str
    part: str | None
    reason: str = ""
    decode: str | None = None


def of_file(root: Path, path: str, selectors: Collection[str]) -> list[Candidate]:
    """Return possible targets among these sites of a file, in its order; none if the file has changed."""
    opened = _opened(root / path, path)
    document = opened.document if opened else None
    if opened is None or document is None or opened.rewriter is None:
        return []
    sites = opened.pick({*opened.outline.selectors}.intersection(selectors))
    detector, known = Detector(path, opened.outline, opened.text), known_settings.known(path, opened.outline)
    suspects = [
        each
        for each in embedded.suspects(detector, sites, opened.text, path)
        if each.verdict.is_secret and not each.commented
    ]
    stable = dict(zip((site.selector for site in sites), document.stable_selectors(sites), strict=True))
    found: dict[tuple[str, str | None], Candidate] = {}
    for suspect in suspects:
        site = suspect.site
        part, reason = _part(suspect)
        reason = reason or _of_path(path) or _doubt(suspect, _text(site, part), known)
        encodes = known.decoded(site, site.value)
        decode = "base64" if part is None and references.encoded(encodes) == site.value else None
        candidate = Candidate(path, suspect.line or site.line, stable[site.selector], part, reason, decode)
        found.setdefault((candidate.selector, part), candidate)
    return list(_tried(root / path, opened.rewriter, document, list(found.values())))


def _of_path(path: str) -> str:
    """Return why a file, by its path, is protected only if a person decides so, or ""."""
    if _GENERATED.search(path):
        return "a tool writes this file anew"
    return "it is a catalogue of messages" if _CATALOGUE.search(path) else ""


def _opened(path: Path, relative: str) -> FileReading | None:
    try:
        return open_text(path, relative, files.read(path).bytes, Reading(), NO_EXTENSIONS)
    except CipherToolError:
        return None


def _part(suspect: Suspect) -> tuple[str | None, str]:
    """Return the part of a site's value that is the secret, or None for all of it, and why none is certain."""
    site, verdict = suspect.site, suspect.verdict
    if suspect.at is not None:
        names = [_NAME_BEFORE.search(site.value[: suspect.at]) or _NAME_BEFORE.search(site.value[: suspect.at + 1])]
        starts = [suspect.at]
    elif verdict.kind in patterns.CREDENTIALS:
        held = [each for each in patterns.held(site.value) if each.kind in patterns.CREDENTIALS]
        names = [_NAME_BEFORE.search(site.value[: each.start]) for each in held]
        starts = [each.start for each in held]
    elif (item := _ITEM.fullmatch(site.value)) and strength(site.key) < Strength.TOKEN and _says(item["name"], suspect):
        names, starts = [item], [item.end("name") + 1]
    else:
        return None, ""
    tried = [parts.PASSWORD, *(f"{name['name']}=" for name in names if name)]
    found = next((part for part in tried if _starts(site, part) in starts), None)
    return found, "" if found else _NO_PART


def _says(name: str, suspect: Suspect) -> bool:
    """Return whether the name of an item `NAME=value`, or the value alone, makes it a secret."""
    return strength(name) >= Strength.TOKEN or (suspect.verdict.evidence is Evidence.VALUE and name.isupper())


def _starts(site: Site, part: str) -> int | None:
    """Return where a part begins, or None if it is absent or ambiguous."""
    try:
        found = parts.find(site, part)
    except SelectorError:
        return None
    return None if found is None else found.start


def _text(site: Site, part: str | None) -> str:
    found = parts.find(site, part) if part else None
    return found.text if found else site.value


def _doubt(suspect: Suspect, text: str, known: Known) -> str:
    """Return why a value may not be a secret, or "" if it certainly is one."""
    verdict, key = suspect.verdict, suspect.site.key
    if verdict.evidence is Evidence.KNOWN_PLACE and known.is_entry(suspect.site) and strength(key) is Strength.NONE:
        decoded = known.decoded(suspect.site, text)
        return "" if patterns.looks_like_token(decoded) else f"{verdict.reason}, but it may be a word"
    if verdict.confidence is Confidence.CERTAIN:
        return ""
    if verdict.confidence is Confidence.DOUBTFUL:
        return verdict.reason
    word = verdict.decided_by.removeprefix("names/")
    if strength(word) is Strength.PASSWORD and patterns.looks_like_token(text):
        return ""
    return f"{verdict.reason}, and its value may be a word"


def _tried(path: Path, rewriter: Rewriter, document: Document, found: list[Candidate]) -> Iterator[Candidate]:
    """Yield the candidates; those that `protect` would refuse, with the reason."""
    certain = [each for each in found if not each.reason]
    if _refusals(path, rewriter, document, certain):
        refused = {each: _refusals(path, rewriter, document, [each]) for each in certain}
        found = [each._replace(reason=refused.get(each) or each.reason) for each in found]
    yield from found


def _refusals(path: Path, rewriter: Rewriter, document: Document, found: Sequence[Candidate]) -> str:
    """Return why `protect` would not write references to these places, or "" if it would."""
    targets = [
        Target(each.path, each.selector, f"a{n}", part=each.part, decode=each.decode) for n, each in enumerate(found)
    ]
    located = locate(path.parent, files.read(path), document, targets, native=True)
    problems = [*located.problems, *(error for _, error in located.missing)]
    if problems:
        return f"`protect` refuses it: {problems[0].message}"
    if any(map(is_left_alone, located.matches)):
        return _PLACEHOLDER
    try:
        rewrite(rewriter, document, changes(located.matches, rewriter.syntax))
    except CipherToolError as error:
        return f"`protect` refuses it: {error.message}"
    return ""
