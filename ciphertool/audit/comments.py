"""Secrets in text that no parser gives: in comments, and in files of no known format. Judges line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.audit import patterns
from ciphertool.audit.detect import is_secret
from ciphertool.names import Strength, strength

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ciphertool.rewriters.base import Rewriter

_XML_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_LINE_COMMENT = re.compile(r"^[ \t]*[#;!]+(.*)$|[ \t]#[ \t]?(.*)$", re.MULTILINE)
_ELEMENT = re.compile(
    r"<(?P<name>[A-Za-z_][\w.:-]*)(?P<rest>(?:\s[^<>]*)?)>(?P<value>[^<>]*)</"
    r"|\b(?P<attribute>[A-Za-z_][\w.:-]*)\s*=\s*[\"'](?P<inside>[^\"'<>]*)[\"']"
)
_TITLE = re.compile(r"\b(?:name|key)\s*=\s*[\"']([^\"']+)[\"']")
_ASSIGNMENT = re.compile(
    r"^[\s\-{,]*(?:export\s+|set\s+|ENV\s+|ARG\s+)?(?P<quote>[\"']?)(?P<name>[A-Za-z_][\w.\-/\[\]]*)(?P=quote)"
    r"\s*(?:=>|:=|=|:(?!//)|\s(?=\S+\s*$))\s*"
    r"(?:\"(?P<double>[^\"]+)\"|'(?P<single>[^']+)'|(?P<plain>[^\s\"'#;,]+))\s*(?:[,;}]|#.*)?\s*$"
)
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Found:
    """One secret in text: its line (1-based) and, by its value, its kind. Its name may be a part of it: not here."""

    line: int
    kind: str = ""

    @property
    def message(self) -> str:
        """What is there, without the value."""
        return self.kind or "what looks like a secret in clear"


def in_comments(rewriter: Rewriter | None, text: str) -> Iterator[Found]:
    """Yield the secrets in a document's comments."""
    if rewriter is not None and rewriter.name == "json":
        return
    xml = rewriter is not None and rewriter.name == "xml"
    line, counted = 1, 0
    for comment in (_XML_COMMENT if xml else _LINE_COMMENT).finditer(text):
        start = comment.start(comment.lastindex or 0)
        line, counted = line + text.count("\n", counted, start), start
        content = comment[comment.lastindex or 0]
        yield from _in_xml(content, line) if xml else _in_lines(content, line)


def in_text(text: str, *, bare: bool) -> Iterator[Found]:
    """Yield the secrets in a text of no known format: values that are secrets by themselves.

    With `bare`, what is assigned to a secret's name as well, as configuration files of many formats do it.
    """
    yield from _in_lines(text, 1, assignments=bare)


def _in_lines(text: str, first: int, *, assignments: bool = True) -> Iterator[Found]:
    for number, line in enumerate(text.splitlines(), first):
        if not line or len(line) > _LONGEST:
            continue
        match = _ASSIGNMENT.match(line) if assignments else None
        name = match["name"] if match else ""
        value = (match["double"] or match["single"] or match["plain"]) if match else line
        if kind := patterns.kind_of(value):
            yield Found(number, kind)
        elif match and _is_clear(name, value):
            yield Found(number)


def _in_xml(text: str, first: int) -> Iterator[Found]:
    for match in _ELEMENT.finditer(text):
        name, value = match["name"] or match["attribute"], (match["value"] or match["inside"] or "").strip()
        if match["rest"] and (title := _TITLE.search(match["rest"])):
            name = title[1]
        line = first + text.count("\n", 0, match.start())
        if kind := patterns.kind_of(value):
            yield Found(line, kind)
        elif _is_clear(name, value):
            yield Found(line)


def _is_clear(name: str, value: str) -> bool:
    if not value or references.parse(value, whole=True) or references.is_placeholder(value):
        return False
    strong = strength(name)
    return strong >= Strength.TOKEN and is_secret(strong, value)
