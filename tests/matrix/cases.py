"""Makes the cases of the matrix: class of characters × length × place × format, from a seed.

Each case is a file of its own with one secret. What a format cannot spell is left out, and counted.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.matrix import contents, naming, values, writing
from tests.matrix.documents import DOCUMENTS
from tests.matrix.texts import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tests.matrix.format import Format
    from tests.matrix.naming import Name

FORMATS = {each.name: each for each in (*DOCUMENTS, *TEXTS)}
SEED = "ciphertool"
_PLAINEST = ("yaml", "json", "toml", "properties")
_COMMENT = "comment"
_MARK = "⇒"
_SLOT = re.compile(r"\b(?:KEY|VALUE|OPTION|ITEM|RAW|XMLRAW|QUOTED|BARE|LINES|LOGIN|B64|USERINFO|COMMAND)\b")
_ENCODED = re.compile(r"\b(?:LOGIN|B64)\b")
# Places where the whole value may be `${NAME:default}`.
_DEFAULTS = ("name", "XML attribute", "XML element", "name/value pair", "item NAME=value")


@dataclass(frozen=True)
class Case:
    """One file with one secret, of a class of a cell: a place `among` others, in a format or, for names, in a style.

    `content` is what a parser of the format finds at the place, or within it.
    """

    format: str
    among: str
    place: str
    klass: str
    length: int
    name: Name
    file: str
    line: int
    text: str = field(repr=False)
    content: str = field(repr=False)


@dataclass(frozen=True)
class Matrix:
    """The cases of a seed, and how many could not be spelled, by format and class."""

    cases: tuple[Case, ...]
    left_out: Counter[tuple[str, str]]


class _CannotSpellError(Exception):
    """The format has no spelling for the value."""


def places(kind: Format) -> list[str]:
    """Return the places that a format has."""
    found = [place for place in contents.CONTENTS if kind.assignments and place not in kind.without]
    found += kind.places
    return found + ([_COMMENT] if kind.comment else [])


def matrix(lengths: Callable[[Random], Sequence[int]] = lambda _: values.LENGTHS, seed: str = SEED) -> Matrix:
    """Return all cases; `lengths` chooses those of a cell of class, place and format."""
    cases, left_out = [], Counter[tuple[str, str]]()
    for kind in FORMATS.values():
        for place in places(kind):
            for klass in values.CLASSES:
                if not _fits(kind, place, klass):
                    continue
                for length in lengths(values.seeded(seed, kind.name, place, klass)):
                    random = values.seeded(seed, kind.name, place, klass, length)
                    nouns = (*naming.PASSWORDS, "secret") if klass == "digits" else (*naming.PASSWORDS, *naming.TOKENS)
                    affix = random.choice(("before", "before", "alone"))
                    name = naming.name(random, random.choice(nouns), random.choice(kind.styles), affix)
                    try:
                        cases.append(_case(random, kind, place, klass, length, name))
                    except _CannotSpellError:
                        left_out[kind.name, klass] += 1
    return Matrix(tuple(cases), left_out)


def names(repeat: int, seed: str = SEED) -> list[Case]:
    """Return so many cases for every noun in every style: plain values in the plainest place of a format."""
    cases = []
    for each in itertools.product(naming.NOUNS, naming.STYLES, naming.AFFIXES, range(repeat)):
        noun, style, affix, _ = each
        if affix == "after" and style.lower() == "glued":
            continue  # nobody could tell where the noun ends
        random = values.seeded(seed, *each)
        kind = FORMATS[random.choice(_PLAINEST)]
        name = naming.name(random, noun, style, affix)
        case = _case(random, kind, "name", random.choice(("alnum", "hex")), random.choice(values.LENGTHS), name)
        cases.append(replace(case, among=style, place=f"a name, {affix}", klass=noun.replace(" ", "-")))
    return cases


def _fits(kind: Format, place: str, klass: str) -> bool:
    if klass == "default":
        return bool(kind.default) and place in _DEFAULTS
    # What is encoded there has one class of characters.
    return klass in values.PLAIN or not all(map(_ENCODED.search, kind.places.get(place, ("",))))


def _case(random: Random, kind: Format, place: str, klass: str, length: int, name: Name) -> Case:
    value = values.CLASSES[klass](random, length)
    templates = kind.places.get(place) or kind.assignments or kind.places["own"]
    if klass not in values.PLAIN:
        templates = tuple(text for text in templates if not _ENCODED.search(text))
    template = random.choice(templates)
    if place == _COMMENT and place not in kind.places:
        template = re.sub(rf"(?m)^{_MARK}(\s*)(.*)$", lambda m: _MARK + m[1] + kind.comment.format(m[2]), template)
    setting: contents.Setting | None = contents.Setting(name.text, value)
    if make := None if place in kind.places else contents.CONTENTS.get(place):
        setting = make(random, name, value, kind.name)
    if setting is None:
        raise _CannotSpellError
    if klass == "default":
        setting = setting._replace(content=kind.default.format(value))
    spelled = _Spelled(random, kind, setting, name, klass)
    text = _SLOT.sub(lambda slot: spelled.slot(slot[0]), template)
    if place == _COMMENT and "--" in value:
        raise _CannotSpellError  # no comment of XML
    line = text[: text.index(_MARK)].count("\n") + 1
    text = text.replace(_MARK, "", 1)
    content = spelled.encoded or setting.content
    return Case(kind.name, kind.name, place, klass, length, name, kind.file, line, text, content)


class _Spelled:
    """What stands in the slots of a template."""

    def __init__(self, random: Random, kind: Format, setting: contents.Setting, name: Name, klass: str) -> None:
        self._random, self._kind, self._setting, self._name, self._klass = random, kind, setting, name, klass
        self.encoded = ""

    def slot(self, slot: str) -> str:
        found = getattr(self, f"_{slot.lower()}")()
        if found is None:
            raise _CannotSpellError
        return str(found)

    def _written(self, value: str) -> str | None:
        if self._klass == "default" and self._kind.write in (writing.env, writing.shell):
            return f'"{value}"'
        return self._kind.write(self._random, value)

    def _key(self) -> str:
        key = self._setting.key
        if key == self._name.text:
            return key
        if self._kind.styles[0] == "UPPER":
            return re.sub(r"[.-]", "_", key).upper()
        return key if "dotted" in self._kind.styles else key.replace(".", "_")

    def _value(self) -> str | None:
        return self._written(self._setting.content)

    def _option(self) -> str:
        return contents.option(self._name)

    def _item(self) -> str | None:
        return self._written(f"{self._name.text}={self._setting.content}")

    def _raw(self) -> str | None:
        value = writing.ini(self._random, self._setting.content)
        if value is None or (self._kind.name == "gotmpl" and "{{" in value):
            return None
        return f"{self._name.text}={value}"

    def _xmlraw(self) -> str | None:
        raw = self._raw()
        return None if raw is None else writing.xml(self._random, raw)

    def _quoted(self) -> str:
        return json.dumps(self._setting.content, ensure_ascii=False)

    def _bare(self) -> str | None:
        value = self._setting.content
        return None if re.search(r'["%\\]', value) else value

    def _lines(self) -> str | None:
        raw = self._raw()
        return None if raw is None else json.dumps(f"host=db.internal\n{raw}\npool=8\n", ensure_ascii=False)

    def _login(self) -> str:
        self.encoded = contents.login(self._setting.content)
        return json.dumps(self.encoded) if self._kind.name != ".npmrc" else self.encoded

    def _b64(self) -> str:
        self.encoded = base64.b64encode(self._setting.content.encode()).decode()
        return self.encoded

    def _userinfo(self) -> str:
        return contents.userinfo(self._setting.content)

    def _command(self) -> str | None:
        setting = contents.CONTENTS["command line"](self._random, self._name, self._setting.content, self._kind.name)
        if setting is None:
            return None
        return setting.content if self._kind.name != "systemd" else re.sub(r"([$%])", r"\1\1", setting.content)
