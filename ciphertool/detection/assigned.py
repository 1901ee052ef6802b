"""What texts of many grammars assign to the names of secrets: the table of their forms. Does not judge values.

`password = x` at the beginning of a line is judged elsewhere; here are all other forms: flags of command lines, items
`NAME=value` in quotes, calls, objects within a line, pairs over two lines, and files of a grammar of their own.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.detection.names import Strength, strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Assigned(NamedTuple):
    """A value in a text: its name there, where it begins and ends, and whether it is in quotes."""

    name: str
    start: int
    end: int
    quoted: bool


class Form(NamedTuple):
    """One way to assign, in files whose path matches `files`.

    `spelled` is a pattern with `NAME` for a name or `OPTION` for that of an option, and for a value `VALUE` (in quotes
    or bare), `WORD` (up to white space) or `QUOTED` (only in quotes). `called` is the name if the grammar marks a
    secret by a sign or a place. A form with `whole` may take several lines.
    """

    name: str
    files: str
    spelled: str
    called: str = ""
    whole: bool = False


_NAME = r"(?P<name>[^\W\d][\w.\-]*)"
_OPTION = r"(?P<name>\w[\w.\-]*)"
_DOUBLE = r"\"(?P<double>(?:[^\"\\\n]|\\.)*+)\""
_SINGLE = r"'(?P<single>(?:[^'\\\n]|\\.|'\"'\"'|'\\'')*+)'"
_ESCAPED = r"\\(?P<mark>[\"'])(?P<escaped>(?:(?!\\(?P=mark)|\n).|(?!))*+)\\(?P=mark)"
_QUOTED = f"(?:{_DOUBLE}|{_SINGLE}|{_ESCAPED})"
_BARE = r"(?P<bare>[^\s\"',;]\S*?)(?=[,;)}\]\"']*(?:\s|$)|[,;]\s?[\w\"'-]+[=:])"
_WORD = r"(?P<word>[^\s\"']\S*)"
_ANY = ""

FORMS: tuple[Form, ...] = (
    Form("netrc", r"netrc\b", r"(?:^|\s)(?:password|account)\s+WORD", called="password"),
    Form("npmrc", r"\.(?:npm|yarn)rc\b",
         r"^\s*(?://[^=\n]*:)?_(?:authToken|auth|password)\s*=\s*WORD", called="password"),
    Form("pgpass", r"(?:^|[./])pgpass\b",
         r"^\s*(?:(?:[^:\\\n]|\\.)*:){4}(?P<field>(?:[^:\\\n]|\\.)+)$", called="password"),
    Form("object", _ANY, r"(?P<quote>\\?[\"'])NAME(?P=quote)\s*(?:=>|:|=)\s*VALUE"),
    Form("index", _ANY, r"\[\s*(?P<quote>[\"'])NAME(?P=quote)\s*\]\s*=\s*QUOTED"),
    Form("nginx variable", r"\.conf\b|nginx", r"\bset\s+\$NAME\s+VALUE"),
    Form("inner assignment", _ANY, r"(?<![\w.\-%/&?;])\$?NAME(?:\s*(?:=>|:=)\s*|=(?![=~]))VALUE"),
    Form("spaced assignment", _ANY, r"(?<![\w.\-%/&?;])\$?NAME\s+=\s+QUOTED"),
    Form("inner mapping", _ANY, r"[{,]\s*NAME:\s+VALUE"),
    Form("directive", _ANY, r"^\s*NAME[ \t]+QUOTED\s*;?\s*$"),
    Form("header", _ANY, r"(?i:[_-]header|\bheader(?:[ \t]+(?:set|add))?)[ \t]+[\"']?NAME[\"']?[ \t]+VALUE"),
    Form("item NAME=value", _ANY,
         r"\"NAME=(?P<inside>(?:[^\"\\\n]|\\.)+)\"|'(?P<other>[^\W\d][\w.\-]*)=(?P<within>[^'\n]+)'"),
    Form("exec-form flag", _ANY, r"(?P<quote>[\"'])-{1,2}OPTION(?P=quote)\s*,\s*QUOTED"),
    Form("call", _ANY,
         r"\b(?:define|set\w*|put\w*|add\w*|env|with\w*)\(\s*(?P<quote>[\"'])NAME(?P=quote)\s*,\s*QUOTED"),
    Form("flag", _ANY, r"(?<![\w\-])-{1,2}OPTION(?:=|[ \t]+)(?:QUOTED|(?P<word>[^\s\"'\-]\S*))"),
    Form("property list", _ANY, r"<key>NAME</key>\s*<string>(?P<text>[^<]+)</string>"),
    Form("HCL variable", r"\.(?:tf|hcl|tfvars)\b",
         r"\bvariable\s+\"NAME\"\s*\{[^{}]*?\bdefault\s*=\s*QUOTED", whole=True),
    Form("name/value pair", _ANY,
         r"(?m)^\W*(?:name|key)\W{1,8}NAME[\"']?[ \t]*,?(?:\n|[ \t])\W*(?:value|default)[\"']?\s*[=:]\s*VALUE",
         whole=True),
)  # fmt: skip

# Every name of a secret contains one of these (a test proves it), so that few lines are examined closely.
_STEMS = """
    pass pw psw secret token key cred auth clave senha motdepasse mdp wachtwoord senord adgangskode contrase salasana
    has parola ifre heslo jelsz kennwort geheim segredo schl dsn jwt pat conn psk webhook shared cookie salt sas
    пароль 密 パスワード ハスワート 暗 비밀 암호 секрет 秘 키
""".split()  # noqa: SIM905 - a table


def telling(lines: Sequence[str], path: str = "") -> set[int]:
    """Return the indexes of all lines that may contain the name of a secret, and of few others."""
    if any(form.called for form, _ in _of_file(path)[0]):
        return {*range(len(lines))}
    text = "\0".join(lines).lower()
    ends = list(accumulate(len(line.lower() if not line.isascii() else line) + 1 for line in lines))
    found: set[int] = set()
    for stem in _STEMS:
        position = text.find(stem)
        while position >= 0:
            index = bisect_right(ends, position)
            found.add(index)
            position = text.find(stem, ends[index])
    return found


def _compiled(form: Form) -> re.Pattern[str]:
    text = form.spelled.replace("NAME", _NAME).replace("OPTION", _OPTION)
    text = text.replace("WORD", _WORD).replace("QUOTED", _QUOTED)
    return re.compile(text.replace("VALUE", f"(?:{_QUOTED}|{_BARE})"))


_COMPILED = [(form, re.compile(form.files, re.IGNORECASE), _compiled(form)) for form in FORMS]
_MOST = 64  # of one form in one line
_NO_VALUE = ("name", "other", "quote", "mark")
_PLAIN = ("bare", "word", "field", "text")


@lru_cache(maxsize=256)
def _of_file(path: str) -> tuple[list[tuple[Form, re.Pattern[str]]], list[tuple[Form, re.Pattern[str]]]]:
    forms = [(form, spelled) for form, files, spelled in _COMPILED if files.search(path)]
    return [each for each in forms if not each[0].whole], [each for each in forms if each[0].whole]


def in_line(line: str, path: str = "") -> list[Assigned]:
    """Return what a line assigns to names of secrets, in order, without duplicates."""
    return _outermost([each for form, spelled in _of_file(path)[0] for each in _matches(form, spelled, line)])


def in_whole(text: str, path: str = "") -> list[Assigned]:
    """Return what forms of several lines assign to names of secrets."""
    return _outermost([each for form, spelled in _of_file(path)[1] for each in _matches(form, spelled, text)])


def _matches(form: Form, spelled: re.Pattern[str], text: str) -> Iterator[Assigned]:
    """Yield what a form assigns; a value under another name may contain assignments."""
    position = 0
    for _ in range(_MOST):
        match = spelled.search(text, position)
        if match is None:
            return
        found = _assigned(form, match)
        if strength(found.name) >= Strength.TOKEN:
            yield found
            position = max(match.end(), position + 1)
        else:
            position = max(found.start, position + 1)


def _assigned(form: Form, match: re.Match[str]) -> Assigned:
    groups = match.groupdict()
    name = form.called or groups.get("name") or groups.get("other") or ""
    group = next(each for each, text in groups.items() if text is not None and each not in _NO_VALUE)
    start, end = match.span(group)
    return Assigned(name, start, _closed(match.string, start, end) if group == "bare" else end, group not in _PLAIN)


def _closed(text: str, start: int, end: int) -> int:
    """Return where a bare value ends: after the brackets that close its own."""
    while (close := text[end : end + 1]) and (at := ")}]".find(close)) >= 0:
        if text.count("({["[at], start, end) <= text.count(close, start, end):
            break
        end += 1
    return end


def _outermost(found: list[Assigned]) -> list[Assigned]:
    kept: list[Assigned] = []
    for each in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return kept
