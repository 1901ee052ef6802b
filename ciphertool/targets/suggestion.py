"""A selector that matches, close to one that matches nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool.nearest import nearest

if TYPE_CHECKING:
    from ciphertool.errors import NoMatchError
    from ciphertool.rewriters.base import Document

_WORD = re.compile(r"[\w-]+")


def suggest(document: Document, error: NoMatchError) -> NoMatchError:
    """Return the error, with a selector as its hint that names something if words of the document replace unknown ones.

    Only names of the document are looked at, and the selector is tried before it is suggested.
    """
    known = {word: None for selector in document.outline().selectors for word in _WORD.findall(selector)}
    meant = _WORD.sub(lambda word: _correct(word[0], known), error.selector)
    if meant != error.selector and isinstance(document.locate([meant])[0], tuple):
        error.hint = f"did you mean {meant}?"
    return error


def _correct(word: str, known: dict[str, None]) -> str:
    return word if word in known or word.isdigit() else nearest(word, known) or word
