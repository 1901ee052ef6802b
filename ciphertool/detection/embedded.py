"""Documents within strings and texts: JSON in a value, the lines of a block, XML in a `.conf`, YAML in templates.

Each secret in such a document has its own line, but no selector.
"""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING

from ciphertool import rewriters
from ciphertool.detection import assigned, comments, patterns
from ciphertool.detection.comments import Found
from ciphertool.detection.detector import Detector, Suspect
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.verdicts import Outcome
from ciphertool.errors import CipherToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ciphertool.rewriters.base import Document, Outline, Rewriter, Site

_DEEPEST = 3
_LONGEST = 1 << 20
_KEY = "-----BEGIN"
_PROSE = re.compile(r"(?i)(?:^|[.'\":@/])(?:description|summary|documentation|help|tooltip|changelog|release_?notes?)$")
_BEFORE = re.compile(r"[\w./+=:@-]+\Z", re.ASCII)
_CHUNK = re.compile(r"[\w./+=:@-]{4,}", re.ASCII)
_YAML = re.compile(r"(?i)\.ya?ml\b")
# What template languages fill in: Jinja and Go, then ERB.
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<%.*?%>", re.DOTALL)
_ALONE = re.compile(
    r"(?m)^[ \t]*(?:\{\{(?:(?!\}\}).)*\}\}|\{%(?:(?!%\}).)*%\}|\{#(?:(?!#\}).)*#\}|<%(?:(?!%>).)*%>)[ \t]*$"
)
_VEIL = 0xE000
_UNVEILED = {_VEIL + code: code for code in range(128)}


def containers(values: Sequence[str]) -> set[int]:
    """Return the indexes of all values that may contain secrets, and of few others."""
    wide = [n for n, value in enumerate(values) if "\n" in value or "=" in value or value[:1] in "{[" or " -" in value]
    telling = assigned.telling([values[n] for n in wide]) if wide else set()
    return {wide[n] for n in telling}


def suspects(detector: Detector, sites: Iterable[Site], text: str, path: str, depth: int = 0) -> Iterator[Suspect]:
    """Yield verdicts on the sites of a document: on each secret within a value, otherwise on the value.

    `text` is the document's text.
    """
    for site in sites:
        if site.reference is not None:
            continue
        whole = list(detector.suspects([site]))
        is_prose = _PROSE.search(site.key) is not None
        if is_prose:  # a text for people may show an assignment or a command
            whole = [each for each in whole if each.verdict.kind not in patterns.NAMED]
        is_settled = is_prose or ("\n" not in text[site.start : site.end] and _is_settled(site.value, whole))
        inner = [] if is_settled else within(site.value, path, depth)
        if any(found.verdict.is_secret for found in inner) or not whole:
            yield from _placed(site, inner, text)
        else:
            yield from whole


def _is_settled(value: str, whole: Sequence[Suspect]) -> bool:
    """Return whether a value of one line is judged as a whole, as a connection string or a placeholder is."""
    if "\n" in value or (value.lstrip()[:1] in ("{", "[") and value.lstrip()[:2] != "{{"):
        return False
    verdicts = [suspect.verdict for suspect in whole]
    return any(
        each.is_secret or each.outcome is Outcome.PLACEHOLDER or each.evidence is Evidence.VALUE for each in verdicts
    )


def within(value: str, path: str, depth: int = 0) -> list[Found]:
    """Return what a value contains, with its lines and offsets in the value; empty if it is not a container."""
    if len(value) > _LONGEST or depth > _DEEPEST or value.lstrip().startswith(_KEY) or not containers([value]):
        return []
    if value.lstrip()[:1] in ("{", "[") and (found := _as_document("json", value, path, depth)) is not None:
        return found
    if "\n" in value.strip():
        return list(comments.in_text(value, bare=True, path=path))
    return comments.in_value(value, path)


def in_text(rewriter: Rewriter | None, text: str, *, bare: bool, path: str) -> list[Found]:
    """Return findings in a text without a parser, or one that its parser refuses.

    It may still be a document: JSON or XML whose file name does not show it, YAML in a template language.
    """
    begins = text.lstrip()[:1]
    for name, sign in (("json", "{["), ("xml", "<")):
        if begins and begins in sign and rewriter is None and len(text) < _LONGEST and "<?php" not in text:
            found = _as_document(name, text, path, 1)
            if found is not None:
                return found
    if bare and _YAML.search(path) and _EXPRESSION.search(text) and (found := _as_document("yaml", text, path, 1)):
        return found
    return list(comments.in_text(text, bare=bare, path=path))


def _as_document(name: str, text: str, path: str, depth: int) -> list[Found] | None:
    """Return findings in a text read as a document of a format, or None if it is not one."""
    rewriter = rewriters.by_name(name)
    veiled = _veil(text) if name == "yaml" else text
    try:
        document = rewriter.parse(veiled.encode())
        outline = _unveil(document.outline()) if veiled is not text else document.outline()
    except (CipherToolError, UnicodeEncodeError):
        return None
    detector = Detector(path, outline, text)
    found = []
    for suspect in suspects(detector, _sites(document, outline, detector), text, path, depth + 1):
        line = suspect.line or suspect.site.line
        found.append(Found(line, suspect.verdict, suspect.commented, suspect.site.start))
    found += comments.in_comments(rewriter, text, path)
    return sorted(found, key=attrgetter("line", "at"))


def _sites(document: Document, outline: Outline, detector: Detector) -> list[Site]:
    wanted = detector.candidates | containers(outline.values)
    picked = document.pick({outline.selectors[index] for index in wanted})
    return [site._replace(value=site.value.translate(_UNVEILED)) for site in picked]


def _placed(site: Site, inner: Sequence[Found], text: str) -> Iterator[Suspect]:
    """Yield the findings within a site's value as suspects, each with its line in the document."""
    several = "\n" in text[site.start : site.end]
    position, line, counted = site.start, site.line, site.start
    for found in sorted(inner, key=attrgetter("at")):
        before = _BEFORE.search(site.value[max(0, found.at - 64) : found.at])
        begin = found.at - (len(before[0]) if before else 0)  # with its name: another value may be equal
        if several and (chunk := _CHUNK.search(site.value, begin, found.at + 200)):
            at = text.find(chunk[0], position, site.end)
            if at >= 0:
                line, counted, position = line + text.count("\n", counted, at), at, at + 1
        yield Suspect(site, found.verdict, line if several else site.line, found.commented, found.at)


def _veil(text: str) -> str:
    """Return a text of the same length in which no expression of a template language reads as YAML syntax."""
    text = _ALONE.sub(lambda found: " " * len(found[0]), text)
    return _EXPRESSION.sub(lambda found: found[0].translate(_VEILED), text)


_VEILED = {code: _VEIL + code for code in range(128) if chr(code) != "\n"}


def _unveil(outline: Outline) -> Outline:
    return outline._replace(values=[value.translate(_UNVEILED) for value in outline.values])
