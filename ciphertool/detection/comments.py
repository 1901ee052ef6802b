"""Secrets in text that no parser gives: in comments, and in files of no known format. Judges line by line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import references
from ciphertool.detection import patterns
from ciphertool.detection.judgement import by_itself, judge
from ciphertool.detection.names import Strength, strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.detection.verdicts import Verdict
    from ciphertool.rewriters.base import Rewriter

_XML_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
# Each way to begin with a character of its own: few places of a text have to be tried.
_LINE_COMMENT = re.compile(r"\n[ \t]*+[#;!]++(.*)| #[ \t]?(.*)|\t#[ \t]?(.*)")
# A word of an attribute's name may begin behind each dot or dash: not with all that follows to be read from each.
_ELEMENT = re.compile(
    r"<(?P<name>[A-Za-z_][\w.:-]*)(?P<rest>(?:\s[^<>]*)?)>(?P<value>[^<>]*)</"
    r"|\b(?P<attribute>[A-Za-z_][\w.:-]{0,127}+)\s*=\s*[\"'](?P<inside>[^\"'<>]*)[\"']"
)
_TITLE = re.compile(r"\b(?:name|key)\s*=\s*[\"']([^\"']+)[\"']")
_ASSIGNMENT = re.compile(
    r"^[\s\-{,]*(?:export\s+|set\s+|ENV\s+|ARG\s+)?(?P<quote>[\"']?)(?P<name>[A-Za-z_][\w.\-/\[\]]*)(?P=quote)"
    r"\s*(?:=>|:=|=|:(?!//)|\s(?=\S+\s*$))\s*"
    r"(?:\"(?P<double>[^\"]+)\"|'(?P<single>[^']+)'|(?P<plain>[^\s\"'#;,]+))\s*(?:[,;}]|#.*)?\s*$"
)
_LONGEST = 4096


class Found(NamedTuple):
    """One value in text and what it is: its line (1-based). Its name may be a part of a secret: not here."""

    line: int
    verdict: Verdict


def in_comments(rewriter: Rewriter | None, text: str) -> Iterator[Found]:
    """Yield what stands in a document's comments under the name of a secret, or looks like one."""
    if rewriter is not None and rewriter.name == "json":
        return
    if rewriter is not None and rewriter.name == "xml":
        for line, content in _numbered(_XML_COMMENT, text):
            yield from _in_xml(content, line)
        return
    # The line end before the first line is ours, and so is the line that it ends.
    comments = _numbered(_LINE_COMMENT, f"\n{text}")
    yield from _in_lines([each for line, content in comments for each in enumerate(content.splitlines(), line - 1)])


def in_text(text: str, *, bare: bool) -> Iterator[Found]:
    """Yield what there is to say of a text of no known format: of values that are secrets by themselves.

    With `bare`, what is assigned to a secret's name as well, as configuration files of many formats do it.
    """
    yield from _in_lines(list(enumerate(text.splitlines(), 1)), assignments=bare)


def spans(rewriter: Rewriter | None, text: str) -> list[tuple[int, int]]:
    """Return where a document's comments begin and end."""
    if rewriter is None or rewriter.name == "json":
        return []
    if rewriter.name == "xml":
        return [found.span() for found in _XML_COMMENT.finditer(text)]
    return [(found.start() - 1, found.end() - 1) for found in _LINE_COMMENT.finditer(f"\n{text}")]


def _kind_of_name(assignment: re.Match[str] | None) -> str | None:
    found = patterns.secrets_in_name(assignment["name"]) if assignment else []
    return found[0][2] if found else None


def _numbered(comment: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    """Yield what each comment says, with the line on which that begins."""
    line, counted = 1, 0
    for found in comment.finditer(text):
        start = found.start(found.lastindex or 0)
        line, counted = line + text.count("\n", counted, start), start
        yield line, found[found.lastindex or 0]


def _in_lines(lines: Sequence[tuple[int, str]], *, assignments: bool = True) -> Iterator[Found]:
    candidates = patterns.candidates([line for _, line in lines])
    for index, (number, line) in enumerate(lines):
        if not line or len(line) > _LONGEST or not (assignments or index in candidates):
            continue
        match = _ASSIGNMENT.match(line) if assignments else None
        value = (match["double"] or match["single"] or match["plain"]) if match else line
        name = match["name"] if match else ""
        if index in candidates and (kind := _kind_of_name(match)):
            yield Found(number, by_itself(kind))
        elif (verdict := _judge(name, value)) is not None:
            yield Found(number, verdict)


def _in_xml(text: str, first: int) -> Iterator[Found]:
    if "=" not in text and "</" not in text:
        return
    line, counted = first, 0
    for match in _ELEMENT.finditer(text):
        name, value = match["name"] or match["attribute"], (match["value"] or match["inside"] or "").strip()
        if match["rest"] and (title := _TITLE.search(match["rest"])):
            name = title[1]
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        if (verdict := _judge(name, value)) is not None:
            yield Found(line, verdict)


def _judge(name: str, value: str) -> Verdict | None:
    strong = strength(name)
    if references.parse(value, whole=True):
        return None
    return judge(strong if strong >= Strength.TOKEN else Strength.NONE, value)
