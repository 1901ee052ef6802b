"""Secrets in text that no parser returns: in comments, and in files of no known format. Judges line by line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import references
from ciphertool.detection import assigned, grammars, harmless, hints, patterns, programs
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.judgement import NAMELESS, by_itself, judge, named, none
from ciphertool.detection.names import Strength, reads_as_label, reads_as_name, strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.detection.verdicts import Verdict
    from ciphertool.rewriters.base import Rewriter

_XML_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
# Each alternative begins with a character of its own, so that few places of a text are tried.
_LINE_COMMENT = re.compile(r"\n[ \t]*+[#;!]++(.*)|#(?<=[ \t].)[ \t]?(.*)")
# A word of an attribute's name may begin after each dot or dash, but must not be searched anew from each.
_ELEMENT = re.compile(
    r"<(?P<name>[A-Za-z_][\w.:-]*)(?P<rest>(?:\s[^<>]*)?)>(?P<value>[^<>]*)</"
    r"|\b(?P<attribute>[A-Za-z_][\w.:-]{0,127}+)\s*=\s*(?:\"(?P<inside>[^\"<>]*)\"|'(?P<single>[^'<>]*)')"
)
_TITLE = re.compile(r"\b(?:name|key)\s*=\s*[\"']([^\"']+)[\"']")
_ASSIGNMENT = re.compile(
    r"^[\s\-{,]*(?:export\s+|set\s+|ENV\s+|ARG\s+)?(?P<quote>[\"']?)(?P<name>[A-Za-z_][\w.\-/\[\]]*)(?P=quote)"
    r"\s*(?:(?P<sign>=>|:=|==?|:(?!//))\s*|(?<=\s)(?=\S+\s*$))(?P<value>.*)$"
)
_QUOTED_PLACEHOLDER = re.compile(r"(?P<quote>[\"'])(?P<value>\$\{.*\})(?P=quote)\s*$")  # with quotes within its default
_QUOTED_VALUE = re.compile(r"(?P<quote>[\"'])(?P<value>.*?)(?<!\\)(?P=quote)\s*(?:[,;)}\]].*|[#/].*)?$")
_PAIR = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.{8})[A-Za-z\d+/]+ [A-Za-z\d+/]+")
_SIGN = re.compile(r":|=(?!=*$)")
_AFTER = re.compile(r"\s+(?:#|;|//).*$|[,;]+\s*$")
# In a text without a parser, a line that consists of a comment only.
_COMMENTED_LINE = re.compile(r"\s*(?:#+|;+|//+(?=\s)|--(?!-|\S)|!|<!--|REM\s|dnl\s)[ \t]*(?P<text>.*?)(?:-->)?\s*$")
_JSON_COMMENT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|//([^\n]*)|/\*(.*?)\*/', re.DOTALL)
_HCL_COMMENT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(?:\#|//)([^\n]*)|/\*(.*?)\*/', re.DOTALL)
_MAY_BE_JSON_COMMENT = re.compile(r"(?m)^\s*//|/\*|[,{\[]\s*//")
# What each of these has: no `//` of a URL, and with a sign to leap to.
_JSON_COMMENT_SIGN = re.compile(r"/(?:\*|/(?<![^\s,{\[]//))")
_LONGEST = 4096


class Found(NamedTuple):
    """One value in text and what it is: its line (1-based), and the offset in the text from which to search for it.

    Its name is left out because it may be part of a secret.
    """

    line: int
    verdict: Verdict
    commented: bool = True
    at: int = 0


def in_comments(rewriter: Rewriter | None, text: str, path: str = "") -> Iterator[Found]:
    """Yield values in a document's comments that are under the name of a secret, or look like one."""
    if rewriter is not None and rewriter.name == "xml":
        for line, content in _numbered(_XML_COMMENT, text):
            elements = list(_in_xml(content, line, path))
            lines = list(enumerate(content.splitlines(), line)) if not elements else ()
            yield from elements or _in_lines(lines, path, assignments=True, commented=True)
        return
    if rewriter is not None and rewriter.name == "json":
        if not _may_have_json_comment(text):
            return
        found = _numbered(_JSON_COMMENT, text)
    elif rewriter is not None and rewriter.name == "hcl":
        found = _numbered(_HCL_COMMENT, text)
    else:
        # We added the line end before the first line, and with it a line.
        found = ((line - 1, content) for line, content in _numbered(_LINE_COMMENT, f"\n{text}"))
    comments = [(number, each) for line, content in found for number, each in enumerate(content.splitlines(), line)]
    yield from _in_lines(comments, path, assignments=True, commented=True)


def in_text(text: str, *, bare: bool, path: str = "") -> Iterator[Found]:
    """Yield findings in a text of no known format: values that are secrets by themselves.

    With `bare`, also values that are assigned to a secret's name, as in configuration files of many formats.
    """
    lines = text.splitlines()
    yield from _in_lines(list(enumerate(lines, 1)), path, assignments=bare, commented=False)
    if bare:
        for each in assigned.in_whole(text, path):
            if (verdict := _judge(each.name, text[each.start : each.end], path)) is not None:
                yield Found(text.count("\n", 0, each.start) + 1, verdict, commented=False, at=each.start)


def in_value(value: str, path: str = "") -> list[Found]:
    """Return what a one-line value assigns to names of secrets: `LANG="C",DB_PASSWORD="x"`, `server --token x`."""
    return [Found(1, verdict, commented=False, at=start) for start, verdict in _inner(value, path)]


def spans(rewriter: Rewriter | None, text: str) -> list[tuple[int, int]]:
    """Return the spans of a document's comments."""
    if rewriter is None:
        return []
    if rewriter.name == "json":
        if not _may_have_json_comment(text):
            return []
        return [found.span() for found in _JSON_COMMENT.finditer(text) if found.lastindex]
    if rewriter.name == "xml":
        return [found.span() for found in _XML_COMMENT.finditer(text)]
    if rewriter.name == "hcl":
        return [found.span() for found in _HCL_COMMENT.finditer(text) if found.lastindex]
    return [(found.start() - 1, found.end() - 1) for found in _LINE_COMMENT.finditer(f"\n{text}")]


def _may_have_json_comment(text: str) -> bool:
    return _JSON_COMMENT_SIGN.search(text) is not None and _MAY_BE_JSON_COMMENT.search(text) is not None


def _kind_of_name(assignment: re.Match[str] | None) -> str | None:
    found = patterns.secrets_in_name(assignment["name"]) if assignment else []
    return found[0][2] if found else None


def _numbered(comment: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    """Yield the text of each comment with the line on which it begins."""
    line, counted = 1, 0
    for found in comment.finditer(text):
        if not found.lastindex:
            continue
        start = found.start(found.lastindex)
        line, counted = line + text.count("\n", counted, start), start
        yield line, found[found.lastindex]


def _in_lines(lines: Sequence[tuple[int, str]], path: str, *, assignments: bool, commented: bool) -> Iterator[Found]:
    """Judge lines of comments, or of a text in which some lines are comments."""
    candidates = hints.candidates([line for _, line in lines])
    telling = assigned.telling([line for _, line in lines], path) if assignments else set()
    at = 0
    for index, (number, text) in enumerate(lines):
        if text and len(text) <= _LONGEST and (index in telling or index in candidates):
            comment = None if commented else _COMMENTED_LINE.match(text)
            line, before = (comment["text"], comment.start("text")) if comment else (text, 0)
            is_comment = commented or comment is not None
            found = _in_line(line, path, commented=is_comment) if assignments else []
            if index in candidates and not any(verdict.is_secret for _, verdict in found):
                kind = _kind_of_name(_ASSIGNMENT.match(line)) if assignments else None
                held = by_itself(kind) if kind else judge(NAMELESS, line, path)
                found = [(0, held)] if held is not None and (held.is_secret or not found) else found
            for start, verdict in found:
                if verdict.kind != grammars.REFERENCE:  # a reference is a value of its own
                    yield Found(number, verdict, is_comment, at + before + start)
        at += len(text) + 1


def _in_line(line: str, path: str, *, commented: bool) -> list[tuple[int, Verdict]]:
    """Return where in a line a value that is assigned to a name begins, and what it is."""
    match = _ASSIGNMENT.match(line)
    value = _value(match, path, commented=commented) if match else None
    verdict = _judge(match["name"], value, path) if match and value is not None else None
    if match and value is not None and verdict is not None and match["value"][:1] not in ("'", '"'):
        is_expression = programs.is_expression(line, match.start("value"), value, path)
        if is_expression:  # with arguments, that may be secrets
            inner = [each for each in _inner(line, path) if each[1].is_secret]
            return inner or [(match.start("value"), _EXPRESSION)]
    if match is None or verdict is None:
        return _inner(line, path)
    if not verdict.is_secret and verdict.evidence is Evidence.VALUE:  # one secret of several, or a part of one
        return [each for each in _inner(line, path) if each[1].is_secret] or [(match.start("value"), verdict)]
    return [(match.start("value"), verdict)]


def _is_open(text: str) -> bool:
    """Return whether a text begins with a bracket, also of a command, and does not close it."""
    at = "([{".find(text.lstrip("$")[:1] or " ")
    return at >= 0 and text.count("([{"[at]) > text.count(")]}"[at])


def _inner(line: str, path: str) -> list[tuple[int, Verdict]]:
    if harmless.is_sql(line):  # names of columns, and bind marks
        return []
    found = []
    for each in assigned.in_line(line, path):
        text = grammars.at(line, each.start) or line[each.start : each.end]
        if not each.quoted and _is_open(text):
            continue
        if not each.quoted and programs.is_expression(line, each.start, text, path):
            found.append((each.start, _EXPRESSION))
        elif (verdict := _judge(each.name, text, path)) is not None:
            found.append((each.start, verdict))
    return found


_EXPRESSION = none(Evidence.NAME, "an expression of a program", "expression", "harmless/expression")


def _value(assignment: re.Match[str], path: str, *, commented: bool) -> str | None:
    """Return the value of an assignment, or None if it is prose."""
    text = assignment["value"].strip()
    if (quoted := _QUOTED_PLACEHOLDER.match(text) or _QUOTED_VALUE.match(text)) is not None:
        return quoted["value"]
    text = _AFTER.sub("", text).rstrip()
    if text.endswith("}") and "{" not in text:
        text = text.rstrip("} ")
    filled = grammars.read(text, path)
    if " " in text and (filled is None or filled.rest) and not (harmless.is_example(text) or _is_pair(text)):
        return None
    if assignment["sign"] is None and ((commented and text.isalpha()) or _may_be_setting(assignment["name"], text)):
        return None
    return text


def _is_pair(text: str) -> bool:
    """Return whether a text with a blank is no prose: two words of characters that a generator has thrown."""
    return _PAIR.fullmatch(text) is not None and not reads_as_label(text)


def _may_be_setting(name: str, text: str) -> bool:
    """Return whether the word after a name can be a setting itself, not the name's value: `local password=x`."""
    return _SIGN.search(text) is not None and (strength(name) < Strength.TOKEN or reads_as_name(text))


def _in_xml(text: str, first: int, path: str) -> Iterator[Found]:
    if "=" not in text and "</" not in text:
        return
    line, counted = first, 0
    for match in _ELEMENT.finditer(text):
        name, value = (
            match["name"] or match["attribute"],
            (match["value"] or match["inside"] or match["single"] or "").strip(),
        )
        if match["rest"] and (title := _TITLE.search(match["rest"])):
            name = title[1]
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        if (verdict := _judge(name, value, path)) is not None:
            yield Found(line, verdict)


def _judge(name: str, value: str, path: str) -> Verdict | None:
    found = named(name)
    if references.parse(value, whole=True):
        return None
    return judge(found if found.strong >= Strength.TOKEN else NAMELESS, value, path)
