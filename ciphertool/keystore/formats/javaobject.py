"""A serialised Java object, as JCEKS stores hold one for each secret key: its class names and its fields' bytes.

The libraries that build such an object take 50 times its size in memory. Here strings and byte arrays are bytes, while
numbers and other arrays are dropped, so that the result takes no more memory than the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciphertool.asn1.limits import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.keystore.formats.javadata import DataInput

STREAM_HEADER = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _ARRAY = range(0x70, 0x76)
_BLOCK_DATA, _END_BLOCK_DATA, _ENUM = 0x77, 0x78, 0x7E
_FIRST_HANDLE = 0x7E0000
_WRITE_METHOD, _SERIALIZABLE, _EXTERNALIZABLE = 1, 2, 4
_SIZES = {"B": 1, "C": 2, "D": 8, "F": 4, "I": 4, "J": 8, "S": 2, "Z": 1}
_MAX_FIELDS = 100


@dataclass(frozen=True, slots=True)
class JavaObject:
    """An object: its class's name, and its fields by name, including those of superclasses but not numbers."""

    class_name: str
    fields: dict[str, Value] = field(default_factory=dict, repr=False)


Value = bytes | JavaObject | None


@dataclass(frozen=True, slots=True)
class _Class:
    name: str
    flags: int
    fields: Sequence[tuple[str, str]]
    """A class: the type code and the name of each field."""
    parent: _Class | None


def read(source: DataInput) -> Value:
    """Read the object at the cursor and move past it; raise `MalformedKeystoreError` if there is none."""
    if source.take(4) != STREAM_HEADER:
        raise source.budget.malformed("a secret key that is no serialised object")
    return _Reader(source).content(0)[1]


class _Reader:
    """One stream: the cursor, and the objects that later parts refer back to."""

    def __init__(self, source: DataInput) -> None:
        self._source = source
        self._handles: list[_Class | Value] = []

    def content(self, depth: int) -> tuple[int, Value]:
        """Read one content; return its type code and its value."""
        source = self._source
        source.budget.element()
        if depth > MAX_DEPTH:
            raise source.budget.malformed(f"an object nested deeper than {MAX_DEPTH}")
        code, value = source.number(1), None
        if code == _OBJECT:
            value = self._object(depth)
        elif code == _ARRAY:
            value = self._array(depth)
        elif code == _STRING:
            value = source.take(source.number(2))
            self._handles.append(value)
        elif code == _REFERENCE:
            found = self._referred()
            value = None if isinstance(found, _Class) else found
        elif code == _ENUM:
            self._class(depth + 1)
            self._handles.append(None)
            value = self.content(depth + 1)[1]
        elif code == _BLOCK_DATA:
            source.take(source.number(1))
        elif code not in (_NULL, _END_BLOCK_DATA):
            raise source.budget.malformed(f"an object with a part of unknown kind {code:#x}")
        return code, value

    def _object(self, depth: int) -> Value:
        described = self._class(depth + 1)
        made = JavaObject(described.name if described else "")
        self._handles.append(made)
        lineage = []
        while described is not None:
            lineage.append(described)
            described = described.parent
        for ancestor in reversed(lineage):
            for code, name in ancestor.fields:
                if code in _SIZES:
                    self._source.budget.element()
                    self._source.take(_SIZES[code])
                else:
                    made.fields[name] = self.content(depth + 1)[1]
            if ancestor.flags & _WRITE_METHOD:
                self._annotation(depth)
        return made

    def _array(self, depth: int) -> Value:
        described = self._class(depth + 1)
        place = len(self._handles)
        self._handles.append(None)
        if described is None or len(described.name) < 2:
            raise self._source.budget.malformed("an array of nothing")
        code, length = described.name[1], self._source.number(4)
        if code in _SIZES:
            self._handles[place] = elements = self._source.take(length * _SIZES[code])
            return elements
        for _ in range(length):
            self.content(depth + 1)
        return None

    def _referred(self) -> _Class | Value:
        handle = self._source.number(4) - _FIRST_HANDLE
        return self._handles[handle] if 0 <= handle < len(self._handles) else None

    def _class(self, depth: int) -> _Class | None:
        source = self._source
        source.budget.element()
        code = source.number(1)
        if code == _NULL:
            return None
        if code == _REFERENCE:
            found = self._referred()
            if not isinstance(found, _Class):
                raise source.budget.malformed("an object that refers to a class that is not there")
            return found
        if code != _CLASS or depth > MAX_DEPTH:
            raise source.budget.malformed("an object without its class")
        name, _, place = source.text(), source.take(8), len(self._handles)
        self._handles.append(None)
        flags, length = source.number(1), source.number(2)
        if flags & _EXTERNALIZABLE or length > _MAX_FIELDS:
            raise source.budget.malformed("an object of a class that no secret key has")
        fields = [self._field(depth) for _ in range(length)]
        self._annotation(depth)
        described = _Class(name, flags, fields, self._class(depth + 1))
        self._handles[place] = described
        return described

    def _field(self, depth: int) -> tuple[str, str]:
        code, name = chr(self._source.number(1)), self._source.text()
        if code not in _SIZES:
            self.content(depth + 1)
        return code, name

    def _annotation(self, depth: int) -> None:
        while self.content(depth + 1)[0] != _END_BLOCK_DATA:
            pass
