"""Expressions in the texts of programs and documents: values there that are not literals."""

from __future__ import annotations

import re

_TEMPLATE = r"(?:\.(?:j2|jinja2?|erb|tmpl|tpl|template|example|sample|dist|default|bak|orig))*$"
# Languages in which strings are always quoted.
_PROGRAM = re.compile(
    r"(?i)(?:\.(?:java|kts?|scala|groovy|gradle|[mc]?js|jsx|tsx?|vue|svelte|py|go|rs|rb|pp|cs|razor|cshtml|fs|vb|php\d?|"
    rf"phtml|c|h|cpp|swift|dart|lua|exs?|tpl|ps1|star|bzl|tf|hcl|nomad)|(?:^|/)(?:vagrant|jenkins|gem|rake|pod)file){_TEMPLATE}"
)
# Those that hold shell scripts.
_WITH_SCRIPTS = re.compile(rf"(?i)(?:\.(?:groovy|gradle|rb|tf|hcl|nomad)|(?:^|/)(?:vagrant|jenkins)file){_TEMPLATE}")
_DOCUMENT = re.compile(rf"(?i)\.(?:md|mdx|markdown|rst|adoc|html?|txt|ipynb){_TEMPLATE}")
_CALL = r"[A-Za-z_$@][\w$]*(?:(?:\.|->|::|\?\.|\?->)[\w$]+|<[^<>]*>)*[(\[{].*"
_EXPRESSION = re.compile(
    rf"(?:(?:await|new|async|typeof|not)\s+|[!&*+-])*(?:{_CALL}|[(\[{{].*|[A-Za-z_$@][\w$]*(?:(?:\.|->|::|\?\.|\?->)[\w$]+|!|\?)*"
    r"|\d[\w.]*)",
    re.DOTALL,
)
_MEMBER = re.compile(r"[A-Za-z_$]\w*(?:(?:\.|->|::)\w+)+(?:[(\[].*)?|[A-Za-z_]\w*\(.*", re.DOTALL)
_ANY_CALL = re.compile(_CALL, re.DOTALL)
_QUOTES = "\"'`"


def is_program(path: str) -> bool:
    """Return whether a file is the text of a program, in which literals are quoted."""
    return _PROGRAM.search(path) is not None


def is_expression(text: str, start: int, value: str, path: str) -> bool:
    """Return whether the value there in the text of a program, or of a document that shows one, is an expression."""
    before = text[:start].rstrip("\\")
    if before[-1:] and before[-1] in _QUOTES:  # the quote begins a text unless it ends one
        return is_program(path) and before.count(before[-1]) % 2 == 0 and text[start : start + 1] in " +.,)"
    if not is_program(path):
        return _DOCUMENT.search(path) is not None and _ANY_CALL.fullmatch(value) is not None
    if any(before.count(quote) % 2 for quote in _QUOTES) or _EXPRESSION.fullmatch(value) is None:
        return False
    is_script = before[-1:] == "=" and before[-2:-1].isalnum() and _MEMBER.fullmatch(value) is None
    return not (is_script and _WITH_SCRIPTS.search(path))
