"""Regular expressions of settings, with a group for the secret or a reference in its place; run in bounded time.

An expression is one of `re`. It is run by `regex`, which stops a search that takes too long, in any thread.
"""

from __future__ import annotations

import functools
import re
import time
from typing import TYPE_CHECKING, Any

from ciphertool import references
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GROUP = "secret"
OPENING = f"(?P<{GROUP}>"
SECONDS = 2.0
"""The most seconds of processor time for one search."""
_LARGEST = 2000
"""The most characters of an expression, with each repeat written out: `regex` takes memory for all of them."""
_TOKEN = re.compile(
    r"(?P<skip>\(\?\#[^)]*+\)|\(\?[a-zA-Z]++\))"
    r"|(?P<open>\((?:\?(?:P<\w++>|<?[=!]|>|\(\w++\)|[a-zA-Z]*+(?:-[a-zA-Z]++|(?!))?+:)|(?!))?+(?!\?P=))"
    r"|(?P<close>\))"
    r"|(?P<repeat>(?:[+*?]|\{(?P<least>\d*+)(?:,\d*+|(?!))?+\})[?+]?+)"
    r"|(?P<brace>\{)"
    r"|(?:\\.|\[\^?+\]?+(?:\\.|[^\]\\]|(?!))*+\]|\(\?P=\w++\)|.)",
    re.DOTALL,
)


class Expression:
    """A compiled expression. Raises `ConfigError`, which does not quote it, if it is not valid or has no such group."""

    def __init__(self, text: str) -> None:
        try:
            compiled = re.compile(text)
        except re.error as error:
            raise ConfigError(f"not a regular expression: {error.msg}") from None
        except (RecursionError, OverflowError):
            raise ConfigError("not a regular expression: too large") from None
        if GROUP not in compiled.groupindex:
            raise ConfigError(f"a regular expression must have a group {OPENING}…)")
        if compiled.flags & re.VERBOSE:
            raise ConfigError("a regular expression cannot have the flag x")
        start = _examine(text)
        self._text = f"{text[:start]}(?:{references.WRITTEN})|{text[start:]}"
        self._slow = False

    @functools.cached_property
    def _compiled(self) -> Any:
        import regex  # lazy: few commands need it

        return regex.compile(self._text)

    def find(self, texts: Iterable[str]) -> Iterator[tuple[int, int, int]]:
        """Yield each match in order: the index of its text, and the span of the group, (-1, -1) if it has no part.

        Raises `TimeoutError` if that takes more than `SECONDS` of processor time, and ever after.
        """
        until = time.process_time() + SECONDS
        try:
            for index, text in enumerate(texts):
                left = until - time.process_time()
                if self._slow or left <= 0:
                    raise TimeoutError
                for match in self._compiled.finditer(text, timeout=left):
                    yield index, *match.span(GROUP)
        except TimeoutError:
            self._slow = True
            raise TimeoutError(f"has an expression that takes more than {SECONDS:g} s of processor time") from None


@functools.lru_cache(maxsize=4096)
def expression(text: str) -> Expression:
    """Return an expression, compiled once. Raises `ConfigError`."""
    return Expression(text)


def _examine(text: str) -> int:
    """Return where the content of the secret's group begins in a valid expression.

    Raises `ConfigError` if it is too large, or has a brace that `regex` would read otherwise than `re`.
    """
    start, sizes, last = 0, [0], 0
    for token in _TOKEN.finditer(text):
        if token["skip"]:
            continue
        if token["brace"]:
            raise ConfigError(
                "a regular expression has a { that repeats nothing", hint="write \\{ for the brace itself"
            )
        if token["open"]:
            start = token.end() if token[0] == OPENING else start
            sizes.append(0)
        elif token["repeat"]:
            least = int(token["least"] or 0) if token[0][0] == "{" else int(token[0][0] == "+")
            sizes[-1] += last * least
            last *= least + 1
        else:
            last = sizes.pop() + 1 if token["close"] else 1
            sizes[-1] += last
        if len(text) > _LARGEST or sizes[-1] > _LARGEST:
            raise ConfigError("a regular expression is too large", hint="use fewer and shorter repeats")
    return start
